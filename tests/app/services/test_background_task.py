"""Answers computed beside the page: how far they are, what ends them, and what the page shows."""

from __future__ import annotations

import time
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

from app.services import background_task
from app.services.background_task import BackgroundTask
from dynst_core.errors import BudgetError
from dynst_core.inference.what_if import WhatIf
from dynst_core.runs.run import Run
from tests.support.app_pages import button, figures, open_app, settled


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_task, "REST_SECONDS", 0.0)
    monkeypatch.setattr(background_task.st, "session_state", {})


@pytest.mark.usefixtures("at_once")
def test_a_question_is_not_asked_twice_nor_a_part_of_it() -> None:
    reported: list[float] = []

    def work(task: BackgroundTask) -> None:
        task.say("Counting")
        task.tell(0.5)
        reported.append(task.share)

    task = background_task.ask_background_task(frozenset({"how many", "how much"}), work)
    assert task.ended.wait(10)
    assert (task.words, task.share, task.fault) == ("Counting", 0.5, None)
    assert background_task.ask_background_task(
        frozenset({"how many"}), work
    ) is task and reported == [0.5]
    background_task.drop_background_task()
    again = background_task.ask_background_task(frozenset({"how many"}), work)
    assert again.ended.wait(10) and reported == [0.5, 0.5]


@pytest.mark.usefixtures("at_once")
def test_a_newer_question_ends_the_older() -> None:
    began, newer, ends = Event(), Event(), []

    def long(task: BackgroundTask) -> None:
        began.set()
        newer.wait(10)
        task.tell(0.1)
        ends.append("first")

    first = background_task.ask_background_task(frozenset({"first"}), long)
    assert began.wait(10)
    second = background_task.ask_background_task(
        frozenset({"first", "second"}), lambda _: ends.append("second")
    )
    newer.set()
    assert first.ended.wait(10) and second.ended.wait(10)
    assert ends == ["second"] and first.fault is None


@pytest.mark.usefixtures("at_once")
def test_a_question_dropped_while_it_rests_is_not_begun() -> None:
    begun: list[str] = []
    task = BackgroundTask(frozenset({"moved on"}))
    task.dropped.set()
    task.run(lambda _: begun.append("work"))
    assert task.ended.is_set() and begun == []


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "error", [BudgetError("Expected a mask."), RuntimeError("torch: no memory")]
)
def test_a_fault_is_kept_to_be_reported(error: Exception) -> None:
    def work(_: BackgroundTask) -> None:
        raise error

    task = background_task.ask_background_task(frozenset({"what"}), work)
    assert task.ended.wait(10)
    assert task.fault == str(error)


def test_the_time_left_is_predicted_from_the_pace_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(background_task.time, "monotonic", lambda: now[0])
    task = BackgroundTask(frozenset({"long"}))
    task.say("Forecasting")
    now[0] = 104.0
    assert task.seconds_left is None, "nothing is done yet"
    task.tell(0.25)
    assert task.seconds_left == pytest.approx(12.0)


# -- on the page ----------------------------------------------------------------------------


@pytest.fixture
def held(fire_run: Run, monkeypatch: pytest.MonkeyPatch) -> Event:
    """The fire run, whose forecasts, but for a first look, wait until the event is set."""
    monkeypatch.setenv("DYNST_RUNS", str(fire_run.folder.parent))
    let_go, piece = Event(), WhatIf.pieces

    def slow(self: WhatIf, mask, level, windows, tell, *rest, **more):
        for made in piece(self, mask, level, windows, tell, *rest, **more):
            yield made
            while windows is not self.first_windows and not let_go.wait(0.02):
                tell(0.5)

    monkeypatch.setattr(WhatIf, "pieces", slow)
    return let_go


def edited_app(run: Run, place: int) -> AppTest:
    name = str(run.sites.site_id[run.path.mask(1).kept[place]])
    app = open_app(removed="50", panel="what-if", site=name)
    return button(app, "switch-off").click().run()


def test_a_page_shows_how_far_it_is_can_be_stopped_and_asked_again(
    held: Event, fire_run: Run
) -> None:
    app = edited_app(fire_run, 7)
    task = app.session_state[background_task.BACKGROUND_TASK]
    assert figures(app)["Cells kept"][0] == "359 of 720", "what is known does not wait"
    assert figures(app)["Forecast error"][0] == "–"
    assert [b.key for b in app.button].count("task-stop") == 1

    button(app, "task-stop").click().run()
    assert task.ended.wait(10) and task.stopped
    app.run()
    keys = [b.key for b in app.button]
    assert "task-stop" not in keys and "task-again" in keys
    assert figures(app)["Forecast error"][0] == "–", "stopped, so without an answer"

    held.set()
    button(app, "task-again").click().run()
    settled(app)
    assert figures(app)["Forecast error"][0].endswith("°C")
    assert "task-again" not in [b.key for b in app.button]


def test_a_first_look_is_shown_before_the_whole_answer(held: Event, fire_run: Run) -> None:
    app = edited_app(fire_run, 8)
    task = app.session_state[background_task.BACKGROUND_TASK]
    while task.early is None:
        assert not task.ended.wait(0.05)
    app.run()
    assert any(m.value.startswith("- Everywhere") for m in app.markdown)
    assert any(c.value.startswith("First look, over ") for c in app.caption)
    held.set()
    settled(app)
    assert not any(c.value.startswith("First look") for c in app.caption)


def test_two_planners_who_ask_the_same_have_it_forecast_once(
    held: Event, fire_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    whole = WhatIf.errors_piecewise

    def counted(self: WhatIf, mask, *rest):
        made.append(mask.to_hex())
        return whole(self, mask, *rest)

    monkeypatch.setattr(WhatIf, "errors_piecewise", counted)
    one, other = edited_app(fire_run, 9), edited_app(fire_run, 9)
    time.sleep(2 * background_task.REST_SECONDS)
    held.set()
    for app in (one, other):
        settled(app)
    assert figures(one) == figures(other)
    assert len(made) <= 4, "a first look and the rest, for the plan and the one before it"
