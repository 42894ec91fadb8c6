"""One site over time: which stretch of the test period, which band, and what the band held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from dynst_core.fields.time_axis import MONTH_SECONDS
from dynst_core.planning.site_series import (
    NORMAL_SHARE,
    Series,
    SiteBand,
    band_at,
    series_stretches,
    share_held,
    usual_series_stretch,
    valid_times,
)
from dynst_core.presentation import run_text
from dynst_core.runs.arrays import Bands
from dynst_core.runs.run import Run


def series(plan: list[float], observed: list[float]) -> Series:
    times = np.datetime64("2021-03-01T00:00", "ns") + np.arange(len(plan)) * np.timedelta64(1, "h")
    as_column = (np.array(values, dtype=float)[:, None] for values in (observed, plan, plan))
    return Series(times, *as_column)


def retimed(run: Run, start: datetime, step_seconds: float, n_windows: int) -> Run:
    """The same run, its test block elsewhere in time."""
    manifest = run.manifest
    card = manifest.dataset.model_copy(update={"step_seconds": step_seconds})
    n_steps = n_windows + manifest.config.history + manifest.config.horizon - 1
    end = start + timedelta(seconds=step_seconds * (n_steps - 1))
    split = manifest.split.model_copy(
        update={"test_start": start, "test_end": end, "n_test_windows": n_windows}
    )
    return replace(run, manifest=manifest.model_copy(update={"dataset": card, "split": split}))


def test_a_period_is_reported_for_the_very_times_that_the_forecaster_forecasts(
    fire_run: Run,
) -> None:
    from dynst_core.inference.run_data import problem_of_run
    from dynst_core.inference.run_forecaster import RunForecaster

    forecasts = RunForecaster(fire_run, problem_of_run(fire_run, device="cpu", progress=False))
    found = forecasts.series(fire_run.path.mask(1), 0, forecasts.windows(), lead_time=1)
    np.testing.assert_array_equal(valid_times(fire_run, 1), found.valid_time)


@pytest.mark.parametrize(
    ("step_seconds", "n_windows", "n_parts", "usual"),
    [
        (300, 10, 0, 0),  # under an hour: all of one day
        (300, 381, 3, 0),  # the rest of a day, one whole, and some of the next
        (300, 7000, 26, 2),  # too much for one picture: the first whole day
        (3600, 150, 7, 0),
        (3600, 3000, 19, 2),  # 126 days are too many to choose from: weeks
        (86400, 300, 11, 0),  # months
    ],
)
def test_a_long_test_period_is_cut_by_the_calendar(
    network_run: Run, step_seconds: float, n_windows: int, n_parts: int, usual: int
) -> None:
    run = retimed(network_run, datetime(2012, 3, 6, 22, tzinfo=UTC), step_seconds, n_windows)
    whole, *parts = series_stretches(run)
    assert len(parts) == n_parts and usual_series_stretch(run) == usual
    for lead_time in range(run.manifest.config.horizon):
        times = valid_times(run, lead_time)
        assert len(times) == n_windows and whole.holds(times).all()
        if parts:
            held = np.sum([part.holds(times) for part in parts], axis=0)
            assert (held == 1).all(), "every time lies in one part"


def test_forecasts_of_months_are_for_months_of_the_calendar(network_run: Run) -> None:
    start = datetime(2001, 1, 15, tzinfo=UTC)
    run = retimed(network_run, start, MONTH_SECONDS, 30)
    times = valid_times(run, 0)
    first = np.datetime64("2001-01", "M") + run.manifest.config.history + np.arange(30)
    np.testing.assert_array_equal(times.astype("datetime64[M]"), first)
    assert {str(time)[8:10] for time in times} == {"15"}
    assert run_text.lead_time_text(run, 0) == "1 month ahead"
    assert run_text.lead_time_unit(run) == (MONTH_SECONDS, "months")
    yearly = retimed(network_run, start, 12 * MONTH_SECONDS, 30)
    assert run_text.lead_time_text(yearly, 1) == "2 years ahead"
    assert run_text.lead_time_unit(yearly) == (12 * MONTH_SECONDS, "years")


def test_a_stretch_of_days_begins_at_midnight(network_run: Run) -> None:
    run = retimed(network_run, datetime(2012, 3, 6, 22, tzinfo=UTC), 300, 700)
    starts = [str(part.first)[11:16] for part in series_stretches(run)[2:]]
    assert starts and set(starts) == {"00:00"}


def test_the_run_s_own_band_is_used_at_its_levels(network_run: Run) -> None:
    shape = (4, *network_run.arrays.persistence.count.shape)
    width = np.arange(np.prod(shape), dtype=float).reshape(shape)
    width[2, 1, 7, 0] = np.nan
    arrays = replace(network_run.arrays, bands=Bands(0.9, width, np.full(shape[:2], 0.8)))
    run, found = replace(network_run, arrays=arrays), series([1.0, 2.0], [4.0, 6.0])
    assert band_at(run, 1, found, 7, 2, 0) == SiteBand(0.9, width[1, 2, 7, 0], calibrated=True)
    # Neither an edited plan nor a site without selection data has one: the site's own RMSE then.
    usual = 1.2816 * np.sqrt((3**2 + 4**2) / 2)
    for level, lead_time in ((None, 2), (2, 1)):
        band = band_at(run, level, found, 7, lead_time, 0)
        assert (band.share, band.calibrated) == (NORMAL_SHARE, False)
        assert band.half_width == pytest.approx(usual)


def test_a_band_of_normal_errors_holds_its_share(network_run: Run) -> None:
    truth = np.random.default_rng(0).normal(size=20_000)
    found = series([0.0] * len(truth), truth.tolist())
    band = band_at(network_run, None, found, 0, 0, 0)
    everywhere = np.ones(len(truth), dtype=bool)
    assert share_held(found, band, 0, everywhere) == pytest.approx(0.8, abs=0.01)


def test_the_share_held_counts_what_was_observed_in_the_stretch() -> None:
    nan = float("nan")
    found = series([0, 0, 0, 0, 0], [1, 3, nan, 2, 9])
    band = SiteBand(0.8, 2.0, calibrated=False)
    assert share_held(found, band, 0, np.array([True] * 4 + [False])) == pytest.approx(2 / 3)
    assert np.isnan(share_held(found, band, 0, np.array([False, False, True, False, False])))


def test_where_nothing_was_observed_there_is_no_band(network_run: Run, tmp_path: Path) -> None:
    found = series([1.0, 2.0], [float("nan")] * 2)
    assert np.isnan(band_at(network_run, None, found, 0, 0, 0).half_width)
