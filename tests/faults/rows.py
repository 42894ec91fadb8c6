"""Every fault by its name, and its tries counted."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults import apps, clocks, disks, stores, trainings
from tests.faults.processes import LostError, SkippedFault

Case = Callable[[Path, random.Random], object]


@dataclass(frozen=True)
class Row:
    """How often a fault was tried, and what was lost.

    Attributes:
        name: of the fault.
        tries: how often it was tried.
        losses: a sentence for each try that lost something.
        seconds: they took.
        skipped: why it could not be tried here; empty where it was.
    """

    name: str
    tries: int
    losses: list[str]
    seconds: float
    skipped: str = ""

    def line(self) -> str:
        """The row in a line."""
        if self.skipped:
            return f"{self.name}: skipped, {self.skipped}"
        reported = "".join(f"\n  {loss}" for loss in self.losses[:3])
        return (
            f"{self.name}: {len(self.losses)} of {self.tries} lost, {self.seconds:.0f} s{reported}"
        )


def _cases() -> dict[str, tuple[int, int, Case]]:
    known: dict[str, tuple[int, int, Case]] = {}
    for module in (trainings, apps, disks, clocks, stores):
        known |= module.CASES
    return known


def names(words: list[str]) -> list[str]:
    """Names of the faults that hold one of these words; all without words."""
    return [name for name in _cases() if not words or any(word in name for word in words)]


def tried(name: str, folder: Path, short: bool) -> Row:
    """Try one fault as often as it is to be tried.

    Args:
        name: of the fault.
        folder: to work in; each process has one of its own there.
        short: whether a try or two are enough.
    """
    often, seldom, case = _cases()[name]
    root = folder / str(os.getpid()) / "runs"
    began, losses, tries = time.monotonic(), [], seldom if short else often
    for number in range(tries):
        try:
            lost = case(root, random.Random(f"{name} {number}"))
        except SkippedFault as reason:
            return Row(name, 0, [], 0.0, str(reason))
        except LostError as error:
            lost = str(error)
        except Exception as error:  # noqa: BLE001 - a fault that the suite did not foresee counts
            lost = f"{type(error).__name__}: {error}"
        losses += [f"try {number}: {lost}"] * bool(lost)
    return Row(name, tries, losses, time.monotonic() - began)
