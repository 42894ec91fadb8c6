"""Masks count in whole sites; a path of masks says which sites stay longest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.errors import BudgetError
from dynst_core.fields.mask import Mask, SparsityPath, n_active_at, rank_by_stay


def picture(text: str) -> np.ndarray:
    """Levels as lines, sites as columns, `#` where a site is kept."""
    return np.array([[cell == "#" for cell in line] for line in text.split()])


def test_a_mask_counts_the_sites_it_keeps():
    mask = Mask.keep(np.array([1, 3]), 5)
    assert mask.n_active == 2 and mask.kept.tolist() == [1, 3]
    assert mask.sparsity == pytest.approx(0.6)
    assert Mask.all_on(5).sparsity == 0.0


def test_a_mask_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        Mask.all_on(3).active[0] = False


@pytest.mark.parametrize("active", [np.ones((2, 2), dtype=bool), np.ones(3)])
def test_a_mask_of_another_shape_or_type_is_refused(active):
    with pytest.raises(BudgetError, match="one truth value per site"):
        Mask(active)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_mask_comes_back_from_hexadecimal(active):
    mask = Mask(np.array(active))
    again = Mask.from_hex(mask.to_hex(), len(active))
    assert again.active.tolist() == active


def test_hexadecimal_puts_the_first_site_in_the_highest_bit():
    assert Mask.keep(np.array([0]), 9).to_hex() == "8000"


def test_a_mask_for_another_number_of_sites_is_refused():
    with pytest.raises(BudgetError, match="Expected a mask of 20 sites, found 1 bytes"):
        Mask.from_hex("ff", 20)


@pytest.mark.parametrize(
    ("sparsity", "n_sites", "kept"),
    [(0.0, 207, 207), (0.3, 10, 7), (0.6, 207, 83), (0.95, 207, 10), (0.99, 10, 1)],
)
def test_a_level_keeps_this_many_sites(sparsity, n_sites, kept):
    assert n_active_at(sparsity, n_sites) == kept


@pytest.mark.parametrize("sparsity", [-0.1, 1.0, 60])
def test_a_level_outside_zero_to_one_is_refused(sparsity):
    with pytest.raises(BudgetError, match="0.6 removes 60 %"):
        n_active_at(sparsity, 10)


NESTED = """
    ####
    ###.
    #.#.
    #...
"""
WITH_RETURN = """
    ####
    .###
    ##..
"""


def test_sites_rank_by_how_long_they_stay():
    active = picture(NESTED)
    rank = rank_by_stay(active, np.zeros(4))
    assert rank.tolist() == [3, 1, 2, 0]
    path = SparsityPath(active, rank)
    assert not path.returning.any()
    assert path.n_active.tolist() == [4, 3, 2, 1]
    assert path.importance.tolist() == [1.0, 0.5, 0.75, 0.25]
    assert path.mask(2).kept.tolist() == [0, 2]


def test_a_site_that_came_back_ranks_below_one_that_never_left():
    active = picture(WITH_RETURN)
    rank = rank_by_stay(active, np.array([9.0, 0.0, 1.0, 0.0]))
    assert rank.tolist() == [2, 3, 1, 0]
    path = SparsityPath(active, rank)
    assert path.returning.tolist() == [True, False, False, False]


def test_sites_that_leave_together_rank_by_usefulness_then_by_index():
    active = picture("#### #...")
    assert rank_by_stay(active, np.array([0.0, 2.0, 1.0, 1.0])).tolist() == [3, 2, 0, 1]


def test_shares_removed_at_each_level_follow_from_the_counts():
    active = np.array([[True] * 4, [True, True, True, False], [True, False, False, False]])
    path = SparsityPath(active, np.array([3, 2, 1, 0]))
    assert path.n_active.tolist() == [4, 3, 1]
    assert path.sparsity.tolist() == [0.0, 0.25, 0.75]
