"""Which sites to propose for leaving and for coming back: pure, counts exact."""

from __future__ import annotations

import numpy as np

from dynst_core.errors import BudgetError

LEAST_SHARE = 0.03
"""Of the sites, kept by the smallest of the masks of any size."""


def exchange_sites(active: np.ndarray, drop: int, grow: int) -> np.ndarray:
    """The mask with one kept site closed and one removed site opened, (s,), same count.

    Raises:
        BudgetError: the site to drop is not kept, or the one to grow is.
    """
    if not active[drop] or active[grow]:
        raise BudgetError(
            f"Expected to close a kept site and open a removed one, found site {drop} "
            f"{'kept' if active[drop] else 'removed'} and site {grow} "
            f"{'kept' if active[grow] else 'removed'}; swap them."
        )
    changed = active.copy()
    changed[drop], changed[grow] = False, True
    return changed


def propose_exchanges(
    active: np.ndarray,
    drop_score: np.ndarray,
    grow_score: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> list[tuple[int, int]]:
    """Draw pairs (drop, grow) to be tried, the least useful kept with the most promising removed.

    Args:
        active: sites now on, (s,), bool.
        drop_score: usefulness of each kept site, (s,), 0 to 1.
        grow_score: promise of each removed site, (s,), not negative.
        count: pairs wanted; fewer come back when there are no more different ones.
        rng: source of chance.
    Returns:
        At most `count` pairs of indices, none twice; empty when all or no sites are on.

    Source: drop-and-regrow after Evci et al. 2020 (RigL), with sites in place of weights and
    chances in place of a fixed top-k, so that every exchange can be tried sooner or later.
    """
    kept, removed = np.flatnonzero(active), np.flatnonzero(~active)
    if not len(kept) or not len(removed):
        return []
    leave = 1.02 - drop_score[kept]
    come = grow_score[removed] + 1e-9
    drops = rng.choice(kept, count, p=leave / leave.sum())
    grows = rng.choice(removed, count, p=come / come.sum())
    return list(dict.fromkeys(zip(drops.tolist(), grows.tolist(), strict=True)))


def flip_sites(active: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A mask near this one: each kept site closed, and as many removed ones opened, by chance.

    Training on such neighbours keeps a planner's edits within the forecaster's experience.

    Args:
        active: sites now on, (s,), bool; at least one.
        share: chance of each kept site to be closed.
        rng: source of chance.
    Returns:
        (s,), bool, at least one site on.
    """
    closed = active & (rng.random(len(active)) < share)
    if closed.sum() == active.sum():
        closed[np.flatnonzero(closed)[0]] = False
    near = active & ~closed
    removed = np.flatnonzero(~active)
    n_open = min(len(removed), rng.integers(0, closed.sum() + 1))
    near[rng.choice(removed, n_open, replace=False)] = True
    return near


def draw_sites(order: np.ndarray, flip: float, rng: np.random.Generator) -> np.ndarray:
    """A mask of any size near the path: the last to go, with a few sites flipped.

    Training on such masks teaches one set of weights to forecast from whatever a level leaves.

    Args:
        order: place of each site in the order of removal, (s,), 0 first.
        flip: chance of each kept site to be closed, and a removed one opened for it.
        rng: source of chance.
    Returns:
        (s,), bool, at least one site on.
    """
    n_sites = len(order)
    n_active = int(rng.integers(max(1, int(n_sites * LEAST_SHARE)), n_sites + 1))
    active = order >= n_sites - n_active
    return active if active.all() or not flip else flip_sites(active, flip, rng)
