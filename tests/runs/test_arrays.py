"""What several seeds and halves of a record say of a rank."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.runs.arrays import Members, rank_agreement


@pytest.mark.parametrize(
    ("ranks", "agreement"),
    [
        ([[0, 1, 2, 3], [0, 1, 2, 3]], 1.0),
        ([[0, 1, 2, 3], [3, 2, 1, 0]], -1.0),
        ([[0, 1, 2, 3], [1, 0, 2, 3]], 4 / 6),  # one pair of six in the other order
        ([[0, 1, 2, 3], [0, 1, 2, 3], [3, 2, 1, 0]], -1 / 3),  # the mean of 1, -1 and -1
    ],
)
def test_agreement_is_the_mean_of_kendalls_tau_over_pairs(
    ranks: list[list[int]], agreement: float
) -> None:
    assert rank_agreement(np.array(ranks)) == pytest.approx(agreement)


def test_random_orders_do_not_agree() -> None:
    rng = np.random.default_rng(0)
    assert abs(rank_agreement(np.stack([rng.permutation(500) for _ in range(3)]))) < 0.05


def test_importance_spans_what_the_seeds_say() -> None:
    members = Members(
        seeds=np.array([0, 1]),
        selection_error=np.zeros((2, 1)),
        active=np.ones((2, 1, 4), dtype=bool),
        rank=np.array([[0, 1, 2, 3], [0, 3, 2, 1]]),
        rmse=np.zeros((2, 1, 1)),
    )
    np.testing.assert_allclose(members.importance, [[0.25, 0.5, 0.75, 0.5], [0.25, 1.0, 0.75, 1.0]])
