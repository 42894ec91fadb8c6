"""Candidate sensor places: a station, a grid cell and a mesh node are all one `site`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import cKDTree

from dynst_core.errors import ConfigError, DataError
from dynst_core.fields.network import Network

EARTH_RADIUS_KM = 6371.0088


@dataclass(frozen=True, eq=False)
class SiteSet:
    """Places where a sensor stands or could stand.

    Attributes:
        site_id: (s,), text, unique.
        coordinates: (s, 2), float64. Longitude and latitude in degrees when `geographic`,
            else x and y in metres of a local frame.
        geographic: whether the coordinates are longitude and latitude.
        edges: (e, 2), int64 pairs of sites that are linked (a road network), few enough to read
            on a map; None when the data set states none.
        network: all links with their lengths; None when the data set states none.
        triangles: (f, 3), int64, sites that are the corners of a mesh's triangles; None where they
            are no nodes of a mesh.

    Raises:
        DataError: ids repeat, shapes disagree, or a coordinate is out of range.
    """

    site_id: np.ndarray
    coordinates: np.ndarray
    geographic: bool
    edges: np.ndarray | None = field(default=None)
    network: Network | None = None
    triangles: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = len(self.site_id)
        if self.coordinates.shape != (n, 2):
            raise DataError(
                f"Expected one coordinate pair for each of {n} sites, found shape "
                f"{self.coordinates.shape}; give every site a location."
            )
        ids, counts = np.unique(self.site_id, return_counts=True)
        if len(ids) < n:
            first = int(np.argmax(counts > 1))
            raise DataError(
                f"Expected every site id once, found {str(ids[first])!r} {counts[first]} times; "
                f"rename or drop the repeats."
            )
        bad = ~np.isfinite(self.coordinates).all(axis=1)
        if self.geographic:
            bad |= (np.abs(self.coordinates[:, 0]) > 360) | (np.abs(self.coordinates[:, 1]) > 90)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            expected = (
                "longitude within -180 to 360 and latitude within -90 to 90 degrees"
                if self.geographic
                else "finite x and y in metres"
            )
            raise DataError(
                f"Expected {expected}, found {tuple(self.coordinates[first].tolist())} for site "
                f"{str(self.site_id[first])!r}; check the column order and the units."
            )

    def __len__(self) -> int:
        return len(self.site_id)

    @property
    def longitude(self) -> np.ndarray:
        """Longitude in degrees, (s,); only for geographic sites."""
        self._needs_geography()
        return self.coordinates[:, 0]

    @property
    def latitude(self) -> np.ndarray:
        """Latitude in degrees, (s,); only for geographic sites."""
        self._needs_geography()
        return self.coordinates[:, 1]

    def _needs_geography(self) -> None:
        if not self.geographic:
            raise DataError(
                "Expected geographic sites, found local metres; read `coordinates` instead."
            )

    def only(self, kept: np.ndarray) -> SiteSet:
        """Some of the sites; ways still run through the places of the others.

        Args:
            kept: which stay, (s,), bool.
        """
        new = np.where(kept, np.cumsum(kept) - 1, kept.sum() + np.cumsum(~kept) - 1)

        def among(which: np.ndarray | None) -> np.ndarray | None:
            return None if which is None else new[which[kept[which].all(axis=1)]].astype(np.int64)

        network = self.network
        if network is not None:
            most = int(network.links.max(initial=-1)) + 1
            network = network.renumbered(np.concatenate([new, np.arange(len(new), max(most, 0))]))
        return SiteSet(
            self.site_id[kept],
            self.coordinates[kept],
            self.geographic,
            among(self.edges),
            network,
            among(self.triangles),
        )

    def named(self, ids: Sequence[str]) -> list[int]:
        """Indices of sites by their ids.

        Args:
            ids: each an id, or several parted by commas where the ids themselves hold none.
        Raises:
            ConfigError: there is no such site.
        """
        place = {name: index for index, name in enumerate(self.site_id.tolist())}
        parts = (part for text in ids for part in ([text] if text in place else text.split(",")))
        names = [name for part in parts if (name := part.strip())]
        for name in names:
            if name not in place:
                raise ConfigError(
                    f"Expected ids of sites such as {next(iter(place))!r}, found {name!r}; "
                    f"the map shows each site's id."
                )
        return [place[name] for name in names]

    def positions_km(self) -> np.ndarray:
        """Cartesian positions in kilometres, (s, 3), so that straight distances can be compared.

        Geographic sites lie on the sphere, so a distance is the chord: it grows with the
        great-circle distance and knows neither a date line nor a pole.
        """
        if not self.geographic:
            return np.column_stack([self.coordinates / 1000.0, np.zeros(len(self))])
        lon, lat = np.radians(self.coordinates.T)
        unit = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        return EARTH_RADIUS_KM * unit

    def nearest_neighbours(self, k: int) -> np.ndarray:
        """Undirected pairs linking each site to its `k` nearest others, (e, 2), each pair once."""
        k = min(k, len(self) - 1)
        if k < 1:
            return np.empty((0, 2), dtype=np.int64)
        _, index = cKDTree(self.positions_km()).query(self.positions_km(), k=k + 1)
        source = np.repeat(np.arange(len(self)), k + 1)
        pairs = np.sort(np.column_stack([source, index.ravel()]), axis=1)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        return np.unique(pairs, axis=0).astype(np.int64)

    def links(self, k: int = 3) -> np.ndarray:
        """The stated edges where there are any, else nearest neighbours, (e, 2)."""
        return self.edges if self.edges is not None else self.nearest_neighbours(k)


def some_ids(names: Iterable[object], most: int = 3) -> str:
    """The first few names and how many more: "s1, s2, s3 and 9 more"."""
    reported = list(map(str, names))
    rest = f" and {len(reported) - most:,} more" if len(reported) > most else ""
    return ", ".join(reported[:most]) + rest
