"""Exchanges keep the count, proposals are possible, neighbours stay near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.errors import BudgetError
from dynst_core.selection.exchanges import (
    draw_sites,
    exchange_sites,
    flip_sites,
    propose_exchanges,
)

MASKS = st.lists(st.booleans(), min_size=1, max_size=40).map(np.array)
SOME_ON = MASKS.filter(lambda active: active.any())


def picture(text: str) -> np.ndarray:
    """`#` is a site kept, `.` one removed."""
    return np.array([sign == "#" for sign in text])


@pytest.mark.parametrize(
    ("before", "drop", "grow", "after"),
    [("##..", 0, 2, ".##."), ("##..", 1, 3, "#..#"), ("#.", 0, 1, ".#"), (".###", 3, 0, "###.")],
)
def test_an_exchange_closes_one_site_and_opens_one(
    before: str, drop: int, grow: int, after: str
) -> None:
    active = picture(before)
    assert exchange_sites(active, drop, grow).tolist() == picture(after).tolist()
    assert active.tolist() == picture(before).tolist()


@pytest.mark.parametrize(
    ("drop", "grow", "found"),
    [
        (2, 3, "site 2 removed and site 3 removed"),
        (0, 1, "site 0 kept and site 1 kept"),
        (2, 0, "site 2 removed and site 0 kept"),
    ],
)
def test_an_exchange_the_wrong_way_round_is_refused(drop: int, grow: int, found: str) -> None:
    with pytest.raises(BudgetError, match=found):
        exchange_sites(picture("##.."), drop, grow)


@given(active=MASKS, count=st.integers(1, 30), seed=st.integers(0, 99))
def test_every_proposed_exchange_is_possible_and_keeps_the_count(
    active: np.ndarray, count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.random((2, len(active)))
    pairs = propose_exchanges(active, scores[0], scores[1], count, rng)
    assert len(pairs) == len(set(pairs)) <= count
    assert bool(pairs) == (active.any() and not active.all())
    for drop, grow in pairs:
        assert exchange_sites(active, drop, grow).sum() == active.sum()


def test_the_least_useful_and_the_most_promising_are_proposed_most() -> None:
    active = picture("####....")
    useful = np.array([1.0, 1.0, 1.0, 0.0, 0, 0, 0, 0])
    promising = np.array([0.0, 0, 0, 0, 5.0, 0.0, 0.0, 0.0])
    rng = np.random.default_rng(0)
    firsts = [propose_exchanges(active, useful, promising, 1, rng)[0] for _ in range(200)]
    drops, grows = np.array(firsts).T
    assert (drops == 3).mean() > 0.85
    assert (drops != 3).any(), "every kept site must have a chance to leave"
    assert (grows == 4).all()


def test_removed_sites_without_error_can_still_come_back() -> None:
    pairs = propose_exchanges(
        picture("#..."), np.zeros(4), np.zeros(4), 60, np.random.default_rng(0)
    )
    assert {grow for _, grow in pairs} == {1, 2, 3}


@given(active=SOME_ON, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_a_neighbour_reads_at_least_one_site_and_never_more_than_the_mask(
    active: np.ndarray, share: float, seed: int
) -> None:
    before = active.copy()
    near = flip_sites(active, share, np.random.default_rng(seed))
    assert 1 <= near.sum() <= active.sum()
    assert (near & ~active).sum() <= (active & ~near).sum()
    np.testing.assert_array_equal(active, before)


def test_a_neighbour_differs_by_about_the_share_asked_for() -> None:
    active = np.arange(2000) < 1000
    closed, opened = [], []
    for seed in range(20):
        near = flip_sites(active, 0.1, np.random.default_rng(seed))
        closed.append((active & ~near).sum())
        opened.append((near & ~active).sum())
    assert 90 < np.mean(closed) < 110
    assert 30 < np.mean(opened) < 70, "from none to as many as were closed"
    np.testing.assert_array_equal(flip_sites(active, 0.0, np.random.default_rng(0)), active)


def test_masks_of_any_size_are_the_path_s_own_but_for_a_few_sites() -> None:
    rng, order = np.random.default_rng(0), np.random.default_rng(1).permutation(100)
    sizes, strangers = [], []
    for _ in range(400):
        active = draw_sites(order, 0.03, rng)
        n = int(active.sum())
        sizes.append(n)
        strangers.append(int((active & (order < 100 - n)).sum()))
    assert min(sizes) <= 6 and max(sizes) == 100 and 40 < np.mean(sizes) < 62
    assert max(strangers) > 0 and np.mean(strangers) < 3
    exact = draw_sites(order, 0.0, rng)
    assert exact.any() and (exact == (order >= 100 - exact.sum())).all()


def test_without_flips_masks_of_any_size_are_the_last_to_go() -> None:
    order = np.random.default_rng(0).permutation(20)
    for seed in range(20):
        active = draw_sites(order, 0.0, np.random.default_rng(seed))
        assert active.any() and order[active].min() == 20 - active.sum()


class Drawn:
    """A source of chance that notes what it is asked for and draws the first."""

    def __init__(self) -> None:
        self.chances: list[np.ndarray] = []
        self.ranges: list[tuple[int, int]] = []

    def choice(self, of: np.ndarray, count: int, p: np.ndarray) -> np.ndarray:
        self.chances.append(p)
        return of[np.zeros(count, dtype=int)]

    def integers(self, low: int, high: int) -> int:
        self.ranges.append((low, high))
        return low


def test_chances_are_by_usefulness_and_promise_and_never_quite_nothing() -> None:
    rng = Drawn()
    useful, promising = np.array([1.0, 0.52, 0.02, 0, 0]), np.array([0, 0, 0, 3e-9, 0.0])
    assert propose_exchanges(picture("###.."), useful, promising, 4, rng) == [(0, 3)]
    leave, come = rng.chances
    np.testing.assert_allclose(leave, np.array([0.02, 0.5, 1.0]) / 1.52)
    np.testing.assert_allclose(come, [0.8, 0.2])


@pytest.mark.parametrize(("n_sites", "least"), [(1, 1), (20, 1), (67, 2), (1000, 30)])
def test_masks_of_any_size_keep_from_three_in_a_hundred_to_all(n_sites: int, least: int) -> None:
    rng = Drawn()
    assert draw_sites(np.arange(n_sites), 0.0, rng).sum() == least
    assert rng.ranges == [(least, n_sites + 1)]
