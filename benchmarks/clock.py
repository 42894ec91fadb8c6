"""How long a call takes, and how two that took turns compare."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch


def clocked(call: Callable[[], object], device: str) -> float:
    """Seconds until a call's work is done, on a GPU too, which goes on after the call returns."""
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def fastest_ratio(dense: np.ndarray, other: np.ndarray) -> tuple[float, list[float]]:
    """Ratio of the fastest rounds, and the same from each third of them."""
    thirds = zip(np.array_split(dense, 3), np.array_split(other, 3), strict=True)
    return float(dense.min() / other.min()), [float(d.min() / o.min()) for d, o in thirds]
