"""What one faulty sensor reports moves no other site's forecast without limit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from tests.backbones.test_every_backbone import CASES, fresh, problem_for, shaken
from tests.support.problems import problem_of, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")

FAULTY = 4


def reported(forecaster: Forecaster, problem: Problem, reading: float | None) -> Tensor:
    """Forecasts from all sites, one of which reads a number throughout."""
    record = problem.record
    starts = problem.starts("test")[:4]
    kept = torch.arange(problem.n_sites)
    history = record.history(starts, kept)
    if reading is not None:
        history[:, :, FAULTY, : record.channels] = reading
    with torch.inference_mode():
        return forecaster.eval()(history, forecaster.prepare(kept), record.clock(starts))


@pytest.mark.parametrize(("name", "kind"), [c for c in CASES if "one" not in c[1]])
def test_a_reading_beyond_its_bounds_moves_others_as_the_bound_does_and_a_fault_not_at_all(
    name: str, kind: str
) -> None:
    problem = problem_for(kind)
    forecaster = shaken(name, problem)
    forecaster.fit(problem)
    others = np.arange(problem.n_sites) != FAULTY
    low, high = (float(at[FAULTY, 0]) for at in (forecaster.site_low, forecaster.site_high))
    usual, reach = (low + high) / 2, (high - low) / 2

    def at_others(reading: float) -> Tensor:
        return reported(forecaster, problem, reading)[:, :, others]

    same = {"rtol": 1e-4, "atol": 1e-4}
    if problem.record.channels == 1:  # the second has bounds of its own
        torch.testing.assert_close(at_others(usual + 1.8 * reach), at_others(high), **same)
        torch.testing.assert_close(at_others(-1e7), at_others(usual), **same)
    torch.testing.assert_close(at_others(1e5), at_others(1e7), **same)


@pytest.mark.parametrize(("name", "kind"), [c for c in CASES if c[1] == "network"])
def test_a_sensor_that_stood_still_in_training_moves_no_other_when_it_wakes(
    name: str, kind: str
) -> None:
    values = waves()
    values[:158, FAULTY] = 20.0  # training ends there
    problem = problem_of(values)
    forecaster = shaken(name, problem)
    forecaster.fit(problem)
    others = np.arange(12) != FAULTY
    asleep = float(problem.record.target[0, FAULTY, 0])
    still, awake = (reported(forecaster, problem, reading) for reading in (asleep, asleep + 3))
    torch.testing.assert_close(awake[:, :, others], still[:, :, others], rtol=1e-5, atol=1e-5)
    own = awake[:, :, FAULTY] - still[:, :, FAULTY]
    torch.testing.assert_close(own, torch.full_like(own, 3.0), rtol=1e-4, atol=1e-4)


def test_what_was_read_in_training_is_never_bounded() -> None:
    for problem in (problem_of(waves()), problem_of(with_gaps(waves(channels=2)))):
        forecaster = fresh("graph", problem)
        forecaster.fit(problem)
        seen = problem.record.values[slice(*problem.split.train), :, : problem.record.channels]
        assert (seen >= forecaster.site_low).all() and (seen <= forecaster.site_high).all()


def test_an_unseen_sensor_starts_from_its_usual_reading_before_its_first() -> None:
    values = waves()
    values[:30, 2] = np.nan
    problem = problem_of(values)
    record, learnt = problem.record, problem.learnt
    learnt[:30] = False
    mean = record.target[np.flatnonzero(learnt), 2, 0].mean()
    torch.testing.assert_close(record.values[:30, 2, 0], mean.expand(30), rtol=1e-5, atol=1e-5)
