"""Values are removed in three ways, and what remains is scored beside the complete record."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.missing import WAYS, rmse, trained, without
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.windows import Window
from dynst_core.forecasting.problem import Problem
from tests.support.factories import network_sites


def small_network() -> Field:
    """Twelve sensors that follow one wave, measured every five minutes for 400 steps."""
    time = np.datetime64("2024-01-01", "ns") + np.arange(400) * np.timedelta64(5, "m")
    phase = np.arange(400)[:, None] / 12 + np.arange(12)
    values = 50 + 10 * np.sin(phase) + np.random.default_rng(0).normal(0, 1, (400, 12))
    about = About("small", "Speed", "Nowhere", "own", "own", "own")
    return make_field(
        values[:, :, None], time, network_sites(12), channels=("v",), units=("u",), about=about
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_the_share_that_is_asked_for_is_removed(way: str, share: float) -> None:
    field = small_network()
    gone = WAYS[way](field, share, np.random.default_rng(0))
    assert gone.shape == (field.n_times, len(field.sites))
    assert gone.mean() == pytest.approx(share, abs=0.05)


def test_an_outage_silences_a_sensor_once() -> None:
    gone = WAYS["by outages"](small_network(), 0.3, np.random.default_rng(0))
    begins = (np.diff(gone.astype(int), axis=0, append=gone[:1]) == 1).sum(axis=0)
    assert (begins == 1).all()


def test_both_forecasters_are_scored_at_the_values_that_remain() -> None:
    field, window = small_network(), Window(4, 2)
    gone = WAYS["at random"](field, 0.3, np.random.default_rng(0))
    complete, damaged = Problem.of(field, window), Problem.of(without(field, gone), window)
    assert int((~damaged.record.observed).sum()) == int(gone.sum())
    forecaster = trained(complete, 15, 0)
    everywhere = rmse(forecaster, complete, complete.record.observed)
    remaining = rmse(forecaster, complete, damaged.record.observed)
    assert everywhere != remaining and everywhere == pytest.approx(remaining, rel=0.3)
