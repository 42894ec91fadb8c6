"""What each kept site gives to each forecast site: all of them, or the nearest where many are.

These weights depend on places and learnt embeddings, never on the hour, so they are made once for
a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from dynst_core.backbones.layers import weighted_sums


@dataclass(frozen=True)
class Estimates:
    """What some kept sites say of each forecast site, as a best linear estimate.

    Attributes:
        index: those kept sites, (q, m), as columns of the kept.
        weight: of each one's value, (q, m); any sign, any sum.
        known: whether anything is known of how the forecast site varies, (q,), bool; else its
            weights say nothing.
    """

    index: Tensor
    weight: Tensor
    known: Tensor

    def of(self, query: Tensor) -> Estimates:
        """Those of some of the forecast sites."""
        return Estimates(self.index[query], self.weight[query], self.known[query])


class Shares(Protocol):
    """What each kept site gives to each forecast site."""

    def start(self, last: Tensor) -> Tensor:
        """Last values (b, k, c) interpolated at the forecast sites, (q, b, c)."""

    def changes(self, change: Tensor) -> Tensor:
        """Changes seen at the kept sites, (b, k, h, t), summed at the forecast ones, (q, b, t)."""

    def pad(self, n_kept: int, n_neighbours: int) -> Shares:
        """The same for more kept sites, of which the new ones give nothing."""


@dataclass(frozen=True)
class DenseShares:
    """Every kept site gives to every forecast site.

    Attributes:
        interpolation: share of each kept site's last value in a forecast site's start, (q, k).
        kernels: share of each kept site's change in a forecast site's change, (q, h, k): in this
            order they are one matrix to multiply by, and nothing is copied in a forecast.
    """

    interpolation: Tensor
    kernels: Tensor

    @classmethod
    def of(cls, logit: Tensor, own: Tensor, estimates: Estimates | None = None) -> DenseShares:
        """Shares from logits of the interpolation and of each kernel, (1 + h, q, k).

        A forecast site that is itself kept, as the column `own` (q,), starts from its own value;
        for the others that is -1. Those of which estimates are known start from these, and the
        same weights are one more kernel.
        """
        weight = logit.softmax(dim=-1)
        itself = torch.zeros_like(weight[0]).scatter(1, own.clamp_min(0)[:, None], 1.0)
        kept, kernels = own[:, None] >= 0, weight[1:]
        if estimates is None:
            start = torch.where(kept, itself, weight[0])
        else:
            share = estimates.weight.to(weight)
            reported = torch.zeros_like(weight[0]).scatter(1, estimates.index, share)
            reported = torch.where(estimates.known[:, None], reported, weight[0])
            start = torch.where(kept, itself, reported)
            kernels = torch.cat([kernels, start[None]])
        return cls(start, kernels.transpose(0, 1).contiguous())

    def start(self, last: Tensor) -> Tensor:
        """See `Shares`."""
        by_site = last.transpose(0, 1)
        return (self.interpolation @ by_site.flatten(1)).unflatten(1, by_site.shape[1:])

    def changes(self, change: Tensor) -> Tensor:
        """See `Shares`."""
        by_kernel = change.permute(2, 1, 0, 3)
        total = self.kernels.flatten(1) @ by_kernel.flatten(2).flatten(0, 1)
        return total.unflatten(1, by_kernel.shape[2:])

    def pad(self, n_kept: int, n_neighbours: int) -> DenseShares:  # noqa: ARG002
        """See `Shares`; there are no neighbours to count."""
        more = n_kept - self.interpolation.shape[1]
        return DenseShares(
            functional.pad(self.interpolation, (0, more)), functional.pad(self.kernels, (0, more))
        )


@dataclass(frozen=True)
class NearShares:
    """Only the nearest kept sites give to a forecast site.

    Attributes:
        index: nearest kept sites of each forecast site, (q, m), as columns of the kept.
        interpolation: share of each one's last value in a forecast site's start, (q, m).
        rows: where each one's change through each kernel stands in the table of all, (q, m * h).
        kernels: share of that change in a forecast site's change, (q, m * h).
    """

    index: Tensor
    interpolation: Tensor
    rows: Tensor
    kernels: Tensor

    @classmethod
    def of(
        cls, logit: Tensor, index: Tensor, own: Tensor, estimates: Estimates | None = None
    ) -> NearShares:
        """Shares from logits of the interpolation and of each kernel, (1 + h, q, m).

        A forecast site that is itself kept, as the column `own` (q,), starts from its own value;
        for the others that is -1. Those of which estimates by the same neighbours are known start
        from these, and the same weights are one more kernel.
        """
        weight = logit.softmax(dim=-1)
        reported = weight[0]
        if estimates is not None:
            reported = torch.where(
                estimates.known[:, None], estimates.weight.to(reported), reported
            )
        # A site is nearest to itself, unless more share its place than it has neighbours.
        itself = index == own[:, None]
        start = torch.where(itself.any(dim=1, keepdim=True), itself.to(weight), reported)
        if estimates is not None:
            weight = torch.cat([weight, start[None]])
        n_kernels = len(weight) - 1
        table = index[:, :, None] * n_kernels + torch.arange(n_kernels, device=index.device)
        return cls(
            index,
            start,
            table.flatten(1),
            weight[1:].permute(1, 2, 0).flatten(1),
        )

    def start(self, last: Tensor) -> Tensor:
        """See `Shares`."""
        by_site = last.transpose(0, 1)
        mixed = weighted_sums(by_site.flatten(1), self.index, self.interpolation)
        return mixed.unflatten(1, by_site.shape[1:])

    def changes(self, change: Tensor) -> Tensor:
        """See `Shares`."""
        by_site = change.permute(1, 2, 0, 3)
        mixed = weighted_sums(by_site.flatten(2).flatten(0, 1), self.rows, self.kernels)
        return mixed.unflatten(1, by_site.shape[2:])

    def pad(self, n_kept: int, n_neighbours: int) -> NearShares:  # noqa: ARG002
        """See `Shares`; the columns of the kept stay as they are."""
        more = n_neighbours - self.index.shape[1]
        further = more * (self.rows.shape[1] // self.index.shape[1])
        return NearShares(
            functional.pad(self.index, (0, more)),
            functional.pad(self.interpolation, (0, more)),
            functional.pad(self.rows, (0, further)),
            functional.pad(self.kernels, (0, further)),
        )
