"""Sensors that are silent, stuck or far above the others, and networks of few of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from dynst_core.constraints.constraints import ALWAYS, Constraints
from dynst_core.evaluation.save_run import save_training
from dynst_core.fields.windows import Window
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions
from dynst_core.presentation import run_text
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from dynst_core.training.path_options import PathOptions
from dynst_core.training.path_training import PathTraining
from tests.datasets.reading.case import Case, load

N_TIMES, N_SITES = 240, 8
LEVELS = (0.0, 0.1, 0.5, 0.9)


def _waves(n_sites: int = N_SITES) -> np.ndarray:
    """Daily waves about 50 with a common drift, (t, s)."""
    rng = np.random.default_rng(0)
    hour = np.arange(N_TIMES)[:, None]
    drift = np.cumsum(rng.normal(0, 0.3, (N_TIMES, 1)), axis=0)
    noise = rng.normal(0, 1, (N_TIMES, n_sites))
    waves: np.ndarray = 50 + 10 * np.sin(2 * np.pi * (hour + np.arange(n_sites)) / 24)
    return np.round(waves + drift + noise, 2)


def _problem(folder: Path, values: np.ndarray) -> Problem:
    """A table of these values (t, s), read as a planner's own."""
    ids = [f"s{site}" for site in range(values.shape[1])]
    times = np.datetime64("2024-01-01T00:00") + np.arange(len(values)) * np.timedelta64(1, "h")
    rows = [
        ",".join([str(time), *("" if np.isnan(v) else f"{v:.3f}" for v in row)])
        for time, row in zip(times, values, strict=True)
    ]
    (folder / "values.csv").write_text("\n".join([",".join(["time", *ids]), *rows]) + "\n")
    places = [f"{name},{52 + 0.1 * at:.1f},13" for at, name in enumerate(ids)]
    (folder / "sites.csv").write_text("\n".join(["site,latitude,longitude", *places]) + "\n")
    field = load(folder, "values.csv", '{ kind = "table", locations = "sites.csv" }')
    return Problem.of(field, Window(4, 2))


def _trained(
    folder: Path,
    values: np.ndarray,
    levels: Sequence[float] = LEVELS,
    stuck: Literal["remove", "keep"] = "remove",
    always: Sequence[int] = (),
) -> Run:
    """A run of the ridge forecaster, which is solved at once."""
    problem = _problem(folder, values)
    pins = Constraints.none(problem.n_sites)
    pins.pin[list(always)] = ALWAYS
    options, steps = PathOptions(exchanges=0, selection_windows=8), StepOptions()
    training = PathTraining(
        problem, tuple(levels), options, steps, "ridge", constraints=pins, stuck=stuck
    )
    for _ in training.run():
        pass
    return save_training(training, RunStore(folder / "runs"), "run", "train", 1.0)


def _levels(folder: Path, values: np.ndarray, levels: Sequence[float] = LEVELS) -> str:
    run = _trained(folder, values, levels)
    each = [f"{run_text.level_label(run, i)} keeps {n}" for i, n in enumerate(run.path.n_active)]
    return ", ".join(each)


def _kept(
    folder: Path,
    values: np.ndarray,
    site: int,
    stuck: Literal["remove", "keep"] = "remove",
    always: Sequence[int] = (),
) -> str:
    """Which levels keep a site, and what is said."""
    run = _trained(folder, values, stuck=stuck, always=always)
    keep = [run_text.level_label(run, i) for i, mask in enumerate(run.path.active) if mask[site]]
    return " ".join([f"s{site} is kept with {', '.join(keep)} removed.", *run.arrays.notices])


def _with(site: int, change: Callable[[np.ndarray], None]) -> np.ndarray:
    """Waves of which one site's values, (t,), are changed in place."""
    values = _waves()
    change(values[:, site])
    return values


def _set(block: slice, value: float) -> Callable[[np.ndarray], None]:
    def change(values: np.ndarray) -> None:
        values[block] = value

    return change


def _spike(values: np.ndarray) -> None:
    values[:] = 50.0
    values[60] = 5.0


def _single(values: np.ndarray) -> None:
    values[np.arange(N_TIMES) != 100] = np.nan


