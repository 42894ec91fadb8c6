"""The planner's dashboard: `streamlit run app/main.py`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:  # `streamlit run` puts this folder on the path, not the project's
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from app import guard, street_tiles  # noqa: E402
from app.state import rerun  # noqa: E402

HERE = Path(__file__).resolve().parent


def draw_page() -> None:
    """One run of the page."""
    st.set_page_config(page_title="DynST Planner", page_icon=str(HERE / "icon.svg"), layout="wide")
    st.html(HERE / "style.css")
    # Hidden: each view shows the links itself, in a corner that costs the maps no height.
    from app import navigation  # the views' components need a server that runs
    from app.views.shared import page_head

    pages = navigation.all_pages()
    page_head.use_pages(pages)
    with rerun.rerun_run():
        st.navigation(pages, position="hidden").run()
    _keep_modules()


@st.cache_resource(show_spinner=False)
def _keep_modules() -> None:
    """Once more after the first page, which loads what only a page needs."""
    _spare_modules()


def _spare_modules() -> None:
    """Spare the search for garbage, which Streamlit makes after every run, what is loaded by now.

    The libraries' own objects would else cost each move of a slider a tenth of a second.
    """
    gc.collect()
    gc.freeze()


if __name__ == "__main__":  # as Streamlit runs a page
    draw_page()
else:  # as `streamlit run` imports the server that it finds here
    # Loaded and spared before any session asks: else a flood of first requests, each followed by a
    # search for garbage through all libraries, would keep the server from answering. The views
    # themselves wait for the first page: their components need a server that runs.
    import geopandas  # noqa: F401
    import pandas as pd  # noqa: F401
    import plotly.graph_objects  # noqa: F401
    import xarray  # noqa: F401

    from dynst_core.runs import archive  # noqa: F401

    _spare_modules()
    server = st.App(
        Path(__file__).resolve(),
        middleware=[Middleware(guard.Guard), Middleware(street_tiles.TileServer)],
    )
