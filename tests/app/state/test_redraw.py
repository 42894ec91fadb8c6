"""A page drawn anew by itself says its widgets' values again, and no other run does."""

from __future__ import annotations

import pytest

from app.state import rerun as redraw
from app.state import session_state as state
from dynst_core.runs.run import Run


class DrawnError(Exception):
    """Raised in place of a run that begins anew."""


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    def rerun() -> None:
        raise DrawnError

    state: dict[str, object] = {}
    monkeypatch.setattr(redraw.st, "session_state", state)
    monkeypatch.setattr(redraw.st, "rerun", rerun)
    return state


def test_only_a_page_drawn_anew_by_itself_says_its_values(session: dict[str, object]) -> None:
    with redraw.rerun_run():
        assert not redraw.rerun_says_values()
    with pytest.raises(DrawnError), redraw.rerun_run():
        redraw.rerun_page()
    with redraw.rerun_run():
        assert redraw.rerun_says_values()
    assert not redraw.rerun_says_values(), "a fragment that answers a planner comes after"
    with redraw.rerun_run():
        assert not redraw.rerun_says_values()


def test_a_widget_s_value_is_said_once_and_again_when_the_page_draws_itself_anew(
    session: dict[str, object], network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, object]] = []

    class Recorded(dict[str, object]):
        def __setitem__(self, key: str, value: object) -> None:
            said.append((key, value))
            super().__setitem__(key, value)

    monkeypatch.setattr(state.st, "session_state", Recorded())
    key = state.bound_widget_key("level", network_run, 2)
    state.bound_widget_key("level", network_run, 2)
    assert said == [(key, 2)]
    monkeypatch.setattr(redraw, "rerun_says_values", lambda: True)
    state.bound_widget_key("level", network_run, 2)
    assert said == [(key, 2)] * 2
