"""Lines of the ledger as tests want them."""

from __future__ import annotations

from pathlib import Path

from benchmarks import wanted
from benchmarks.trainings import Book, Training


def line(kind: str, selector: str, level: float, rmse: float, draw: int = 0) -> Training:
    """A training with this test error."""
    return Training(
        kind=kind,
        dataset="test",
        selector=selector,
        level=level,
        draw=draw,
        seed=0,
        n_active=4,
        steps=10,
        seconds=2.0,
        selection_error=0.1,
        rmse=rmse,
        rmse_by_lead=(rmse, rmse),
        ssim=None,
        psnr_db=None,
        active_hex="f0",
        commit="abc",
    )


def book(root: Path, seed: int, *lines: Training) -> Book:
    one = Book("test", seed, root, wanted.BACKBONE)
    for each in lines:
        one.add(each.model_copy(update={"seed": seed}))
    return one
