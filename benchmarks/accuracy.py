"""The path against every other way of choosing sites, on real data.

    python -m benchmarks.accuracy                      # the quick form: what is at hand, few rivals
    python -m benchmarks.accuracy --full               # everything the table asks for; hours
    python -m benchmarks.accuracy --datasets noaa-us-tmax --seeds 0 1 --minutes 20
    python -m benchmarks.accuracy --report             # train nothing, write the rows anew

Every training is one line in `results/trainings/`, written as soon as it is measured; a stopped
comparison goes on where it was, and several processes may work on different data sets or seeds at
once. The ratios in `results/accuracy.json` are made from those lines and from nothing else.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks import ratios
from benchmarks.trainings import Bench, Book
from dynst_core.forecaster import Forecaster
from dynst_core.mask import Mask, n_active_at, usual_levels
from dynst_core.morph import Window
from dynst_core.path import PathOptions, PathTraining
from dynst_core.record import Problem
from dynst_core.selectors import rank_with
from dynst_core.sources.catalogue import load_catalogue, load_field
from dynst_core.training import StepOptions

BIG = 1000
"""Sites from which only the likeliest rivals are trained."""
LIKELY = 3
"""Rivals trained on big grids beside random ones: those with the best masks for a ridge."""
N_EDITS, EDIT_LEVEL, EDIT_SHARE = 20, 0.6, 0.05
QUICK_STEPS = 0.1
"""Share of the steps in the quick form, which shows that everything runs and decides nothing."""


def problem_of(dataset: str) -> Problem:
    """A data set with its usual windows."""
    entry = load_catalogue()[dataset]
    return Problem.of(load_field(dataset), Window(entry.history, entry.horizon))


class Comparison:
    """All that is measured on one data set with one seed.

    Args:
        dataset: its name.
        seed: of the weights, the batches and the random masks.
        until: time at which no further training is begun.
        effort: factor on the path's steps.
        root: where the lines go.
    """

    def __init__(self, dataset: str, seed: int, until: float, effort: float, root: Path) -> None:
        self.problem, self.seed, self.until = problem_of(dataset), seed, until
        self.bench = Bench(self.problem, Book(dataset, seed, root))
        self.dataset, self.effort = dataset, effort
        self.n_sites = self.problem.n_sites
        self._rank: dict[str, np.ndarray] = {}

    def measure(self) -> None:
        """Everything, the most telling first, until it is done or time is up."""
        # The last line that a walk writes; one cut off before that is walked again.
        if ("edit", "dynst", EDIT_LEVEL, N_EDITS - 1) not in self.bench.book:
            self._walk()
        steps = (
            self._ridge,
            self._retrain_likely,
            self._retrain_edits,
            self._retrain_all,
            self._retrain_others,
        )
        for step in steps:
            for _ in step():
                if time.monotonic() > self.until:
                    return

    def _walk(self) -> None:
        training = PathTraining(
            self.problem,
            usual_levels(self.n_sites),
            PathOptions().scaled(self.effort),
            StepOptions.for_sites(self.n_sites),
            seed=self.seed,
        )
        self.bench.path(training)
        level = training.levels[training.targets.index(EDIT_LEVEL)]
        training.forecaster.load(level.weights)
        rng = np.random.default_rng([self.seed, 7])
        for draw in range(N_EDITS):
            edited = edit(level.active, EDIT_SHARE, rng)
            self.bench.write(
                "edit",
                "dynst",
                EDIT_LEVEL,
                edited,
                training.forecaster,
                steps=level.steps,
                seconds=0.0,
                weight_decay=training.trainer.options.weight_decay,
                draw=draw,
            )

    def mask(self, selector: str, level: float) -> np.ndarray:
        """The sites a selector keeps at a level, (s,), bool."""
        if selector == "dynst":
            line = self.bench.book.find("path", "dynst", level)
            assert line is not None, level
            return Mask.from_hex(line.active_hex, self.n_sites).active
        if selector not in self._rank:
            self._rank[selector] = rank_with(selector, self.problem, draw=self.seed).rank
        return self._rank[selector] >= self.n_sites - n_active_at(level, self.n_sites)

    def _ridge(self) -> Iterator[None]:
        """The same ridge forecaster, refitted for every selector's masks."""
        forecaster = None
        for selector in ("dynst", *ratios.RIVALS):
            for level in ratios.ALL_LEVELS:
                if ("ridge", selector, level, 0) in self.bench.book:
                    continue
                if forecaster is None:
                    forecaster = Forecaster.for_problem(self.problem, "ridge")
                    forecaster.fit(self.problem)
                began = time.process_time()
                active = self.mask(selector, level)
                seconds = time.process_time() - began
                self.bench.write(
                    "ridge", selector, level, active, forecaster, steps=0, seconds=seconds
                )
                yield

    def _likely(self) -> list[str]:
        """Rivals, those with the best masks for a ridge first, random ones among the first."""
        lines = list(self.bench.book.all("ridge"))
        error = {
            name: np.mean([one.rmse for one in lines if one.selector == name])
            for name in ratios.RIVALS
        }
        order = sorted((n for n in ratios.RIVALS if n != "random"), key=lambda name: error[name])
        return [*order[:LIKELY], "random", *order[LIKELY:]]

    def _retrain_likely(self) -> Iterator[None]:
        """The path's own masks and the likeliest rivals', from scratch; far levels first."""
        levels = ratios.levels_of(self.dataset)
        far = sorted(levels, key=lambda level: (level not in ratios.FAR_LEVELS, -level))
        yield from self._retrain_masks(far, ["dynst", *self._likely()[: LIKELY + 1]])

    def _retrain_others(self) -> Iterator[None]:
        """The other rivals' masks; on big grids none, for they take too long."""
        if self.n_sites < BIG:
            levels = ratios.levels_of(self.dataset)
            yield from self._retrain_masks(levels, self._likely()[LIKELY + 1 :])

    def _retrain_masks(self, levels: Iterable[float], selectors: list[str]) -> Iterator[None]:
        for level, selector in product(levels, selectors):
            if ("retrained", selector, level, 0) not in self.bench.book:
                self._retrain("retrained", selector, level, self.mask(selector, level))
                yield

    def _retrain_edits(self) -> Iterator[None]:
        """The path's 60 % mask after each edit, trained from scratch."""
        if self.seed or self.dataset not in ratios.PATH_SETS:
            return
        for line in list(self.bench.book.all("edit")):
            if ("edit retrained", "dynst", EDIT_LEVEL, line.draw) not in self.bench.book:
                active = Mask.from_hex(line.active_hex, self.n_sites).active
                self._retrain("edit retrained", "dynst", EDIT_LEVEL, active, line.draw)
                yield

    def _retrain_all(self) -> Iterator[None]:
        """The path's own masks at its other levels: what separate trainings would cost."""
        if self.seed or self.dataset not in ratios.PATH_SETS:
            return
        for level in ratios.NINE_LEVELS:
            if ("retrained", "dynst", level, 0) not in self.bench.book:
                self._retrain("retrained", "dynst", level, self.mask("dynst", level))
                yield

    def _retrain(
        self, kind: str, selector: str, level: float, active: np.ndarray, draw: int = 0
    ) -> None:
        """For as many steps as the path had spent by that level; see `Bench.retrain`."""
        line = self.bench.book.find("path", "dynst", level)
        assert line is not None, level
        self.bench.retrain(kind, selector, active, line, draw)


