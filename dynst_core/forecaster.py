"""A backbone with its learnable mask: what is trained, saved and asked for forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.backbones import build_backbone
from dynst_core.backbones.base import ClosedForm, Learning, Padding, SitesFirst
from dynst_core.field import Grid
from dynst_core.morph import Window
from dynst_core.record import Problem
from dynst_core.sites import SiteSet
from dynst_core.train_request import USUAL_BACKBONE

LEAST_SCALE = 0.01
"""Least scale of a site, of the whole field's, so that one that stands still can be divided by."""

SITES_AT_ONCE = 4096
"""Sites whose means and spreads are taken at a time: copies of the whole record are not held."""

TIMES_AT_ONCE, NUMBERS_AT_ONCE = 4096, 2**26
"""Times, and values at them, from which it is learnt how sites vary together: evenly spread ones
of a longer training block."""


@dataclass(frozen=True)
class Prepared:
    """All that depends on the mask: the backbone's own, and the sites' usual level and scale.

    Attributes:
        own: what the backbone prepared.
        read_mean, read_scale: of the kept sites, (k, c).
        told_mean, told_scale: of the sites to forecast, (q, c).
    """

    own: Any
    read_mean: Tensor
    read_scale: Tensor
    told_mean: Tensor
    told_scale: Tensor


