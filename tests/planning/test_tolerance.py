"""Tolerances: what error is accepted, the largest cut within it, and the places within it."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.fields.field import Grid
from dynst_core.planning.tolerance import (
    Kind,
    Tolerance,
    cell_areas,
    largest_cut,
    rmse_limit,
    share_of_sites,
    within_at_sites,
)
from dynst_core.runs.run import Run


@pytest.mark.parametrize(
    ("kind", "amount", "limit"), [("above", 0.5, 2.5), ("percent", 10, 2.2), ("absolute", 3, 3)]
)
def test_a_tolerance_is_stated_in_units_in_percent_or_outright(
    kind: Kind, amount: float, limit: float
) -> None:
    assert Tolerance(kind, amount).limit(np.array([2.0])) == pytest.approx(limit)


@pytest.mark.parametrize("lead", [None, 0, 2])
@pytest.mark.parametrize("level", range(4))
def test_the_largest_cut_is_the_last_level_within(
    network_run: Run, level: int, lead: int | None
) -> None:
    rmse = [network_run.rmse(i, lead) for i in range(4)]
    limit = rmse[level]
    expected = max(i for i in range(4) if rmse[i] <= limit)
    for tolerance in (Tolerance("absolute", limit), Tolerance("above", limit - rmse[0] + 1e-9)):
        assert rmse_limit(network_run, tolerance, lead, 0) == pytest.approx(limit)
        assert largest_cut(network_run, tolerance, lead, 0) == expected


def test_a_tolerance_below_every_level_gives_no_cut(network_run: Run) -> None:
    assert largest_cut(network_run, Tolerance("absolute", 0.01), None, 0) is None


def test_a_negative_allowance_asks_for_less_error_than_with_all_sites(network_run: Run) -> None:
    assert largest_cut(network_run, Tolerance("percent", -50), None, 0) is None


def test_each_site_is_compared_with_its_own_error(network_run: Run) -> None:
    here, dense = network_run.rmse_by_site(2), network_run.rmse_by_site(0)
    within = within_at_sites(network_run, Tolerance("above", 0.2), here, None, 0)
    assert (within == (here <= dense + 0.2)).all()
    assert 0 < share_of_sites(within) < 1
    assert share_of_sites(within) == pytest.approx((here <= dense + 0.2).mean())
    outright = within_at_sites(network_run, Tolerance("absolute", 1.0), here, None, 0)
    assert (outright == (here <= 1.0)).all()


def test_places_without_data_do_not_count() -> None:
    within = np.array([1.0, 0.0, np.nan, np.nan])
    assert share_of_sites(within) == 0.5
    assert share_of_sites(within, np.array([3.0, 1.0, 9.0, 9.0])) == 0.75
    assert np.isnan(share_of_sites(np.array([np.nan])))


def test_cells_shrink_towards_the_poles() -> None:
    areas = cell_areas(Grid(np.array([60.0, 0.0, -60.0]), np.array([0.0, 60.0])), geographic=True)
    assert areas.shape == (6,)
    assert areas[0] == areas[1] == pytest.approx(areas[4])
    # Bands from 90 to 30 and from 30 to -30 degrees: half the sphere's height each way.
    assert areas[2] / areas[0] == pytest.approx(1.0 / 0.5)


def test_cells_of_a_local_frame_have_their_own_size() -> None:
    areas = cell_areas(Grid(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0])), geographic=False)
    assert areas.tolist() == [2.0, 2.0, 3.0, 3.0, 4.0, 4.0]


def test_a_share_by_area_counts_sites_alike_where_there_is_no_area() -> None:
    assert share_of_sites(np.array([1.0, 0.0]), np.zeros(2)) == 0.5
