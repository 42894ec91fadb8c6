"""Selectors that train: repeatable by draw, blind to later times, and right about gradients."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional

from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import Trainer, squared_error
from dynst_core.selectors.iterative import iterative
from dynst_core.selectors.one_shot import one_shot
from dynst_core.selectors.pruning import (
    LearnOptions,
    cubic_schedule,
    ends_of_training,
    evenly_spread_starts,
    fresh_trainer,
    rank_in_rounds,
    seeded_torch,
    site_saliency,
    train_with_sites,
)
from dynst_core.selectors.registry import REGISTRY, Kind, Ranking, rank_with
from dynst_core.selectors.vip import (
    low_loss_windows,
    mask_strength,
    quantile_schedule,
    train_with_replay,
    vip,
)
from tests.support.backbone_cases import SMALL, problem_for
from tests.support.problems import BATCH, PROBLEMS, TINY, any_problem, problem_of, waves, with_gaps

pytestmark = pytest.mark.usefixtures("one_thread")

OPTIONS = LearnOptions(
    steps=12, rounds=3, final=0.75, windows=16, backbone_options=TINY, step_options=BATCH
)
LEARNED = {"iterative": iterative, "one_shot": one_shot, "vip": vip}


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn for a moment with a tiny forecaster."""
    for name, choose in LEARNED.items():
        short = replace(REGISTRY[name], choose=partial(choose, options=OPTIONS))
        monkeypatch.setitem(REGISTRY, name, short)


def tiny_trainer(problem: Problem, steps: int = 12) -> Trainer:
    with seeded_torch(0):
        trainer = fresh_trainer(problem, 0, OPTIONS)
        train_with_sites(
            trainer, np.arange(problem.n_sites), steps, replace(OPTIONS, steps=max(1, steps))
        )
    return trainer


# -- what is asked of every selector ----------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[] if kind in ("gaps", "one site") else pytest.mark.slow)
        for kind in PROBLEMS
    ],
)
@pytest.mark.parametrize("selector", LEARNED)
def test_every_site_has_one_place_in_the_order(selector: str, kind: str) -> None:
    problem = any_problem(kind)
    place = rank_with(selector, problem).rank
    assert sorted(place.tolist()) == list(range(problem.n_sites))


@pytest.mark.parametrize("selector", LEARNED)
def test_the_same_draw_gives_the_same_order_and_another_draw_another(selector: str) -> None:
    def order(draw: int) -> list[int]:
        return rank_with(selector, any_problem("gaps"), draw=draw).rank.tolist()

    first = order(0)
    torch.rand(3)
    assert order(0) == first
    assert order(1) != first
    assert REGISTRY[selector].random


@pytest.mark.parametrize("selector", LEARNED)
def test_ranking_leaves_the_chance_of_others_alone(selector: str) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    rank_with(selector, any_problem("network"))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("selector", LEARNED)
@pytest.mark.parametrize("gaps", [pytest.param(False, marks=pytest.mark.slow), True])
def test_the_order_knows_nothing_of_the_times_that_judge(selector: str, *, gaps: bool) -> None:
    values = with_gaps(waves()) if gaps else waves()
    before = problem_of(values)
    place = rank_with(selector, before, draw=3).rank
    rng = np.random.default_rng(5)
    later = values[before.split.train[1] :]
    later[:] = np.where(np.isnan(later), np.nan, 50 + 20 * rng.normal(size=later.shape))
    np.testing.assert_array_equal(rank_with(selector, problem_of(values), draw=3).rank, place)


@pytest.mark.parametrize("selector", LEARNED)
def test_pinned_sites_are_the_last_and_the_first_to_go(selector: str) -> None:
    problem = any_problem("network")
    free = np.argsort(rank_with(selector, problem).rank)
    pin = np.zeros(problem.n_sites, dtype=np.int8)
    pin[free[:2]], pin[free[-3:]] = ALWAYS, NEVER
    place = rank_with(selector, problem, Constraints(pin)).rank
    assert sorted(place[free[:2]].tolist()) == [10, 11]
    assert sorted(place[free[-3:]].tolist()) == [0, 1, 2]


@pytest.mark.parametrize("selector", LEARNED)
@pytest.mark.parametrize("backbone", [pytest.param("graph", marks=pytest.mark.slow), "conv"])
def test_a_mask_is_learnt_with_the_kind_of_forecaster_asked_for(
    selector: str, backbone: str
) -> None:
    problem, kind = problem_for("3 x 4 cells"), Kind(backbone, SMALL[backbone])
    place = rank_with(selector, problem, kind=kind).rank
    own = replace(OPTIONS, backbone=backbone, backbone_options=SMALL[backbone])
    np.testing.assert_array_equal(
        place, rank_of(LEARNED[selector](problem, Constraints.none(12), 0, own))
    )
    assert place.tolist() != rank_with(selector, problem).rank.tolist()


