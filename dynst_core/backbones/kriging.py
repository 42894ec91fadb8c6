"""How sites vary together in the training block, and what a site says of others by that."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dynst_core.backbones.interpolation import Estimates
from dynst_core.fields.observed import LEAST_SHARED

PATTERNS = 64
"""Leading patterns kept of the covariance; what is left counts as each site's own."""
NOISE = 0.05
"""Share of a site's variance that is taken for noise, so that near twins are not set off."""
MOST = 16
"""Kept sites that one estimate is made of: the most alike."""
KNOWN = 0.01
"""Least variance, of a site's own scale, from which anything is known of how it varies."""
QUERIES_AT_ONCE = 4096


class Covariance(nn.Module):
    """Best linear estimates of a site's deviation from usual by those of other sites.

    The covariance of the training block is kept as its leading patterns and what of each site is
    left; an estimate solves one small system. Nothing of it is trained, and a fresh one knows
    nothing until `fit`.

    Attributes:
        patterns: (s, p), of sites on their own scales; products of rows are covariances.
        own: (s,), variance that the patterns leave to each site.
    Source: optimal interpolation (Gandin 1963), simple kriging by an empirical covariance.
    """

    patterns: Tensor
    own: Tensor

    def __init__(self, n_sites: int) -> None:
        super().__init__()
        self.register_buffer("patterns", torch.zeros(n_sites, min(PATTERNS, n_sites)))
        self.register_buffer("own", torch.zeros(n_sites))

    @torch.no_grad()
    def fit(self, deviations: Tensor, observed: Tensor | None = None) -> None:
        """Learn from deviations of the training block, (t, s, c), each site on its own scale.

        Channels count alike.

        Args:
            deviations: (t, s, c); 0 where not observed.
            observed: the same shape, bool; all when None.
        """
        rows = deviations.transpose(1, 2).flatten(0, 1).double()
        few = len(rows) < deviations.shape[1]
        product = rows @ rows.T if few else rows.T @ rows
        counts: Tensor | int = len(rows)
        variance = rows.square().mean(dim=0)
        if observed is not None and not observed.all():
            seen = observed.transpose(1, 2).flatten(0, 1).double()
            variance = rows.square().sum(dim=0) / seen.sum(dim=0).clamp_min(1)
            if few:  # each site's variance is that of its observed values
                rows = rows / (seen.mean(dim=0).clamp_min(1 / len(rows))).sqrt()
                product = rows @ rows.T
            else:  # each pair's covariance is that of the times that observed both
                counts = (seen.T @ seen).clamp_min(max(1.0, LEAST_SHARED * len(rows)))
        size, vector = torch.linalg.eigh(product / counts)
        n = min(self.patterns.shape[1], len(size))
        size, vector = size[-n:].clamp_min(0), vector[:, -n:]
        if few:  # the same patterns, from the side of the times
            vector = rows.T @ vector / (size * len(rows)).sqrt().clamp_min(1e-9)
        self.patterns.zero_()
        self.patterns[:, :n] = (vector * size.sqrt()).float()
        left = variance - self.patterns.double().square().sum(dim=1)
        self.own.copy_(left.clamp_min(0).float())

    @torch.no_grad()
    def estimates(self, kept: Tensor, query: Tensor, index: Tensor | None = None) -> Estimates:
        """What kept sites say of each of these.

        Args:
            kept: indices of the kept sites, (k,).
            query: indices of the sites asked for, (q,).
            index: which of the kept sites each one is estimated by, (q, m), as columns of the
                kept; the most alike when None.
        """
        weights, columns = [], []
        m = min(MOST, len(kept))
        for first in range(0, len(query), QUERIES_AT_ONCE):
            some = slice(first, first + QUERIES_AT_ONCE)
            asked = self.patterns[query[some]]
            if index is None:
                chosen = (asked @ self.patterns[kept].T).abs().topk(m, dim=1).indices
            else:
                chosen = index[some]
            near, noise = self.patterns[kept][chosen], self.own[kept][chosen] + NOISE
            # Twins make it all but singular; doubles and the noise keep it well.
            among = (near @ near.transpose(1, 2) + torch.diag_embed(noise)).double()
            across = (near @ asked[:, :, None]).double()
            weights.append(torch.linalg.solve_ex(among, across)[0][..., 0].float())
            columns.append(chosen)
        known = self.patterns[query].square().sum(dim=1) + self.own[query] > KNOWN
        return Estimates(torch.cat(columns), torch.cat(weights), known)
