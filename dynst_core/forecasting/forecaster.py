"""A backbone with its learnable mask: what is trained, saved and asked for forecasts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.backbones.protocols import ClosedForm, Learning, Padding, SitesFirst
from dynst_core.backbones.registry import USUAL_BACKBONE, build_backbone
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window
from dynst_core.forecasting.problem import Problem

LEAST_SCALE = 0.01
"""Least scale of a site, of the whole field's, so that one that stands still can be divided by."""

SPREADS_READ, EXTREMES_READ = 8.0, 1.5
"""How far from its mean a reading can reach other sites' forecasts: in spreads of the site and in
multiples of its farthest reading of the training block, whichever is farther."""

FAR_BEYOND = 2.0
"""Times that distance from which a reading is taken for a fault and tells others nothing."""

FAR_APART = 10.0
"""Mean of a site, normalised, from which a closed form too is given deviations: what moves would be
lost in sums of numbers so large."""

NO_BOUND = 1e9
"""A reading that no site comes near, normalised."""

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
        reported_mean, reported_scale: of the sites to forecast, (q, c).
        read_low, read_high: bounds of what the kept sites may read, (k, c).
        column: the kept site that each site to forecast is, (q,); -1 for one that is not kept.
        linear: the same of the linear forecaster that is carried; None where none is.
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


PLAIN = {"site_mean": 0.0, "site_scale": 1.0, "site_low": -NO_BOUND, "site_high": NO_BOUND}
"""What is known of each site and channel before anything is."""

LINEAR, LINEAR_SHARE = "linear.", "linear_share"
"""How names of stored parameters begin that belong to the linear forecaster, and its share's."""


