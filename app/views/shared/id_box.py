"""A box of site ids: typed one by one, or pasted as a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import streamlit as st

from app.state import session_state
from dynst_core.presentation import run_text
from dynst_core.runs.run import Run

PART = r"\s,;"
"""What parts the ids of a list; an id may hold it too."""


def show_id_box(
    run: Run,
    name: str,
    label: str,
    ids: Sequence[str],
    take: Callable[[tuple[str, ...]], None],
    *,
    placeholder: str,
    label_visibility: Literal["visible", "collapsed"] = "visible",
) -> None:
    """Draw the box.

    Args:
        run: whose sites.
        name: the widget's.
        label: what stands above it.
        ids: what it holds.
        take: called with the ids that it is to hold, all of them the run's; what was typed and is
            none of them is named in a remark.
        placeholder: what it says while it is empty.
        label_visibility: whether the label is seen.
    """
    st.multiselect(
        label,
        run.sites.site_id.tolist(),
        key=session_state.bound_widget_key(name, run, list(ids)),
        on_change=lambda: _take_ids(run, session_state.shown_widget_value(name, run), take),
        placeholder=placeholder,
        label_visibility=label_visibility,
        # Else Enter, after part of an id, would take all that match.
        select_all=False,
        # A pasted list comes as one new option.
        accept_new_options=True,
    )


def show_remark(run: Run) -> None:
    """What was said of the choice as it stands, such as ids that were left out."""
    remark = session_state.remark_so_far(run)
    if remark:
        st.info(remark, icon=":material/info:")


def _take_ids(run: Run, entries: Iterable[str], take: Callable[[tuple[str, ...]], None]) -> None:
    known, unknown = ids_of_text(entries, run.sites.site_id.tolist())
    take(known)
    if unknown:
        said = (session_state.remark_so_far(run), run_text.unknown_sites_text(run, unknown))
        session_state.remark_on_choice(run, " ".join(filter(None, said)))


def ids_of_text(
    entries: Iterable[str], ids: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids out of what was typed or pasted, and the words that are none; each once, in order.

    Args:
        entries: an id each, or several parted by commas, semicolons, blanks or new lines.
        ids: those that there are; one that holds a comma or a blank is found whole.
    """
    there = sorted(ids, key=len, reverse=True)
    whole = "|".join(map(re.escape, there))
    words = re.compile(rf"(?:{whole})(?![^{PART}])|[^{PART}]+")
    found = [word for entry in entries for word in words.findall(entry)]
    known = set(there)
    return (
        tuple(dict.fromkeys(word for word in found if word in known)),
        tuple(dict.fromkeys(word for word in found if word not in known)),
    )