@pytest.mark.parametrize(
    "selector",
    ["one_shot", *(pytest.param(name, marks=pytest.mark.slow) for name in ("iterative", "vip"))],
)
def test_the_usual_forecaster_learns_the_mask_unless_another_kind_can(selector: str) -> None:
    """A forecaster in closed form takes no gradient steps."""
    problem, usual = any_problem("network"), replace(OPTIONS, backbone_options={})
    expected = rank_of(LEARNED[selector](problem, Constraints.none(12), 0, usual)).tolist()
    for backbone in (USUAL_BACKBONE, "ridge"):
        assert rank_with(selector, problem, kind=Kind(backbone)).rank.tolist() == expected


@pytest.mark.parametrize(
    "backbone", ["attention", "attention-kriging", "graph", "conv", "spectral"]
)
def test_every_trained_forecaster_teaches_the_mask(backbone: str) -> None:
    """Of each kept site: a gradient step moves its strength, and its loss hangs on it."""
    if backbone == "spectral":
        pytest.importorskip("neuralop")
    settings = TINY if backbone == "attention" else SMALL[backbone]
    own = replace(OPTIONS, backbone=backbone, backbone_options=settings)
    with seeded_torch(0):
        trainer = fresh_trainer(problem_for("3 x 4 cells"), 0, own)
    before = trainer.forecaster.strength().detach().clone()
    train_with_sites(trainer, np.arange(12), 3, own)
    assert (trainer.forecaster.strength() != before).all()
    assert (site_saliency(trainer, np.arange(12), own) > 0).all()


def rank_of(score: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(score, kind="stable"), kind="stable")


@pytest.mark.slow
@pytest.mark.parametrize("selector", LEARNED)
def test_most_of_ten_sites_that_carry_all_the_signal_outlast_dead_ones(selector: str) -> None:
    """Chance would keep two or three of the ten."""
    alive = np.sort(np.random.default_rng(4).choice(40, 10, replace=False))
    values = np.full((400, 40), 50.0)
    values[:, alive] = waves(400, 10)[:, :, 0]
    ranking = longer(selector, problem_of(values))
    assert ranking.keep(10)[alive].sum() >= 7


def longer(selector: str, problem: Problem) -> Ranking:
    options = replace(OPTIONS, steps=120, windows=64)
    with pytest.MonkeyPatch.context() as patch:
        choose = partial(LEARNED[selector], options=options)
        patch.setitem(REGISTRY, selector, replace(REGISTRY[selector], choose=choose))
        return rank_with(selector, problem)


# -- rounds -----------------------------------------------------------------------------------


