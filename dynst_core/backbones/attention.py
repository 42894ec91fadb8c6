"""A forecaster that attends over the kept sites and spreads what it finds to all of them.

All work that depends on the data happens at the kept sites, so its cost falls with them. What
an unread place takes from each kept one depends on where they are and on what training learnt
of them, never on the hour: those weights are made once for a mask. Few sites take from every
kept one; many take from the nearest ones only, so that cost and memory grow with the sites and
not with their square.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.backbones.interpolation import DenseShares, Estimates, NearShares, Shares
from dynst_core.backbones.kriging import Covariance
from dynst_core.backbones.layers import nearest_kept_sites
from dynst_core.backbones.protocols import clock_harmonics
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window, stream_morph

FREQUENCIES = 24
HARMONICS = 3

DENSE_PAIRS = 2**22
"""Pairs of sites up to which each site takes from every kept one: 2,048 sites."""
NEIGHBOURS = 32
"""Kept sites that a site takes from where there are many, while all are kept."""
FEWEST = 8
"""Kept sites that it takes from however few are kept."""
QUERIES_AT_ONCE = 4096
"""Forecast sites whose keys are gathered at a time."""


@dataclass(frozen=True)
class Spread:
    """How kept sites reach the forecast sites.

    Attributes:
        kept: indices of the kept sites, (k,).
        encoding: what is known of each kept site, (k, e).
        strength: how much each kept site counts, (k, 1).
        shares: what each kept site gives to each forecast site.
        basis: how far each common pattern shows at a forecast site, (q, m).
        rows: the forecast site that each kept one is, (k,), as a row of the query; any that is not
            asked for.
        reported: which of the kept sites are asked for, (k,), bool. None when all are.
        present: which of the kept sites exist, (k,), bool; the others fill a fixed shape and
            change nothing. None when all exist.
    """

    kept: Tensor
    encoding: Tensor
    strength: Tensor
    shares: Shares
    basis: Tensor
    rows: Tensor
    reported: Tensor | None = None
    present: Tensor | None = None


class AttentionForecaster(nn.Module):
    """Kept sites exchange news through a few latents; kernels spread the result over the field.

    The forecast starts from persistence: a kept site's own last value, elsewhere the kept
    sites' last values interpolated. Three learnt changes are added for every lead time: what
    each kept site sees coming, spread by `kernels` distance-and-embedding kernels of different
    reach; field-wide patterns held by the latents; and each kept site's own correction.

    With `kriging` a removed site starts from its best linear estimate by the kept sites most
    alike, as the training block's covariance has it, and the same weights are one more kernel.

    Args:
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first.
        cycles: cycles whose phase is given; every stream and latent hears it.
        grid: not needed.
        width: size of a site's stream.
        latents: common patterns, m.
        layers: exchanges between sites and latents, all with the same weights.
        kernels: spatial kernels, h, each wider than the one before.
        rank: size of the query and key that bend a kernel.
        embedding: learnt numbers per site.
        dropout: share of features dropped before a change is read out, in training.
        neighbours: kept sites that a site takes from while all are kept; fewer in proportion
            when fewer are kept, so that they reach as far, but not below 8. 0 chooses: all kept
            sites up to 2,048 sites, the 32 nearest beyond. The number of sites decides, never
            that of the kept or asked ones, so training and use agree.
        kriging: whether removed sites start from best linear estimates.
    """

    position: Tensor
    frequencies: Tensor

    def __init__(
        self,
        sites: SiteSet,
        window: Window,
        channels: int,
        inputs: int,
        *,
        cycles: int = 0,
        grid: Grid | None = None,  # noqa: ARG002  places suffice
        width: int = 64,
        latents: int = 32,
        layers: int = 2,
        kernels: int = 4,
        rank: int = 16,
        embedding: int = 16,
        dropout: float = 0.1,
        neighbours: int = 0,
        kriging: bool = False,
    ) -> None:
        super().__init__()
        self.window, self.channels, self.layers = window, channels, layers
        self.n_kernels, self.rank = kernels, rank
        many = len(sites) ** 2 > DENSE_PAIRS
        self.neighbours = neighbours or (NEIGHBOURS if many else 0)
        position = torch.from_numpy(sites.positions_km())
        position = position - position.mean(dim=0)
        scale = position.square().sum(dim=1).mean().div(2).sqrt().clamp_min(1e-6)
        self.register_buffer("position", (position / scale).float(), persistent=False)
        self.register_buffer("frequencies", 2 * torch.randn(3, FREQUENCIES))
        described = 2 * FREQUENCIES + 3 + embedding
        self.site_embedding = nn.Parameter(0.02 * torch.randn(len(sites), embedding))

        self.stream_in = nn.Linear(2 * window.history * inputs, width)
        self.site_in = nn.Linear(described, width)
        self.clock_in = _near_zero(2 * HARMONICS * cycles, 2 * width) if cycles else None
        self.latents = nn.Parameter(0.02 * torch.randn(latents, width))
        self.gather, self.scatter = Exchange(width), Exchange(width)

        widths = torch.tensor([1.0, *(4.0**kernel for kernel in range(kernels))])
        self.log_reach = nn.Parameter((2 * self._nearest_distance() ** 2 * widths).log())
        self.kernel_query = _attention_perceptron(described, (1 + kernels) * rank, scale=0.3)
        self.kernel_key = _attention_perceptron(described, (1 + kernels) * rank, scale=0.3)
        self.basis = _attention_perceptron(described, latents, scale=1.0)

        ahead = window.horizon * channels
        self.dropout = nn.Dropout(dropout)
        self.covariance = Covariance(len(sites)) if kriging else None
        self._asked: Tensor | None = None
        self._estimated: tuple[Tensor, int, Estimates] | None = None
        self.spread_out = _near_zero(width, (kernels + kriging) * ahead)
        self.pattern_out = _near_zero(width, ahead)
        self.own_out = _near_zero(width, ahead)

    def _nearest_distance(self) -> Tensor:
        if len(self.position) ** 2 > DENSE_PAIRS:
            place = self.position.double().numpy()
            nearest_place = torch.from_numpy(cKDTree(place).query(place, k=2)[0][:, 1]).float()
        else:  # to the last digit as it always was, so that runs can be trained again
            distance = torch.cdist(self.position, self.position)
            nearest_place = distance.fill_diagonal_(torch.inf).min(dim=1).values
        apart = nearest_place[(nearest_place > 0) & nearest_place.isfinite()]
        return apart.median() if len(apart) else torch.tensor(1.0)

    @property
    def learns(self) -> bool:
        """See `Learning`."""
        return self.covariance is not None

    def learn(self, deviations: Tensor, observed: Tensor | None = None) -> None:
        """See `Learning`: how the sites vary together."""
        if self.covariance is not None:
            self.covariance.fit(deviations, observed)

    @property
    def held(self) -> object:
        """See `Recordable`."""
        return self._estimated

    def _estimates(self, kept: Tensor, query: Tensor, index: Tensor | None) -> Estimates | None:
        """Estimates of the forecast sites by the kept ones most alike, or by those of `index`.

        A mask that is asked for twice in a row is likely to stay: then those of all sites are
        made and held, since every step of a training asks for others of them.
        """
        if self.covariance is None:
            return None
        if index is not None or self.covariance.patterns.is_inference():  # these count no changes
            return self.covariance.estimates(kept, query, index)
        version = self.covariance.patterns._version  # noqa: SLF001  torch's own count of changes
        held = self._estimated
        if held is not None and held[1] == version and _same_mask(held[0], kept):
            return held[2].of(query)
        if self._asked is None or not _same_mask(self._asked, kept):
            self._asked = kept
            return self.covariance.estimates(kept, query)
        everywhere = torch.arange(len(self.position), device=kept.device)
        with torch.inference_mode(mode=False):  # they may serve a training later
            found = self.covariance.estimates(kept, everywhere)
        self._estimated = kept, version, found
        return found.of(query)

    def _describe(self) -> Tensor:
        phase = self.position @ self.frequencies
        return torch.cat([phase.sin(), phase.cos(), self.position, self.site_embedding], dim=1)

    def prepare(
        self, kept: Tensor, query: Tensor | None = None, strength: Tensor | None = None
    ) -> Spread:
        """Weights between the kept sites and the sites to forecast; see `Backbone.prepare`."""
        n_sites, reported = len(self.position), None
        if query is None:
            rows, query = kept, torch.arange(n_sites, device=kept.device)
        else:
            row = torch.full((n_sites,), -1, device=kept.device)
            row[query] = torch.arange(len(query), device=kept.device)
            rows, reported = row[kept].clamp_min(0), row[kept] >= 0
        if strength is None:
            strength = torch.ones(len(kept), device=kept.device)
        site = self._describe()
        return Spread(
            kept=kept,
            encoding=self.site_in(site[kept]),
            strength=strength[:, None],
            shares=self._shares(site, kept, query, strength),
            basis=self.basis(site[query]),
            rows=rows,
            reported=reported,
        )

    def _shares(self, site: Tensor, kept: Tensor, query: Tensor, strength: Tensor) -> Shares:
        column = torch.full((len(self.position),), -1, device=kept.device)
        column[kept] = torch.arange(len(kept), device=kept.device)
        own = column[query]
        heads = (1 + self.n_kernels, self.rank)
        asked = self.kernel_query(site[query]).unflatten(1, heads)
        offered = self.kernel_key(site[kept]).unflatten(1, heads)
        counts, reach = strength.clamp_min(1e-6).log(), self.log_reach.exp()[:, None, None]
        if not self.neighbours:
            distance = torch.cdist(
                self.position[query],
                self.position[kept],
                compute_mode="donot_use_mm_for_euclid_dist",
            )
            alike = asked.transpose(0, 1) @ offered.permute(1, 2, 0)
            logit = alike - distance.square() / reach + counts
            return DenseShares.of(logit, own, self._estimates(kept, query, None))
        index, distance = nearest_kept_sites(
            self.position, kept, query, self.n_neighbours(len(kept))
        )
        parts = zip(asked.split(QUERIES_AT_ONCE), index.split(QUERIES_AT_ONCE), strict=True)
        alike = torch.cat([torch.einsum("qhr,qmhr->hqm", a, offered[i]) for a, i in parts], dim=1)
        logit = alike - distance.square() / reach + counts[index]
        return NearShares.of(logit, index, own, self._estimates(kept, query, index))

    @property
    def recordable(self) -> bool:
        """See `Recordable`: where sites are many, their neighbours are looked up on the host."""
        return not self.neighbours

    def n_neighbours(self, n_kept: int) -> int:
        """Kept sites that a site takes from when this many are kept; all when sites are few."""
        if not self.neighbours:
            return n_kept
        in_reach = -(-self.neighbours * n_kept // len(self.position))
        return min(n_kept, max(FEWEST, in_reach))

    def pad(self, spread: Spread, n_kept: int) -> Spread:
        """The same spread with this many kept sites, the new ones without any effect.

        Args:
            spread: made by `prepare` for a query that holds all kept sites.
            n_kept: at least as many as are kept; histories must be filled up with any numbers.
        Returns:
            A spread whose shapes depend on `n_kept` alone, for runtimes that fix their shapes.
        """
        more = n_kept - len(spread.kept)
        return replace(
            spread,
            kept=functional.pad(spread.kept, (0, more)),
            encoding=functional.pad(spread.encoding, (0, 0, 0, more)),
            strength=functional.pad(spread.strength, (0, 0, 0, more)),
            shares=spread.shares.pad(n_kept, self.n_neighbours(n_kept)),
            rows=functional.pad(spread.rows, (0, more)),
            reported=None
            if spread.reported is None
            else functional.pad(spread.reported, (0, more)),
            present=torch.arange(n_kept, device=spread.kept.device) < len(spread.kept),
        )

    def forward(self, history: Tensor, spread: Spread, clock: Tensor) -> Tensor:
        """Forecast the query sites, (b, horizon, q, c); see `Backbone.__call__`."""
        return self.sites_first(history, spread, clock).permute(1, 2, 0, 3)

    def sites_first(self, history: Tensor, spread: Spread, clock: Tensor) -> Tensor:
        """The same as (q, b, horizon, c); see `SitesFirst`."""
        batch, ahead = len(history), (self.window.horizon, self.channels)
        last = history[:, -1, :, : self.channels]
        since = history - history[:, -1:]
        among = history - _mean_of_sites(history[:, -1:], spread.present)
        stream = self.stream_in(stream_morph(torch.cat([since, among], dim=-1)))
        latent = self.latents.expand(batch, -1, -1)
        if self.clock_in is not None:
            hour = self.clock_in(clock_harmonics(clock, HARMONICS))[:, None]
            width = stream.shape[2]
            stream, latent = stream + hour[..., :width], latent + hour[..., width:]
        site = (stream + spread.encoding) * spread.strength
        for _ in range(self.layers):
            latent = self.gather(latent, site, spread.present)
            site = self.scatter(site, latent)

        site, latent = self.dropout(site), self.dropout(latent)
        # Sites come first from here on: one matrix product then serves the whole batch.
        change = self.spread_out(site).unflatten(2, (-1, ahead[0] * ahead[1]))
        forecast = spread.shares.changes(change)
        pattern = self.pattern_out(latent).transpose(0, 1)
        common = torch.addmm(forecast.flatten(1), spread.basis, pattern.flatten(1))
        own = self.own_out(site).transpose(0, 1)
        for some in (spread.reported, spread.present):
            if some is not None:
                own = own * some[:, None, None]
        # In place: with few sites kept, copies of the whole field are what is left of the time.
        forecast = common.unflatten(1, (batch, -1)).index_add_(0, spread.rows, own)
        start = spread.shares.start(last)
        return forecast.unflatten(2, ahead).add_(start[:, :, None])


def _same_mask(one: Tensor, other: Tensor) -> bool:
    """Whether two masks are the same; on a GPU whether they lie in one place, without a look."""
    return one is other or (not one.is_cuda and torch.equal(one, other))


def _mean_of_sites(values: Tensor, present: Tensor | None) -> Tensor:
    """Mean over the sites that exist, (b, 1, k, c) -> (b, 1, 1, c)."""
    if present is None:
        return values.mean(dim=2, keepdim=True)
    some = values * present[:, None]
    return some.sum(dim=2, keepdim=True) / present.sum()


class Exchange(nn.Module):
    """One reader attends to a source, then thinks: a pre-norm cross-attention block."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.reader_norm, self.source_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, reader: Tensor, source: Tensor, present: Tensor | None = None) -> Tensor:
        """Reader (b, n, width) after attending to source (b, m, width), to those present, (m,)."""
        query = self._split(self.query(self.reader_norm(reader)))
        key, value = map(self._split, self.key_value(self.source_norm(source)).chunk(2, dim=-1))
        seen = None if present is None else present[None, None, None]
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        reader = reader + self.out(heard.transpose(1, 2).flatten(2))
        return reader + self.think(reader)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


def _attention_perceptron(inputs: int, outputs: int, scale: float) -> nn.Sequential:
    last = nn.Linear(64, outputs)
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        last.weight.mul_(scale)
    return nn.Sequential(nn.Linear(inputs, 64), nn.GELU(), last)


def _near_zero(inputs: int, outputs: int) -> nn.Linear:
    """A read-out that starts close to zero, so that training starts from persistence."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.bias)
    with torch.no_grad():
        layer.weight.mul_(0.01)
    return layer