class Forecaster(nn.Module):
    """A backbone that reads kept sites, each through one learnt mask value.

    The backbone sees every site on its own scale, as deviations from the site's mean over the
    training block in units of its spread there: what a busy corner does says little of how many
    trips a quiet one has, and much of how far from usual they are. Forecasts are turned back, so
    errors count as they are in the field.

    What a site reads is bounded by what it read in the training block, so that no faulty sensor
    moves the forecasts of others without limit; one that stood still there, or was silent, moves
    none. By what its last reading lies beyond its bounds, its own forecast is raised or lowered.

    Attributes:
        site_mean, site_scale: mean and spread of each site and channel, (s, c), normalised; 0 and
            1 until `fit`, and for a closed form, which takes out itself what is usual; its means
            are known where sites stand far apart.
        site_low, site_high: bounds of what each site and channel reads, (s, c), normalised; none
            until `fit`, and in runs made before there were any.
        mask_logit: (s,); its logistic is the site's strength, one for all times and channels.
            Trained with the forecaster under a light pressure to fall: a site whose strength
            stays up pays for it.
        linear: a ridge regression whose forecast is averaged with the backbone's; None until
            `carrying` adds one.
        linear_share: weight of that forecast, 0 to 1; the backbone's has the rest.
    """

    linear_share: Tensor
    site_mean: Tensor
    site_scale: Tensor
    site_low: Tensor
    site_high: Tensor

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
        for name, value in PLAIN.items():
            self.register_buffer(name, torch.full((len(sites), channels), value))
        self.mask_logit = nn.Parameter(torch.full((len(sites),), 3.0))
        self._shape = (sites, window, channels, inputs, cycles)
        self.linear: Forecaster | None = None
        self.register_buffer(LINEAR_SHARE, torch.zeros(()), persistent=False)

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

    def carrying(self, linear: Forecaster | None, share: float) -> Forecaster:
        """The same forecaster, whose forecast is averaged with that of a linear one.

        Args:
            linear: fitted, of the same sites and window; it is not copied. None for none.
            share: its weight, 0 to 1; with 0 it is stored and costs nothing else.
        Source: stacked regression (Breiman 1996) of two forecasters.
        """
        blended = copy.deepcopy(self)
        blended.linear = linear
        blended.linear_share.fill_(share)
        return blended

    @property
    def _uses_linear(self) -> bool:
        return self.linear is not None and bool(self.linear_share > 0)

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
        self._learn_sites(problem)
        if isinstance(self.backbone, ClosedForm):
            self.backbone.fit(problem, self.site_mean)
        elif isinstance(self.backbone, Learning) and self.backbone.learns:
            first, stop = problem.split.train
            most = min(TIMES_AT_ONCE, NUMBERS_AT_ONCE // self.site_mean.numel())
            times = np.linspace(first, stop - 1, min(stop - first, max(2, most))).round()
            chosen = problem.record.index(times.astype(int))
            read, observed = problem.record.target[chosen], problem.record.observed[chosen]
            away = (read - self.site_mean) / self.site_scale
            self.backbone.learn(torch.where(observed, away, 0.0), observed)

    def _learn_sites(self, problem: Problem) -> None:
        """Each site's mean, spread and bounds in the training block, by what was observed."""
        block, record = slice(*problem.split.train), problem.record
        for first in range(0, record.n_sites, SITES_AT_ONCE):
            some = slice(first, first + SITES_AT_ONCE)
            values, observed = record.target[block, some].double(), record.observed[block, some]
            count = observed.sum(dim=0)
            mean = (values * observed).sum(dim=0) / count.clamp_min(1)
            away = (values - mean) * observed
            spread = (away.square().sum(dim=0) / count.clamp_min(1)).sqrt()
            reach = torch.maximum(SPREADS_READ * spread, EXTREMES_READ * away.abs().amax(dim=0))
            self.site_low[some], self.site_high[some] = (
                (mean - reach).float(),
                (mean + reach).float(),
            )
            if not self.closed_form:
                scale = torch.where(count > 0, spread.clamp_min(LEAST_SCALE), 1.0)
                self.site_mean[some], self.site_scale[some] = mean.float(), scale.float()
            elif mean.abs().max() > FAR_APART:
                self.site_mean[some] = mean.float()

    def strength(self) -> Tensor:
        """Learnt mask value of every site, (s,), 0 to 1."""
        return self.mask_logit.sigmoid()

    def prepare(self, kept: Tensor, query: Tensor | None = None) -> Prepared:
        """Everything that depends on the mask and not on the readings; see `Backbone`."""
        asked = slice(None) if query is None else query
        column = torch.full((len(self.site_mean),), -1, device=kept.device)
        column[kept] = torch.arange(len(kept), device=kept.device)
        return Prepared(
            self.backbone.prepare(kept, query, self.strength()[kept]),
            self.site_mean[kept],
            self.site_scale[kept],
            self.site_mean[asked],
            self.site_scale[asked],
            self.site_low[kept],
            self.site_high[kept],
            column[asked],
            self.linear.prepare(kept, query) if self.linear and self._uses_linear else None,
        )

    def pad(self, prepared: Prepared, n_kept: int) -> Prepared:
        """The same for this many kept sites, the new ones without any effect; see `Padding`."""
        if not isinstance(self.backbone, Padding):
            return prepared
        linear = prepared.linear
        if linear is not None and self.linear is not None:
            linear = self.linear.pad(linear, n_kept)
        more = (0, 0, 0, n_kept - len(prepared.read_mean))
        return replace(
            prepared,
            own=self.backbone.pad(prepared.own, n_kept),
            read_mean=functional.pad(prepared.read_mean, more),
            read_scale=functional.pad(prepared.read_scale, more, value=1.0),
            read_low=functional.pad(prepared.read_low, more, value=-NO_BOUND),
            read_high=functional.pad(prepared.read_high, more, value=NO_BOUND),
            linear=linear,
        )

    def forward(self, history: Tensor, prepared: Prepared, clock: Tensor) -> Tensor:
        """Normalised forecast (b, horizon, q, c); arguments as in `Backbone.__call__`."""
        if self.has_sites_first:
            return self.sites_first(history, prepared, clock).permute(1, 2, 0, 3)
        read, beyond = _bounded_readings(history, prepared)
        forecast = self.backbone(_readings_by_own_level(read, prepared), prepared.own, clock)
        forecast = torch.addcmul(prepared.reported_mean, forecast, prepared.reported_scale)
        return self._with_linear(forecast + beyond[:, None], history, prepared, clock)

    def _with_linear(
        self, forecast: Tensor, history: Tensor, prepared: Prepared, clock: Tensor
    ) -> Tensor:
        """The mean of a forecast (b, horizon, q, c) and the linear one's, by its share."""
        if self.linear is None or prepared.linear is None:
            return forecast
        return torch.lerp(forecast, self.linear(history, prepared.linear, clock), self.linear_share)

    @property
    def has_sites_first(self) -> bool:
        """Whether forecasts come with sites first; see `SitesFirst`."""
        return isinstance(self.backbone, SitesFirst)

    def sites_first(self, history: Tensor, prepared: Prepared, clock: Tensor) -> Tensor:
        """The same forecast as (q, b, horizon, c): a copy less where the backbone has it so."""
        if not isinstance(self.backbone, SitesFirst):
            return self(history, prepared, clock).permute(2, 0, 1, 3)
        read, beyond = _bounded_readings(history, prepared)
        forecast = self.backbone.sites_first(
            _readings_by_own_level(read, prepared), prepared.own, clock
        )
        mean, scale = prepared.reported_mean[:, None, None], prepared.reported_scale[:, None, None]
        forecast = torch.addcmul(mean, forecast, scale) + beyond.transpose(0, 1)[:, :, None]
        if prepared.linear is None:
            return forecast
        whole = self._with_linear(forecast.permute(1, 2, 0, 3), history, prepared, clock)
        return whole.permute(2, 0, 1, 3)

    def stored_weights(self, *, rounded: bool = True) -> dict[str, np.ndarray]:
        """Every stored parameter, by name.

        What training learnt by gradients is in half precision, which halves what a run weighs;
        what carries values of the field (means, scales, bounds, covariances, a closed form's
        training block) is in single precision always.

        Args:
            rounded: whether learnt parameters are in half precision.
        """
        own = {name for name, _ in self.named_parameters() if not name.startswith(LINEAR)}
        learnt = own if rounded else set()
        share = {} if self.linear is None else {LINEAR_SHARE: self.linear_share}
        with np.errstate(over="ignore"):  # whoever asks for rounded ones sees what that changes
            return {
                name: value.detach().cpu().numpy().astype(kind)
                for name, value in (self.state_dict() | share).items()
                for kind in [np.float16 if name in learnt else np.float32]
            }

    def copied_weights(self) -> dict[str, np.ndarray]:
        """Every stored parameter as it is now, by name."""
        return {n: v.detach().cpu().numpy().copy() for n, v in self.state_dict().items()}

    def load(self, weights: Mapping[str, np.ndarray]) -> Forecaster:
        """Take over stored parameters; returns itself, in evaluation mode.

        Runs made before each site had a scale and bounds of its own have none: they go on as they
        were.
        """
        own = {name: v for name, v in weights.items() if not name.startswith(LINEAR)}
        linear = {n.removeprefix(LINEAR): v for n, v in weights.items() if n not in own}
        share = float(np.ravel(own.pop(LINEAR_SHARE, np.zeros(())))[0])
        plain = {
            name: np.broadcast_to(value, self.site_mean.shape) for name, value in PLAIN.items()
        }
        self.linear = None
        self.load_state_dict({n: _as_weight_tensor(v) for n, v in (plain | own).items()})
        if linear:
            fresh = Forecaster(*self._shape[:4], "ridge", cycles=self._shape[4])
            self.linear = fresh.to(self.site_mean.device).load(linear)
        self.linear_share.fill_(share)
        return self.eval()


def _as_weight_tensor(value: np.ndarray) -> Tensor:
    return torch.from_numpy(value.astype(np.float32))


def _bounded_readings(history: Tensor, prepared: Prepared) -> tuple[Tensor, Tensor]:
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


def _readings_by_own_level(history: Tensor, prepared: Prepared) -> Tensor:
    """Readings of the kept sites by each one's own level and scale; flags as they are."""
    channels = prepared.read_mean.shape[1]
    read = (history[..., :channels] - prepared.read_mean) / prepared.read_scale
    if history.shape[-1] > channels:  # flags of what was not observed
        read = torch.cat([read, history[..., channels:]], dim=-1)
    return read
