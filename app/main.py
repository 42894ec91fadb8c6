"""The planner's dashboard: `streamlit run app/main.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # `streamlit run` puts this folder on the path, not the project's
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app.views import plan  # noqa: E402

HERE = Path(__file__).resolve().parent

st.set_page_config(page_title="DynST Planner", page_icon=str(HERE / "icon.svg"), layout="wide")
st.html(HERE / "style.css")
st.navigation(
    [st.Page(plan.show, title="Plan", url_path="plan", default=True)], position="hidden"
).run()
