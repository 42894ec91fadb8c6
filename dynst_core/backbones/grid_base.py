"""What forecasters of a whole grid share: cells that are not read are blank, and marked so.

A grid forecaster computes at every cell, kept or not: its time does not fall with the sites. It
is here as the dense opponent that a compact forecaster must beat at equal error.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dynst_core.backbones.layers import Start, change_streams, scaled_positions
from dynst_core.backbones.protocols import clock_harmonics
from dynst_core.errors import ConfigError
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window

HARMONICS = 3


@dataclass(frozen=True)
class MaskedGrid:
    """A mask as a grid forecaster needs it.

    Attributes:
        start: the forecast's start from persistence.
        kept: indices of the kept sites, (k,).
        query: indices of the sites to forecast, (q,).
        available: strength of each cell, (s,); 0 where it is not read.
    """

    start: Start
    kept: Tensor
    query: Tensor
    available: Tensor


class GridForecaster(nn.Module):
    """Histories of the kept cells and a mask in, a change of every cell out.

    Args:
        name: what the forecaster is called in messages.
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first.
        core: turns an image (b, width, rows, columns) into another of the same shape.
        cycles: cycles whose phase is given.
        grid: how the sites form a grid.
        width: size of a cell's stream.
        dropout: share of features dropped before a change is read out, in training.
    Raises:
        ConfigError: the sites form no grid.
    """

    position: Tensor

    def __init__(
        self,
        name: str,
        sites: SiteSet,
        window: Window,
        channels: int,
        inputs: int,
        core: nn.Module,
        cycles: int,
        grid: Grid | None,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.window, self.channels = window, channels
        self.shape = _grid_shape_of(name, sites, grid)
        self.register_buffer("position", scaled_positions(sites), persistent=False)
        self.start_power = nn.Parameter(torch.zeros(()))
        self.cell_embedding = nn.Parameter(0.02 * torch.randn(width, *self.shape))
        self.stem = nn.Conv2d(2 * window.history * inputs + 1, width, 1)
        self.clock_in = nn.Linear(2 * HARMONICS * cycles, width) if cycles else None
        self.core = core
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Conv2d(width, window.horizon * channels, 1)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]  # a bias was asked for
        with torch.no_grad():
            self.out.weight.mul_(0.01)  # so that training starts from persistence

    def prepare(
        self, kept: Tensor, query: Tensor | None = None, strength: Tensor | None = None
    ) -> MaskedGrid:
        """Which cells are read and where the forecast starts; see `Backbone.prepare`."""
        if query is None:
            query = torch.arange(len(self.position), device=kept.device)
        if strength is None:
            strength = torch.ones(len(kept), device=kept.device)
        available = torch.zeros(len(self.position), device=kept.device)
        start = Start.of(self.position, kept, query, strength, self.start_power.exp())
        return MaskedGrid(start, kept, query, available.index_copy(0, kept, strength))

    def forward(self, history: Tensor, mask: MaskedGrid, clock: Tensor) -> Tensor:
        """Forecast the query sites, (b, horizon, q, c); see `Backbone.__call__`."""
        stream = change_streams(history, self.channels).transpose(1, 2)
        blank = stream.new_zeros(*stream.shape[:2], len(self.position))
        image = blank.index_copy(2, mask.kept, stream) * mask.available
        marked = mask.available.expand(len(image), 1, -1)
        image = self.stem(torch.cat([image, marked], dim=1).unflatten(2, self.shape))
        image = image + self.cell_embedding
        if self.clock_in is not None:
            image = image + self.clock_in(clock_harmonics(clock, HARMONICS))[:, :, None, None]
        change = self.out(self.dropout(self.core(image))).flatten(2)[:, :, mask.query]
        change = change.unflatten(1, (self.window.horizon, self.channels)).transpose(2, 3)
        return change + mask.start(history[:, -1, :, : self.channels])[:, None]


def _grid_shape_of(name: str, sites: SiteSet, grid: Grid | None) -> tuple[int, int]:
    """Rows and columns of a grid that holds each site once."""
    remedy = "choose the graph, attention or ridge backbone, which need no grid."
    if grid is None:
        raise ConfigError(
            f"Expected sites on a grid for the {name} backbone, found {len(sites)} scattered "
            f"sites; {remedy}"
        )
    rows, columns = grid.shape
    if rows * columns != len(sites):
        raise ConfigError(
            f"Expected a site in each of {rows} x {columns} cells for the {name} backbone, found "
            f"{len(sites)} sites; {remedy}"
        )
    return rows, columns
