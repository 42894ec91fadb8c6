"""What a forecaster must do to be trained along a path: read kept sites, forecast all."""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor


class Backbone(Protocol):
    """A forecaster of the whole field that is given the kept sites and nothing else."""

    def prepare(
        self, kept: Tensor, query: Tensor | None = None, strength: Tensor | None = None
    ) -> Any:
        """Everything that depends on which sites are kept but not on what they read.

        Args:
            kept: indices of the kept sites, (k,).
            query: indices of the sites to forecast, (q,); all when None.
            strength: how much each kept site counts, (k,), 0 to 1; all 1 when None.
        Returns:
            A state to pass to every forecast with these sites; made once, used often.
        """

    def __call__(self, history: Tensor, prepared: Any) -> Tensor:
        """Forecast.

        Args:
            history: normalised values of the kept sites, (b, history, k, inputs).
            prepared: what `prepare` returned.
        Returns:
            Normalised forecast of the query sites, (b, horizon, q, c).
        """
