"""The path: exact counts, one seed one result, stoppable anywhere, and it finds the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.errors import ConfigError, ConstraintError
from dynst_core.fields.mask import Mask, n_active_at, usual_levels
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import (
    StepOptions,
    Trainer,
    error_statistics,
    persistence_statistics,
)
from dynst_core.selection import selection_error
from dynst_core.selection.forward_ranking import rank_sites
from dynst_core.selectors.registry import rank_with
from dynst_core.training.path_training import (
    BETWEEN_LEVELS,
    Level,
    PathOptions,
    PathTraining,
    Progress,
    error_falls,
)
from dynst_core.training.schedules import warmup_cosine
from tests.support.problems import (
    BATCH,
    PROBLEMS,
    QUICK,
    any_problem,
    fresh,
    leaders_and_followers,
    problem_of,
    tiny_training,
    trained_path,
    waves,
)

pytestmark = pytest.mark.usefixtures("one_thread")

LEADERS = [2, 5, 11]


def so_many_steps(any_steps: int, level_steps: int, **others: float) -> PathOptions:
    """Options of a path that takes these steps, however long the record is."""
    return PathOptions(
        any_steps=any_steps,
        any_epochs=0,
        level_steps=level_steps,
        level_epochs=0,
        **others,  # type: ignore[arg-type]  # counts and shares alike
    )


@pytest.fixture(scope="module")
def planted() -> Problem:
    """Twelve sites; nine repeat, two steps later, what three of them did."""
    return problem_of(leaders_and_followers(LEADERS, 12, 500, lag=2))


@cache
def usual_training() -> PathTraining:
    """One training for all tests that read what came of it; made within a test, on one thread."""
    return trained_path(problem_of(waves()))


# -- the path ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in PROBLEMS if kind != "one site"])
def test_every_level_keeps_exactly_the_sites_it_should(kind: str) -> None:
    problem, targets = any_problem(kind), (0.0, 0.3, 0.6, 0.9)
    training = trained_path(problem, targets=targets)
    path = training.path()
    expected = [n_active_at(target, problem.n_sites) for target in targets]
    assert path.n_active.tolist() == expected
    assert path.active[0].all()
    assert sorted(path.rank.tolist()) == list(range(problem.n_sites))


def test_steps_add_up_level_by_level() -> None:
    training = usual_training()
    assert [level.steps for level in training.levels] == [14, 20, 26]
    assert training.n_steps == 26


SHORT = replace(BATCH, weight_decay=1.5, learning_rate=3 * BATCH.learning_rate)


@pytest.mark.parametrize(("patience", "expected"), [(0, SHORT), (100, BATCH)])
def test_levels_decay_weights_more_and_faster_where_patience_ended_the_steps_before_them(
    patience: int, expected: StepOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection_error, "RISE", -1.0)  # any error has risen enough
    options = replace(QUICK, look_every=4, patience=patience, short_decay=1.5, short_rate=3.0)
    training = trained_path(problem_of(waves(), stretches=1), options=options)
    trainer, n_steps = training.trainer, training.level_steps
    assert trainer.options == expected
    (group,) = trainer.optimizer.param_groups
    assert group["weight_decay"] == expected.weight_decay
    least = warmup_cosine(n_steps - 1, n_steps, max(1, n_steps // 12), floor=0.02)
    assert group["lr"] == pytest.approx(expected.learning_rate * least)


def test_spread_selection_windows_end_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection_error, "RISE", -1.0)  # any error has risen enough
    training = trained_path(problem_of(waves()), options=replace(QUICK, patience=0))
    assert training.trainer.options == BATCH
    assert [level.steps for level in training.levels] == [14, 20, 26], "all steps were taken"


def test_progress_goes_forward_names_the_phase_and_does_not_change_what_it_showed() -> None:
    training = tiny_training(problem_of(waves()))
    reported, then = [], []
    for at in training.run():
        reported.append(at)
        then.append(at.active.copy())
    assert all(np.array_equal(one, at.active) for one, at in zip(then, reported, strict=True))
    steps = [at.step for at in reported]
    assert steps == sorted(steps) and steps[0] == 0 and steps[-1] <= training.n_steps
    assert list(dict.fromkeys(at.phase for at in reported)) == [
        "ranking sites",
        "choosing sites",
        "masks of any size",
        BETWEEN_LEVELS,
        "all sites",
        "50 % removed",
        "75 % removed",
    ]
    assert [at.n_active for at in reported] == sorted(
        (at.n_active for at in reported), reverse=True
    )
    for at in reported:
        assert at.n_active == at.active.sum() and at.n_steps == training.n_steps
    trained = [at for at in reported if at.phase in ("all sites", "masks of any size")]
    trained += [at for at in reported if "removed" in at.phase]
    assert all(np.isfinite(at.loss) and at.seconds_left >= 0 for at in trained)


def test_the_same_seed_trains_the_same_path_and_another_seed_another() -> None:
    first = usual_training()
    again, other = (trained_path(problem_of(waves()), seed=seed) for seed in (0, 1))
    for one, two in zip(first.levels, again.levels, strict=True):
        np.testing.assert_array_equal(one.active, two.active)
        for name, values in one.weights.items():
            np.testing.assert_array_equal(values, two.weights[name], err_msg=name)
    assert any(
        not np.array_equal(values, other.levels[0].weights[name])
        for name, values in first.levels[0].weights.items()
    )


def test_sites_leave_in_the_order_of_the_ranking_where_nothing_is_exchanged() -> None:
    problem = problem_of(waves())
    options = so_many_steps(2, 2, exchanges=0, rounds=1, proposals=0)
    path = trained_path(problem, options=options).path()
    place = rank_sites(problem)
    np.testing.assert_array_equal(path.rank, place)
    np.testing.assert_array_equal(path.active[2], place >= 9)
    assert not path.returning.any()


@pytest.mark.parametrize(
    "targets",
    [(), (0.1, 0.5), (0.0, 0.5, 0.4), (0.0, 0.5, 0.5), (0.0, 1.0), (0.0, float("nan"))],
)
def test_levels_that_do_not_rise_from_nothing_are_refused(targets: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="Expected levels rising from 0 to below 1, found"):
        tiny_training(problem_of(waves()), targets)


def test_effort_scales_the_steps_and_leaves_every_round_one() -> None:
    options = PathOptions(
        exchanges=100, any_steps=60, any_epochs=10, level_steps=40, level_epochs=2, rounds=4
    )
    half, least = options.scaled(0.5), options.scaled(0.001)
    assert half == PathOptions(
        exchanges=50, any_steps=30, any_epochs=5, level_steps=20, level_epochs=1, rounds=4
    )
    assert (least.exchanges, least.any_steps, least.level_steps) == (0, 1, 4)
    assert (least.any_epochs, least.level_epochs) == (0.01, 0.002)
    assert options.scaled(2.0).exchanges == 100, "more effort trains longer and chooses alike"


def test_a_long_record_is_gone_through_often_enough_and_a_short_one_for_as_many_steps() -> None:
    problem = problem_of(waves())
    windows = len(problem.starts("train"))
    options = PathOptions(any_steps=30, any_epochs=4, level_steps=5, level_epochs=1)
    training = tiny_training(problem, (0.0, 0.5), options)
    assert training.any_steps == round(4 * windows / BATCH.batch) > 30
    assert training.level_steps == round(windows / BATCH.batch) > 5
    training.path_options = replace(options, any_steps=3000, level_steps=200)
    assert (training.any_steps, training.level_steps) == (3000, 200)


# -- what a planner insists on ------------------------------------------------------------------


def pins_of(always: Sequence[int] = (), never: Sequence[int] = (), n: int = 12) -> Constraints:
    pin = np.zeros(n, dtype=np.int8)
    pin[list(always)], pin[list(never)] = ALWAYS, NEVER
    return Constraints(pin)


@pytest.mark.parametrize("seed", range(3))
def test_pinned_sites_stay_or_go_at_every_level(seed: int) -> None:
    order = rank_sites(problem_of(waves())).argsort()
    worst, best = order[:2], order[-2:]
    options = replace(QUICK, certainty=-1e9, proposals=40)  # every exchange is accepted
    pins = pins_of(worst, best)
    training = tiny_training(problem_of(waves()), options=options, seed=seed, constraints=pins)
    for _ in training.run():
        pass
    path = training.path()
    assert path.active[:, worst].all()
    assert not path.active[1:, best].any()
    assert set(np.flatnonzero(path.rank < 2)) == set(best)
    assert set(np.flatnonzero(path.rank >= 10)) == set(worst)


@pytest.mark.parametrize(
    ("pins", "broken"),
    [(pins_of(range(4)), "75 % removed"), (pins_of((), range(7)), "50 % removed")],
)
def test_levels_without_room_for_the_pins_are_refused(pins: Constraints, broken: str) -> None:
    with pytest.raises(ConstraintError, match=f"found {broken}; choose levels from"):
        tiny_training(problem_of(waves()), constraints=pins)


@pytest.mark.parametrize(("n_sites", "last"), [(207, 0.95), (474, 0.95), (500, 0.98), (1617, 0.98)])
def test_the_last_level_leaves_ten_sites_or_more(n_sites: int, last: float) -> None:
    assert usual_levels(n_sites)[-1] == last


# -- a forecaster in closed form ---------------------------------------------------------------


def test_a_closed_form_takes_the_path_without_a_step() -> None:
    training = tiny_training(problem_of(waves()), backbone="ridge")
    for _ in training.run():
        pass
    assert training.path().n_active.tolist() == [12, 6, 3]
    assert [level.steps for level in training.levels] == [0, 0, 0]
    record, starts = training.problem.record, training.problem.window.starts((150, 200))
    errors = [
        error_statistics(
            training.forecaster.load(level.weights), record, Mask(level.active), starts
        ).rmse()
        for level in training.levels
    ]
    assert errors[0] < persistence_statistics(record, starts).rmse() / 2


# -- stopping ---------------------------------------------------------------------------------


def after_levels(count: int) -> Callable[[PathTraining, Progress], bool]:
    return lambda training, at: len(training.levels) == count


@pytest.mark.parametrize("count", [1, 2])
def test_a_stopped_training_keeps_its_finished_levels_as_they_were(count: int) -> None:
    whole = usual_training()
    stopped = tiny_training(problem_of(waves()))
    training, enough = stopped.run(), after_levels(count)
    for at in training:
        if enough(stopped, at):
            break
    training.close()
    assert len(stopped.levels) == count
    for one, two in zip(stopped.levels, whole.levels[:count], strict=True):
        assert_same_level(one, two)
    assert stopped.path().n_active.tolist() == whole.path().n_active[:count].tolist()


def assert_same_level(one: Level, two: Level) -> None:
    np.testing.assert_array_equal(one.active, two.active)
    assert one.steps == two.steps and set(one.weights) == set(two.weights)
    for name, values in one.weights.items():
        np.testing.assert_array_equal(values, two.weights[name], err_msg=name)


# -- judging ----------------------------------------------------------------------------------


def noise(seed: int, n: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(
    ("errors", "than", "lower"),
    [
        pytest.param(np.ones(64), np.ones(64), False, id="the same"),
        pytest.param(np.full(64, 0.9), np.ones(64), True, id="a constant fall"),
        pytest.param(np.full(64, 1.1), np.ones(64), False, id="a constant rise"),
        pytest.param(1 + noise(0), 1.5 + noise(0), True, id="a fall under shared weather"),
        pytest.param(np.array([0.9]), np.array([1.0]), True, id="one window that falls"),
        pytest.param(np.array([1.0]), np.array([1.0]), False, id="one window that stays"),
        pytest.param(np.array([0.0, 1.0]), np.array([9.0, 1.0]), False, id="one window of two"),
        pytest.param(np.where(np.arange(64) < 8, 0, 1.0), np.ones(64), False, id="one stretch"),
    ],
)
def test_an_error_is_lower_when_it_falls_throughout(
    errors: np.ndarray, than: np.ndarray, *, lower: bool
) -> None:
    assert error_falls(errors, than, certainty=2.0) is lower


def test_chance_alone_seldom_passes_for_a_fall() -> None:
    passed = [error_falls(noise(seed), noise(1000 + seed), 2.0) for seed in range(300)]
    assert np.mean(passed) < 0.08
    lenient = [error_falls(noise(seed), noise(1000 + seed), 0.0) for seed in range(300)]
    assert 0.4 < np.mean(lenient) < 0.6


def test_masks_are_judged_on_selection_windows_only() -> None:
    problem = problem_of(waves())
    judge = tiny_training(problem).judge
    assert set(judge.starts) <= set(problem.starts("selection"))
    assert not set(judge.starts) & set(problem.starts("train"))
    sixths = np.histogram(judge.starts, bins=6, range=(0, problem.split.known_stop))[0]
    assert (sixths > 0).all(), "spread over the record"
    assert len(judge.starts) == QUICK.selection_windows


# -- planted truths ---------------------------------------------------------------------------


def baseline_error(problem: Problem, mask: Mask, n_steps: int, seed: int) -> float:
    """Test error of a forecaster trained from scratch for one mask."""
    trainer = Trainer(fresh(problem, seed), problem, BATCH, seed)
    for step in range(n_steps):
        trainer.step(mask.kept, warmup_cosine(step, n_steps, n_steps // 12))
    starts = problem.starts("test")
    return float(error_statistics(trainer.forecaster, problem.record, mask, starts).rmse())


@pytest.mark.slow
def test_the_sites_that_carry_the_signal_are_kept_and_forecast_best(planted: Problem) -> None:
    options = so_many_steps(150, 200, rounds=2, proposals=6, selection_windows=16)
    training = trained_path(planted, targets=(0.0, 0.5, 0.75), options=options)
    path, starts = training.path(), planted.starts("test")
    assert path.mask(2).kept.tolist() == LEADERS
    assert sorted(np.argsort(path.rank)[-3:].tolist()) == LEADERS

    last = training.forecaster.load(training.levels[2].weights)
    error = float(error_statistics(last, planted.record, path.mask(2), starts).rmse())
    random = [Mask(rank_with("random", planted, draw=draw).rank >= 9) for draw in range(3)]
    assert all(mask.kept.tolist() != LEADERS for mask in random)
    baselines = [baseline_error(planted, mask, training.n_steps, seed=1) for mask in random]
    assert error < 0.85 * min(baselines)
    assert error < 0.9 * float(persistence_statistics(planted.record, starts).rmse())


@pytest.mark.slow
def test_drop_and_regrow_finds_its_way_back_from_a_poor_mask() -> None:
    """A forecaster that has met many masks tells which exchanges help."""
    problem = problem_of(leaders_and_followers(LEADERS, 12, 1500, lag=2))
    options = so_many_steps(1, 1, rounds=1, certainty=1.0, selection_windows=64)
    training = tiny_training(problem, (0.0, 0.5), options)
    rng = np.random.default_rng(0)
    for _ in range(250):
        training.trainer.step(rng.choice(12, rng.integers(3, 12), replace=False), rate=1.0)
    training.active = np.isin(np.arange(12), [0, 1, 3, 4, 6])
    errors = [training.judge.errors(training.trainer.average, training.active).mean()]
    for _ in range(4):
        training.drop_and_regrow(30)
        assert training.active.sum() == 5
        errors.append(training.judge.errors(training.trainer.average, training.active).mean())
    assert all(after <= before for before, after in pairwise(errors))
    assert training.active[LEADERS].sum() >= 2, "it began with none"
    assert errors[-1] < 0.85 * errors[0]


def test_an_exchange_that_leaves_more_unknown_is_refused_however_the_forecaster_likes_it(
    planted: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = tiny_training(planted, (0.0, 0.5))
    training.active = np.arange(12) % 2 == 0
    asked: list[float] = []

    def ever_better(_: object, mask: np.ndarray) -> np.ndarray:
        asked.append(training.nowcast.unknown(mask))
        return np.full(8, 1.0 / len(asked))

    monkeypatch.setattr(training.judge, "errors", ever_better)
    monkeypatch.setattr(training.held_back, "errors", lambda _: np.zeros(8))
    training.drop_and_regrow(30)
    assert 1 < len(asked) < 31, "some are tried, and of the others it is not even asked"
    assert all(after <= before for before, after in pairwise(asked))
    assert training.nowcast.unknown(training.active) == asked[-1] < asked[0]
