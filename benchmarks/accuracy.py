"""The path against every other way of choosing sites, on real data.

    python -m benchmarks.accuracy                      # quick: what is at hand, few baselines
    python -m benchmarks.accuracy --full               # everything the table asks for; hours
    python -m benchmarks.accuracy --datasets noaa-us-tmax --seeds 0 1 --minutes 20
    python -m benchmarks.accuracy --full --workers 8   # side by side, on a GPU where there is one
    python -m benchmarks.accuracy --report             # train nothing, write the rows anew

Every training is one line in `results/trainings/`, written as soon as it is measured; a stopped
comparison goes on where it was, and several processes may work on it at once: each claims a
training before it begins. The ratios in `results/accuracy.json` are made from those lines and from
nothing else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from benchmarks import ratios, wanted
from benchmarks.trainings import Bench, Book
from dynst_core.datasets.catalogue import load_catalogue, load_field
from dynst_core.errors import DataError
from dynst_core.fields.mask import Mask, n_active_at, usual_levels
from dynst_core.fields.windows import Window
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem, choose_device
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.selectors.registry import Kind, rank_with
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import PathTraining

EDIT_LEVEL, EDIT_SHARE = 0.6, 0.05
QUICK_STEPS = 0.1
"""Share of the steps in the quick form, which shows that everything runs and decides nothing."""


PAUSE = 1.0
"""Seconds to wait for what others have claimed."""

Key = tuple[str, str, float, int]


@dataclass(frozen=True)
class Task:
    """One thing to measure: the last line it writes, and how."""

    key: Key
    run: Callable[[], object]


def problem_of(dataset: str, device: str = "cpu") -> Problem:
    """A data set with its usual windows."""
    entry = load_catalogue()[dataset]
    return Problem.of(load_field(dataset), Window(entry.history, entry.horizon), device)


class Comparison:
    """All that is measured on one data set with one seed.

    Args:
        dataset: its name.
        seed: of the weights, the batches and the random masks.
        effort: factor on the path's steps.
        root: where the lines go.
        device: where forecasters are trained.
        backbone: which forecaster, for path and baselines alike.
    """

    def __init__(
        self,
        dataset: str,
        seed: int,
        effort: float,
        root: Path,
        device: str = "cpu",
        backbone: str = wanted.BACKBONE,
    ) -> None:
        self.problem, self.seed = problem_of(dataset, device), seed
        self.bench = Bench(self.problem, Book(dataset, seed, root, backbone))
        self.dataset, self.effort = dataset, effort
        self.n_sites = self.problem.n_sites
        self.backbone, self._root = backbone, root
        self._rank: dict[str, np.ndarray] = {}
        self._ridge_forecaster: Forecaster | None = None

    @property
    def stages(self) -> tuple[Callable[[], Iterator[Task]], ...]:
        """What there is to measure, the most telling first."""
        return (
            self._paths,
            self._ridges,
            self._retrain_far,
            self._retrain_likely,
            self._retrain_edits,
            self._retrain_all,
            self._retrain_pruned,
            self._retrain_others,
        )

    def measure(self, stage: int, until: float) -> bool:
        """Measure what a stage still lacks and nobody else is at.

        Returns:
            Whether a line was lacking when it was looked at: then it pays to look again.
        """
        book, lacking = self.bench.book, False
        book.read()  # what others wrote may be what this stage waits for
        for task in self.stages[stage]():
            if task.key in book:
                continue
            lacking = True
            if time.monotonic() > until:
                break
            with self.claimed(task.key) as mine:
                book.read()  # others may have written it since
                if mine and task.key not in book:
                    task.run()
        return lacking

    @contextmanager
    def claimed(self, key: Key) -> Iterator[bool]:
        """Whether this process may measure a line; a claim ends with its process."""
        name = "-".join(map(str, (self.backbone, self.dataset, self.seed, *key))).replace(" ", "_")
        claims = self._root / "claims"
        claims.mkdir(parents=True, exist_ok=True)
        lock = FileLock(claims / name)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _paths(self) -> Iterator[Task]:
        # The last line that a training writes; one cut off before that is trained again.
        yield Task(("edit", "dynst", EDIT_LEVEL, wanted.N_EDITS - 1), self._measure_path)

    @property
    def _has_path(self) -> bool:
        return all(task.key in self.bench.book for task in self._paths())

    def _path(self) -> PathTraining:
        return PathTraining(
            self.problem,
            usual_levels(self.n_sites),
            PathOptions().scaled(self.effort),
            StepOptions.for_sites(self.n_sites),
            self.backbone,
            seed=self.seed,
        )

    def _measure_path(self) -> None:
        training = self._path()
        self.bench.path(training)
        level = training.levels[training.targets.index(EDIT_LEVEL)]
        training.forecaster.load(level.weights)
        rng = np.random.default_rng([self.seed, 7])
        for draw in range(wanted.N_EDITS):
            edited = edit(level.active, EDIT_SHARE, rng)
            self.bench.write(
                "edit",
                "dynst",
                EDIT_LEVEL,
                edited,
                training.forecaster,
                steps=level.steps,
                seconds=0.0,
                options=training.trainer.options,
                draw=draw,
            )

    def mask(self, selector: str, level: float) -> np.ndarray:
        """The sites a selector keeps at a level, (s,), bool."""
        kind = "path" if selector == "dynst" else "ridge"  # where the mask was written down
        line = self.bench.book.find(kind, selector, level)
        if line is not None:
            return Mask.from_hex(line.active_hex, self.n_sites).active
        assert selector != "dynst", level
        if selector not in self._rank:
            kind = Kind(self.backbone)
            self._rank[selector] = rank_with(selector, self.problem, None, self.seed, kind).rank
        return self._rank[selector] >= self.n_sites - n_active_at(level, self.n_sites)

    def _ridges(self) -> Iterator[Task]:
        """The same ridge forecaster, refitted for every selector's masks."""
        for selector in ("dynst", *wanted.BASELINES):
            if selector != "dynst" or self._has_path:
                last = ("ridge", selector, wanted.ALL_LEVELS[-1], 0)
                yield Task(last, partial(self._ridge, selector))

    def _ridge(self, selector: str) -> None:
        if self._ridge_forecaster is None:
            self._ridge_forecaster = Forecaster.for_problem(self.problem, "ridge")
            self._ridge_forecaster.fit(self.problem)
        for level in wanted.ALL_LEVELS:
            if ("ridge", selector, level, 0) not in self.bench.book:
                began = time.process_time()
                active = self.mask(selector, level)
                seconds = time.process_time() - began
                self.bench.write(
                    "ridge",
                    selector,
                    level,
                    active,
                    self._ridge_forecaster,
                    steps=0,
                    seconds=seconds,
                )

    @property
    def ready(self) -> bool:
        """Whether masks to train for are there, and which baselines are the likeliest."""
        return self._has_path and all(task.key in self.bench.book for task in self._ridges())

    def likely(self) -> list[str]:
        """Baselines, those with the best masks for a ridge first, random ones among the first."""
        lines = list(self.bench.book.all("ridge"))
        error = {
            name: np.mean([one.rmse for one in lines if one.selector == name])
            for name in wanted.BASELINES
        }
        order = sorted((n for n in wanted.BASELINES if n != "random"), key=lambda name: error[name])
        return [*order[: wanted.LIKELY], "random", *order[wanted.LIKELY :]]

    def _retrain_far(self) -> Iterator[Task]:
        """At the levels that every data set is measured at; the highest first."""
        yield from self._retrain_likely(sorted(wanted.FAR_LEVELS, reverse=True))

    def _retrain_likely(self, levels: Sequence[float] = ()) -> Iterator[Task]:
        """The path's masks and the likeliest baselines', from scratch; by default all levels."""
        if self.ready:
            likely = ["dynst", *self.likely()[: wanted.LIKELY + 1]]
            yield from self._retrain_masks(levels or wanted.levels_of(self.dataset), likely)

    def _retrain_pruned(self) -> Iterator[Task]:
        """Masks pruned once and in rounds, at two levels: the paper sets them against its own."""
        if self.ready:
            yield from self._retrain_masks(wanted.PRUNED_LEVELS, list(wanted.PRUNED))

    def _retrain_others(self) -> Iterator[Task]:
        """The other baselines' masks; on big grids none, for they take too long.

        With further seeds only those that were not far behind with the first.
        """
        if self.ready and self.n_sites < wanted.BIG:
            first = Book(self.dataset, 0, self._root, self.backbone)
            for level in wanted.levels_of(self.dataset):
                others = self.likely()[wanted.LIKELY + 1 :]
                if self.seed:
                    far = ratios.behind(first, level)
                    trained = [x for x in others if ("retrained", x, level, 0) in first]
                    others = [baseline for baseline in trained if baseline not in far]
                yield from self._retrain_masks([level], others)

    def _retrain_masks(self, levels: Iterable[float], selectors: list[str]) -> Iterator[Task]:
        for level, selector in product(levels, selectors):
            yield self._retrain("retrained", selector, level, self.mask(selector, level))

    def _retrain_edits(self) -> Iterator[Task]:
        """The path's 60 % mask after each edit, trained from scratch."""
        if self.ready and not self.seed and self.dataset in wanted.PATH_SETS:
            for line in list(self.bench.book.all("edit")):
                active = Mask.from_hex(line.active_hex, self.n_sites).active
                yield self._retrain("edit retrained", "dynst", EDIT_LEVEL, active, line.draw)

    def _retrain_all(self) -> Iterator[Task]:
        """The path's own masks at its other levels, and a path beside them: what each costs."""
        if self.ready and not self.seed and self.dataset in wanted.PATH_SETS:
            yield from self._retrain_masks(wanted.NINE_LEVELS, ["dynst"])
            last = ("path clocked", "dynst", usual_levels(self.n_sites)[-1], 0)
            yield Task(last, lambda: self.bench.clock_path(self._path()))

    def _retrain(
        self, kind: str, selector: str, level: float, active: np.ndarray, draw: int = 0
    ) -> Task:
        """For as many steps as the path had spent by that level; see `Bench.retrain`."""
        line = self.bench.book.find("path", "dynst", level)
        assert line is not None, level
        run = partial(self.bench.retrain, kind, selector, active, line, draw)
        return Task((kind, selector, level, draw), run)


