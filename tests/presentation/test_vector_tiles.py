"""A vector tile read as water and ways in degrees."""

from __future__ import annotations

import numpy as np
import pytest

from dynst_core.presentation.vector_tiles import Drawn, street_paths
from tests.support.street_files import ROADS, roads_on_a_lake


@pytest.mark.parametrize(
    ("tile", "corner"), [((0, 0, 0), (-180.0, 85.0511)), ((1, 1, 1), (0.0, 0.0))]
)
def test_a_tile_lies_where_its_numbers_say(
    tile: tuple[int, int, int], corner: tuple[float, float]
) -> None:
    drawn = street_paths(roads_on_a_lake(), *tile)
    ring = np.array(drawn.water[0][0])
    assert (ring[:, 0].min(), ring[:, 1].max()) == pytest.approx(corner, abs=1e-3)
    assert len(drawn.broad) == ROADS - 1 and drawn.ways == []


def test_roads_that_are_no_main_ones_are_told_apart() -> None:
    drawn = street_paths(roads_on_a_lake("residential"), 2, 1, 1)
    assert len(drawn.ways) == ROADS - 1 and drawn.broad == []


@pytest.mark.parametrize("content", [b"", b"no tile", b"\x1a\xff\xff\xff"])
def test_what_is_no_tile_draws_nothing(content: bytes) -> None:
    assert street_paths(content, 0, 0, 0) == Drawn()
