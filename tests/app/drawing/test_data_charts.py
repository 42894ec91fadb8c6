"""The Data view's pictures: each row of the heat map can be read."""

from __future__ import annotations

import numpy as np
import pytest

from app.drawing import data_charts
from dynst_core.intake.quality import Quality
from tests.support.factories import network_sites


def quality_of(n_sites: int) -> Quality:
    times = np.array("2024-01-01", dtype="datetime64[h]") + np.arange(6)
    none, several = np.zeros(n_sites, dtype=bool), np.ones(1)
    return Quality(
        n_sites=n_sites, n_times=6, step="1 h", start=times[0], stop=times[-1],
        coverage=np.linspace(0, 1, n_sites), bins=times, coverage_in_time=np.ones((6, n_sites)),
        longest_gap=np.zeros(n_sites), silent=none, stuck=none, spikes=np.zeros(n_sites),
        zeros=several, low=several, high=several, mean=several, notices=(),
    )  # fmt: skip


@pytest.mark.parametrize("n_sites", [3, 60, 200])
def test_each_site_has_a_row_of_eighteen_pixels_with_its_id(n_sites: int) -> None:
    figure = data_charts.coverage_chart(network_sites(n_sites), quality_of(n_sites))
    assert figure.layout.height >= 18 * n_sites
    assert len(figure.data[0].y) == n_sites and figure.layout.yaxis.dtick == 1