def edit(active: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """What a planner may do: this share of all sites switched over, half of them off, half on."""
    count = max(1, round(share * len(active) / 2))
    edited = active.copy()
    edited[rng.choice(np.flatnonzero(active), count, replace=False)] = False
    edited[rng.choice(np.flatnonzero(~active), count, replace=False)] = True
    return edited


@dataclass(frozen=True)
class Work:
    """What one process measures, and for how long it begins anything new.

    Attributes:
        pairs: data sets and seeds.
        effort: factor on the path's steps.
        root: where the lines go.
        device: cpu or cuda.
        minutes: after these, nothing new is begun.
        backbone: the forecaster that path and baselines train.
    """

    pairs: list[tuple[str, int]]
    effort: float
    root: Path
    device: str
    minutes: float
    backbone: str = wanted.BACKBONE

    def __call__(self) -> None:
        """Stage by stage over all of them, until nothing is lacking or time is up."""
        torch.set_num_threads(1)
        until = time.monotonic() + 60 * self.minutes
        comparisons = list(self.at_hand())
        lacking = bool(comparisons)
        while lacking and time.monotonic() < until:
            lacking = False
            for stage in range(len(comparisons[0].stages)):
                for comparison in comparisons:
                    lacking |= comparison.measure(stage, until)
            if lacking:
                time.sleep(PAUSE)  # for what others are at, which may be needed for more

    def at_hand(self) -> Iterator[Comparison]:
        """Those whose data are there; a set that cannot be had holds up no other."""
        for dataset, seed in self.pairs:
            try:
                yield Comparison(dataset, seed, self.effort, self.root, self.device, self.backbone)
            except DataError as error:
                print(f"{dataset}, seed {seed}, is left out: {error}")


def _side_by_side(work: Work, workers: int) -> None:
    spawn = multiprocessing.get_context("spawn")  # CUDA does not outlive a fork
    started = [spawn.Process(target=work) for _ in range(workers)]
    for process in started:
        process.start()
    for process in started:
        process.join()


def _usual_seeds(dataset: str, *, quick: bool) -> tuple[int, ...]:
    return (0,) if quick else wanted.seeds_of(dataset)


def main() -> None:
    """Measure what is asked for, then write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="every data set, seed and baseline")
    parser.add_argument("--datasets", nargs="+", default=None)
    parser.add_argument("--seeds", nargs="+", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=None, help="begin nothing after these")
    parser.add_argument("--workers", type=int, default=1, help="processes side by side")
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto")
    parser.add_argument(
        "--backbone", choices=wanted.BACKBONES, default=wanted.BACKBONE, help="the forecaster"
    )
    parser.add_argument("--report", action="store_true", help="write the rows and train nothing")
    asked = parser.parse_args()
    if not asked.report:
        quick = not (asked.full or asked.datasets)
        names = asked.datasets or (wanted.QUICK_SETS if quick else wanted.SETS)
        root = wanted.QUICK_ROOT if quick else wanted.ROOT
        minutes = asked.minutes or (wanted.QUICK_MINUTES if quick else 1e9)
        work = Work(
            [(n, seed) for n in names for seed in asked.seeds or _usual_seeds(n, quick=quick)],
            QUICK_STEPS if quick else 1.0,
            root,
            choose_device(asked.device),
            minutes,
            asked.backbone,
        )
        if asked.workers == 1:
            work()
        else:
            _side_by_side(work, asked.workers)
    for file in ratios.write_rows():
        print(file)


if __name__ == "__main__":
    main()