class Forecaster(nn.Module):
    """A backbone that reads kept sites, each through one learnt mask value.

    The backbone sees every site on its own scale, as deviations from the site's mean over the
    training block in units of its spread there: what a busy corner does says little of how many
    trips a quiet one has, and much of how far from usual they are. Forecasts are turned back, so
    errors count as they are in the field.

    Attributes:
        site_mean, site_scale: mean and spread of each site and channel, (s, c), normalised; 0 and
            1 until `fit`, and for a closed form, which takes out itself what is usual.
        mask_logit: (s,); its logistic is the site's strength, one for all times and channels.
            Trained with the forecaster under a light pressure to fall: a site whose strength
            stays up pays for it.
    """

    site_mean: Tensor
    site_scale: Tensor

    def __init__(
        self,
        sites: SiteSet,
        window: Window,
        channels: int,
        inputs: int,
        backbone: str = USUAL_BACKBONE,
        options: Mapping[str, float | int] | None = None,
        cycles: int = 0,
        grid: Grid | None = None,
    ) -> None:
        super().__init__()
        self.backbone = build_backbone(
            backbone, sites, window, channels, inputs, options or {}, cycles, grid
        )
        self.register_buffer("site_mean", torch.zeros(len(sites), channels))
        self.register_buffer("site_scale", torch.ones(len(sites), channels))
        self.mask_logit = nn.Parameter(torch.full((len(sites),), 3.0))

    @classmethod
    def for_problem(
        cls,
        problem: Problem,
        backbone: str = USUAL_BACKBONE,
        options: Mapping[str, float | int] | None = None,
    ) -> Forecaster:
        """A fresh forecaster of a problem's shape, on the problem's device."""
        record = problem.record
        sites, window = problem.field.sites, problem.window
        fresh = cls(
            sites,
            window,
            record.channels,
            record.inputs,
            backbone,
            options,
            len(record.cycles),
            problem.field.grid,
        )
        return fresh.to(record.device)

    @property
    def closed_form(self) -> bool:
        """Whether it is solved from the training block and takes no gradient steps."""
        return isinstance(self.backbone, ClosedForm)

    @property
    def can_pad(self) -> bool:
        """Whether kept sites can be filled up to a number; see `Padding`."""
        return isinstance(self.backbone, Padding)

    def fit(self, problem: Problem) -> None:
        """Learn from the training block what takes no steps: a closed form all, others the scales.

        A site that was never observed there has the field's mean and scale.
        """
        if isinstance(self.backbone, ClosedForm):
            self.backbone.fit(problem)
            return
        block, record = slice(*problem.split.train), problem.record
        for first in range(0, record.n_sites, SITES_AT_ONCE):
            some = slice(first, first + SITES_AT_ONCE)
            values, observed = record.target[block, some].double(), record.observed[block, some]
            count = observed.sum(dim=0)
            mean = (values * observed).sum(dim=0) / count.clamp_min(1)
            square = ((values - mean).square() * observed).sum(dim=0) / count.clamp_min(1)
            scale = square.sqrt().clamp_min(LEAST_SCALE)
            self.site_mean[some] = mean.float()
            self.site_scale[some] = torch.where(count > 0, scale, 1.0).float()
        if isinstance(self.backbone, Learning) and self.backbone.learns:
            first, stop = problem.split.train
            most = min(TIMES_AT_ONCE, NUMBERS_AT_ONCE // self.site_mean.numel())
            times = np.linspace(first, stop - 1, min(stop - first, max(2, most))).round()
            read = record.values[record.index(times.astype(int)), :, : record.channels]
            self.backbone.learn((read - self.site_mean) / self.site_scale)

    def strength(self) -> Tensor:
        """Learnt mask value of every site, (s,), 0 to 1."""
        return self.mask_logit.sigmoid()

    def prepare(self, kept: Tensor, query: Tensor | None = None) -> Prepared:
        """Everything that depends on the mask and not on the readings; see `Backbone`."""
        asked = slice(None) if query is None else query
        return Prepared(
            self.backbone.prepare(kept, query, self.strength()[kept]),
            self.site_mean[kept],
            self.site_scale[kept],
            self.site_mean[asked],
            self.site_scale[asked],
        )

    def pad(self, prepared: Prepared, n_kept: int) -> Prepared:
        """The same for this many kept sites, the new ones without any effect; see `Padding`."""
        if not isinstance(self.backbone, Padding):
            return prepared
        more = (0, 0, 0, n_kept - len(prepared.read_mean))
        return replace(
            prepared,
            own=self.backbone.pad(prepared.own, n_kept),
            read_mean=functional.pad(prepared.read_mean, more),
            read_scale=functional.pad(prepared.read_scale, more, value=1.0),
        )

    def forward(self, history: Tensor, prepared: Prepared, clock: Tensor) -> Tensor:
        """Normalised forecast (b, horizon, q, c); arguments as in `Backbone.__call__`."""
        if self.has_sites_first:
            return self.sites_first(history, prepared, clock).permute(1, 2, 0, 3)
        forecast = self.backbone(_normalised(history, prepared), prepared.own, clock)
        return torch.addcmul(prepared.told_mean, forecast, prepared.told_scale)

    @property
    def has_sites_first(self) -> bool:
        """Whether forecasts come with sites first; see `SitesFirst`."""
        return isinstance(self.backbone, SitesFirst)

    def sites_first(self, history: Tensor, prepared: Prepared, clock: Tensor) -> Tensor:
        """The same forecast as (q, b, horizon, c): a copy less where the backbone has it so."""
        if not isinstance(self.backbone, SitesFirst):
            return self(history, prepared, clock).permute(2, 0, 1, 3)
        read = _normalised(history, prepared)
        forecast = self.backbone.sites_first(read, prepared.own, clock)
        mean, scale = prepared.told_mean[:, None, None], prepared.told_scale[:, None, None]
        return torch.addcmul(mean, forecast, scale)

    def half_weights(self) -> dict[str, np.ndarray]:
        """Every stored parameter in half precision, by name; halves what a run weighs."""
        return {
            n: v.detach().cpu().numpy().astype(np.float16) for n, v in self.state_dict().items()
        }

    def copied_weights(self) -> dict[str, np.ndarray]:
        """Every stored parameter as it is now, by name."""
        return {n: v.detach().cpu().numpy().copy() for n, v in self.state_dict().items()}

    def load(self, weights: Mapping[str, np.ndarray]) -> Forecaster:
        """Take over stored parameters; returns itself, in evaluation mode.

        Runs made before each site had a scale of its own have none: they go on as they were.
        """
        plain = {"site_mean": np.zeros(1), "site_scale": np.ones(1)}
        known = {
            name: np.broadcast_to(value, self.site_mean.shape) for name, value in plain.items()
        } | dict(weights)
        self.load_state_dict({n: torch.from_numpy(v.astype(np.float32)) for n, v in known.items()})
        return self.eval()


def _normalised(history: Tensor, prepared: Prepared) -> Tensor:
    """Readings of the kept sites by each one's own level and scale; flags as they are."""
    channels = prepared.read_mean.shape[1]
    read = (history[..., :channels] - prepared.read_mean) / prepared.read_scale
    if history.shape[-1] > channels:  # flags of what was not observed
        read = torch.cat([read, history[..., channels:]], dim=-1)
    return read
