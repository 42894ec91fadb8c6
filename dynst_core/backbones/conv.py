"""A convolutional forecaster of the whole grid: the dense opponent."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dynst_core.backbones.grid_base import GridForecaster
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window


class ConvForecaster(GridForecaster):
    """ConvNeXt blocks over the grid; time is folded into each cell's channels.

    Args:
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first.
        cycles: cycles whose phase is given.
        grid: how the sites form a grid; needed.
        width: size of a cell's stream.
        blocks: blocks, each of which sees `kernel` cells across.
        kernel: cells across, odd.
        dropout: share of features dropped before a change is read out, in training.
    Raises:
        ConfigError: the sites form no grid.
    Source: SimVP (Gao et al. 2022) for one image in and one out; the block from ConvNeXt
        (Liu et al. 2022).
    """

    def __init__(
        self,
        sites: SiteSet,
        window: Window,
        channels: int,
        inputs: int,
        *,
        cycles: int = 0,
        grid: Grid | None = None,
        width: int = 48,
        blocks: int = 4,
        kernel: int = 7,
        dropout: float = 0.1,
    ) -> None:
        core = nn.Sequential(*(ConvBlock(width, kernel) for _ in range(blocks)))
        super().__init__(
            "conv", sites, window, channels, inputs, core, cycles, grid, width, dropout
        )


class ConvBlock(nn.Module):
    """Look around each channel by itself, then think cell by cell."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.think = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, image: Tensor) -> Tensor:
        """The image, (b, width, rows, columns), with what the block adds."""
        seen = self.norm(self.look(image).permute(0, 2, 3, 1))
        return image + (self.scale * self.think(seen)).permute(0, 3, 1, 2)
