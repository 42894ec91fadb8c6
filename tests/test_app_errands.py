"""Answers computed beside the page: a newer question ends the older, and a fault is told."""

from __future__ import annotations

from threading import Event

import pytest

from app import errands
from app.errands import Errand, Tell
from dynst_core.errors import BudgetError


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "REST_SECONDS", 0.0)
    monkeypatch.setattr(errands.st, "session_state", {})


def test_an_answer_comes_and_the_same_question_is_not_asked_twice() -> None:
    told: list[float] = []

    def work(tell: Tell) -> str:
        tell(0.5)
        told.append(0.5)
        return "42"

    errand = errands.ask("how many", work)
    assert errand.ended.wait(10)
    assert (errand.answer, errand.share, errand.fault) == ("42", 0.5, None)
    assert errands.ask("how many", work) is errand and told == [0.5]


def test_a_newer_question_ends_the_older() -> None:
    began, newer = Event(), Event()

    def long(tell: Tell) -> str:
        began.set()
        newer.wait(10)
        tell(0.1)
        return "too late"

    first = errands.ask("first", long)
    assert began.wait(10)
    second = errands.ask("second", lambda tell: "2")
    newer.set()
    assert first.ended.wait(10) and second.ended.wait(10)
    assert first.answer is None and first.fault is None
    assert second.answer == "2"


def test_a_question_dropped_while_it_rests_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    errand = Errand("moved on")
    errand.dropped.set()
    errand.run(lambda tell: begun.append("work"))
    assert errand.ended.is_set() and begun == []


@pytest.mark.parametrize(
    "error", [BudgetError("Expected a mask."), RuntimeError("torch: no memory")]
)
def test_a_fault_is_kept_to_be_told(error: Exception) -> None:
    def work(tell: Tell) -> None:
        raise error

    errand = errands.ask("what", work)
    assert errand.ended.wait(10)
    assert errand.fault == str(error) and errand.answer is None
