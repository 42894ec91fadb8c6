"""Edits: sites switched by hand, each with its reason, and the way back."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.state import choice as session
from app.state import session_state
from app.state.choice import Choice
from dynst_core.planning.plan import Edit, Plan
from dynst_core.presentation import formatting
from dynst_core.runs.run import Run

LISTED = 12
"""Edits listed, the last ones: a rectangle may hold hundreds."""


def show_edits(run: Run, choice: Choice, base: Plan | None) -> None:
    """Undo, redo and reset, then each edit with its reason.

    Args:
        run: the run.
        choice: holds the edits.
        base: the plan before any of them.
    """
    with st.container(horizontal=True, gap="small", key="history"):
        for label, icon, enabled, action in (
            (
                "Undo",
                ":material/undo:",
                session_state.can_undo(run),
                lambda: session_state.undo_decision(run),
            ),
            (
                "Redo",
                ":material/redo:",
                session_state.can_redo(run),
                lambda: session_state.redo_decision(run),
            ),
            (
                "Reset",
                ":material/restart_alt:",
                bool(choice.edits),
                lambda: session_state.change_choice(run, edits=()),
            ),
        ):
            st.button(
                label, key=f"edit-{label.lower()}", icon=icon, disabled=not enabled, on_click=action
            )
    if not choice.edits:
        return
    st.markdown(f"**Switched by hand ({len(choice.edits):,})**")
    kept = {} if base is None else kept_by_id(run, base)
    for edit in choice.edits[-LISTED:][::-1]:
        _show_edit(run, edit, idle=kept.get(edit.site) is edit.active)
    if len(choice.edits) > LISTED:
        st.caption(f"and {len(choice.edits) - LISTED:,} before these, all in the exported table.")


def kept_by_id(run: Run, plan: Plan) -> dict[str, bool]:
    """Whether a plan keeps each site, by id."""
    return dict(zip(run.sites.site_id.tolist(), plan.mask.active.tolist(), strict=True))


def _show_edit(run: Run, edit: Edit, *, idle: bool) -> None:
    """One edit: what, why (editable), and a button to take it back."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        word = "on" if edit.active else "off"
        same = ", as without it" if idle else ""
        name = formatting.plain(edit.site)
        st.markdown(f"{name} **{word}**{same}", width=110)
        st.text_input(
            f"Reason for {name}",
            key=session_state.bound_widget_key(f"reason-{edit.site}", run, edit.reason),
            max_chars=session.REASON_LETTERS,
            on_change=lambda: _take_reason(run, edit.site),
            placeholder="why?",
            label_visibility="collapsed",
            width="stretch",
        )
        st.button(
            "",
            key=f"drop-edit-{edit.site}",
            icon=":material/close:",
            help=f"Take back: {name} {word}",
            on_click=lambda: _drop(run, edit.site),
        )


def _take_reason(run: Run, site: str) -> None:
    reason = session_state.shown_widget_value(f"reason-{site}", run).strip()
    edits = session_state.current_choice(run).edits
    session_state.change_choice(
        run, edits=tuple(replace(e, reason=reason) if e.site == site else e for e in edits)
    )


def _drop(run: Run, site: str) -> None:
    session_state.change_choice(
        run, edits=tuple(e for e in session_state.current_choice(run).edits if e.site != site)
    )
