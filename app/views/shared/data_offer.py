"""What stands where an answer needs a run's data and they are not at hand."""

from __future__ import annotations

import streamlit as st

from app import messages
from app.services import forecasters
from app.services.forecasters import Source
from app.state import session_state
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run


def show_data_offer(run: Run, plan: Plan, source: Source, needs: str, key: str) -> bool:
    """Say why the data are missing and offer the way out.

    Args:
        run: whose data.
        plan: forecast once they are there.
        source: what is known of them.
        needs: what needs them, as the subject of a sentence.
        key: names the buttons.
    Returns:
        Whether anything was missing.
    """
    if source.fault is not None:
        fault = messages.as_markdown(source.fault)
        st.error(f"{needs} needs the run's data: {fault}", icon=":material/error:")
        st.button(
            "Try again", on_click=lambda: forecasters.forget_loading_fault(run), key=f"{key}-again"
        )
        return True
    if source.at_hand:
        return False
    size = f" ({source.megabytes:,.0f} MB)" if source.megabytes else ""
    st.warning(
        f"{needs} needs the data that the run was trained on, which are not at hand.",
        icon=":material/download:",
    )
    st.button(
        f"Download the data{size} and forecast",
        key=f"{key}-download",
        on_click=lambda: session_state.ask_forecast(run, plan),
    )
    return True
