"""What a forecaster must do to be trained along a path: read kept sites, forecast all."""

from __future__ import annotations

from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from dynst_core.fields.windows import Split, Window


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

    def __call__(self, history: Tensor, prepared: Any, clock: Tensor) -> Tensor:
        """Forecast.

        Args:
            history: normalised values of the kept sites, (b, history, k, inputs).
            prepared: what `prepare` returned.
            clock: phase of each known cycle (day, week, year) at the first forecast step,
                (b, cycles), 0 to 1; no column where the record is too short to teach any.
        Returns:
            Normalised forecast of the query sites, (b, horizon, q, c).
        """


@runtime_checkable
class Padding(Protocol):
    """A backbone that can fill its kept sites up to a number without changing the forecast."""

    def pad(self, prepared: Any, n_kept: int) -> Any:
        """The prepared state of this many kept sites, the new ones without any effect."""


@runtime_checkable
class SitesFirst(Protocol):
    """A backbone whose forecast comes with sites first; to turn it takes a runtime a copy."""

    def sites_first(self, history: Tensor, prepared: Any, clock: Tensor) -> Tensor:
        """The forecast as (q, b, horizon, c); arguments as in `Backbone.__call__`."""


class Readings(Protocol):
    """The part of a record that a closed form learns from."""

    @property
    def values(self) -> Tensor:
        """Normalised values, (t, s, inputs); unobserved ones filled, and flagged."""

    def clock(self, starts: np.ndarray) -> Tensor:
        """Phase of each known cycle at these times, (b, cycles), 0 to 1."""


class TrainingData(Protocol):
    """The part of a problem that a closed form learns from."""

    @property
    def record(self) -> Readings:
        """Normalised values of all sites at all times."""

    @property
    def window(self) -> Window:
        """Steps read and forecast."""

    @property
    def split(self) -> Split:
        """Blocks of time; nothing is learnt outside the training block."""


@runtime_checkable
class ClosedForm(Protocol):
    """A backbone that is solved and not trained: one fit, then any mask in `prepare`."""

    closed_form: Literal[True]

    def fit(self, problem: TrainingData, level: Tensor | None = None) -> None:
        """Learn all there is to learn from the training block.

        Args:
            problem: where its readings are.
            level: of each site and channel, (s, c), taken off readings; none when None.
        """


@runtime_checkable
class Learning(Protocol):
    """A trained backbone that can also learn from the training block without steps."""

    @property
    def learns(self) -> bool:
        """Whether it does, with its present options."""

    def learn(self, deviations: Tensor, observed: Tensor | None = None) -> None:
        """Learn from readings of the training block, (t, s, c), each site on its own scale.

        Args:
            deviations: from each site's mean; 0 where not observed.
            observed: the same shape, bool; all when None.
        """


def clock_harmonics(clock: Tensor, order: int = 3) -> Tensor:
    """Sines and cosines of the phases of each cycle, (b, cycles * 2 * order).

    Source: the time-of-day and day-of-week identity of STID (Shao et al. 2022), smooth in place
    of a table, so that few days can teach it.
    """
    multiples = torch.arange(1, order + 1, device=clock.device)
    angle = 2 * torch.pi * (clock[:, :, None] * multiples).flatten(1)
    return torch.cat([angle.sin(), angle.cos()], dim=1)
