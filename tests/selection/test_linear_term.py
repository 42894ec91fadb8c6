"""A forecaster carries a linear one where that errs less, and nothing changes where it does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dynst_core.forecasting.forecaster import LINEAR, LINEAR_SHARE, Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import squared_error
from dynst_core.inference.runtimes import tensors_in, with_tensors
from dynst_core.selection.linear_term import linear_forecaster, with_linear
from dynst_core.selection.selection_error import Judge
from tests.support.problems import TINY, leaders_and_followers, problem_of

pytestmark = pytest.mark.usefixtures("one_thread")

MASK = np.isin(np.arange(12), [2, 5, 11])


@pytest.fixture(scope="module")
def planted() -> Problem:
    """Twelve sites; nine repeat, two steps later, what three of them did."""
    return problem_of(leaders_and_followers([2, 5, 11], 12, 500, lag=2))


def untrained(problem: Problem) -> Forecaster:
    torch.manual_seed(0)
    forecaster = Forecaster.for_problem(problem, options=TINY)
    forecaster.fit(problem)
    return forecaster.eval()


def error(forecaster: Forecaster, problem: Problem, block: str = "test") -> float:
    starts = problem.window.starts(getattr(problem.split, block))
    kept = np.flatnonzero(MASK)
    return float(squared_error(forecaster, problem.record, kept, starts, None, "window").mean())


def test_on_linear_data_it_errs_no_more_than_the_linear_one(planted: Problem) -> None:
    plain = untrained(planted)
    linear = linear_forecaster(planted)
    blended = with_linear(plain, linear, Judge(planted), MASK)
    assert linear is not None and blended.linear_share > 0.5
    assert error(blended, planted) <= 1.02 * error(linear, planted)
    assert error(linear, planted) < 0.7 * error(plain, planted)


def test_the_share_is_that_of_least_squares_and_lies_between_none_and_all(
    planted: Problem,
) -> None:
    plain, judge = untrained(planted), Judge(planted)
    linear = linear_forecaster(planted)
    assert linear is not None
    share = judge.linear_share(plain, linear, MASK)
    errors = [
        judge.errors(plain.carrying(linear, s), MASK).mean()
        for s in (share, max(0, share - 0.05), min(1, share + 0.05))
    ]
    assert 0 <= share <= 1 and errors[0] == min(errors)


def test_one_that_says_the_same_has_no_share(planted: Problem) -> None:
    plain = untrained(planted)
    assert Judge(planted).linear_share(plain, plain, MASK) == 0


def test_one_without_a_share_is_stored_and_changes_nothing(planted: Problem) -> None:
    plain = untrained(planted)
    blended = plain.carrying(linear_forecaster(planted), 0.0)
    assert error(blended, planted) == error(plain, planted)
    assert LINEAR_SHARE in blended.stored_weights()


def test_it_is_stored_and_comes_back_with_the_same_forecasts(planted: Problem) -> None:
    plain = untrained(planted)
    blended = with_linear(plain, linear_forecaster(planted), Judge(planted), MASK)
    stored = blended.stored_weights(rounded=False)
    again = untrained(planted).load({n: np.ascontiguousarray(v) for n, v in stored.items()})
    assert error(again, planted) == pytest.approx(error(blended, planted), rel=1e-6)
    own = {n: v for n, v in stored.items() if not n.startswith(LINEAR) and n != LINEAR_SHARE}
    assert error(again.load(own), planted) == error(plain, planted), "runs of before have none"


def test_sites_first_and_times_first_agree(planted: Problem) -> None:
    plain = untrained(planted)
    blended = with_linear(plain, linear_forecaster(planted), Judge(planted), MASK)
    record, starts = planted.record, planted.starts("test")[:3]
    kept = record.index(np.flatnonzero(MASK))
    inputs = record.history(starts, kept), blended.prepare(kept), record.clock(starts)
    first = blended.sites_first(*inputs).permute(1, 2, 0, 3)
    torch.testing.assert_close(first, blended(*inputs))


def test_what_depends_on_the_mask_can_be_taken_apart_and_put_together(planted: Problem) -> None:
    """A compiled forecaster is given a mask's tensors: all of them, or it answers for another."""
    linear = linear_forecaster(planted)
    assert linear is not None
    record, starts = planted.record, planted.starts("test")[:3]
    one, other = (record.index(np.array(sites)) for sites in ([2, 5, 11], [0, 1, 3]))
    with torch.inference_mode():
        state, swapped = linear.prepare(one), linear.prepare(other)
        moved = with_tensors(state, tensors_in(swapped))
        history, clock = record.history(starts, other), record.clock(starts)
        torch.testing.assert_close(linear(history, moved, clock), linear(history, swapped, clock))


def test_a_forecaster_in_closed_form_carries_none(planted: Problem) -> None:
    ridge = Forecaster.for_problem(planted, "ridge")
    assert with_linear(ridge, linear_forecaster(planted), Judge(planted), MASK) is ridge