def _two_stop() -> np.ndarray:
    values = _waves()
    values[90:, [2, 5]] = np.nan
    return values


def _gap(block: slice) -> np.ndarray:
    values = _waves()
    values[block] = np.nan
    return values


def _others_error(folder: Path, values: np.ndarray, site: int) -> str:
    """Whether the others are forecast as if one site were not there, from all sites."""
    run = _trained(folder, values, levels=(0.0, 0.5))
    others = np.arange(N_SITES) != site
    errors = run.arrays.errors[0]
    rmse = np.sqrt(errors.squared[:, others].sum() / errors.count[:, others].sum())
    return "the other sites' error stays below 2" if rmse < 2 else f"it rises to {rmse:.3g}"


def _above_the_sea(folder: Path, datum: np.ndarray | float) -> str:
    moves = (_waves() - 50) / 100 + datum
    run = _trained(folder, moves, levels=(0.0, 0.5))
    low, high = (f"{run.rmse(level):.3f}" for level in (0, 1))
    return f"RMSE {low} m from all sites, {high} m from half of them"


SILENT, STUCK, FEW, EMPTY = (
    "Silent sensors",
    "Sensors that stand still",
    "Few sites",
    "Blocks without a value",
)
PRECISION = "Small movements of large numbers"
_TRAIN, _SELECTION, _TEST = slice(0, 166), slice(168, 190), slice(192, 240)


