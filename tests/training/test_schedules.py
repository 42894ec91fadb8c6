"""Schedules, as tables of what they are at each step."""

from __future__ import annotations

import pytest

from dynst_core.training.schedules import drop_fraction, warmup_cosine


@pytest.mark.parametrize(
    ("step", "floor", "factor"),
    [
        (0, 0.0, 0.25),
        (1, 0.0, 0.5),
        (3, 0.0, 1.0),
        (4, 0.0, 1.0),
        (8, 0.0, 0.75),
        (10, 0.0, 0.5),
        (12, 0.0, 0.25),
        (16, 0.0, 0.0),
        (4, 0.2, 1.0),
        (10, 0.2, 0.6),
        (16, 0.2, 0.2),
    ],
)
def test_the_rate_rises_in_a_line_and_falls_as_a_half_cosine(
    step: int, floor: float, factor: float
) -> None:
    assert warmup_cosine(step, n_steps=16, warmup=4, floor=floor) == pytest.approx(factor)


def test_the_rate_needs_no_warmup_and_no_length() -> None:
    assert warmup_cosine(0, n_steps=10, warmup=0) == 1.0
    assert warmup_cosine(0, n_steps=1, warmup=1) == 1.0


@pytest.mark.parametrize(
    ("frozen_from", "fractions"),
    [
        (0.75, [1.0, 0.75, 0.25, 0.0]),
        (0.5, [1.0, 0.5, 0.0, 0.0]),
        (1.0, [1.0, 0.85355339, 0.5, 0.14644661]),
        (0.0, [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_exchanges_grow_fewer_round_by_round_and_end(
    frozen_from: float, fractions: list[float]
) -> None:
    assert [drop_fraction(r, 4, frozen_from) for r in range(4)] == pytest.approx(fractions)
