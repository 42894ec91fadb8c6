"""Every selector by name: each ranks all sites, and a budget is a prefix of the ranking.

A new selector is one small file: a function under `@selector`, imported below.
"""

from __future__ import annotations

from dynst_core.selectors import (
    dynst,
    farthest_point,
    gp_mi,
    greedy_forecast,
    iterative,
    one_shot,
    qr,
    random,
    ridge_backward,
    variance,
    vip,
)
from dynst_core.selectors.selector import (
    REGISTRY,
    Kind,
    Ranking,
    Selector,
    known_selectors,
    rank_with,
)

__all__ = [
    "REGISTRY",
    "Kind",
    "Ranking",
    "Selector",
    "dynst",
    "farthest_point",
    "gp_mi",
    "greedy_forecast",
    "iterative",
    "known_selectors",
    "one_shot",
    "qr",
    "random",
    "rank_with",
    "ridge_backward",
    "variance",
    "vip",
]
