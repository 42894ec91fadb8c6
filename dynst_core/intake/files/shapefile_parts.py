"""The parts of a Shapefile, which belong to its .shp."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dynst_core.errors import DataError

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
OTHER_PARTS = (".sbn", ".sbx", ".qix", ".qpj", ".shp.xml", ".qmd")


def is_shapefile_part(path: Path, shapes: set[str]) -> bool:
    """Whether a file is a companion of a Shapefile."""
    lower = path.name.lower()
    endings = (*SHAPEFILE_PARTS[1:], *OTHER_PARTS)
    return any(lower.endswith(e) and lower.removesuffix(e) in shapes for e in endings)


def part_of_named(path: Path, named: Sequence[Path]) -> bool:
    """Whether a file is a companion of a Shapefile that is named beside it.

    Raises:
        DataError: it is one, and the Shapefile itself is missing.
    """
    shapes = {
        p.name.lower().removesuffix(".shp")
        for p in named
        if p.parent == path.parent and p.suffix.lower() == ".shp"
    }
    if is_shapefile_part(path, shapes):
        return True
    if path.suffix.lower() in SHAPEFILE_PARTS[1:3] and path.is_file():
        raise DataError(
            f"{path.name}: expected the Shapefile {path.stem}.shp beside this part of it, found "
            f"none; bring all its parts, or a zip archive that holds them."
        )
    return False
