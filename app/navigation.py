"""Every view of the dashboard, and its address."""

from __future__ import annotations

import streamlit as st

from app.views import method
from app.views.compare import page as compare
from app.views.data import page as data
from app.views.plan import page as plan
from app.views.runs import page as runs
from app.views.scenarios import page as scenarios
from app.views.shared import page_head
from app.views.train import page as train


def all_pages() -> list[st.Page]:
    """Every view; the first one opens at the bare address."""
    return [
        st.Page(plan.show_plan_view, title="Plan", url_path=page_head.PLAN, default=True),
        st.Page(scenarios.show_scenarios_view, title="Scenarios", url_path=page_head.SCENARIOS),
        st.Page(data.show_data_view, title="Data", url_path=page_head.DATA),
        st.Page(train.show_train_view, title="Train", url_path=page_head.TRAIN),
        st.Page(runs.show_runs_view, title="Runs", url_path=page_head.RUNS),
        st.Page(method.show_method_view, title="Method", url_path=page_head.METHOD),
        # Linked from the Scenarios view; its address stays, for the links that people keep.
        st.Page(compare.show_compare_view, title="Compare", url_path=page_head.COMPARE),
    ]
