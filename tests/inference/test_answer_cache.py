"""Answers made once for all who ask: in turns, reported, stopped, and taken over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from dynst_core.inference import answer_cache as module
from dynst_core.inference.answer_cache import Answers, Tell, report_part

KEY = ("errors", "ff")


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)


def test_who_asks_for_the_same_waits_and_is_reported_how_far_it_is() -> None:
    answers, began, waited, made = Answers(), Event(), Event(), []

    def make(tell: Tell) -> np.ndarray:
        made.append("once")
        tell(0.25)
        began.set()
        assert waited.wait(10)
        return np.arange(3)

    def reported(share: float) -> None:
        assert share == 0.25
        waited.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.once, KEY, make)
        assert began.wait(10)
        second = pool.submit(answers.once, KEY, make, reported)
        assert first.result(10) is second.result(10)
    assert made == ["once"] and answers.get(KEY) is first.result()


def test_who_waits_may_leave_and_who_makes_goes_on() -> None:
    answers, began, left = Answers(), Event(), Event()

    def make(_: Tell) -> np.ndarray:
        began.set()
        assert left.wait(10)
        return np.arange(3)

    def leave(_: float) -> None:
        raise InterruptedError

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(answers.once, KEY, make)
        assert began.wait(10)
        with pytest.raises(InterruptedError):
            answers.once(KEY, make, leave)
        left.set()
        assert first.result(10) is answers.get(KEY)


def test_what_one_gives_up_is_made_by_who_waits_for_it() -> None:
    answers, began, waits = Answers(), Event(), Event()

    def give_up(_: Tell) -> np.ndarray:
        began.set()
        assert waits.wait(10)
        raise InterruptedError

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(answers.once, KEY, give_up)
        assert began.wait(10)
        second = pool.submit(answers.once, KEY, lambda _: np.ones(2), lambda _: waits.set())
        assert isinstance(first.exception(10), InterruptedError)
        np.testing.assert_array_equal(second.result(10), np.ones(2))


def test_a_small_piece_of_work_comes_between_those_of_a_long_one() -> None:
    answers, began, done = Answers(), Event(), Event()

    def long() -> int:
        for turns in range(10_000):
            with answers.turn():
                began.set()
            if done.is_set():
                return turns
        return 10_000

    with ThreadPoolExecutor(1) as pool:
        turns = pool.submit(long)
        assert began.wait(10)
        for _ in range(5):
            with answers.turn():
                pass
        done.set()
        assert turns.result(10) < 10_000


def test_a_part_tells_its_share_of_the_whole() -> None:
    reported: list[float] = []
    tell = report_part(reported.append, 0.5, 0.75)
    tell(0.0)
    tell(1.0)
    assert reported == [0.5, 0.75]
