"""Forecasters by name; what one of them needs is imported when it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from dynst_core.backbones.protocols import Backbone
from dynst_core.errors import ConfigError
from dynst_core.fields.field import Grid
from dynst_core.fields.sites import SiteSet
from dynst_core.fields.windows import Window


def _from(module: str, name: str, **form: object) -> Callable[..., Backbone]:
    """A builder that imports its forecaster, in one of its forms, only when asked to build."""

    def build(*args: object, **options: object) -> Backbone:
        forecaster: Callable[..., Backbone] = getattr(
            import_module(f"dynst_core.backbones.{module}"), name
        )
        return forecaster(*args, **form, **options)

    return build


BACKBONES: dict[str, Callable[..., Backbone]] = {
    "attention": _from("attention", "AttentionForecaster"),
    "attention-kriging": _from("attention", "AttentionForecaster", kriging=True),
    "conv": _from("conv", "ConvForecaster"),
    "graph": _from("graph", "GraphForecaster"),
    "graph-network": _from("graph", "GraphForecaster", distances="network"),
    "ridge": _from("ridge", "RidgeForecaster"),
    "spectral": _from("spectral", "SpectralForecaster"),
}


def build_backbone(
    name: str,
    sites: SiteSet,
    window: Window,
    channels: int,
    inputs: int,
    options: Mapping[str, float | int],
    cycles: int = 0,
    grid: Grid | None = None,
) -> Backbone:
    """A fresh forecaster.

    Args:
        name: which one.
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast.
        inputs: channels read: those forecast, and a flag for each when some are missing.
        options: the forecaster's own settings.
        cycles: cycles whose phase is told.
        grid: how the sites form a grid, for forecasters that need one.
    Raises:
        ConfigError: no forecaster has this name, or it cannot be built for these sites or with
            what is installed.
    """
    if name not in BACKBONES:
        raise ConfigError(
            f"Expected a backbone out of {', '.join(sorted(BACKBONES))}, found {name!r}; "
            f"choose one of those."
        )
    return BACKBONES[name](sites, window, channels, inputs, cycles=cycles, grid=grid, **options)
