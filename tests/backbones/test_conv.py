"""The dense opponent: blank cells, marked as such, on a grid that must be there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dynst_core.backbones.conv import ConvForecaster
from dynst_core.errors import ConfigError
from dynst_core.fields.field import Grid
from tests.support.backbone_cases import STARTS, problem_for, shaken
from tests.support.factories import grid_sites, network_sites

pytestmark = pytest.mark.usefixtures("one_thread")


def built(grid: Grid | None) -> ConvForecaster:
    return ConvForecaster(network_sites(12), problem_for("network").window, 1, 1, grid=grid)


def test_scattered_sites_are_refused_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match="found 12 scattered sites; choose the graph"):
        built(grid=None)


def test_a_grid_with_cells_that_are_no_sites_is_refused() -> None:
    with pytest.raises(ConfigError, match="each of 5 x 8 cells for the conv backbone, found 12"):
        built(grid_sites(5, 8)[1])


class Listening(nn.Module):
    """Keeps the image that it is given."""

    def forward(self, image: Tensor) -> Tensor:
        self.image = image
        return image


def image_of(strength: list[float]) -> Tensor:
    """What the stem is given, (b, 7, rows, columns), with three of twelve cells kept."""
    problem = problem_for("3 x 4 cells")
    backbone, kept = shaken("conv", problem).backbone, torch.tensor([1, 4, 11])
    assert isinstance(backbone, ConvForecaster)
    stem, listening = backbone.stem, Listening()
    backbone.stem = nn.Sequential(listening, stem)
    with torch.no_grad():
        backbone(
            problem.record.history(STARTS, kept),
            backbone.prepare(kept, strength=torch.tensor(strength)),
            problem.record.clock(STARTS),
        )
    return listening.image


def test_cells_lie_as_on_the_map_and_unread_ones_are_blank_but_for_the_mark() -> None:
    image = image_of([1.0, 0.5, 1.0])
    marks = [[0, 1, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, 1]]
    assert image[:, -1].tolist() == [marks] * len(STARTS)
    blank = torch.tensor(marks) == 0
    assert (image[:, :, blank] == 0).all()
    assert (image[:, :-1, ~blank] != 0).any(dim=1).all()


def test_a_weak_cell_is_read_as_weakly_as_it_is_marked() -> None:
    full, weak = image_of([1.0, 1.0, 1.0]), image_of([1.0, 0.5, 1.0])
    assert torch.equal(weak[:, :, 1, 0], 0.5 * full[:, :, 1, 0])
    assert torch.equal(weak[:, :, 0, 1], full[:, :, 0, 1])


def test_news_reaches_as_far_as_the_blocks_look_and_no_farther() -> None:
    sites, grid = grid_sites(1, 40, geographic=False)
    window = problem_for("network").window
    backbone = ConvForecaster(sites, window, 1, 1, grid=grid, width=8, blocks=2, kernel=3).eval()
    kept, clock = torch.arange(40), torch.zeros(1, 0)
    with torch.no_grad():
        backbone.core[0].scale.fill_(5.0)
        backbone.core[1].scale.fill_(5.0)
        history = torch.randn(1, 3, 40, 1)
        other = history.clone()
        other[:, 0, 20] += 1.0  # an early value: no other cell's start or reference moves
        prepared = backbone.prepare(kept)
        change = backbone(other, prepared, clock) - backbone(history, prepared, clock)
    reached = np.flatnonzero(change.abs().sum(dim=(0, 1, 3)) > 1e-7)
    assert reached.tolist() == [18, 19, 20, 21, 22]
