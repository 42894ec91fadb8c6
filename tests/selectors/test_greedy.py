"""Selectors that build up a set: fast sums against the plain ones, and what each claims."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.fields.sites import SiteSet
from dynst_core.selection.forward_ranking import last_and_next, rank_sites
from dynst_core.selection.greedy import (
    Elimination,
    FewInputs,
    build_up_sites,
    forward_selection,
    principal_components,
)
from dynst_core.selectors.gp_mi import rank_by_information, with_noise
from dynst_core.selectors.qr import leading_modes, modal_pivots
from dynst_core.selectors.registry import rank_with
from dynst_core.selectors.selector import training_covariance
from tests.support.factories import grid_sites
from tests.support.problems import any_problem, problem_of, waves
from tests.support.regressions import correlated, penalised_error

pytestmark = pytest.mark.usefixtures("one_thread")


def pinned(n_sites: int, always: list[int], never: list[int]) -> Constraints:
    pin = np.zeros(n_sites, dtype=np.int8)
    pin[always], pin[never] = ALWAYS, NEVER
    return Constraints(pin)


PINS = [([], []), ([2], []), ([], [5]), ([3, 1], [0, 6])]


def positive(seed: int, s: int, rank: int | None = None) -> np.ndarray:
    root = np.random.default_rng(seed).normal(size=(s, rank or 2 * s))
    return root @ root.T


# -- building up ------------------------------------------------------------------------------


def test_sites_are_taken_by_value_after_those_given_first_and_pins_come_before_all() -> None:
    worth, taken = np.array([1.0, 5.0, 3.0, 4.0, 5.0]), []
    rank = build_up_sites(Constraints.none(5), lambda: worth, taken.append)
    assert taken == [1, 4, 3, 2, 0]
    assert rank.tolist() == [0, 4, 1, 2, 3]
    given = build_up_sites(Constraints.none(5), lambda: worth, taken.append, first=[0])
    assert given.tolist() == [4, 3, 0, 1, 2]
    limits = pinned(5, always=[0, 2], never=[1])
    assert build_up_sites(limits, lambda: worth, taken.append).tolist() == [3, 0, 4, 1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_eliminating_sites_leaves_the_schur_complement(seed: int) -> None:
    matrix = positive(seed, 8)
    left, order = Elimination(matrix), [3, 0, 6]
    for site in order:
        left.eliminate(site)
    rest = [i for i in range(8) if i not in order]
    across = matrix[np.ix_(rest, order)]
    expected = matrix[np.ix_(rest, rest)] - across @ np.linalg.solve(
        matrix[np.ix_(order, order)], across.T
    )
    np.testing.assert_allclose(left.diagonal[rest], expected.diagonal(), rtol=1e-9)
    np.testing.assert_allclose(left.diagonal[order], 0, atol=1e-9)


def test_eliminating_more_sites_than_there_are_patterns_stays_finite() -> None:
    left = Elimination(positive(0, 10, rank=3))
    for site in range(10):
        assert np.isfinite(left.eliminate(site)).all()
    np.testing.assert_allclose(left.diagonal, 0, atol=1e-9)


@pytest.mark.parametrize("n_sites", [9, 200])
def test_few_inputs_gain_as_by_the_matrix_that_they_make(n_sites: int) -> None:
    rng = np.random.default_rng(n_sites)
    inputs, targets = rng.normal(size=(4, n_sites)), rng.normal(size=(4, 3))
    inputs[:, 5] = 0  # a site that tells nothing
    quick = FewInputs(inputs, 0.3, targets)
    plain = Elimination(inputs.T @ inputs + 0.3 * np.eye(n_sites))
    unexplained, left = inputs.T @ targets, np.ones(n_sites, dtype=bool)
    for site in rng.permutation(n_sites):
        gain = np.square(unexplained).sum(axis=1) / np.maximum(plain.diagonal, plain.floor)
        np.testing.assert_allclose(quick.gain()[left], gain[left], atol=1e-7)
        root = np.sqrt(plain.diagonal[site])
        unexplained -= np.outer(plain.eliminate(site), unexplained[site] / root)
        quick.eliminate(site)
        left[site] = False


def test_the_covariance_is_of_the_training_block_alone_and_averages_channels() -> None:
    problem = any_problem("two channels")
    values = problem.learnt_values
    expected = [np.cov(values[:, :, c], rowvar=False, bias=True) for c in range(2)]
    np.testing.assert_allclose(training_covariance(problem), np.mean(expected, axis=0))


# -- farthest point ---------------------------------------------------------------------------


def line_of_sites(*x_km: float) -> SiteSet:
    where = np.array([[1000.0 * x, 0.0] for x in x_km])
    return SiteSet(np.array([f"s{i}" for i in range(len(x_km))]), where, geographic=False)


def test_the_most_central_site_comes_first_and_then_the_farthest() -> None:
    sites = line_of_sites(0, 1, 4.5, 6, 10)  # the centre lies at 4.3 km
    rank = rank_with("farthest_point", problem_of(waves(n_sites=5), sites=sites)).rank
    assert np.argsort(-rank).tolist() == [2, 4, 0, 3, 1]


def test_sites_spread_away_from_those_always_kept() -> None:
    sites = line_of_sites(0, 1, 4.5, 6, 10)
    problem = problem_of(waves(n_sites=5), sites=sites)
    rank = rank_with("farthest_point", problem, pinned(5, always=[4], never=[0])).rank
    assert np.argsort(-rank).tolist() == [4, 1, 3, 2, 0]


def test_every_prefix_covers_the_map_within_twice_the_best_radius() -> None:
    """Gonzalez's bound, by its proof: the next site's distance is at most twice the optimum."""
    sites, _ = grid_sites(6, 6, geographic=False)
    rank = rank_with("farthest_point", problem_of(waves(n_sites=36), sites=sites)).rank
    where = sites.positions_km()
    distance = np.linalg.norm(where[:, None] - where, axis=2)
    order = np.argsort(-rank)
    reach = [distance[:, order[:k]].min(axis=1).max() for k in range(1, 36)]
    assert all(a >= b for a, b in pairwise(reach))
    for k in range(1, 35):  # k + 1 sites this far apart cannot share k discs of less than half
        apart = distance[np.ix_(order[: k + 1], order[: k + 1])]
        assert apart[np.triu_indices(k + 1, 1)].min() >= reach[k - 1] - 1e-9


# -- mutual information -----------------------------------------------------------------------


def information(covariance: np.ndarray, read: list[int]) -> float:
    """What the read sites tell of the others, in nats."""
    rest = [i for i in range(len(covariance)) if i not in read]
    parts = (np.linalg.slogdet(covariance[np.ix_(p, p)])[1] for p in (read, rest) if p)
    return float(0.5 * (sum(parts) - np.linalg.slogdet(covariance)[1]))


def variance_given(covariance: np.ndarray, site: int, read: list[int]) -> float:
    if not read:
        return float(covariance[site, site])
    across = covariance[site, read]
    return float(
        covariance[site, site] - across @ np.linalg.solve(covariance[np.ix_(read, read)], across)
    )


def by_definition(covariance: np.ndarray, limits: Constraints) -> np.ndarray:
    """Forward selection on the information, every gain from determinants."""
    read: list[int] = []
    rising = True
    while len(read) < len(covariance):
        left = [i for i in range(len(covariance)) if i not in read]
        now = information(covariance, read)
        gain = {i: information(covariance, [*read, i]) - now for i in left}
        rising = rising and max(gain.values()) > 1e-9
        worth = gain if rising else {i: variance_given(covariance, i, read) for i in left}
        allowed = [i for i in left if limits.pin[i] == limits.pin[left].max()]
        read.append(max(allowed, key=worth.__getitem__))
    rank = np.empty(len(read), dtype=int)
    rank[read] = np.arange(len(read))[::-1]
    return rank


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("always", "never"), PINS)
def test_information_gains_are_those_of_the_definition(
    seed: int, always: list[int], never: list[int]
) -> None:
    covariance = with_noise(positive(seed, 9))
    limits = pinned(9, always, never)
    np.testing.assert_array_equal(
        rank_by_information(covariance, limits), by_definition(covariance, limits)
    )


def test_a_site_that_tells_of_many_is_read_before_a_lively_loner() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(600, 1))
    values = np.concatenate([common + 0.5 * rng.normal(size=(600, 5)), 2 * common[::-1]], axis=1)
    values[:, 0] = common[:, 0]
    rank = rank_with("gp_mi", problem_of(values)).rank
    assert rank[0] == 5
    assert rank_with("variance", problem_of(values)).rank[5] == 5


# -- greedy forecast --------------------------------------------------------------------------


def by_refitting(
    inputs: np.ndarray, targets: np.ndarray, penalty: float, limits: Constraints
) -> np.ndarray:
    """Add the site whose loss is least with it, fit anew, and so on: the long way round."""
    read: list[int] = []
    while len(read) < inputs.shape[1]:
        left = [i for i in range(inputs.shape[1]) if i not in read]
        allowed = [i for i in left if limits.pin[i] == limits.pin[left].max()]
        loss = {i: penalised_error(inputs, targets, [*read, i], penalty) for i in allowed}
        read.append(min(allowed, key=loss.__getitem__))
    rank = np.empty(len(read), dtype=int)
    rank[read] = np.arange(len(read))[::-1]
    return rank


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("penalty", [0.5, 40.0, 300.0])
@pytest.mark.parametrize(("always", "never"), PINS)
@pytest.mark.parametrize(("n", "s"), [(60, 7), (5, 12)])
def test_the_order_is_greedy_addition_with_a_refit_at_every_step(
    seed: int, penalty: float, always: list[int], never: list[int], n: int, s: int
) -> None:
    inputs, targets = correlated(seed, n=n, s=s, m=5)
    limits = pinned(s, always, never)
    np.testing.assert_array_equal(
        forward_selection(inputs, targets, penalty, limits),
        by_refitting(inputs, targets, penalty, limits),
    )


@pytest.mark.parametrize(("n", "m"), [(200, 60), (50, 60)])
def test_components_that_hold_every_target_keep_all_products_between_targets(
    n: int, m: int
) -> None:
    few = np.random.default_rng(0).normal(size=(n, 5))
    targets = few @ np.random.default_rng(1).normal(size=(5, m))
    fewer = principal_components(targets, 8)
    assert fewer.shape == (n, 8)
    np.testing.assert_allclose(fewer @ fewer.T, targets @ targets.T, atol=1e-9)
    assert principal_components(targets, m) is targets


def test_fewer_windows_than_components_are_enough() -> None:
    targets = np.random.default_rng(0).normal(size=(20, 150))
    fewer = principal_components(targets, 128)
    assert fewer.shape == (20, 20)
    np.testing.assert_allclose(fewer @ fewer.T, targets @ targets.T, atol=1e-9)


@pytest.mark.parametrize("kind", ["network", "two channels", "gaps"])
def test_last_values_and_what_followed_are_centred_and_of_training_windows(kind: str) -> None:
    problem = any_problem(kind)
    inputs, targets = last_and_next(problem)
    windows = len(problem.starts("train"))
    assert inputs.shape == (windows, 12)
    assert targets.shape == (windows, 12 * problem.window.horizon * problem.record.channels)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(targets.mean(axis=0), 0, atol=1e-9)


def test_a_site_that_foretells_others_is_taken_before_livelier_ones_that_foretell_nothing() -> None:
    rng = np.random.default_rng(0)
    values = 1.5 * rng.normal(size=(600, 8))
    values[1:, :4] = values[:-1, [7]] / 1.5
    values[:, 7] /= 1.5
    problem = problem_of(values, horizon=1)
    assert rank_with("greedy_forecast", problem).rank[7] == 7
    assert rank_with("variance", problem).rank[7] < 7


# -- where the path starts --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["network", "two channels", "gaps"])
def test_the_path_starts_from_what_a_penalised_regression_gains_now_and_ahead(kind: str) -> None:
    problem = any_problem(kind)
    inputs, targets = last_and_next(problem, now=True)
    penalty = 0.1 * np.square(inputs).sum(axis=0).mean()
    limits = pinned(12, always=[3], never=[7])
    expected = by_refitting(inputs, targets, penalty, limits)
    np.testing.assert_array_equal(rank_sites(problem, limits), expected)


def test_present_values_come_first_among_what_is_to_be_reported() -> None:
    problem = any_problem("network")
    inputs, ahead = last_and_next(problem)
    again, both = last_and_next(problem, now=True)
    np.testing.assert_array_equal(again, inputs)
    np.testing.assert_allclose(both, np.concatenate([inputs, ahead], axis=1), atol=1e-9)


def test_a_site_that_tells_of_its_neighbours_today_is_wanted_though_it_foretells_nothing() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(600, 8))
    values[:, 1:4] = values[:, [0]] + 0.1 * rng.normal(size=(600, 3))
    problem = problem_of(values, horizon=1)
    assert set(np.flatnonzero(rank_sites(problem) == 7)) <= {0, 1, 2, 3}
    assert sum(site < 4 for site in np.flatnonzero(rank_sites(problem) >= 3)) == 1


def test_another_stretch_of_windows_gives_another_order() -> None:
    problem = any_problem("network")
    starts = problem.starts("train")
    halves = [rank_sites(problem, starts=half) for half in np.array_split(starts, 2)]
    assert not np.array_equal(*halves)
    np.testing.assert_array_equal(rank_sites(problem, starts=starts), rank_sites(problem))


def test_a_short_record_of_many_sites_can_be_ranked() -> None:
    problem = problem_of(waves(n_times=80, n_sites=70), history=2, horizon=2)
    assert sorted(rank_sites(problem).tolist()) == list(range(70))


# -- QR ---------------------------------------------------------------------------------------


def with_cost(*cost: float) -> Constraints:
    return Constraints(np.zeros(len(cost), dtype=np.int8), np.array(cost))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cost", [0.0, 1.0, 2500.0])
def test_costs_that_are_all_alike_leave_plain_qr(seed: int, cost: float) -> None:
    rng = np.random.default_rng(seed)
    problem = problem_of(rng.normal(size=(120, 9)) @ rng.normal(size=(9, 9)))
    plain = rank_with("qr", problem).rank
    alike = rank_with("qr", problem, with_cost(*[cost] * 9)).rank
    np.testing.assert_array_equal(alike, plain)


@pytest.mark.parametrize("seed", range(3))
def test_the_first_sites_are_those_of_pysensors(seed: int) -> None:
    from pysensors.basis import SVD
    from pysensors.optimizers import QR
    from pysensors.reconstruction import SSPOR

    rng = np.random.default_rng(seed)
    problem = problem_of(rng.normal(size=(120, 9)) @ rng.normal(size=(9, 9)))
    values = problem.learnt_values[:, :, 0]
    basis = leading_modes(training_covariance(problem))
    n_modes = basis.shape[1]
    assert 1 < n_modes < 9
    theirs = SSPOR(basis=SVD(n_modes, algorithm="arpack", random_state=0), optimizer=QR())
    theirs.fit(values - values.mean(axis=0), quiet=True)
    order = np.argsort(-rank_with("qr", problem).rank)
    assert order[:n_modes].tolist() == theirs.get_all_sensors()[:n_modes].tolist()
    assert modal_pivots(basis, Constraints.none(9)) == order[:n_modes].tolist()


@pytest.mark.parametrize("cost", [None, [900.0] * 3 + [1.0] * 6])
def test_qr_builds_on_pins_whatever_sites_cost(cost: list[float] | None) -> None:
    rng = np.random.default_rng(0)
    problem = problem_of(rng.normal(size=(120, 9)) @ rng.normal(size=(9, 9)))
    basis = leading_modes(training_covariance(problem))
    pin = np.zeros(9, dtype=np.int8)
    always = modal_pivots(basis, Constraints.none(9))[-2:]
    never = modal_pivots(basis, Constraints.none(9))[0]
    pin[always], pin[never] = ALWAYS, NEVER
    limits = Constraints(pin, None if cost is None else np.array(cost))
    pivots = modal_pivots(basis, limits)
    assert sorted(pivots[:2]) == sorted(always)
    assert never not in pivots and len(set(pivots)) == basis.shape[1]


def test_of_two_sites_that_tell_the_same_the_cheaper_is_kept() -> None:
    signal = np.random.default_rng(0).normal(size=(300, 2))
    values = signal[:, [0, 0, 1, 1]] + 1e-3 * np.random.default_rng(1).normal(size=(300, 4))
    problem = problem_of(values)
    for cheap, dear in ([0, 2], [1, 3]), ([1, 2], [0, 3]):
        cost = np.full(4, 500.0)
        cost[cheap] = 20.0
        place = rank_with("qr", problem, with_cost(*cost))
        assert np.flatnonzero(place.keep(2)).tolist() == cheap
        assert place.rank[dear].max() < 2


def test_past_its_modes_the_site_that_is_least_explained_comes_next() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(500, 1))
    own = np.array([0.0, 0.02, 0.2, 0.08, 0.12])
    values = common * np.array([1.3, 1, 1, 1, 1]) + own * rng.normal(size=(500, 5))
    problem = problem_of(values)
    assert leading_modes(training_covariance(problem)).shape[1] == 1
    assert np.argsort(-rank_with("qr", problem).rank).tolist() == [0, 2, 4, 3, 1]
