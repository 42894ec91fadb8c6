"""Answers made once for all who ask, in turns, and remembered while memory lasts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from cachetools import LRUCache

from dynst_core.fields.metrics import ErrorStatistics

BYTES_HELD = 64 * 2**20
"""What is remembered of earlier answers, in bytes of a run, and at least the last few."""

LEAST_HELD = 4

LOOK_SECONDS = 0.2
"""Polling interval for the progress and cancellation of an awaited answer, in seconds."""

Key = tuple[Hashable, ...]
Tell = Callable[[float], object]
"""Called with how much of an answer is done, 0 to 1; what it raises ends the work."""

T = TypeVar("T")


def report_nothing(share: float) -> None:
    """Tell nobody."""


def report_part(tell: Tell, first: float, last: float) -> Tell:
    """Tell of a part of the work as a share of the whole, which it takes from one share on."""
    return lambda share: tell(first + (last - first) * share)


@dataclass
class _Making:
    """An answer on its way, or about to be."""

    share: float = 0.0
    lock: Lock = field(default_factory=Lock)


class Answers:
    """What was answered, by key; safe to ask from any number of threads."""

    def __init__(self) -> None:
        self._known: LRUCache[Key, Any] = LRUCache(BYTES_HELD, getsizeof=_answer_bytes)
        self._making: WeakValueDictionary[Key, _Making] = WeakValueDictionary()
        self._lock = Lock()
        self._turn, self._next = Lock(), Lock()

    def get(self, key: Key) -> Any:
        """What was made under a key, None where nothing is; never waits long."""
        with self._lock:
            return self._known.get(key)

    def once(self, key: Key, make: Callable[[Tell], T], tell: Tell = report_nothing) -> T:
        """What was made before under a key, or is made now; who asks for the same waits for it.

        Args:
            key: distinguishes one answer from another.
            make: makes it, a piece at a time, each in a `turn`.
            tell: reported how far it is, whoever makes it.
        """
        with self._lock:
            making = self._making.setdefault(key, _Making())
        while not making.lock.acquire(timeout=LOOK_SECONDS):
            tell(making.share)
        try:
            with self._lock:
                if key in self._known:
                    return self._known[key]

            def reported(share: float) -> None:
                making.share = share
                tell(share)

            made = make(reported)
            with self._lock:
                self._known[key] = made
            return made
        finally:
            making.lock.release()

    def forget(self, key: Key) -> None:
        """Remember no longer what was made under a key, if anything was."""
        with self._lock:
            self._known.pop(key, None)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The machine to oneself for a piece of work; whoever waits longest comes next."""
        with self._next:  # held while waiting, so that the last one to work cannot go again at once
            self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()


def _answer_bytes(value: ErrorStatistics | np.ndarray | str) -> int:
    """Bytes of an answer; at most a share, so that the last few are always held."""
    if isinstance(value, str):
        size = len(value)
    elif isinstance(value, ErrorStatistics):
        size = 4 * value.squared.nbytes
    else:
        size = value.nbytes
    return min(size, BYTES_HELD // LEAST_HELD)
