"""A Fourier neural operator over the whole grid, from the neuraloperator package."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from dynst_core.backbones.grid_base import GridForecaster
from dynst_core.errors import ConfigError
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window


class SpectralForecaster(GridForecaster):
    """Layers that mix the grid's lowest waves, and each cell by itself.

    The waves are those of a field that repeats beyond its borders, so a margin of blank cells
    parts opposite borders from each other.

    Args:
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast, c.
        inputs: channels read, at least c, the forecast ones first.
        cycles: cycles whose phase is given.
        grid: how the sites form a grid; needed.
        width: size of a cell's stream.
        layers: Fourier layers.
        modes: waves kept in each direction, or all where the grid has fewer.
        margin: blank cells around the grid.
        dropout: share of features dropped before a change is read out, in training.
    Raises:
        ConfigError: the sites form no grid, or neuraloperator is not installed.
    Source: Li et al. 2021, as implemented by neuraloperator (Kossaifi et al. 2024).
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
        width: int = 32,
        layers: int = 4,
        modes: int = 12,
        margin: int = 4,
        dropout: float = 0.1,
    ) -> None:
        core = FourierLayers(width, layers, modes, margin)
        super().__init__(
            "spectral", sites, window, channels, inputs, core, cycles, grid, width, dropout
        )


class FourierLayers(nn.Module):
    """neuraloperator's FNO blocks, whose complex weights are stored as pairs of real numbers.

    Runs hold real half-precision numbers only, and a complex weight would lose half of itself.
    """

    def __init__(self, width: int, layers: int, modes: int, margin: int) -> None:
        super().__init__()
        self.layers, self.margin = layers, margin
        self.blocks = _fno_blocks()(width, width, n_modes=(modes, modes), n_layers=layers)
        self.register_state_dict_post_hook(_store_pairs)
        self.register_load_state_dict_pre_hook(_load_pairs)

    def forward(self, image: Tensor) -> Tensor:
        """An image of the same shape, (b, width, rows, columns)."""
        edge = self.margin
        wide = nn.functional.pad(image, (edge, edge, edge, edge))
        for layer in range(self.layers):
            wide = self.blocks(wide, layer)
        rows, columns = image.shape[2:]
        return wide[:, :, edge : edge + rows, edge : edge + columns]


def _fno_blocks() -> Callable[..., nn.Module]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its dependencies announce their own plans
            from neuralop.layers.fno_block import FNOBlocks
    except ImportError as error:
        raise ConfigError(
            f"Expected the neuraloperator package for the spectral backbone, found none "
            f"({error}); install it with `pip install 'dynst-planner[spectral]'`, or choose the "
            f"conv backbone."
        ) from error
    return FNOBlocks


def _store_pairs(
    module: nn.Module,  # noqa: ARG001  the hook's signature
    state: dict[str, Any],
    prefix: str,
    metadata: dict[str, Any],  # noqa: ARG001
) -> None:
    for name, value in state.items():
        if name.startswith(prefix) and torch.is_complex(value):
            state[name] = torch.view_as_real(value)


def _load_pairs(
    module: nn.Module,
    state: dict[str, Any],
    prefix: str,
    *_: object,
) -> None:
    for name, weight in module.named_parameters():
        pairs = state.get(prefix + name)
        if pairs is not None and torch.is_complex(weight) and not torch.is_complex(pairs):
            state[prefix + name] = torch.view_as_complex(pairs.contiguous())
