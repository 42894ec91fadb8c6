"""What a terminal shows while something is trained, and how that is stopped there."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

if TYPE_CHECKING:
    from dynst_core.evaluation.baselines import BaselineProgress
    from dynst_core.forecasting.problem import Problem
    from dynst_core.training.path_training import PathTraining
    from dynst_core.training.path_training import Progress as TrainingProgress

console = Console()

Handler = Callable[[int, FrameType | None], object] | signal.Handlers


def say_problem(problem: Problem, left_out: np.ndarray | None = None) -> None:
    """What is trained on: the data set, its sites, its three blocks, and what was noticed.

    Args:
        problem: what is trained on.
        left_out: sites that are removed first, (s,), bool; all that are silent or stuck when None.
    """
    field, split = problem.field, problem.split
    about = field.about
    parts = {name: split.stretches(name) for name in ("train", "selection", "test")}
    blocks = (
        f"{name}{f' {len(part)} stretches,' if len(part) > 1 else ''} "
        f"{_day_in_terminal(field.time[part[0][0]])} to "
        f"{_day_in_terminal(field.time[part[-1][1] - 1])}"
        for name, part in parts.items()
    )
    console.print(f"[bold]{about.title}[/], {about.place}: {problem.n_sites} sites.")
    console.print(f"Blocks (UTC): {'; '.join(blocks)}.")
    missing = 1 - float(field.dataset["observed"].mean())
    if missing:
        console.print(
            f"Never measured: {100 * missing:.2g} % of all values; no error counts there."
        )
    for notice in (*field.notes, *problem.health.notices(left_out)):
        console.print(f"[yellow]Notice:[/] {escape(notice)}", soft_wrap=True, highlight=False)


class Stop:
    """How a training in a terminal is asked to end, as a handler of SIGTERM.

    The first SIGTERM lets the level under way finish; a second one ends the process at once, which
    loses no finished level, since each is written down.

    Attributes:
        asked: whether the first one came.
    """

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, signum: int, _: FrameType | None) -> None:
        """Meet the signal.

        Raises:
            SystemExit: it is the second one.
        """
        if self.asked:
            raise SystemExit(128 + signum)
        self.asked = True


def show_training_progress(training: PathTraining, steps: Iterable[TrainingProgress]) -> bool:
    """Train with a progress bar; returns whether Ctrl-C ended it early.

    Args:
        training: what is trained.
        steps: its progress, as it takes its steps.
    """

    def shown() -> Iterator[tuple[int, str]]:
        for at in steps:
            loss = "" if math.isnan(at.loss) else f", loss {at.loss:.3f}"
            left = (
                "" if math.isnan(at.seconds_left) else f", {_duration_left(at.seconds_left)} left"
            )
            n_sites = training.problem.n_sites
            yield at.step, f"{at.phase}: {at.n_active} of {n_sites} sites{loss}{left}"
        yield training.n_steps, "Trained"

    return _show_progress_bar(shown(), training.n_steps)


def show_baseline_progress(measured: Iterable[BaselineProgress], total: int, n_sites: int) -> bool:
    """Train baselines with a progress bar; returns whether Ctrl-C ended it early.

    Args:
        measured: the trainings, step by step.
        total: steps of all of them.
        n_sites: sites of the run, kept or removed.
    """

    def reported() -> Iterator[tuple[int, str]]:
        for at in measured:
            baselines = f"{at.left} baseline{'s' * (at.left > 1)}"
            yield (
                at.step,
                f"{at.task.selector} {at.task.draw + 1}: {at.task.n_active} of {n_sites} sites, "
                f"{baselines} left, {_duration_left(at.seconds_left)} left",
            )

    return _show_progress_bar(reported(), total)


@contextmanager
def signals_handled(handler: Handler, *signals: signal.Signals) -> Iterator[None]:
    """Meanwhile, signals of these kinds are met in this way."""
    before = {kind: signal.signal(kind, handler) for kind in signals}
    try:
        yield
    finally:
        for kind, usual in before.items():
            signal.signal(kind, usual)


def ignoring_second_interrupt() -> AbstractContextManager[None]:
    """Let no impatient second Ctrl-C lose what the first one kept."""
    return signals_handled(signal.SIG_IGN, signal.SIGINT, signal.SIGTERM)


def _show_progress_bar(reported: Iterable[tuple[int, str]], total: int) -> bool:
    total = total or 1  # a closed form takes no steps, and is done for all that
    columns = BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total)
        try:
            for step, words in reported:
                bar.update(task, completed=step, description=words)
            bar.update(task, completed=total)
        except KeyboardInterrupt:
            return True
    return False


def _duration_left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _day_in_terminal(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ")
