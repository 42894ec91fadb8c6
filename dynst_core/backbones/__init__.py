"""Forecasters by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dynst_core.backbones.attention import AttentionForecaster
from dynst_core.backbones.base import Backbone
from dynst_core.errors import ConfigError
from dynst_core.morph import Window
from dynst_core.sites import SiteSet

BACKBONES: dict[str, Callable[..., Backbone]] = {"attention": AttentionForecaster}


def build_backbone(
    name: str,
    sites: SiteSet,
    window: Window,
    channels: int,
    inputs: int,
    options: Mapping[str, float | int],
) -> Backbone:
    """A fresh forecaster.

    Args:
        name: which one.
        sites: where the sites are.
        window: steps read and forecast.
        channels: channels forecast.
        inputs: channels read: those forecast, and a flag for each when some are missing.
        options: the forecaster's own settings.
    Raises:
        ConfigError: no forecaster has this name.
    """
    if name not in BACKBONES:
        raise ConfigError(
            f"Expected a backbone out of {', '.join(sorted(BACKBONES))}, found {name!r}; "
            f"choose one of those."
        )
    return BACKBONES[name](sites, window, channels, inputs, **options)
