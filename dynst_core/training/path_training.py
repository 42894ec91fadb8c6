"""The training path: one forecaster, from all sites to few, read top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch

from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.constraints.constraints import Constraints
from dynst_core.fields.levels import check_rising, levels_that_differ
from dynst_core.fields.mask import LEVELS, SparsityPath, rank_by_stay
from dynst_core.fields.trainable import check_trainable
from dynst_core.forecasting.forecaster import LINEAR, LINEAR_SHARE, Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, Trainer
from dynst_core.selection.candidate_masks import CandidateMasks, ExchangeRule
from dynst_core.selection.exchanges import draw_sites, exchange_sites, flip_sites, propose_exchanges
from dynst_core.selection.gp_variance import Nowcast
from dynst_core.selection.heldout_ridge import HeldBackRidge
from dynst_core.selection.linear_term import linear_forecaster, with_linear
from dynst_core.selection.pinned_sites import check_pin_room, removal_order, remove_first
from dynst_core.selection.selection_error import (
    EarlyStop,
    Judge,
    blended_where_it_serves,
    error_falls,
    weights_to_store,
)
from dynst_core.training.path_options import FEW_LEFT, PathOptions
from dynst_core.training.schedules import drop_fraction, warmup_cosine

BETWEEN_LEVELS = "between two levels"
"""Between levels: the only phase in which a checkpoint may be written."""


@dataclass(frozen=True)
class Progress:
    """How far a training is; yielded after every few steps."""

    step: int
    n_steps: int
    phase: str
    loss: float
    n_active: int
    active: np.ndarray
    seconds_left: float


@dataclass(frozen=True)
class Level:
    """What a finished level leaves behind."""

    active: np.ndarray
    weights: dict[str, np.ndarray]
    steps: int
    selection_error: float = float("nan")
    """Normalised mean squared error on the windows that judged it."""


class PathTraining:
    """Training along the path of levels, from all sites to few.

    Attributes:
        targets: share of sites removed at each level, 0 first.
        counts: sites that each level keeps.
        constraints: sites always or never kept, as asked for; None for none.
        pins: the constraints with the sites left out never kept.
        left_out: sites removed at the first cut since they are silent or stuck, (s,), bool.
        levels: finished levels so far; an interrupted training keeps what it has.
        foreseen: the mask that each level starts from, once chosen.
        common: weights after the steps at masks of any size, which all levels share a part of.
        order: place of each site in the order of removal, (s,), 0 first, once chosen.
    """

    def __init__(
        self,
        problem: Problem,
        targets: Sequence[float] = LEVELS,
        path_options: PathOptions | None = None,
        step_options: StepOptions | None = None,
        backbone: str = USUAL_BACKBONE,
        backbone_options: Mapping[str, float | int] | None = None,
        seed: int = 0,
        constraints: Constraints | None = None,
        stuck: Literal["remove", "keep"] = "remove",
    ) -> None:
        """Make a training that has taken no step.

        Args:
            problem: the field, cut into blocks and made ready.
            targets: share of sites removed at each level, 0 first. Levels that keep equally many
                sites become one, and one whose true share is another than asked for is called by
                that.
            path_options: how the path goes from level to level; the usual way when None. A
                forecaster in closed form takes no gradient steps, whatever they say.
            step_options: how a gradient step is taken; the usual way when None.
            backbone: the forecaster's, by its name in the registry.
            backbone_options: its sizes; its defaults where None.
            seed: of the weights and of every draw.
            constraints: sites always or never kept; none when None.
            stuck: what becomes of sites whose sensors stand still: remove (first of all) or keep
                (they are ranked like the others). Silent ones are always removed first.

        Raises:
            DataError: a channel cannot be trained on.
            ConstraintError: the levels leave no room for the constraints.
            ConfigError: the levels do not rise, or no such backbone reads this field.
        """
        check_rising(targets)
        check_trainable(problem.field, problem.window)
        asked = constraints or Constraints.none(problem.n_sites)
        self.problem, self.seed, self.constraints = problem, seed, constraints
        self.pins, self.left_out = remove_first(problem, asked, stuck)
        most = problem.n_sites - int((problem.health.silent & self.pins.never).sum())
        self.targets, self.counts = levels_that_differ(targets, problem.n_sites, most)
        check_pin_room(asked, self.targets, self.counts)
        torch.manual_seed(seed)
        self.backbone, self.backbone_options = backbone, dict(backbone_options or {})
        self.forecaster = Forecaster.for_problem(problem, backbone, self.backbone_options)
        options, self.step_options = path_options or PathOptions(), step_options or StepOptions()
        self.path_options = options.without_steps() if self.forecaster.closed_form else options
        self.trainer = Trainer(self.forecaster, problem, self.step_options, seed)
        self.rng = np.random.default_rng([seed, 1])
        self.judge = Judge(problem, options.selection_windows, options.selection_queries)
        self.skipped = 0
        self.active = np.ones(problem.n_sites, dtype=bool)
        self.levels: list[Level] = []
        self.foreseen: list[np.ndarray] = []
        self.common: dict[str, np.ndarray] = {}

    @property
    def n_steps(self) -> int:
        """Gradient steps of the whole path, where nothing stops early."""
        return self.any_steps + self.level_steps * len(self.targets)

    @property
    def any_steps(self) -> int:
        """Gradient steps at masks of any size, where nothing stops early."""
        return max(self.path_options.any_steps, self._through(self.path_options.any_epochs))

    @property
    def level_steps(self) -> int:
        """Gradient steps at each level."""
        return max(self.path_options.level_steps, self._through(self.path_options.level_epochs))

    def _through(self, epochs: float) -> int:
        """Gradient steps that go so often through all training windows."""
        return round(epochs * len(self.trainer.starts) / self.step_options.batch)

    def run(self) -> Iterator[Progress]:
        """Train level after level and yield how far it is; `levels` fills along the way.

        A training resumed from a checkpoint goes on after its last finished level. A checkpoint
        may be written in the phase `BETWEEN_LEVELS` only.
        """
        self._began, self._first = time.monotonic(), self._taken
        if not self.foreseen:
            yield self._progress("ranking sites", float("nan"))
            self.foreseen = yield from self._foresee()
            yield from self._train_any_sites(self.foreseen)
        done = len(self.levels)
        for target, active in zip(self.targets[done:], self.foreseen[done:], strict=True):
            self.active = active.copy()
            yield self._progress(BETWEEN_LEVELS, float("nan"))
            yield from self._train_level(f"{100 * target:.3g} % removed" if target else "all sites")
            self._finish_level()

    @cached_property
    def held_back(self) -> HeldBackRidge:
        """What judges exchanges before any training, and beside the forecaster's own error."""
        return HeldBackRidge(self.problem)

    @cached_property
    def linear(self) -> Forecaster | None:
        """The linear forecaster that levels carry; see `linear_forecaster`."""
        return None if self.forecaster.closed_form else linear_forecaster(self.problem)

    def with_linear_weights(self, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """A level's weights with those of the linear forecaster where it carries one."""
        if LINEAR_SHARE not in weights or self.linear is None:
            return weights
        stored = self.linear.stored_weights()
        return weights | {f"{LINEAR}{name}": value for name, value in stored.items()}

    @cached_property
    def nowcast(self) -> Nowcast:
        """What guards exchanges against those that leave more of the field unknown."""
        return Nowcast(self.problem)

    def path(self) -> SparsityPath:
        """Masks and ranks of the finished levels."""
        active = np.stack([level.active for level in self.levels])
        rank = removal_order(self.problem, self.pins, rank_by_stay(active, self.order))
        return SparsityPath(active, rank)

    def _foresee(self) -> Generator[Progress, None, list[np.ndarray]]:
        """The mask of every level; see `CandidateMasks`."""
        options = self.path_options
        rule = ExchangeRule(
            options.exchanges,
            options.sure,
            options.gain,
            options.sure_alone,
            options.gain_alone,
        )
        choosing = CandidateMasks(
            self.problem, self.pins, self.held_back, self.nowcast, rule, self.rng
        )
        foreseen = []
        yield self._progress("choosing sites", float("nan"))
        for active in choosing.masks(self.counts):
            foreseen.append(active)
            yield self._progress("choosing sites", float("nan"))
        self.order = choosing.order
        return foreseen

    def _train_any_sites(self, foreseen: list[np.ndarray]) -> Iterator[Progress]:
        """Train at masks of any size, and keep the weights of least selection error over these."""
        options, n_steps = self.path_options, self.any_steps
        one_stretch = len(self.problem.split.selection) == 1
        patience = options.patience * n_steps / max(1, options.any_steps)
        best = EarlyStop(self.trainer, self.judge, patience if one_stretch else np.inf)
        best.look(*foreseen)
        for first in range(0, n_steps, options.look_every):
            last = min(first + options.look_every, n_steps)
            yield from self._train(
                "masks of any size",
                first,
                last,
                n_steps,
                draw=lambda: draw_sites(self.order, options.flip, self.rng),
            )
            if best.look(*foreseen):
                self.skipped += n_steps - last
                self._meet_short_record()
                break
        best.restore()
        self.common = self.trainer.average.copied_weights()

    def _meet_short_record(self) -> None:
        """Take all further steps as a record asks for that is soon overfitted."""
        options, usual = self.path_options, self.trainer.options
        self.trainer.options = replace(
            usual,
            weight_decay=options.short_decay,
            learning_rate=options.short_rate * usual.learning_rate,
        )

    def _train_level(self, phase: str) -> Iterator[Progress]:
        """Exchange sites and train in rounds, from the weights that the level before left.

        The last weights are kept: the error falls most at the end, when the learning rate has,
        and picking among rounds would fit the one stretch of selection windows.
        """
        options = self.path_options
        for round_ in range(options.rounds):
            fraction = drop_fraction(round_, options.rounds, options.frozen_from)
            self.drop_and_regrow(round(fraction * options.proposals))
            first = self.level_steps * round_ // options.rounds
            last = self.level_steps * (round_ + 1) // options.rounds
            yield from self._train(phase, first, last, self.level_steps, options.level_rate)

    def _train(
        self,
        phase: str,
        first: int,
        last: int,
        n_steps: int,
        top: float = 1.0,
        draw: Callable[[], np.ndarray] | None = None,
    ) -> Iterator[Progress]:
        """Take steps `first` to `last` of a schedule of `n_steps`, at the masks that `draw` gives.

        Without it they are masks near the present one.
        """
        draw = draw or self._near
        for step in range(first, last):
            rate = top * warmup_cosine(step, n_steps, warmup=max(1, n_steps // 12), floor=0.02)
            loss = self.trainer.step(np.flatnonzero(draw()), rate)
            if step % 5 == 0:
                yield self._progress(phase, loss.item())

    def _near(self) -> np.ndarray:
        """A mask near the present one."""
        # With all sites on there is no removed one to open; those steps train on what they have.
        flip = 0.0 if self.active.all() else self.path_options.flip
        return flip_sites(self.active, flip, self.rng) if flip else self.active

    def drop_and_regrow(self, n_proposals: int) -> None:
        """Try exchanges that the learnt mask and the present errors propose.

        An exchange is kept when the measured forecast error on selection windows falls by more
        than chance and neither the held-back error of the ridge forecaster nor what is left
        unknown rises: the block is one stretch of time, and without those tests the masks would
        fit its weather and lose elsewhere.
        """
        if not n_proposals or self.active.all():
            return
        forecaster = self.trainer.average
        best, unknown = (
            self.judge.errors(forecaster, self.active),
            self.nowcast.unknown(self.active),
        )
        promise = self.judge.by_site(forecaster, self.active)
        pairs = propose_exchanges(self.active, self._strength(), promise, n_proposals, self.rng)
        for drop, grow in pairs:
            moved = not self.active[drop] or self.active[grow]
            if moved or self.pins.always[drop] or self.pins.never[grow]:
                continue
            candidate = exchange_sites(self.active, drop, grow)
            left = self.nowcast.unknown(candidate)  # first, for it is quick and refuses most
            if left > unknown:
                continue
            errors = self.judge.errors(forecaster, candidate)
            if error_falls(errors, best, self.path_options.certainty) and self._holds(candidate):
                self.active, best, unknown = candidate, errors, left

    def _holds(self, candidate: np.ndarray) -> bool:
        """Whether another mask is no worse than the present one for the held-back ridge."""
        error, present = (self.held_back.errors(mask).mean() for mask in (candidate, self.active))
        return bool(error <= present)

    def _strength(self) -> np.ndarray:
        """Rank of each site by learnt strength, (s,), 0 to 1."""
        strength = self.forecaster.strength().detach().cpu().numpy()
        return np.argsort(np.argsort(strength, kind="stable"), kind="stable") / len(strength)

    def _finish_level(self) -> None:
        options, average = self.path_options, self.trainer.average
        removed = self.targets[len(self.levels)]
        if self.common and 0 < removed < FEW_LEFT and not average.closed_form:
            serves = (options.common, self.judge, self.active)
            average = blended_where_it_serves(average, self.common, *serves)
        whole = with_linear(average, self.linear, self.judge, self.active)
        error = float(self.judge.errors(whole, self.active).mean())
        weights = weights_to_store(average, self.judge, self.active)
        if whole.linear is not None:
            share = whole.linear_share.cpu().numpy()
            weights = self.with_linear_weights({**weights, LINEAR_SHARE: share})
        level = Level(self.active.copy(), weights, self.trainer.steps, error)
        self.levels.append(level)

    def state_dict(self) -> dict[str, Any]:
        """All that a fresh training of the same settings needs to go on as if this never stopped.

        Complete in the phase `BETWEEN_LEVELS` alone.

        Returns:
            The masks chosen, the finished levels, the trainer's state, and the state of every
            random draw; arrays are those in use, not copies.
        """
        return {
            "order": self.order,
            "foreseen": np.stack(self.foreseen),
            "levels": [vars(level) for level in self.levels],
            "common": self.common,
            "skipped": self.skipped,
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state().numpy(),
            "cuda_rng": torch.cuda.get_rng_state().numpy() if self._on_gpu else None,
            "trainer": self.trainer.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to where another training of the same settings stood; see `state_dict`."""
        self.order, self.foreseen = state["order"], list(state["foreseen"])
        self.levels[:] = [
            Level(**level | {"weights": self.with_linear_weights(level["weights"])})
            for level in state["levels"]
        ]
        self.common, self.skipped = state["common"], state["skipped"]
        self.trainer.load_state_dict(state["trainer"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(torch.from_numpy(state["torch_rng"]))
        if self._on_gpu and state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(torch.from_numpy(state["cuda_rng"]))

    @property
    def _on_gpu(self) -> bool:
        return self.problem.record.device.type == "cuda"

    @property
    def _taken(self) -> int:
        """Steps that lie behind, those that stopping early saved among them."""
        return self.trainer.steps + self.skipped

    def _progress(self, phase: str, loss: float) -> Progress:
        step, elapsed = self._taken, time.monotonic() - self._began
        gone = step - self._first
        left = elapsed / gone * (self.n_steps - step) if gone else float("nan")
        active = self.active.copy()
        return Progress(step, self.n_steps, phase, loss, int(active.sum()), active, left)
