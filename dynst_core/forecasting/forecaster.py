"""A backbone with its learnable mask: what is trained, saved and asked for forecasts."""

from __future__ import annotations

import copy
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.backbones.protocols import ClosedForm, Learning, Padding, SitesFirst
from dynst_core.backbones.registry import USUAL_BACKBONE, build_backbone
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window
from dynst_core.forecasting.prepared import Prepared, bounded_readings, readings_by_own_level
from dynst_core.forecasting.problem import Problem

LEAST_SCALE = 0.01
"""Least scale of a site, of the whole field's, so that one that stands still can be divided by."""

SPREADS_READ, EXTREMES_READ = 8.0, 1.5
"""How far from its mean a reading can reach other sites' forecasts: in spreads of the site and in
multiples of its farthest reading of the training block, whichever is farther."""

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


PLAIN = {"site_mean": 0.0, "site_scale": 1.0, "site_low": -NO_BOUND, "site_high": NO_BOUND}
"""What is known of each site and channel before anything is."""

LINEAR, LINEAR_SHARE = "linear.", "linear_share"
"""How names of stored parameters begin that belong to the linear forecaster, and its share's."""

MEMBER = re.compile(r"member_(\d+)\.")
"""How names of stored parameters begin that belong to a forecaster that is averaged with."""


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
        members: forecasters of the same shape, trained from other seeds, whose forecasts are
            averaged with the backbone's before the linear one takes its share; none until `load`
            finds some.
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
        self.members = nn.ModuleList()
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
    def _members(self) -> Iterator[Forecaster]:
        return (member for member in self.members if isinstance(member, Forecaster))

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
            learnt = np.flatnonzero(problem.learnt)
            most = min(TIMES_AT_ONCE, NUMBERS_AT_ONCE // self.site_mean.numel())
            places = np.linspace(0, len(learnt) - 1, min(len(learnt), max(2, most))).round()
            chosen = problem.record.index(learnt[places.astype(int)])
            read, observed = problem.record.target[chosen], problem.record.observed[chosen]
            away = (read - self.site_mean) / self.site_scale
            self.backbone.learn(torch.where(observed, away, 0.0), observed)

    def _learn_sites(self, problem: Problem) -> None:
        """Each site's mean, spread and bounds in the training block, by what was observed."""
        times, record = problem.record.index(np.flatnonzero(problem.learnt)), problem.record
        for first in range(0, record.n_sites, SITES_AT_ONCE):
            some = slice(first, first + SITES_AT_ONCE)
            values, observed = record.target[times, some].double(), record.observed[times, some]
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
            tuple(member.prepare(kept, query) for member in self._members),
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
            members=tuple(
                member.pad(own, n_kept)
                for member, own in zip(self._members, prepared.members, strict=True)
            ),
        )

    def forward(self, history: Tensor, prepared: Prepared, clock: Tensor) -> Tensor:
        """Normalised forecast (b, horizon, q, c); arguments as in `Backbone.__call__`."""
        if self.has_sites_first:
            return self.sites_first(history, prepared, clock).permute(1, 2, 0, 3)
        read, beyond = bounded_readings(history, prepared)
        forecast = self.backbone(readings_by_own_level(read, prepared), prepared.own, clock)
        forecast = torch.addcmul(prepared.reported_mean, forecast, prepared.reported_scale)
        return self._averaged(forecast + beyond[:, None], history, prepared, clock)

    def _averaged(
        self, forecast: Tensor, history: Tensor, prepared: Prepared, clock: Tensor
    ) -> Tensor:
        """The mean of a forecast (b, horizon, q, c) and the members', and the linear's."""
        for member, own in zip(self._members, prepared.members, strict=True):
            forecast = forecast + member(history, own, clock)
        if prepared.members:
            forecast = forecast / (1 + len(prepared.members))
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
        read, beyond = bounded_readings(history, prepared)
        forecast = self.backbone.sites_first(
            readings_by_own_level(read, prepared), prepared.own, clock
        )
        mean, scale = prepared.reported_mean[:, None, None], prepared.reported_scale[:, None, None]
        forecast = torch.addcmul(mean, forecast, scale) + beyond.transpose(0, 1)[:, :, None]
        if prepared.linear is None and not prepared.members:
            return forecast
        whole = self._averaged(forecast.permute(1, 2, 0, 3), history, prepared, clock)
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

        A member takes from the first forecaster what is not stored anew for it. Runs made before
        each site had a scale and bounds of its own have none: they go on as they were.
        """
        parts = _by_owner(weights)
        own = dict(parts.pop(""))
        linear, share = parts.pop(LINEAR, None), float(np.ravel(own.pop(LINEAR_SHARE, 0.0))[0])
        plain = {
            name: np.broadcast_to(value, self.site_mean.shape) for name, value in PLAIN.items()
        }
        self.linear, self.members = None, nn.ModuleList()
        single = copy.deepcopy(self) if parts else self
        self.load_state_dict({n: _as_weight_tensor(v) for n, v in (plain | own).items()})
        if linear:
            fresh = Forecaster(*self._shape[:4], "ridge", cycles=self._shape[4])
            self.linear = fresh.to(self.site_mean.device).load(linear)
        self.members.extend(copy.deepcopy(single).load(own | part) for part in parts.values())
        self.linear_share.fill_(share)
        return self.eval()


def _by_owner(weights: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Parameters by whose they are: "" the first forecaster's, `LINEAR`, and each member's."""
    parts: dict[str, dict[str, np.ndarray]] = {"": {}}
    for name, value in weights.items():
        found = MEMBER.match(name)
        owner = found[0] if found else LINEAR if name.startswith(LINEAR) else ""
        parts.setdefault(owner, {})[name.removeprefix(owner)] = value
    return parts


def averaged_weights(
    members: Sequence[Mapping[str, np.ndarray]], shared: Container[str] = ()
) -> dict[str, np.ndarray]:
    """Stored parameters of a forecaster that averages the forecasts of several.

    Args:
        members: stored parameters by name, of forecasters of the same shape. Their linear
            forecasters are the same, so it stands there once, with the mean of their shares.
        shared: names of parameters that are the first one's in all of them, stored once.
    """
    merged = dict(members[0])
    for number, member in enumerate(members[1:], start=1):
        own = _by_owner(member)[""]
        more = {f"member_{number}.{name}": own[name] for name in own if name not in shared}
        merged |= {name: value for name, value in more.items() if not name.endswith(LINEAR_SHARE)}
    if LINEAR_SHARE in merged:
        share = np.mean([np.ravel(member[LINEAR_SHARE]) for member in members])
        merged[LINEAR_SHARE] = np.full(1, share, np.float32)
    return merged


def _as_weight_tensor(value: np.ndarray) -> Tensor:
    return torch.from_numpy(value.astype(np.float32))