def reported_by(rounds: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Rank by site number, higher better; and the steps and kept sites at each scoring."""
    seen: list[tuple[int, int]] = []

    def score(trainer: Trainer, kept: np.ndarray, options: LearnOptions) -> np.ndarray:
        seen.append((trainer.steps, len(kept)))
        return kept.astype(float)

    options = replace(OPTIONS, rounds=rounds)
    place = rank_in_rounds(
        any_problem("network"),
        Constraints.none(12),
        0,
        options,
        score=score,
        rehearse=train_with_sites,
        schedule=cubic_schedule,
    )
    return place, seen


def test_sites_are_scored_after_the_dense_stretch_and_every_round() -> None:
    place, seen = reported_by(rounds=3)
    # 0.75 * (1 - (2/3)^3), 0.75 * (1 - (1/3)^3) and 0.75 of 12 sites are gone
    assert seen == [(6, 12), (8, 6), (10, 3), (12, 3)]
    np.testing.assert_array_equal(place, np.arange(12))


def test_without_rounds_the_sites_are_scored_once_at_the_end() -> None:
    place, seen = reported_by(rounds=0)
    assert seen == [(12, 12)]
    np.testing.assert_array_equal(place, np.arange(12))


def test_a_site_that_left_early_stays_behind_whatever_its_later_neighbours_score() -> None:
    falls = iter([1.0, -1.0, 1.0, -1.0])

    def turning(trainer: Trainer, kept: np.ndarray, options: LearnOptions) -> np.ndarray:
        return next(falls) * kept

    place = rank_in_rounds(
        any_problem("network"),
        Constraints.none(12),
        0,
        OPTIONS,
        score=turning,
        rehearse=train_with_sites,
        schedule=cubic_schedule,
    )
    # 0 to 5 leave first; then the highest numbers, 11 to 9; 6 to 8 are left and go by -number
    assert place.tolist() == [0, 1, 2, 3, 4, 5, 11, 10, 9, 8, 7, 6]


def test_pins_go_before_scores_in_every_round() -> None:
    pin = np.zeros(12, dtype=np.int8)
    pin[[0, 1, 2, 3]], pin[[10, 11]] = ALWAYS, NEVER
    place = rank_in_rounds(
        any_problem("network"),
        Constraints(pin),
        0,
        OPTIONS,
        score=lambda trainer, kept, options: kept.astype(float),
        rehearse=train_with_sites,
        schedule=cubic_schedule,
    )
    assert place[[10, 11]].tolist() == [0, 1]
    assert sorted(place[:4].tolist()) == [8, 9, 10, 11]


@pytest.mark.parametrize("schedule", [cubic_schedule, quantile_schedule])
def test_schedules_rise_to_the_final_share(schedule: object) -> None:
    assert callable(schedule)
    gone = [schedule(round_, OPTIONS) for round_ in range(OPTIONS.rounds)]
    assert gone == sorted(gone) and gone[0] > 0
    assert gone[-1] == pytest.approx(OPTIONS.final)


def test_the_quantile_is_the_same_of_those_left_in_every_round() -> None:
    left = [1.0, *(1 - quantile_schedule(round_, OPTIONS) for round_ in range(OPTIONS.rounds))]
    ratios = np.array(left[1:]) / left[:-1]
    np.testing.assert_allclose(ratios, ratios[0])


@pytest.mark.parametrize(("steps", "rounds"), [(12, 3), (300, 6), (7, 5), (1, 0)])
def test_training_ends_with_all_steps_taken(steps: int, rounds: int) -> None:
    ends = ends_of_training(replace(OPTIONS, steps=steps, rounds=rounds))
    assert len(ends) == rounds + 1
    assert ends == sorted(ends) and ends[-1] == steps


# -- scores -----------------------------------------------------------------------------------


def test_the_saliency_is_how_fast_the_loss_changes_with_the_strength() -> None:
    problem = any_problem("gaps")
    trainer, kept = tiny_trainer(problem), np.array([0, 2, 5, 11])
    options = replace(OPTIONS, windows=5)
    found = site_saliency(trainer, kept, options)
    forecaster, record = trainer.forecaster.double().eval(), trainer.record
    starts = evenly_spread_starts(trainer.starts, 5)
    truth, observed = record.truth(starts)
    history, clock = record.history(starts, record.index(kept)), record.clock(starts)

    @torch.no_grad()
    def loss_at(site: int, strength_: torch.Tensor) -> float:
        old = forecaster.mask_logit.data.clone()
        forecaster.mask_logit.data[site] = strength_.logit()
        prepared = forecaster.prepare(record.index(kept))
        forecast = forecaster(history.double(), prepared, clock.double())
        forecaster.mask_logit.data = old
        error = functional.smooth_l1_loss(forecast, truth.double(), reduction="none")
        return float((error * observed).sum() / observed.sum())

    now, step = forecaster.strength().detach(), 1e-4
    slope = [
        (loss_at(i, now[i] + step) - loss_at(i, now[i] - step)) / (2 * step) for i in kept.tolist()
    ]
    np.testing.assert_allclose(found, np.abs(slope), rtol=0.02)


def test_scoring_changes_neither_the_forecaster_nor_the_next_step() -> None:
    problem = any_problem("network")
    untouched, scored = tiny_trainer(problem), tiny_trainer(problem)
    site_saliency(scored, np.arange(12), OPTIONS)
    low_loss_windows(scored, np.arange(12), OPTIONS)
    losses = []
    for trainer in (untouched, scored):
        with seeded_torch(1):
            losses.append(trainer.step(np.arange(12), 1.0).item())
    assert losses[0] == losses[1]
    for one, two in zip(
        untouched.forecaster.parameters(), scored.forecaster.parameters(), strict=True
    ):
        assert torch.equal(one, two)


def test_many_sites_are_scored_on_some_forecast_sites_at_a_time() -> None:
    problem = any_problem("network")
    trainer = tiny_trainer(problem)
    some = site_saliency(trainer, np.arange(12), replace(OPTIONS, queries=5))
    assert some.shape == (12,) and (some > 0).all()


def test_the_mask_value_is_the_strength_of_the_kept_sites() -> None:
    trainer = tiny_trainer(any_problem("network"))
    kept = np.array([1, 4])
    found = mask_strength(trainer, kept, OPTIONS)
    np.testing.assert_array_equal(found, trainer.forecaster.strength().detach().numpy()[kept])


# -- replay -----------------------------------------------------------------------------------


def test_windows_of_low_loss_are_the_quarter_forecast_best() -> None:
    trainer, kept = tiny_trainer(any_problem("network")), np.arange(12)
    low = low_loss_windows(trainer, kept, OPTIONS)
    starts = evenly_spread_starts(trainer.starts, 2 * OPTIONS.windows)
    loss = squared_error(trainer.forecaster, trainer.record, kept, starts, None, "window")
    assert len(low) == len(starts) // 4
    assert loss[np.isin(starts, low)].max() <= loss[~np.isin(starts, low)].min()


def test_one_step_in_four_goes_over_them_again_once_there_is_a_forecaster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer, kept = tiny_trainer(any_problem("network"), steps=0), np.arange(12)
    every, seen, step = trainer.starts, [], trainer.step

    def watched(kept: np.ndarray, rate: float) -> float:
        seen.append(len(trainer.starts))
        return step(kept, rate)

    monkeypatch.setattr(trainer, "step", watched)
    train_with_replay(trainer, kept, 4, OPTIONS)
    assert seen == [len(every)] * 4
    train_with_replay(trainer, kept, 12, OPTIONS)
    assert [n < len(every) for n in seen[4:]] == [False, False, False, True] * 2
    assert trainer.starts is every
