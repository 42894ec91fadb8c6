"""What a planner asks to be trained: a small record that a command line says in full."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Self

from pydantic import model_validator

from dynst_core import commands
from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.errors import ConfigError
from dynst_core.runs.manifest import Card


@dataclass(frozen=True)
class Preset:
    """A usual choice of effort.

    Attributes:
        label: its name on the screen.
        about: what it is for.
        effort: factor on the number of training steps.
        levels: shares removed, 0 to 1; None for all usual levels.
        seeds: trainings, of which the best is kept.
    """

    label: str
    about: str
    effort: float
    levels: tuple[float, ...] | None
    seeds: int


PRESETS = {
    "quick": Preset("Quick look", "a first look, not a plan", 0.1, (0.0, 0.3, 0.6, 0.9), seeds=1),
    "standard": Preset("Standard", "every usual level, one training", 1.0, None, seeds=1),
    "thorough": Preset("Thorough", "three trainings: and how far they agree", 1.0, None, seeds=3),
}


class TrainRequest(Card):
    """One training.

    Attributes:
        dataset: a name of the catalogue.
        channels: the variables read and forecast; empty for all.
        history, horizon: steps read and forecast; None for the data set's usual ones.
        backbone: which forecaster.
        levels: shares removed, rising from 0 to below 1; None for the usual ones.
        effort: factor on the number of training steps.
        seed: of every draw; further seeds count on from it.
        seeds: trainings, of which the plan of least selection error is kept.
        always, never: ids of sites to keep at every level, and to remove first.
        stuck: whether sites whose sensors stand still are removed first, or ranked like the others.
        leads: first and last lead time that count, in steps from 1; None for all.

    Raises:
        ConfigError: the levels do not rise from 0 to below 1, or the lead times do not from 1.
    """

    dataset: str
    channels: tuple[str, ...] = ()
    history: int | None = None
    horizon: int | None = None
    backbone: str = USUAL_BACKBONE
    levels: tuple[float, ...] | None = None
    effort: float = 1.0
    seed: int = 0
    seeds: int = 1
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    stuck: Literal["remove", "keep"] = "remove"
    leads: tuple[int, int] | None = None

    @model_validator(mode="after")
    def _levels_rise(self) -> Self:
        if self.levels is not None:
            check_levels(self.levels)
        if self.leads is not None and not 1 <= self.leads[0] <= self.leads[1]:
            raise ConfigError(
                f"Expected lead times in steps, rising from 1, found {self.leads[0]} to "
                f"{self.leads[1]}; for example 1-3."
            )
        return self

    @property
    def counted(self) -> tuple[int, int] | None:
        """Lead times that count as indices, [first, stop); None for all."""
        return None if self.leads is None else (self.leads[0] - 1, self.leads[1])

    def command(self) -> str:
        """What trains the same from a terminal, on any machine."""
        return commands.command_anywhere(*self.words())

    def words(self) -> list[str]:
        """The words of that command, without what starts the program."""
        words = ["train", self.dataset]
        for channel in self.channels:
            words += ["--variable", channel]
        for name in ("history", "horizon"):
            if getattr(self, name) is not None:
                words += [f"--{name}", str(getattr(self, name))]
        if self.levels is not None:
            words += ["--levels", ",".join(f"{100 * level:.6g}" for level in self.levels)]
        if self.leads is not None:
            words += ["--leads", "{}-{}".format(*self.leads)]
        for name in ("effort", "seed", "seeds", "backbone", "stuck"):
            if getattr(self, name) != type(self).model_fields[name].default:
                value = getattr(self, name)
                words += [f"--{name}", f"{value:g}" if name == "effort" else str(value)]
        for name in ("always", "never"):
            for site in getattr(self, name):
                words += [f"--{name}", site]
        return words


def check_levels(levels: tuple[float, ...]) -> None:
    """Refuse shares removed that do not rise from 0 to below 1.

    Raises:
        ConfigError: they do not; the text speaks of percent.
    """
    rising = all(a < b for a, b in pairwise(levels))
    if not levels or levels[0] != 0 or not rising or levels[-1] >= 1 or 0 < levels[-1] <= 0.01:
        found = ",".join(f"{100 * level:.6g}" for level in levels) or "none"
        raise ConfigError(
            f"Expected levels in percent removed, rising from 0 to below 100, found {found}; "
            f"for example 0,30,60,90."
        )


def lead_range(text: str) -> tuple[int, int]:
    """First and last lead time of a range, in steps from 1: "1-3", or "2" for one alone.

    Raises:
        ConfigError: the text is no such range.
    """
    first, dash, last = text.partition("-")
    try:
        return int(first), int(last if dash else first)
    except ValueError as error:
        raise ConfigError(
            f"Expected lead times in steps as FIRST-LAST, found {text!r}; for example 1-3."
        ) from error
