"""Selectors by the names that a planner reads, and what each of them does in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

WORDS: dict[str, tuple[str, str]] = {
    "random": ("random", "sites drawn by chance: what every method must beat."),
    "variance": ("top variance", "the sites whose readings vary most."),
    "gp_mi": ("mutual information", "the sites that tell most of those that are not read."),
    "qr": ("leading patterns (QR)", "sites from which the field's main patterns can be rebuilt."),
    "farthest_point": ("even spread", "sites spread evenly over the map, whatever they read."),
    "greedy_forecast": (
        "best for a linear forecast",
        "the site that improves a linear forecast most, one after another.",
    ),
    "ridge_backward": (
        "least missed by a linear forecast",
        "the site that a linear forecast misses least goes first.",
    ),
    "vip": ("learnt mask (VIP)", "a mask learnt with replay, after the method VIP."),
    "iterative": ("rounds of pruning", "sites leave in rounds and none returns."),
    "one_shot": ("one-shot pruning", "all sites leave at once, by one look at a trained mask."),
    "dynst": ("DynST, shortly trained", "this method's own ranking after a short training."),
}


def selector_name(selector: str) -> str:
    """A selector's name in words; its own where none is known."""
    return WORDS[selector][0] if selector in WORDS else selector


def selectors_explained(selectors: Iterable[str]) -> list[str]:
    """What some selectors do, a sentence each, in their order."""
    return [f"{selector_name(one)}: {WORDS[one][1]}" for one in selectors if one in WORDS]