def edit(active: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """What a planner may do: this share of all sites switched over, half of them off, half on."""
    count = max(1, round(share * len(active) / 2))
    edited = active.copy()
    edited[rng.choice(np.flatnonzero(active), count, replace=False)] = False
    edited[rng.choice(np.flatnonzero(~active), count, replace=False)] = True
    return edited


def main() -> None:
    """Measure what is asked for, then write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="every data set, seed and rival")
    parser.add_argument("--datasets", nargs="+", default=None)
    parser.add_argument("--seeds", nargs="+", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=None, help="begin nothing after these")
    parser.add_argument("--report", action="store_true", help="write the rows and train nothing")
    asked = parser.parse_args()
    if not asked.report:
        quick = not (asked.full or asked.datasets)
        names = asked.datasets or (ratios.QUICK_SETS if quick else ratios.SETS)
        root = ratios.QUICK_ROOT if quick else ratios.ROOT
        minutes = asked.minutes or (ratios.QUICK_MINUTES if quick else 1e9)
        until = time.monotonic() + 60 * minutes
        for dataset in names:
            for seed in asked.seeds or ((0,) if quick else ratios.seeds_of(dataset)):
                if time.monotonic() < until:
                    effort = QUICK_STEPS if quick else 1.0
                    Comparison(dataset, seed, until, effort, root).measure()
    print(ratios.write_rows())


if __name__ == "__main__":
    main()