CASES = (
    Case(
        SILENT,
        "a sensor whose last reading lies early in training",
        partial(_kept, values=_with(3, _set(slice(90, None), np.nan)), site=3),
        read="s3 is kept with 0 % removed. 1 of 8 sensors reports nothing in the last tenth of "
        "the training block or in the selection block, and is removed at the first cut: s3. Pin "
        "one with --always to keep it.",
    ),
    Case(
        SILENT,
        "a sensor that begins after training",
        partial(_kept, values=_with(3, _set(slice(0, 170), np.nan)), site=3),
        read="s3 is kept with 0 % removed. 1 of 8 sensors reports nothing in the last tenth of "
        "the training block or in the selection block, and is removed at the first cut: s3. Pin "
        "one with --always to keep it.",
    ),
    Case(
        SILENT,
        "a sensor with one single reading",
        partial(
            _kept,
            values=_with(3, _single),
            site=3,
        ),
        read="s3 is kept with 0 % removed. 1 of 8 sensors reports nothing in the last tenth of "
        "the training block or in the selection block, and is removed at the first cut: s3. Pin "
        "one with --always to keep it.",
    ),
    Case(
        SILENT,
        "a silent sensor that the planner pins",
        partial(_kept, values=_with(3, _set(slice(90, None), np.nan)), site=3, always=(3,)),
        read="s3 is kept with 0 %, 12.5 %, 50 %, 87.5 % removed. 1 of 8 sensors reports nothing "
        "in the last tenth of the training block or in the selection block, and is treated as "
        "pinned: s3.",
    ),
    Case(
        STUCK,
        "a sensor at 0 until the training ends",
        partial(_kept, values=_with(3, _set(slice(0, 168), 0.0)), site=3),
        read="s3 is kept with 0 % removed. 1 of 8 sensors stands still (s3 at 0 u from 2024-01-01 "
        "00:00 to 2024-01-08 00:00) and is removed before the others; `--stuck keep` ranks it "
        "like the rest.",
    ),
    Case(
        STUCK,
        "a sensor that stands still from within training on",
        partial(_kept, values=_with(3, _set(slice(100, None), 47.0)), site=3),
        read="s3 is kept with 0 % removed. 1 of 8 sensors stands still (s3 at 47 u from "
        "2024-01-05 04:00 to 2024-01-08 22:00) and is removed before the others; `--stuck keep` "
        "ranks it like the rest.",
    ),
    Case(
        STUCK,
        "a sensor at one number but for one spike",
        partial(_kept, values=_with(3, _spike), site=3),
        read="s3 is kept with 0 % removed. 1 of 8 sensors stands still (s3 at 50 u in training) "
        "and is removed before the others; `--stuck keep` ranks it like the rest.",
    ),
    Case(
        STUCK,
        "a sensor at 0 until the training ends, ranked like the others as asked",
        partial(_kept, values=_with(3, _set(slice(0, 168), 0.0)), site=3, stuck="keep"),
        read="s3 is kept with 0 %, 12.5 %, 50 % removed. 1 of 8 sensors stands still (s3 at 0 u "
        "from 2024-01-01 00:00 to 2024-01-08 00:00) and is ranked like the others, or as pinned.",
    ),
    Case(
        STUCK,
        "a stretch of one number that ends again",
        partial(_kept, values=_with(3, _set(slice(60, 90), 47.0)), site=3),
        read="s3 is kept with 0 %, 12.5 %, 50 % removed. 1 of 8 sensors stands still for a while "
        "(s3 at 47 u from 2024-01-03 12:00 to 2024-01-04 18:00); if that was a fault, leave "
        "those values empty.",
    ),
    Case(
        STUCK,
        "a sensor at 0 through training that wakes in the test",
        partial(_others_error, values=_with(3, _set(slice(0, 168), 0.0)), site=3),
        read="the other sites' error stays below 2",
    ),
    Case(
        STUCK,
        "a sensor that reads a hundred thousand in the test",
        partial(_others_error, values=_with(3, _set(slice(200, 240), 1e5)), site=3),
        read="the other sites' error stays below 2",
    ),
    Case(
        FEW,
        "one site",
        partial(_levels, values=_waves(1)),
        refused=r"at least 2 sites, .* found 1 \('s0'\); bring the records of more sites",
    ),
    Case(
        FEW,
        "two sites, levels 10, 50 and 90 %",
        partial(_levels, values=_waves(2)),
        read="0 % keeps 2, 50 % keeps 1",
    ),
    Case(
        FEW,
        "nine sites, levels 50, 60, 90 and 95 %",
        partial(_levels, values=_waves(9), levels=(0.0, 0.5, 0.6, 0.9, 0.95)),
        read="0 % keeps 9, 55.6 % keeps 4, 88.9 % keeps 1",
    ),
    Case(
        FEW,
        "four sites, level 10 % only",
        partial(_levels, values=_waves(4), levels=(0.0, 0.1)),
        refused="at least 1 of 4 sites, found 10 % removed at most; choose a level of 25 % or more",
    ),
    Case(
        FEW,
        "eight sites of which two are silent, levels 10, 50 and 90 %",
        partial(
            _levels,
            values=_two_stop(),
        ),
        read="0 % keeps 8, 25 % keeps 6, 50 % keeps 4, 87.5 % keeps 1",
    ),
    Case(
        EMPTY,
        "no value in the test block, the last fifth",
        partial(_levels, values=_gap(_TEST)),
        refused="some value of 'value' in the test block .* end the record at its last reading",
    ),
    Case(
        EMPTY,
        "no value in the selection block",
        partial(_levels, values=_gap(_SELECTION)),
        refused="some value of 'value' in the selection block .* end the record at its last",
    ),
    Case(
        EMPTY,
        "no value in the training block",
        partial(_levels, values=_gap(_TRAIN)),
        refused="some value of 'value' in the train block .* begin the record at its first reading",
    ),
    Case(
        EMPTY,
        "values at the first few times of the test block only",
        partial(_levels, values=_gap(slice(195, 240))),
        refused="some value of 'value' in the test block",
    ),
    Case(
        PRECISION,
        "water levels about each gauge's mean, in metres",
        partial(_above_the_sea, datum=0.0),
        read="RMSE 0.012 m from all sites, 0.012 m from half of them",
    ),
    Case(
        PRECISION,
        "the same in metres above the sea, at 2 to 2,900 m",
        partial(_above_the_sea, datum=np.linspace(2, 2900, N_SITES)),
        read="RMSE 0.012 m from all sites, 0.012 m from half of them",
    ),
    Case(
        PRECISION,
        "the same about 4,000 m below a datum",
        partial(_above_the_sea, datum=-4000.0),
        read="RMSE 0.012 m from all sites, 0.012 m from half of them",
    ),
    Case(
        PRECISION,
        "the same with one gauge far above the others",
        partial(_above_the_sea, datum=np.where(np.arange(N_SITES) == 2, 3000.0, 0.0)),
        read="RMSE 0.012 m from all sites, 0.012 m from half of them",
    ),
)
