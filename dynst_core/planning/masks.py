"""Masks named by a share removed, or edited site by site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dynst_core.fields.mask import Mask, n_active_at
from dynst_core.runs.run import Run


def mask_at(run: Run, sparsity: float) -> Mask:
    """A run's plan at any sparsity: the mask of the level with that count, else the last to stay.

    Where these would take in sites left out as silent or stuck, it is the first level without them.

    Args:
        run: the run.
        sparsity: share of sites removed, 0 to below 1.
    """
    n_active = n_active_at(sparsity, len(run.sites))
    level = np.flatnonzero(run.path.n_active == n_active)
    if len(level):
        return run.path.mask(int(level[0]))
    out = run.arrays.left_out
    if out is not None and n_active > len(run.sites) - out.sum() and len(run.path.active) > 1:
        first = run.path.mask(1)
        if n_active > first.n_active and not (first.active & out).any():
            return first
    return Mask(run.path.rank >= len(run.sites) - n_active)


def edited_mask(mask: Mask, off: Sequence[int] = (), on: Sequence[int] = ()) -> Mask:
    """The mask with some sites switched off and others on."""
    active = mask.active.copy()
    active[list(off)], active[list(on)] = False, True
    return replace(mask, active=active)
