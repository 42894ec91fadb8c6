"""Answers that are computed beside the page, so that the slider never waits for them.

Streamlit lets no move of the slider interrupt what its fragment is computing; a thread of its own
does. Each session has one task at a time: a newer question ends the older. What comes out lies
where it is kept for all; a task reports how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import streamlit as st

from dynst_core.errors import DynSTError

REST_SECONDS = 0.25
"""How long a screen rests before the work begins: a slider on its way starts none."""

LEAST_SHARE, LEAST_SECONDS = 0.05, 1.0
"""What must be done, and how long it must have taken, before the time left is predicted."""

BACKGROUND_TASK = "task"


class _DroppedError(Exception):
    """A newer question was asked, or the planner wants to wait no longer."""


@dataclass(eq=False)
class BackgroundTask:
    """What one screen asked, and how far the answer is.

    Attributes:
        asked: the parts of the question.
        words: what is being done.
        share: of it that is done, 0 to 1.
        early: an answer to be shown until the whole one is there.
        fault: why nothing came out, in a sentence.
        stopped: whether the planner ended it.
        ended: set once nothing more will come.
    """

    asked: frozenset[Hashable]
    words: str = ""
    share: float = 0.0
    early: Any = None
    fault: str | None = None
    stopped: bool = False
    dropped: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)
    _began: float = 0.0

    def run(self, work: Callable[[BackgroundTask], object]) -> None:
        """Do the work, unless it is dropped meanwhile."""
        try:
            time.sleep(REST_SECONDS)
            self.tell(0.0)
            work(self)
        except _DroppedError:
            pass
        except (DynSTError, RuntimeError, MemoryError) as error:  # torch's own are RuntimeErrors
            self.fault = str(error) or "The memory is not enough."
        finally:
            self.ended.set()

    def say(self, words: str) -> None:
        """Say what is done from now on; its share and time count from here."""
        self.words, self._began = words, time.monotonic()
        self.tell(0.0)

    def tell(self, share: float) -> None:
        """Tell how far it is; ends the work where nobody waits for it any more."""
        if self.dropped.is_set():
            raise _DroppedError
        self.share = share

    def stop(self) -> None:
        """End it, and leave the question open until it is asked again."""
        self.stopped = True
        self.dropped.set()

    @property
    def seconds_left(self) -> float | None:
        """How long it will take yet, at the pace so far; None where it is too early to say."""
        share, taken = self.share, time.monotonic() - self._began
        if share < LEAST_SHARE or taken < LEAST_SECONDS:
            return None
        return taken * (1 - share) / share


def ask_background_task(
    asked: frozenset[Hashable], work: Callable[[BackgroundTask], object]
) -> BackgroundTask:
    """The task of this session that answers a question; begun now if none does.

    Args:
        asked: the parts of the question. An task that was asked all of them, and more, is it.
        work: does it, in a thread of its own; it may not draw. It is given the task, to tell how
            far it is.
    """
    last = st.session_state.get(BACKGROUND_TASK)
    if last is not None and asked <= last.asked:
        return last
    drop_background_task()
    task = BackgroundTask(asked)
    st.session_state[BACKGROUND_TASK] = task
    Thread(target=task.run, args=(work,), daemon=True).start()
    return task


def drop_background_task() -> None:
    """End the task of this session, if it has one, and forget that it was asked."""
    last = st.session_state.pop(BACKGROUND_TASK, None)
    if last is not None:
        last.dropped.set()
