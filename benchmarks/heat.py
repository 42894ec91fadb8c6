"""What removing sites costs at each lead time, as a heat map: one panel a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from benchmarks import wanted
from benchmarks.trainings import Book
from dynst_core.presentation.palette import importance_scale

LEVELS = (0.0, *wanted.ALL_LEVELS)
MOST = 1.3
"""Times the error with all sites from which the colour stays the darkest."""
PANEL_HEIGHT, INK = 2.0, "#22303c"
STYLE = {
    "font.sans-serif": ["DejaVu Sans", "sans-serif"],
    "font.size": 7,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "svg.fonttype": "none",
    "svg.hashsalt": "heat",
}


def cost_by_lead(books: Sequence[Book]) -> np.ndarray:
    """Test RMSE of the path over its own with all sites, (levels, horizon), mean over seeds."""
    errors = np.array(
        [
            [line.rmse_by_lead for level in LEVELS if (line := book.find("path", "dynst", level))]
            for book in books
        ]
    ).mean(axis=0)
    return errors / errors[0]


def _measured(dataset: str) -> list[Book]:
    """Books that hold every level; one may have been stopped while it was written."""
    return [
        book
        for book in wanted.books_of(dataset)
        if all(book.find("path", "dynst", level) for level in LEVELS)
    ]


def draw(file: Path) -> None:
    """Write the picture, the same bytes for the same lines; none before a path was trained."""
    found = {name: books for name in wanted.SETS if (books := _measured(name))}
    if not found:
        return
    with rc_context(STYLE):
        figure = Figure(figsize=(7.2, PANEL_HEIGHT * len(found)), layout="constrained")
        panels = figure.subplots(len(found), 1, squeeze=False)[:, 0]
        for panel, (name, books) in zip(panels, found.items(), strict=True):
            shown = _fill(panel, cost_by_lead(books))
            seeds = ", ".join(str(book.seed) for book in books)
            panel.set_title(f"{name} (seed {seeds})", loc="left")
        panels[-1].set_xlabel("lead time, steps")
        words = "RMSE / RMSE with all sites"
        figure.colorbar(shown, ax=panels, label=words, extend="both", shrink=0.4)
        figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)


def _fill(panel: Axes, cost: np.ndarray) -> QuadMesh:
    n_levels, horizon = cost.shape
    shown = panel.pcolormesh(
        np.arange(horizon + 1) + 0.5,
        np.arange(n_levels + 1) - 0.5,
        cost,
        cmap=LinearSegmentedColormap.from_list("importance", importance_scale().plotly()),
        norm=Normalize(1.0, MOST),
    )
    for (row, column), value in np.ndenumerate(cost):
        ink = "white" if value > (1 + MOST) / 2 else INK
        words, style = f"{value:.2f}", {"ha": "center", "va": "center", "fontsize": 6}
        panel.text(column + 1, row, words, color=ink, **style)
    panel.set_yticks(range(n_levels), [f"{100 * level:g} %" for level in LEVELS])
    panel.set_xticks(range(1, horizon + 1))
    panel.set_ylabel("removed")
    return shown
