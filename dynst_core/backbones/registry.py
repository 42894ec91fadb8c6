"""Every backbone by name: what it is, what it needs, and where it is built.

To add a backbone, write its module beside this one and give it a row in `BACKBONES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from dynst_core.errors import ConfigError

if TYPE_CHECKING:
    from dynst_core.backbones.protocols import Backbone
    from dynst_core.fields.field import Grid
    from dynst_core.fields.sites import SiteSet
    from dynst_core.fields.windows import Window

USUAL_BACKBONE = "attention-kriging"
"""What is trained where nothing else is said; a saved run states its own."""


@dataclass(frozen=True)
class BackboneEntry:
    """One backbone.

    Attributes:
        about: what distinguishes it from the others, for a list on the screen.
        module: its module in this package, imported when it is built.
        forecaster: its class there.
        form: arguments that make this form of the class.
        needs: what the sites must have for it: a grid, or links with lengths.
    """

    about: str
    module: str
    forecaster: str
    form: Mapping[str, object] = field(default_factory=dict)
    needs: Literal["grid", "network"] | None = None


BACKBONES: dict[str, BackboneEntry] = {
    USUAL_BACKBONE: BackboneEntry(
        "the default; any sites", "attention", "AttentionForecaster", {"kriging": True}
    ),
    "attention": BackboneEntry("the same without kriging", "attention", "AttentionForecaster"),
    "graph": BackboneEntry(
        "messages along the links between neighbours", "graph", "GraphForecaster"
    ),
    "graph-network": BackboneEntry(
        "along the data's own network",
        "graph",
        "GraphForecaster",
        {"distances": "network"},
        needs="network",
    ),
    "ridge": BackboneEntry("linear, solved at once; takes seconds", "ridge", "RidgeForecaster"),
    "conv": BackboneEntry("convolutions, on grids", "conv", "ConvForecaster", needs="grid"),
    "spectral": BackboneEntry(
        "Fourier layers, on grids; needs neuraloperator",
        "spectral",
        "SpectralForecaster",
        needs="grid",
    ),
}

ON_GRIDS = tuple(name for name, found in BACKBONES.items() if found.needs == "grid")
"""Those that need a grid."""

ON_NETWORKS = tuple(name for name, found in BACKBONES.items() if found.needs == "network")
"""Those that need links with lengths, which the data set states."""


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
        cycles: cycles whose phase is given.
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
    found = BACKBONES[name]
    make: Callable[..., Backbone] = getattr(
        import_module(f"dynst_core.backbones.{found.module}"), found.forecaster
    )
    return make(sites, window, channels, inputs, cycles=cycles, grid=grid, **found.form, **options)
