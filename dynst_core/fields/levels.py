"""Levels of a path as counts of sites: what share each truly removes, and which are the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from dynst_core.errors import BudgetError, ConfigError
from dynst_core.fields.mask import n_active_at

SAME_SHARE = 0.005
"""Share removed by which a level may miss what was asked for and still be called by it."""


def check_rising(targets: Sequence[float]) -> None:
    """Refuse shares removed that do not rise from 0 to below 1.

    Raises:
        ConfigError: they do not.
    """
    rising = all(a < b for a, b in pairwise(targets))
    if not targets or targets[0] != 0 or not rising or targets[-1] >= 1:
        raise ConfigError(
            f"Expected levels rising from 0 to below 1, found {tuple(targets)}; "
            f"for example 0, 0.3, 0.6, 0.9."
        )


def true_share(asked: float, n_active: int, n_sites: int) -> float:
    """What a level is called: the share asked for where it keeps to it, else the true one.

    Args:
        asked: share removed, 0 to below 1.
        n_active: sites that the level keeps.
        n_sites: sites there are.
    """
    share = 1 - n_active / n_sites
    return asked if abs(share - asked) <= SAME_SHARE + 1e-9 else share


def levels_that_differ(
    targets: Sequence[float], n_sites: int, most: int | None = None
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Levels by what they keep: those that keep equally many sites are one.

    Args:
        targets: shares removed, rising from 0.
        n_sites: sites there are.
        most: sites that may be kept once any is removed; all when None.
    Returns:
        Share removed and sites kept of each level that is left; see `true_share`.
    Raises:
        BudgetError: levels were asked for and none of them removes a site.
    """
    most = n_sites if most is None else most
    counts: dict[int, float] = {n_sites: 0.0}
    for target in targets[1:]:
        n_active = max(1, min(n_active_at(target, n_sites), most))
        counts.setdefault(n_active, true_share(target, n_active, n_sites))
    if len(targets) > 1 and len(counts) == 1:
        least = 100 / n_sites
        raise BudgetError(
            f"Expected a level that removes at least 1 of {n_sites} sites, found "
            f"{100 * targets[-1]:g} % removed at most; choose a level of {least:.3g} % or more."
        )
    return tuple(counts.values()), tuple(counts)
