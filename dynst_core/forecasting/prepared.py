"""What a forecaster keeps ready for a mask, and how it scales readings by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

FAR_BEYOND = 2.0
"""Times that distance from which a reading is taken for a fault and tells others nothing."""


@dataclass(frozen=True)
class Prepared:
    """All that depends on the mask: the backbone's own, and the sites' usual level and scale.

    Attributes:
        own: what the backbone prepared.
        read_mean, read_scale: of the kept sites, (k, c).
        reported_mean, reported_scale: of the sites to forecast, (q, c).
        read_low, read_high: bounds of what the kept sites may read, (k, c).
        column: the kept site that each site to forecast is, (q,); -1 for one that is not kept.
        linear: the same of the linear forecaster that is carried; None where none is.
        members: the same of each forecaster that is averaged with.
    """

    own: Any
    read_mean: Tensor
    read_scale: Tensor
    reported_mean: Tensor
    reported_scale: Tensor
    read_low: Tensor
    read_high: Tensor
    column: Tensor
    linear: Prepared | None = None
    members: tuple[Prepared, ...] = ()


def bounded_readings(history: Tensor, prepared: Prepared) -> tuple[Tensor, Tensor]:
    """Readings within their bounds, and how far the last ones lay beyond them, (b, q, c).

    A reading beyond its bounds counts as the bound, and one far beyond as what is usual there. How
    far is zero for a site that is not kept.
    """
    channels = prepared.read_low.shape[1]
    values, low, high = history[..., :channels], prepared.read_low, prepared.read_high
    read = torch.minimum(torch.maximum(values, low), high)
    middle, reach = (low + high) / 2, (high - low) / 2
    read = torch.where((values - middle).abs() > FAR_BEYOND * reach, middle, read)
    beyond = (values[:, -1] - read[:, -1])[:, prepared.column.clamp_min(0)]
    beyond = beyond * (prepared.column >= 0)[:, None]
    if history.shape[-1] > channels:  # flags of what was not observed
        read = torch.cat([read, history[..., channels:]], dim=-1)
    return read, beyond


def readings_by_own_level(history: Tensor, prepared: Prepared) -> Tensor:
    """Readings of the kept sites by each one's own level and scale; flags as they are."""
    channels = prepared.read_mean.shape[1]
    read = (history[..., :channels] - prepared.read_mean) / prepared.read_scale
    if history.shape[-1] > channels:  # flags of what was not observed
        read = torch.cat([read, history[..., channels:]], dim=-1)
    return read
