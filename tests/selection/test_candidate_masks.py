"""Masks before any training: what forecasts is found, and what pleases by chance is not taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynst_core.constraints.constraints import Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.candidate_masks import CandidateMasks, ExchangeRule
from dynst_core.selection.forward_ranking import rank_ahead
from dynst_core.selection.gp_variance import Nowcast
from dynst_core.selection.heldout_ridge import HeldBackRidge
from tests.support.problems import problem_of

pytestmark = pytest.mark.usefixtures("one_thread")

DRIVERS = 5
NEVER = ExchangeRule(0, 0, 0, 0, 0)
USUAL = ExchangeRule(60, 2.5, 0.005, 4.0, 0.02)


def driven(lag: int = 3, followers: int = 60, n_times: int = 600) -> Problem:
    """Sites of noise, each repeated `lag` steps later by a dozen others that know one another."""
    rng = np.random.default_rng(3)
    driver = rng.normal(size=(n_times + lag, DRIVERS))
    led = driver[:n_times, np.arange(followers) % DRIVERS]
    values = np.concatenate([driver[lag:], led + 0.3 * rng.normal(size=led.shape)], axis=1)
    return problem_of(values.astype(np.float32)[:, :, None], history=6, horizon=3)


def masks(problem: Problem, counts: tuple[int, ...], rule: ExchangeRule) -> list[np.ndarray]:
    pins = Constraints.none(problem.n_sites)
    judge, nowcast = HeldBackRidge(problem), Nowcast(problem)
    choosing = CandidateMasks(problem, pins, judge, nowcast, rule, np.random.default_rng(0))
    return list(choosing.masks(counts))


@pytest.mark.parametrize("lag", [*(pytest.param(lag, marks=pytest.mark.slow) for lag in (1, 2)), 3])
def test_few_sites_that_lead_all_others_are_kept_at_every_level(lag: int) -> None:
    for mask in masks(driven(lag), (30, 12, 7, DRIVERS), USUAL):
        assert mask[:DRIVERS].sum() >= DRIVERS - (lag < 3), "beyond the lag, followers know too"


def test_drivers_whose_earlier_readings_count_come_last_in_the_order_ahead() -> None:
    problem = driven(lag=5)
    assert rank_ahead(problem)[:DRIVERS].min() == problem.n_sites - DRIVERS


def test_an_exchange_must_lower_the_error_more_where_nothing_else_speaks_for_it() -> None:
    rule, before = ExchangeRule(1, 2.0, 0.01, 4.0, 0.05), np.full(8, 1.0)
    noisy = before - np.array([0.01, 0.05] * 4)  # 3 % lower, four standard errors
    assert rule.allows(noisy, before, guarded=True)
    assert not rule.allows(noisy, before, guarded=False)
    assert rule.allows(before - 0.06, before, guarded=False)
    assert not rule.allows(before - 0.005, before, guarded=True)


def test_an_exchange_towards_the_other_order_is_found_without_any_by_chance() -> None:
    """Half of the drivers are in the usual order's mask: the others come in one by one."""
    problem = driven()
    pins = Constraints.none(problem.n_sites)
    judge, nowcast = HeldBackRidge(problem), Nowcast(problem)
    rule = replace(USUAL, tries=0)
    choosing = CandidateMasks(problem, pins, judge, nowcast, rule, np.random.default_rng(0))
    half = np.isin(np.arange(problem.n_sites), [0, 1, 7, 12, 17])
    after = choosing.exchanged(half, choosing.suggested(half))
    assert after[:DRIVERS].sum() > 2 and after.sum() == half.sum()
    assert judge.errors(after).mean() < judge.errors(half).mean()


def test_where_all_sites_are_alike_hardly_an_exchange_pleases_by_chance() -> None:
    rng = np.random.default_rng(0)
    common = np.cumsum(rng.normal(size=(400, 1)), axis=0)
    values = (common + 0.5 * rng.normal(size=(400, 24))).astype(np.float32)[:, :, None]
    problem = problem_of(values)
    counts = (12, 6, 3)
    plain, tried = masks(problem, counts, NEVER), masks(problem, counts, USUAL)
    changed = [int((a != b).sum()) // 2 for a, b in zip(plain, tried, strict=True)]
    assert sum(changed) <= 4, "of 180 tries"


def test_each_mask_keeps_as_many_as_asked_and_the_order_holds_every_site() -> None:
    problem = driven()
    pins = Constraints.none(problem.n_sites)
    choosing = CandidateMasks(
        problem, pins, HeldBackRidge(problem), Nowcast(problem), USUAL, np.random.default_rng(1)
    )
    assert [int(m.sum()) for m in choosing.masks((40, 20, 9))] == [40, 20, 9]
    assert sorted(choosing.order.tolist()) == list(range(problem.n_sites))
