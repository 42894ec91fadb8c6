"""A forecast from the newest readings works while some of the kept sensors send none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.fields.mask import Mask
from dynst_core.forecasting.problem import Problem
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.planning.masks import edited_mask
from tests.support.problems import problem_of, save_trained, trained_path, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")

NOW = np.array([200])
"""The end of the record: what comes is not known."""

KEPT = Mask.keep(np.arange(6), 12)
SILENT = [1, 4]


def with_silent(values: np.ndarray, hours: int = 20) -> Problem:
    """A record whose newest readings of two sensors are missing, and others now and then."""
    values = with_gaps(values)
    values[-hours:, SILENT] = np.nan
    return problem_of(values)


@pytest.fixture(scope="module")
def silent(
    one_thread: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunForecaster, Problem]:
    problem = with_silent(waves())
    run = save_trained(trained_path(problem), tmp_path_factory.mktemp("runs"))
    return RunForecaster(run, problem), problem


def test_a_forecast_reaches_every_site_though_kept_sensors_are_silent(
    silent: tuple[RunForecaster, Problem],
) -> None:
    forecasts, _ = silent
    made = forecasts.at(KEPT).forecast(NOW)
    assert made.shape[2] == 12 and np.isfinite(made).all()
    low, high = np.nanmin(waves()), np.nanmax(waves())
    assert low - 20 < made.min() and made.max() < high + 20


def test_the_forecaster_is_told_that_what_stands_in_was_not_measured(
    silent: tuple[RunForecaster, Problem],
) -> None:
    _, problem = silent
    history = problem.record.history(NOW, problem.record.index(np.array(SILENT)))
    assert (history[..., 1] == 0).all()
    before = problem.field.dataset["values"].values[:, SILENT, 0]
    last = np.array([column[np.isfinite(column)][-1] for column in before.T])
    read = problem.record.normaliser.undo(history[..., :1].numpy())
    np.testing.assert_allclose(read[0, :, :, 0], np.broadcast_to(last, (3, 2)), rtol=1e-5)


def test_all_kept_sensors_silent_at_once_still_give_a_forecast(
    silent: tuple[RunForecaster, Problem],
) -> None:
    forecasts, _ = silent
    assert np.isfinite(forecasts.at(Mask.keep(np.array(SILENT), 12)).forecast(NOW)).all()


def test_where_no_record_had_gaps_the_silent_sensors_are_switched_off(tmp_path: Path) -> None:
    problem = problem_of(waves())
    forecasts = RunForecaster(save_trained(trained_path(problem), tmp_path), problem)
    rest = edited_mask(KEPT, off=SILENT)
    assert rest.n_active == 4
    assert np.isfinite(forecasts.at(rest).forecast(NOW)).all()
