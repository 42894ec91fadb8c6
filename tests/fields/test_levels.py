"""Levels are counts: equal masks are one level, called by the share that it removes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.errors import BudgetError
from dynst_core.fields.levels import SAME_SHARE, levels_that_differ, true_share
from dynst_core.fields.mask import LEVELS, usual_levels
from dynst_core.presentation import run_text
from tests.support.factories import make_arrays, network_sites, save_run

NINE = (0.0, 0.5, 0.6, 0.8, 0.9, 0.95)


@pytest.mark.parametrize(
    ("targets", "n_sites", "shares", "counts"),
    [
        (LEVELS, 40, LEVELS[:9] + (0.9, 0.95), (40, 36, 32, 28, 24, 20, 16, 12, 8, 4, 2)),
        (NINE, 9, (0, 5 / 9, 7 / 9, 8 / 9), (9, 4, 2, 1)),
        ((0.0, 0.1, 0.5, 0.9), 2, (0, 0.5), (2, 1)),
        ((0.0, 0.3, 0.6), 3, (0, 1 / 3, 2 / 3), (3, 2, 1)),
        ((0.0, 0.9), 207, (0, 0.9), (207, 21)),
        ((0.0,), 5, (0,), (5,)),
    ],
)
def test_levels_that_keep_as_many_sites_are_one(
    targets: tuple[float, ...],
    n_sites: int,
    shares: tuple[float, ...],
    counts: tuple[int, ...],
) -> None:
    found = levels_that_differ(targets, n_sites)
    assert found[0] == pytest.approx(shares) and found[1] == counts


def test_no_level_keeps_more_sites_than_may_be() -> None:
    """Ten of forty are silent: they go at the first cut."""
    found = levels_that_differ((0.0, 0.1, 0.2, 0.5, 0.9), 40, most=30)
    assert found == ((0.0, 0.25, 0.5, 0.9), (40, 30, 20, 4))


def test_levels_of_which_none_removes_a_site_are_refused_and_the_advice_helps() -> None:
    with pytest.raises(BudgetError, match="removes at least 1 of 4 sites.*25 % or more"):
        levels_that_differ((0.0, 0.1), 4)
    assert levels_that_differ((0.0, 0.25), 4)[1] == (4, 3)


@settings(max_examples=100)
@given(
    n_sites=st.integers(2, 300),
    asked=st.lists(st.floats(0.02, 0.999), min_size=1, max_size=12, unique=True),
    most=st.floats(0.01, 1),
)
def test_counts_fall_and_names_tell_the_truth(
    n_sites: int, asked: list[float], most: float
) -> None:
    may = max(1, round(most * n_sites))
    try:
        shares, counts = levels_that_differ((0.0, *sorted(asked)), n_sites, may)
    except BudgetError:
        assert may == n_sites and max(asked) * n_sites <= 0.5
        return
    assert all(a > b for a, b in pairwise(counts)) and counts[-1] >= 1
    assert all(a < b for a, b in pairwise(shares))
    for share, count in zip(shares, counts, strict=True):
        assert abs(share - (1 - count / n_sites)) <= SAME_SHARE + 1e-9
    assert all(count <= may for count in counts[1:])


def test_usual_levels_are_called_as_ever_where_sites_are_many() -> None:
    for n_sites in (100, 207, 512, 4000):
        shares, _ = levels_that_differ(usual_levels(n_sites), n_sites)
        assert shares == usual_levels(n_sites)


def test_a_share_asked_for_names_a_level_that_keeps_to_it() -> None:
    assert true_share(0.9, 21, 207) == 0.9
    assert true_share(0.95, 1, 9) == pytest.approx(8 / 9)


def test_an_earlier_run_s_levels_are_called_by_their_true_share(tmp_path: Path) -> None:
    """It was asked for 30, 60 and 90 % of 3 sites, and 90 % left one of them."""
    run = save_run(tmp_path, "run", make_arrays(network_sites(3)))
    assert [run_text.level_label(run, i) for i in range(4)] == ["0 %", "33.3 %", "66.7 %", "66.7 %"]
    assert run.level_near(0.9) == 3, "links to it still find it"
