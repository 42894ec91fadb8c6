"""Places of 15,000 people and more, by GeoNames: which lie within bounds, and how far they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dynst_core.fields.sites import SiteSet

FILE = Path(__file__).resolve().parents[1] / "data" / "places.csv.gz"

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

NEAR_KM = 22.0
"""How far a place may lie from a site to say where it is."""

RADIUS_KM = 6371.0


@cache
def _all() -> pd.DataFrame:
    # A place may be called "NA", and is not missing.
    return pd.read_csv(FILE, keep_default_na=False)


def places_within(bounds: tuple[float, float, float, float]) -> pd.DataFrame:
    """Places within west, south, east, north, which may lie across the date line.

    Returns:
        The columns name, longitude (turned into the bounds) and latitude, the largest first.
    """
    west, south, east, north = bounds
    table = _all()
    longitude = table["longitude"].to_numpy()
    turned = longitude + 360 * np.ceil((west - longitude) / 360)
    latitude = table["latitude"].to_numpy()
    inside = np.flatnonzero((turned <= east) & (latitude >= south) & (latitude <= north))
    found = table.iloc[inside]
    return pd.DataFrame(
        {
            "name": found["name"].astype(str),
            "longitude": turned[inside],
            "latitude": found["latitude"],
        }
    )


def nearest_place_name(sites: SiteSet, site: int) -> str:
    """The name of the place nearest to a site, within `NEAR_KM`; "" where there is none."""
    return str(nearest_place_names(sites, np.array([site]))[0])


def nearest_place_names(sites: SiteSet, chosen: np.ndarray) -> np.ndarray:
    """The same for several sites, (k,), text.

    Args:
        sites: all sites; those in local metres are near no place.
        chosen: indices of the sites asked about, (k,).
    """
    if not sites.geographic or not len(chosen):
        return np.full(len(chosen), "", dtype=str)
    names, away = nearest_places(sites.coordinates[chosen])
    return np.where(away <= NEAR_KM, names, "")


@cache
def _tree() -> cKDTree:
    from scipy.spatial import cKDTree

    return cKDTree(_on_sphere(_all()[["longitude", "latitude"]].to_numpy()))


def nearest_places(where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The place nearest to each of some points, however far it is.

    Args:
        where: longitude and latitude in degrees, (n, 2).

    Returns:
        Their names, (n,), and their distances in kilometres, (n,).
    """
    chord, at = _tree().query(_on_sphere(where))
    away = 2 * RADIUS_KM * np.arcsin(np.minimum(chord / (2 * RADIUS_KM), 1.0))
    return _all()["name"].to_numpy(dtype=str)[at], away


def _on_sphere(where: np.ndarray) -> np.ndarray:
    east, north = np.radians(where).T
    return RADIUS_KM * np.column_stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    )
