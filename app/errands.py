"""Answers that are computed beside the page, so that the slider never waits for them.

Streamlit lets no move of the slider interrupt what its fragment is computing; a thread of its own
does. Each session has one errand at a time: a newer question ends the older.
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

ERRAND = "errand"
Tell = Callable[[float], None]


class _DroppedError(Exception):
    """A newer question was asked."""


@dataclass
class Errand:
    """One question, and how far its answer is.

    Attributes:
        question: what was asked; the same question is not asked twice in a row.
        share: of the work that is done, 0 to 1.
        answer: what came out, once it is there.
        fault: why nothing came out, in a sentence.
    """

    question: Hashable
    share: float = 0.0
    answer: Any = None
    fault: str | None = None
    dropped: Event = field(default_factory=Event)
    ended: Event = field(default_factory=Event)

    def run(self, work: Callable[[Tell], Any]) -> None:
        """Do the work, unless it is dropped meanwhile."""
        try:
            time.sleep(REST_SECONDS)
            self._tell(0.0)
            self.answer = work(self._tell)
        except _DroppedError:
            pass
        except (DynSTError, RuntimeError, MemoryError) as error:  # torch's own are RuntimeErrors
            self.fault = str(error) or "The memory is not enough."
        finally:
            self.ended.set()

    def _tell(self, share: float) -> None:
        if self.dropped.is_set():
            raise _DroppedError
        self.share = share


def ask(question: Hashable, work: Callable[[Tell], Any]) -> Errand:
    """The errand of this session's question; begun now if another question was the last.

    Args:
        question: tells one from another.
        work: gives the answer. It is told where to tell how far it is, runs in a thread of its own
            and may not draw.
    """
    last = st.session_state.get(ERRAND)
    if last is not None:
        if last.question == question:
            return last
        last.dropped.set()
    errand = Errand(question)
    st.session_state[ERRAND] = errand
    Thread(target=errand.run, args=(work,), daemon=True).start()
    return errand
