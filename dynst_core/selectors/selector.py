"""What every selector is: a named function from a problem to a rank of every site."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from dynst_core.backbones.registry import USUAL_BACKBONE
from dynst_core.constraints.constraints import Constraints
from dynst_core.errors import ConfigError
from dynst_core.forecasting.problem import Problem
from dynst_core.selection.pinned_sites import removal_order, remove_first

Choose = Callable[..., np.ndarray]
"""From a problem, constraints and the number of the draw to a score or rank, (s,), the site with
the highest value the last to go. Reads training windows only (`dynst` also selection). One that
learns also takes the `kind` of forecaster, by name."""


@dataclass(frozen=True)
class Kind:
    """A kind of forecaster.

    Attributes:
        backbone: its name.
        options: its settings.
    """

    backbone: str = USUAL_BACKBONE
    options: Mapping[str, float | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Selector:
    """A way of choosing sites.

    Attributes:
        name: what it is called in tables and on the command line.
        choose: the function that ranks.
        source: whose idea it is.
        sees_forecast: whether it uses what is to be forecast, or the readings alone;
            reported in docs/method.md.
        random: whether another draw gives another order.
        honours_cost: whether costs change the order.
        learns: whether it trains a forecaster, whose kind may be chosen.
    """

    name: str
    choose: Choose
    source: str
    sees_forecast: bool = False
    random: bool = False
    honours_cost: bool = False
    learns: bool = False


@dataclass(frozen=True, eq=False)
class Ranking:
    """A rank of every site, and where it comes from.

    Attributes:
        rank: (s,), int: 0 for the first site to go, s - 1 for the last to stay; a budget of k
            sites is the k highest.
        selector, source, draw: what made it.
        seconds: how long it took.
        fingerprint: of the field it was made from.
    """

    rank: np.ndarray
    selector: str
    source: str
    draw: int
    seconds: float
    fingerprint: str

    def keep(self, n_active: int) -> np.ndarray:
        """The sites kept at a budget, (s,), bool."""
        return self.rank >= len(self.rank) - n_active


REGISTRY: dict[str, Selector] = {}


def selector(
    name: str,
    source: str,
    *,
    sees_forecast: bool = False,
    random: bool = False,
    honours_cost: bool = False,
    learns: bool = False,
) -> Callable[[Choose], Choose]:
    """Register a function as a selector under a name."""

    def register(choose: Choose) -> Choose:
        traits = sees_forecast, random, honours_cost, learns
        REGISTRY[name] = Selector(name, choose, source, *traits)
        return choose

    return register


def known_selectors(names: Sequence[str]) -> tuple[str, ...]:
    """These names without spaces, each of a selector.

    Raises:
        ConfigError: no selector has one of the names.
    """
    stripped = tuple(name.strip() for name in names)
    for name in stripped:
        if name not in REGISTRY:
            raise ConfigError(
                f"Expected a selector out of {', '.join(sorted(REGISTRY))}, found {name!r}; "
                f"choose some of those."
            )
    return stripped


def rank_with(
    name: str,
    problem: Problem,
    constraints: Constraints | None = None,
    draw: int = 0,
    kind: Kind | None = None,
    stuck: str | None = "remove",
) -> Ranking:
    """Rank the sites of a problem with a named selector.

    Pinned sites come back at the ends of the order whatever the selector does; those that build
    up or tear down a set also start from the pins. Silent and stuck sites go first, as if pinned.

    Args:
        name: the selector's.
        problem: field, blocks and windows.
        constraints: pins and costs; none when None.
        draw: number of the draw.
        kind: the forecaster that selectors which learn train, best the kind that will be trained
            for their masks; the usual one when None. The others look at none.
        stuck: whether stuck sites go first (remove) or are ranked like the others (keep); None
            where the constraints already say which sites go first.
    Raises:
        ConfigError: no selector has that name, or it gave no finite number for some site.
    """
    known_selectors([name])
    chosen = REGISTRY[name]
    limits = constraints or Constraints.none(problem.n_sites)
    if stuck is not None:
        limits, _ = remove_first(problem, limits, stuck)
    began = time.perf_counter()
    learner = {"kind": kind} if chosen.learns and kind else {}
    score = np.asarray(chosen.choose(problem, limits, draw, **learner), dtype=np.float64)
    if score.shape != (problem.n_sites,) or not np.isfinite(score).all():
        raise ConfigError(
            f"Expected one finite score for each of {problem.n_sites} sites, found shape "
            f"{score.shape} from selector {name!r}; mend the selector."
        )
    order = np.argsort(np.argsort(score, kind="stable"), kind="stable")
    rank = removal_order(problem, limits, order)
    seconds = time.perf_counter() - began
    return Ranking(rank, name, chosen.source, draw, seconds, problem.field.fingerprint())


def training_covariance(problem: Problem) -> np.ndarray:
    """Covariance of the sites over the training block, (s, s); channels are averaged."""
    values = problem.learnt_values
    anomaly = values - values.mean(axis=0)
    return np.einsum("tic,tjc->ij", anomaly, anomaly, optimize=True) / anomaly[:, 0].size
