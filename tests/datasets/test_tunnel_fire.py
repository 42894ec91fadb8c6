"""The simulated tunnel fire behaves as a tunnel fire should, and the same seed gives the same."""

import dataclasses

import numpy as np
import pytest

from dynst_core.datasets.tunnel_fire import (
    AMBIENT_C,
    Fires,
    TunnelSettings,
    draw_fires,
    fire_temperatures,
    simulate_tunnel,
)
from dynst_core.fields.field import About

ABOUT = About("tunnel-fire", "Gas temperature", "Tunnel", "Apache-2.0", "ours", "simulated")
SMALL = TunnelSettings(n_fires=3, times_per_fire=30)


def fires(power_mw: float = 15.0, wind_m_s: float = 1.5, place_m: float = 30.0) -> Fires:
    """Three equal fires that grow for a minute and then burn on."""
    same = np.ones(3)
    return Fires(
        place_m=place_m * same,
        power_mw=power_mw * same,
        ignition_s=0 * same,
        growth_s=60 * same,
        hold_s=1000 * same,
        decay_s=60 * same,
        wind_m_s=wind_m_s * same,
        phase=0 * same,
    )


def burning(**changes: float) -> np.ndarray:
    """Mean temperature of one fire once it burns steadily, (rows, columns), road first."""
    return fire_temperatures(SMALL, fires(**changes))[20:, 0].mean(axis=0)


@pytest.fixture(scope="module")
def record() -> np.ndarray:
    """The catalogue's record, (fire, time, rows, columns)."""
    field = simulate_tunnel(TunnelSettings(), about=ABOUT)
    return field.dataset["values"].values.reshape(16, 75, 12, 60)


def test_the_field_is_a_grid_in_metres_without_geography():
    field = simulate_tunnel(SMALL, about=ABOUT)
    assert field.grid is not None and field.grid.shape == (12, 60)
    assert not field.sites.geographic and len(field.sites) == 720
    assert field.n_times == 90 and field.step == np.timedelta64(10, "s")
    assert field.units == ("°C",)
    assert field.grid.x[[0, -1]].tolist() == [0.5, 59.5]
    assert field.grid.y[[0, -1]].tolist() == [0.25, 5.75]
    assert field.sites.site_id[0] == "0.50 m, 0.25 m"


def test_the_same_seed_gives_the_same_record_and_another_seed_another():
    first, again = (simulate_tunnel(SMALL, about=ABOUT).fingerprint() for _ in range(2))
    other = simulate_tunnel(SMALL.model_copy(update={"seed": 1}), about=ABOUT).fingerprint()
    assert first == again != other


def test_rounding_differences_between_machines_do_not_grow_into_other_weather():
    drawn = draw_fires(SMALL)
    nudged = dataclasses.replace(drawn, place_m=drawn.place_m * (1 + 1e-12))
    assert np.abs(fire_temperatures(SMALL, drawn) - fire_temperatures(SMALL, nudged)).max() < 1e-3


def test_temperatures_are_those_of_a_fire(record):
    assert record.min() >= AMBIENT_C - 0.1
    hottest = record.max(axis=(1, 2, 3))
    assert hottest.max() > 500 and hottest.max() < 1200
    assert hottest.min() > 60
    assert hottest.std() > 100  # fires differ


def test_each_fire_starts_and_ends_in_a_cool_tunnel(record):
    assert np.abs(record[:, 0] - AMBIENT_C).max() < 2
    assert np.abs(record[:, -1] - AMBIENT_C).max() < 2


@pytest.mark.parametrize("block", [(0.0, 0.7), (0.7, 0.8), (0.8, 1.0)])
def test_every_block_of_a_contiguous_split_has_fires(record, block):
    by_time = record.reshape(1200, -1).max(axis=1)
    start, stop = (round(1200 * share) for share in block)
    assert (by_time[start:stop] > 100).mean() > 0.3


def test_without_a_fire_the_tunnel_stays_at_ambient():
    assert np.abs(burning(power_mw=0.0) - AMBIENT_C).max() < 1e-9


def test_hot_gas_gathers_under_the_ceiling_downstream():
    downstream = burning()[:, 45:55].mean(axis=1)
    assert downstream[-4:].mean() > 2 * downstream[:2].mean()


def test_wind_carries_the_heat_downstream():
    mean = burning(wind_m_s=3.0)
    assert mean[:, 40:55].mean() > mean[:, 5:20].mean() + 50


def test_smoke_creeps_against_a_weak_wind_and_not_against_a_strong_one():
    upstream = np.s_[-4:, 10:25]
    assert burning(wind_m_s=1.0)[upstream].mean() > AMBIENT_C + 100
    assert burning(wind_m_s=4.0)[upstream].mean() < AMBIENT_C + 1


def test_a_stronger_fire_is_hotter_and_stronger_wind_is_cooler():
    assert burning(power_mw=25.0).mean() > burning(power_mw=10.0).mean() + 30
    assert burning(wind_m_s=3.0).mean() < burning(wind_m_s=1.5).mean() - 30


def test_the_heat_stays_where_the_fire_is():
    for place in (20.0, 40.0):
        hottest = burning(place_m=place, wind_m_s=3.0).max(axis=0).argmax() + 0.5
        assert abs(hottest - place) < 6


def test_heat_release_grows_with_time_squared_holds_and_decays():
    one = dataclasses.replace(fires(power_mw=10.0), hold_s=np.full(3, 30.0))
    steady = np.array([one.heat_release(s)[0] for s in (0, 30, 60, 90, 120, 150)]) / 1e7
    np.testing.assert_allclose(steady, [0, 0.25, 1, 1, 0.25, 0], rtol=0.1)


def test_no_new_extremes_come_from_long_steps():
    """Transport stays stable however fast the gas moves past a cell."""
    hot = fire_temperatures(SMALL, fires(power_mw=300.0, wind_m_s=20.0))
    assert np.isfinite(hot).all() and hot.min() >= AMBIENT_C - 1e-9
