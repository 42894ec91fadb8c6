"""A graph forecaster: news travels between neighbours among the kept sites, then to all others.

Edges are made anew for every mask. Cut from the full graph they would run out: at 90 % removed
a site of 16 neighbours is left with 1.6, and news no longer travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from dynst_core.backbones.layers import (
    NEIGHBOURS,
    TOUCHING,
    Places,
    Start,
    change_streams,
    near_zero_layer,
    nearest_kept_sites,
    perceptron,
    weighted_sums,
)
from dynst_core.backbones.protocols import clock_harmonics
from dynst_core.errors import ConfigError
from dynst_core.fields.field import Grid
from dynst_core.fields.network import Network, rank_within_group
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window

HARMONICS = 3
MESSAGES = 2**21
"""Numbers that one exchange may hold at a time when nothing is learnt: 8 MiB, which caches hold."""


@dataclass(frozen=True)
class KeptGraph:
    """The kept sites, how they are linked, and how the forecast sites hang on them.

    Attributes:
        start: the forecast's start from persistence.
        encoding: what is known of each kept site, (k, width).
        strength: how much each kept site counts, (k, 1).
        edges: sources and readers, (2, e), as columns of the kept.
        gates: what of its source each edge lets through in each layer, (layers, e, width).
        kernel_rows: where each near kept site's change through each kernel stands in the table
            of all, (q, j * h).
        kernels: share of that change in a forecast site's, (q, j * h).
        basis: how far each common pattern shows at a forecast site, (q, m).
    """

    start: Start
    encoding: Tensor
    strength: Tensor
    edges: Tensor
    gates: Tensor
    kernel_rows: Tensor
    kernels: Tensor
    basis: Tensor


class GraphForecaster(nn.Module):
    """Message passing among the kept sites, read out at each site's nearest kept ones.

    Each kept site hears its nearest kept sites. By straight lines it also hears those that the
    network itself links it to when both ends are kept; links are not traced through removed sites.
    By distances along the network they are: the way to a neighbour runs through whatever was
    removed between, and two sites side by side on two roads are far apart. Straight lines make up
    the number where the network connects too few. Each edge knows which of the two it is. Where
    forecasts start, and how changes spread to removed sites, goes by straight lines either way.

    Memory and time grow with the number of kept sites and of forecast sites, never with their
    product; but searches along a network take time by their product, a little, in small blocks.

    Args:
        sites: where the sites are, and how they are linked where the data says so.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first.
        cycles: cycles whose phase is given.
        grid: not needed.
        width: size of a site's stream.
        layers: exchanges between neighbours.
        neighbours: nearest kept sites that a kept site hears.
        kernels: ways to spread a change over the field, h.
        patterns: field-wide patterns, m.
        embedding: learnt numbers per site.
        dropout: share of features dropped before a change is read out, in training.
        distances: what nearest is among kept sites: a straight line, or the way along the network.
    Raises:
        ConfigError: distances along the network are asked for where the data state no network.
    Source: continuous filters on edges after SchNet (Schuett et al. 2017); gates depend on the
        mask and not on the hour, so they are made once for it.
    """

    stated: Tensor

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
        layers: int = 3,
        neighbours: int = NEIGHBOURS,
        kernels: int = 4,
        patterns: int = 16,
        embedding: int = 16,
        dropout: float = 0.1,
        distances: Literal["straight", "network"] = "straight",
    ) -> None:
        super().__init__()
        self.network = _network_of(sites) if distances == "network" else None
        self.window, self.channels = window, channels
        self.neighbours, self.n_layers, self.n_kernels = neighbours, layers, kernels
        pairs = torch.empty((0, 2), dtype=torch.int64)
        if sites.edges is not None:
            pairs = torch.as_tensor(sites.edges, dtype=torch.int64)
        self.register_buffer("stated", pairs, persistent=False)
        self.places = Places(sites, embedding)
        described = self.places.size
        self.stream_in = nn.Linear(2 * window.history * inputs, width)
        self.site_in = nn.Linear(described, width)
        self.clock_in = near_zero_layer(2 * HARMONICS * cycles, width) if cycles else None
        self.gate_ends = nn.Linear(described, 2 * 32)
        self.gate_edge = nn.Linear(6 if self.network is None else 7, 32)
        self.gate_out = nn.Sequential(nn.GELU(), nn.Linear(32, layers * width))
        self.exchanges = nn.ModuleList(Hearing(width) for _ in range(layers))

        ahead = window.horizon * channels
        self.start_power = nn.Parameter(torch.zeros(()))
        self.kernel_power = nn.Parameter(torch.linspace(1.0, -2.0, kernels))
        self.kernel_query = perceptron(described, kernels * 16, scale=0.3)
        self.kernel_key = perceptron(described, kernels * 16, scale=0.3)
        self.basis = perceptron(described, patterns, scale=1.0)
        self.dropout = nn.Dropout(dropout)
        self.think = nn.Sequential(nn.Linear(width, width), nn.GELU())
        self.pattern_out = near_zero_layer(width, patterns * ahead)
        self.spread_out = near_zero_layer(width, kernels * ahead)
        self.own_out = near_zero_layer(width, ahead)

    def prepare(
        self, kept: Tensor, query: Tensor | None = None, strength: Tensor | None = None
    ) -> KeptGraph:
        """Edges among the kept sites and shares to the forecast ones; see `Backbone.prepare`."""
        position = self.places.position
        if query is None:
            query = torch.arange(len(position), device=kept.device)
        if strength is None:
            strength = torch.ones(len(kept), device=kept.device)
        start = Start.of(position, kept, query, strength, self.start_power.exp())
        site = self.places(kept)
        edges, stated = self.edges_among(kept)
        return KeptGraph(
            start=start,
            encoding=self.site_in(site),
            strength=strength[:, None],
            edges=edges,
            gates=self._gates(position[kept], site, edges, stated) * strength[edges[0], None],
            kernel_rows=self._kernel_rows(start.index),
            kernels=self._kernels(kept, query, site, start, strength),
            basis=self.basis(self.places(query)),
        )

    def edges_among(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Sources and readers, (2, e), and what the network states of each edge, (e, 1 or 2)."""
        if self.network is not None:
            return self._edges_along(self.network, kept)
        n_kept = len(kept)
        source, _ = nearest_kept_sites(self.places.position, kept, kept, self.neighbours + 1)
        reader = torch.arange(n_kept, device=kept.device)[:, None].expand_as(source)
        near = (reader * n_kept + source)[reader != source]
        column = torch.full((len(self.places.position),), -1, device=kept.device)
        column[kept] = torch.arange(n_kept, device=kept.device)
        ends = column[torch.cat([self.stated, self.stated.flip(1)])]
        ends = ends[(ends >= 0).all(dim=1) & (ends[:, 0] != ends[:, 1])]
        stated = ends[:, 1] * n_kept + ends[:, 0]
        code = torch.cat([near, stated]).unique()
        edges = torch.stack([code % n_kept, torch.div(code, n_kept, rounding_mode="floor")])
        return edges, torch.isin(code, stated)[:, None]

    def _edges_along(self, network: Network, kept: Tensor) -> tuple[Tensor, Tensor]:
        """Sources and readers, (2, e), and whether a way joins them and how long it is, (e, 2).

        The length is a logarithm, in usual links of the network; 0 where no way joins them.
        """
        n_kept, position = len(kept), self.places.position
        sites = kept.cpu().numpy()
        # Equally near ones go by place, so that the order of the sites decides nothing.
        by_place = np.lexsort(position.cpu().numpy()[sites].T)
        hears, heard, length = network.nearest(sites[by_place], self.neighbours)
        near = nearest_kept_sites(position, kept, kept, self.neighbours + 1)[0].cpu().numpy()
        itself = np.arange(n_kept)[:, None]
        straight = np.nonzero(near != itself)
        reader = np.concatenate([by_place[hears], straight[0]])
        source = np.concatenate([by_place[heard], near[straight]])
        way = np.concatenate([length, np.full(len(straight[0]), np.inf)])
        # The network's own neighbours come first, and straight lines fill up what they leave.
        _, first = np.unique(reader * n_kept + source, return_index=True)
        first = np.sort(first)
        first = first[np.argsort(reader[first], kind="stable")]
        first = first[rank_within_group(reader[first]) < self.neighbours]
        joined = np.isfinite(way[first])
        far = np.log(np.where(joined, way[first], 0.0) / network.typical + TOUCHING)
        stated = np.column_stack([joined, np.where(joined, far, 0.0)])
        edges = torch.from_numpy(np.stack([source[first], reader[first]])).to(kept.device)
        return edges, torch.from_numpy(stated).to(position)

    def _gates(self, position: Tensor, site: Tensor, edges: Tensor, stated: Tensor) -> Tensor:
        """What each edge lets through, (layers, e, width), from its ends and what lies between."""
        source, reader = edges
        apart = position[source] - position[reader]
        distance = apart.norm(dim=1, keepdim=True)
        between = torch.cat(
            [
                apart / distance.clamp_min(TOUCHING),
                distance,
                (distance + TOUCHING).log(),
                stated.to(distance),
            ],
            dim=1,
        )
        from_source, from_reader = self.gate_ends(site).chunk(2, dim=1)
        reported = self.gate_edge(between) + from_source[source] + from_reader[reader]
        return self.gate_out(reported).unflatten(1, (self.n_layers, -1)).transpose(0, 1)

    def _kernel_rows(self, index: Tensor) -> Tensor:
        kernel = torch.arange(self.n_kernels, device=index.device)
        return (index[:, :, None] * self.n_kernels + kernel).flatten(1)

    def _kernels(
        self, kept: Tensor, query: Tensor, site: Tensor, start: Start, strength: Tensor
    ) -> Tensor:
        """Shares of the near kept sites in each forecast site's change, (q, j * h)."""
        position, heads = self.places.position, (self.n_kernels, 16)
        asked = self.kernel_query(self.places(query)).unflatten(1, heads)
        offered = self.kernel_key(site).unflatten(1, heads)
        squared = (position[query][:, None] - position[kept][start.index]).square().sum(dim=2)
        near = (squared + TOUCHING**2).log()[:, :, None] * self.kernel_power.exp()
        alike = torch.einsum("qhr,qjhr->qjh", asked, offered[start.index])
        counts = strength.clamp_min(1e-6).log()[start.index][:, :, None]
        return (alike - near + counts).softmax(dim=1).flatten(1)

    def forward(self, history: Tensor, graph: KeptGraph, clock: Tensor) -> Tensor:
        """Forecast the query sites, (b, horizon, q, c); see `Backbone.__call__`."""
        at_once = max(1, MESSAGES // max(1, graph.gates[0].numel()))
        if len(history) > at_once and not torch.is_grad_enabled():
            parts = zip(history.split(at_once), clock.split(at_once), strict=True)
            return torch.cat([self._forecast(some, graph, hour) for some, hour in parts])
        return self._forecast(history, graph, clock)

    def _forecast(self, history: Tensor, graph: KeptGraph, clock: Tensor) -> Tensor:
        site = self.stream_in(change_streams(history, self.channels)) + graph.encoding
        if self.clock_in is not None:
            site = site + self.clock_in(clock_harmonics(clock, HARMONICS))[:, None]
        site = site * graph.strength
        for exchange, gate in zip(self.exchanges, graph.gates, strict=True):
            site = exchange(site, graph.edges, gate)

        site, start = self.dropout(site), graph.start
        common = self.think((site * graph.strength).sum(dim=1) / graph.strength.sum())
        pattern = self.pattern_out(common).unflatten(1, (graph.basis.shape[1], -1))
        change = torch.einsum("qm,bmt->bqt", graph.basis, pattern)
        change = change + self._spread(self.spread_out(site), graph)
        own = self.own_out(site)[:, start.columns].to(change.dtype)
        change = change.index_add(1, start.rows, own)
        change = change.unflatten(2, (self.window.horizon, self.channels))
        last = start(history[:, -1, :, : self.channels])
        return (change + last[:, :, None]).transpose(1, 2)

    def _spread(self, change: Tensor, graph: KeptGraph) -> Tensor:
        """Changes seen at the kept sites, (b, k, h * t), summed at the forecast ones, (b, q, t)."""
        by_site = change.unflatten(2, (self.n_kernels, -1)).permute(1, 2, 0, 3)
        table = by_site.flatten(2).flatten(0, 1)
        mixed = weighted_sums(table, graph.kernel_rows, graph.kernels)
        return mixed.unflatten(1, by_site.shape[2:]).transpose(0, 1)


def _network_of(sites: SiteSet) -> Network:
    if sites.network is None:
        raise ConfigError(
            "Expected a data set that states its network for the forecaster graph-network (an "
            "`adjacency` of strengths from 0 to 1 in its loader settings), found none; state one, "
            "or take `graph`, which goes by straight lines."
        )
    return sites.network


class Hearing(MessagePassing):
    """One exchange: each site hears its neighbours and the field's mean, then thinks."""

    def __init__(self, width: int) -> None:
        super().__init__(aggr="mean", node_dim=-2)
        self.norm, self.value = nn.LayerNorm(width), nn.Linear(width, width)
        self.out, self.overall = nn.Linear(width, width), nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, site: Tensor, edges: Tensor, gate: Tensor) -> Tensor:
        """Streams (b, k, width) after hearing along the edges, (2, e), each with its gate."""
        said = self.norm(site)
        heard = self.propagate(edges, x=self.value(said), gate=gate)
        site = site + self.out(heard) + self.overall(said.mean(dim=1, keepdim=True))
        return site + self.think(site)

    def message(self, x_j: Tensor, gate: Tensor) -> Tensor:
        """What an edge passes on, (b, e, width)."""
        return x_j * gate
