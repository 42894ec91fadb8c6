"""The last reading of a site is the newest observed value, however long ago that was."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.fields import last_readings
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.last_readings import last_readings_of
from tests.support.factories import network_sites

HOURS = np.datetime64("2021-03-01T00", "ns") + np.arange(1200) * np.timedelta64(1, "h")


def field_of(values: np.ndarray) -> Field:
    return make_field(
        values,
        HOURS[: len(values)],
        network_sites(values.shape[1]),
        channels=("a", "b"),
        units=("m", "K"),
        about=About("x", "X", "", "CC0", "", ""),
    )


def test_it_is_found_in_the_last_hour_or_a_month_before(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.full((1200, 3, 2), np.nan, dtype=np.float32)
    values[:, 0] = np.arange(1200)[:, None]
    values[:7, 1, 0] = 5.0
    values[995:1001, 1, 1] = 6.0
    values[1195:1199, 2] = [[3.0, 4.0], [2.0, 3.0], [1.0, 3.0], [0.5, 2.0]]
    field = field_of(values)
    for block in (last_readings.BLOCK, 7, 5000):
        monkeypatch.setattr(last_readings, "BLOCK", block)
        found = last_readings_of(field)
        assert found.value.tolist() == [[1199, 1199], [5, 6], [0.5, 2]]
        assert found.time.tolist() == HOURS[[[1199, 1199], [6, 1000], [1198, 1198]]].tolist()


def test_a_variable_never_observed_at_a_site_has_none() -> None:
    values = np.ones((40, 2, 2), dtype=np.float32)
    values[:, 1, 1] = np.nan
    found = last_readings_of(field_of(values))
    assert np.isnan(found.value[1, 1]) and np.isnat(found.time[1, 1])
    assert np.isfinite(found.value).sum() == 3
