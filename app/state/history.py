"""The browser's Back and Forward: Streamlit makes each written link a step and reruns on return.

What a page wrote last is kept in the session. A run of the whole page that finds another link in
the address bar was asked for by Back or Forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

MOST_STEPS = 300
"""States of one page that the session can return to exactly; older ones come from their links."""


def write_address_bar(page: str, wanted: Mapping[str, str], state: Any) -> None:
    """Put a link into the address bar as one step, and keep what it stands for.

    Args:
        page: names the page.
        wanted: the parts of the link.
        state: what to return to, also with what the link does not carry.
    """
    remember_page_link(page, wanted)
    steps = st.session_state.setdefault(_history_key(page, "steps"), {})
    name = _history_name(wanted)
    if steps.get(name) is not state:
        steps.pop(name, None)
        steps[name] = state
        if len(steps) > MOST_STEPS:
            del steps[next(iter(steps))]
    if dict(st.query_params) != dict(wanted):
        st.query_params.from_dict(dict(wanted))


def remember_page_link(page: str, address: Mapping[str, str]) -> None:
    """Keep the parts of a page's link, so that other pages link to it as it was left.

    A page that is reached by a bare address and then writes its own takes two steps, and Back from
    it would return to the bare one.
    """
    st.session_state[_history_key(page, "written")] = dict(address)


def last_page_link(page: str) -> dict[str, str]:
    """The parts of the link that a page wrote last; none where it wrote none."""
    return dict(st.session_state.get(_history_key(page, "written"), {}))


def address_bar_moved(page: str) -> bool:
    """Whether the address bar holds another link than the page wrote last."""
    written = st.session_state.get(_history_key(page, "written"))
    return written is not None and bool(st.query_params) and dict(st.query_params) != written


def state_of_link(page: str) -> Any:
    """What the link in the address bar stood for; None where it was not written here."""
    return st.session_state.get(_history_key(page, "steps"), {}).get(_history_name(st.query_params))


def _history_name(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dict(query).items()))


def _history_key(page: str, what: str) -> str:
    return f"history-{page}-{what}"
