"""What the whole table of ratios asks for: data sets, levels, seeds, baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks import ledger
from benchmarks.trainings import Book
from dynst_core.backbones.registry import USUAL_BACKBONE

ROOT = ledger.RESULTS / "trainings"
QUICK_ROOT = ledger.RESULTS / "quick"
SETS = ("metr-la-week", "era5-uk-t2m", "ncep-air-temperature", "noaa-us-tmax", "taxinyc-2011")
PATH_SETS = ("metr-la-week", "era5-uk-t2m")
QUICK_SETS = ("tunnel-fire",)
QUICK_MINUTES = 8.0
SMOOTH = ("era5-uk-t2m", "ncep-air-temperature")
ALL_LEVELS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
FAR = 0.8
"""From this share removed on, ratios are asked for in the mean too."""
N_EDITS = 20
PATH_SECONDS = 300.0
FAR_LEVELS = (0.6, 0.8, 0.9, 0.95)
NINE_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
BASELINES = (
    "random",
    "variance",
    "farthest_point",
    "qr",
    "gp_mi",
    "greedy_forecast",
    "vip",
    "one_shot",
    "iterative",
)
PRUNED, PRUNED_LEVELS = ("iterative", "one_shot"), (0.6, 0.9)
"""Trained for everywhere, big grids too, since the paper compares them with its own."""
PRODUCT, MASKS = "product", "masks alone"
PICKED = "product, the baseline picked on selection windows"
ROOM = "own error with all sites / best baseline"
BACKBONE, PLAIN = USUAL_BACKBONE, "attention"
BACKBONES = {BACKBONE: "accuracy", PLAIN: "accuracy_plain"}
"""Forecasters that lines were measured with, the usual one first, and where their rows go."""

Books = Sequence[Book]


def levels_of(dataset: str) -> tuple[float, ...]:
    """Levels at which baselines are trained."""
    return ALL_LEVELS if dataset == "metr-la-week" else FAR_LEVELS


def seeds_of(dataset: str) -> tuple[int, ...]:
    """Seeds that the whole table asks for."""
    return (0, 1, 2) if dataset == "metr-la-week" else (0, 1)


BIG = 1000
"""Sites from which only the likeliest baselines are trained."""
LIKELY = 3
"""Baselines trained on big grids beside random ones: those with the best masks for a ridge."""
BEHIND = 0.05
"""An unlikely baseline that errs more than the best by this share gets no other seed."""


def baselines_of(n_sites: int) -> int:
    """How many baselines the whole table asks for at each level and seed."""
    return len(BASELINES) if n_sites < BIG else LIKELY + 1


def books_of(dataset: str, backbone: str = BACKBONE, root: Path = ROOT) -> list[Book]:
    """Books of a forecaster that hold a path, by seed."""
    books = [Book(dataset, seed, root, backbone) for seed in seeds_of(dataset)]
    return [book for book in books if book.find("path", "dynst", 0.0)]
