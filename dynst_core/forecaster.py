"""A backbone with its learnable mask: what is trained, saved and asked for forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dynst_core.backbones import build_backbone
from dynst_core.backbones.base import ClosedForm
from dynst_core.field import Grid
from dynst_core.morph import Window
from dynst_core.record import Problem
from dynst_core.sites import SiteSet


class Forecaster(nn.Module):
    """A backbone that reads kept sites, each through one learnt mask value.

    Attributes:
        mask_logit: (s,); its logistic is the site's strength, one for all times and channels.
            Trained with the forecaster under a light pressure to fall: a site whose strength
            stays up pays for it.
    """

    def __init__(
        self,
        sites: SiteSet,
        window: Window,
        channels: int,
        inputs: int,
        backbone: str = "attention",
        options: Mapping[str, float | int] | None = None,
        cycles: int = 0,
        grid: Grid | None = None,
    ) -> None:
        super().__init__()
        self.backbone = build_backbone(
            backbone, sites, window, channels, inputs, options or {}, cycles, grid
        )
        self.mask_logit = nn.Parameter(torch.full((len(sites),), 3.0))

    @classmethod
    def for_problem(
        cls,
        problem: Problem,
        backbone: str = "attention",
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

    def fit(self, problem: Problem) -> None:
        """Learn what a closed form learns from the training block; others wait for their steps."""
        if isinstance(self.backbone, ClosedForm):
            self.backbone.fit(problem)

    def strength(self) -> Tensor:
        """Learnt mask value of every site, (s,), 0 to 1."""
        return self.mask_logit.sigmoid()

    def prepare(self, kept: Tensor, query: Tensor | None = None) -> Any:
        """Everything that depends on the mask and not on the readings; see `Backbone`."""
        return self.backbone.prepare(kept, query, self.strength()[kept])

    def forward(self, history: Tensor, prepared: Any, clock: Tensor) -> Tensor:
        """Normalised forecast (b, horizon, q, c); arguments as in `Backbone.__call__`."""
        return self.backbone(history, prepared, clock)

    def half_weights(self) -> dict[str, np.ndarray]:
        """Every stored parameter in half precision, by name; halves what a run weighs."""
        return {
            n: v.detach().cpu().numpy().astype(np.float16) for n, v in self.state_dict().items()
        }

    def copied_weights(self) -> dict[str, np.ndarray]:
        """Every stored parameter as it is now, by name."""
        return {n: v.detach().cpu().numpy().copy() for n, v in self.state_dict().items()}

    def load(self, weights: Mapping[str, np.ndarray]) -> Forecaster:
        """Take over stored parameters; returns itself, in evaluation mode."""
        self.load_state_dict(
            {n: torch.from_numpy(v.astype(np.float32)) for n, v in weights.items()}
        )
        return self.eval()
