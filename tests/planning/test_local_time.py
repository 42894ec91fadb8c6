"""Times as people of a place say them; UTC where its sites share no clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dynst_core.fields.sites import SiteSet
from dynst_core.planning import local_time
from dynst_core.runs.run import Run
from tests.support.factories import grid_sites, make_arrays, make_manifest, save_run


def run_at(folder: Path, *places: tuple[float, float], start: datetime | None = None) -> Run:
    sites = SiteSet(
        np.array([f"s{i}" for i in range(len(places))]), np.array(places, dtype=float), True
    )
    arrays = make_arrays(sites)
    split = make_manifest("r", arrays).split
    if start is not None:
        split = split.model_copy(update={"test_start": start, "test_end": start})
    return save_run(folder, "r", arrays, split=split)


@pytest.mark.parametrize(
    ("places", "utc", "reported"),
    [
        ([(-118.3, 34.1), (-118.2, 34.0)], "2012-03-08T01:35", "Wed 7 March, 17:35"),
        ([(241.7, 34.1)], "2012-03-08T01:35", "Wed 7 March, 17:35"),  # east of Greenwich all round
        ([(13.4, 52.5), (2.35, 48.85)], "2024-07-01T10:00", "Mon 1 July, 12:00"),  # one clock
        ([(77.2, 28.6)], "2020-01-01T00:00", "Wed 1 January, 05:30"),
        ([(13.4, 52.5), (-0.1, 51.5)], "2024-07-01T10:00", "Mon 1 July, 10:00 UTC"),  # two clocks
        ([(-30.0, 40.0)], "2024-07-01T10:00", "Mon 1 July, 10:00 UTC"),  # the open sea
        ([(13.4, 52.5), (-30.0, 40.0)], "2024-07-01T10:00", "Mon 1 July, 12:00"),
        ([(13.4, 52.5)], "2024-10-27T00:30", "Sun 27 October, 02:30 (+0200)"),  # shown twice
        ([(13.4, 52.5)], "2024-10-27T01:30", "Sun 27 October, 02:30 (+0100)"),
    ],
)
def test_a_time_is_said_by_the_clock_of_the_place(
    tmp_path: Path, places: list[tuple[float, float]], utc: str, reported: str
) -> None:
    assert local_time.local_time_words(run_at(tmp_path, *places), np.datetime64(utc)) == reported


def test_a_hall_has_no_zone_and_names_none(tmp_path: Path) -> None:
    run = save_run(tmp_path, "hall", make_arrays(*grid_sites(geographic=False)))
    time = np.datetime64("2000-01-01T12:00")
    assert local_time.local_time_words(run, time) == "Sat 1 January, 12:00"
    assert local_time.clock_name(run) == ""
    assert local_time.to_local(run, np.array([time]))[0] == time


def test_two_zones_whose_clocks_differ_within_the_period_only_are_told_apart(
    tmp_path: Path,
) -> None:
    phoenix, denver = (-112.07, 33.45), (-104.99, 39.74)  # apart in summer alone
    winter = run_at(tmp_path / "a", phoenix, denver, start=datetime(2024, 1, 5, tzinfo=UTC))
    summer = run_at(tmp_path / "b", phoenix, denver, start=datetime(2024, 7, 5, tzinfo=UTC))
    assert local_time.zone_of(winter) is not None
    assert local_time.zone_of(summer) is None
