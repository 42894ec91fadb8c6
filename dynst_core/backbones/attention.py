"""A forecaster that attends over the kept sites and spreads what it finds to all of them.

All work that depends on the data happens at the kept sites, so its cost falls with them. What
an unread place takes from each kept one depends on where they are and on what training learnt
of them, never on the hour: those weights are made once for a mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dynst_core.morph import Window, stream_morph
from dynst_core.sites import SiteSet

FREQUENCIES = 24


@dataclass(frozen=True)
class Spread:
    """How kept sites reach the forecast sites.

    Attributes:
        kept: indices of the kept sites, (k,).
        encoding: what is known of each kept site, (k, e).
        strength: how much each kept site counts, (k, 1).
        interpolation: share of each kept site's last value in a forecast site's start, (q, k).
        kernels: share of each kept site's change in a forecast site's change, (h, q, k).
        basis: how far each common pattern shows at a forecast site, (q, m).
        rows: forecast sites that are themselves kept, (r,), as rows of the query.
        columns: the same sites, (r,), as columns of the kept.
    """

    kept: Tensor
    encoding: Tensor
    strength: Tensor
    interpolation: Tensor
    kernels: Tensor
    basis: Tensor
    rows: Tensor
    columns: Tensor


class AttentionForecaster(nn.Module):
    """Kept sites exchange news through a few latents; kernels spread the result over the field.

    The forecast starts from persistence: a kept site's own last value, elsewhere the kept
    sites' last values interpolated. Three learnt changes are added for every lead time: what
    each kept site sees coming, spread by `kernels` distance-and-embedding kernels of different
    reach; field-wide patterns held by the latents; and each kept site's own correction.

    Args:
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first.
        width: size of a site's stream.
        latents: common patterns, m.
        layers: exchanges between sites and latents, all with the same weights.
        kernels: spatial kernels, h, each wider than the one before.
        rank: size of the query and key that bend a kernel.
        embedding: learnt numbers per site.
        dropout: share of features dropped before a change is read out, in training.
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
        width: int = 64,
        latents: int = 32,
        layers: int = 2,
        kernels: int = 4,
        rank: int = 16,
        embedding: int = 16,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.window, self.channels, self.layers = window, channels, layers
        self.n_kernels, self.rank = kernels, rank
        position = torch.from_numpy(sites.positions_km())
        position = position - position.mean(dim=0)
        scale = position.square().sum(dim=1).mean().div(2).sqrt().clamp_min(1e-6)
        self.register_buffer("position", (position / scale).float(), persistent=False)
        self.register_buffer("frequencies", 2 * torch.randn(3, FREQUENCIES))
        described = 2 * FREQUENCIES + 3 + embedding
        self.site_embedding = nn.Parameter(0.02 * torch.randn(len(sites), embedding))

        self.stream_in = nn.Linear(2 * window.history * inputs, width)
        self.site_in = nn.Linear(described, width)
        self.latents = nn.Parameter(0.02 * torch.randn(latents, width))
        self.gather, self.scatter = Exchange(width), Exchange(width)

        widths = torch.tensor([1.0, *(4.0**kernel for kernel in range(kernels))])
        self.log_reach = nn.Parameter((2 * self._nearest_distance() ** 2 * widths).log())
        self.kernel_query = _perceptron(described, (1 + kernels) * rank, scale=0.3)
        self.kernel_key = _perceptron(described, (1 + kernels) * rank, scale=0.3)
        self.basis = _perceptron(described, latents, scale=1.0)

        ahead = window.horizon * channels
        self.dropout = nn.Dropout(dropout)
        self.spread_out = _near_zero(width, kernels * ahead)
        self.pattern_out = _near_zero(width, ahead)
        self.own_out = _near_zero(width, ahead)

    def _nearest_distance(self) -> Tensor:
        distance = torch.cdist(self.position, self.position)
        nearest = distance.fill_diagonal_(torch.inf).min(dim=1).values
        nearest = nearest[(nearest > 0) & nearest.isfinite()]
        return nearest.median() if len(nearest) else torch.tensor(1.0)

    def _describe(self) -> Tensor:
        phase = self.position @ self.frequencies
        return torch.cat([phase.sin(), phase.cos(), self.position, self.site_embedding], dim=1)

    def prepare(
        self, kept: Tensor, query: Tensor | None = None, strength: Tensor | None = None
    ) -> Spread:
        """Weights between the kept sites and the sites to forecast; see `Backbone.prepare`."""
        n_sites = len(self.position)
        if query is None:
            query = torch.arange(n_sites, device=kept.device)
        if strength is None:
            strength = torch.ones(len(kept), device=kept.device)
        site = self._describe()
        distance = torch.cdist(
            self.position[query],
            self.position[kept],
            compute_mode="donot_use_mm_for_euclid_dist",
        )
        heads = (1 + self.n_kernels, self.rank)
        q = self.kernel_query(site[query]).unflatten(1, heads).transpose(0, 1)
        k = self.kernel_key(site[kept]).unflatten(1, heads).transpose(0, 1)
        logit = q @ k.transpose(1, 2) - distance.square() / self.log_reach.exp()[:, None, None]
        weight = (logit + strength.clamp_min(1e-6).log()).softmax(dim=-1)
        column = torch.full((n_sites,), -1, device=kept.device)
        column[kept] = torch.arange(len(kept), device=kept.device)
        rows = (column[query] >= 0).nonzero().squeeze(1)
        return Spread(
            kept=kept,
            encoding=self.site_in(site[kept]),
            strength=strength[:, None],
            interpolation=weight[0],
            kernels=weight[1:],
            basis=self.basis(site[query]),
            rows=rows,
            columns=column[query][rows],
        )

    def forward(self, history: Tensor, spread: Spread) -> Tensor:
        """Forecast the query sites, (b, horizon, q, c); see `Backbone.__call__`."""
        batch, ahead = len(history), (self.window.horizon, self.channels)
        last = history[:, -1, :, : self.channels]
        since = history - history[:, -1:]
        among = history - history[:, -1:].mean(dim=2, keepdim=True)
        stream = self.stream_in(stream_morph(torch.cat([since, among], dim=-1)))
        site = (stream + spread.encoding) * spread.strength
        latent = self.latents.expand(batch, -1, -1)
        for _ in range(self.layers):
            latent = self.gather(latent, site)
            site = self.scatter(site, latent)

        site, latent = self.dropout(site), self.dropout(latent)
        change = self.spread_out(site).unflatten(2, (self.n_kernels, -1))
        forecast = torch.einsum("hqk,bkht->bqt", spread.kernels, change)
        forecast = forecast + torch.einsum("qm,bmt->bqt", spread.basis, self.pattern_out(latent))
        own = self.own_out(site)[:, spread.columns]
        forecast = forecast.index_add(1, spread.rows, own).unflatten(2, ahead)

        start = torch.einsum("qk,bkc->bqc", spread.interpolation, last)
        start = start.index_copy(1, spread.rows, last[:, spread.columns])
        return (forecast + start[:, :, None]).transpose(1, 2)


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

    def forward(self, reader: Tensor, source: Tensor) -> Tensor:
        """Reader (b, n, width) after attending to source (b, m, width)."""
        query = self._split(self.query(self.reader_norm(reader)))
        key, value = map(self._split, self.key_value(self.source_norm(source)).chunk(2, dim=-1))
        heard = functional.scaled_dot_product_attention(query, key, value)
        reader = reader + self.out(heard.transpose(1, 2).flatten(2))
        return reader + self.think(reader)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


def _perceptron(inputs: int, outputs: int, scale: float) -> nn.Sequential:
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
