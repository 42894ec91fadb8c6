"""Sensor tables to a Field: wide or long values, a table of locations, and optional links."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dynst_core.datasets.reading.table_reading import same_id
from dynst_core.datasets.tables import adjacency
from dynst_core.datasets.tables.adjacency import AdjacencyKind, strongest_links
from dynst_core.datasets.tables.locations import Places, read_places
from dynst_core.datasets.tables.long_tables import read_long
from dynst_core.datasets.tables.place_files import place_notes
from dynst_core.datasets.tables.table_settings import TableSettings
from dynst_core.datasets.tables.wide_tables import read_wide
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.sites import SiteSet, some_ids


def read_sensor_table(
    path: Path,
    settings: TableSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read a CSV or Parquet table of one variable as a Field.

    Sites come in the order of the locations table; locations without values are left out. Empty
    cells, `missing_value` and infinite numbers are not observed.

    Args:
        path: the table of values, .csv or .parquet.
        settings: layout, columns, times, locations and links.
        about: title, place, licence and source.
        channels: name of the one channel.
        units: its unit.
    Raises:
        DataError: a file cannot be read, a row does not match its header, a column is missing or
            holds text, a sensor has no location, or the times or places cannot be used.
    """
    if len(channels) != 1:
        raise DataError(
            f"Expected one channel for the table {path.name}, found {len(channels)}; "
            f"a table holds one variable."
        )
    table = (read_wide if settings.layout == "wide" else read_long)(path, settings)
    places, notes = read_places(path.parent / settings.locations, settings)
    names = table.names
    used = places.used(names)
    _check_located(names, places, used, path, settings)
    column = {same_id(name): number for number, name in enumerate(names)}
    order = np.array([column[same_id(name)] for name in places.ids[used]], dtype=np.int64)
    observed = np.isfinite(table.values).any(axis=0)[order]
    kept = used.copy()
    if settings.drop_empty_sites:
        kept[used] = observed
        order = order[observed]
    sites = _sites_with_links(places, kept, path, settings)
    return make_field(
        table.values[:, order, None],
        table.time,
        sites,
        channels=channels,
        units=units,
        about=about,
        notes=(*table.notes, *notes, *place_notes(sites, settings.locations)),
        measured_values=settings.measured_values,
    )


def _check_located(
    names: list[str], places: Places, used: np.ndarray, path: Path, settings: TableSettings
) -> None:
    if not names:
        raise DataError(
            f"Expected values of at least one sensor in {path.name}, found none; "
            f'give each sensor a column, or set `layout = "long"`.'
        )
    known = {same_id(name) for name in places.ids[used]}
    unplaced = [name for name in names if same_id(name) not in known]
    if not unplaced:
        return
    stripped = {str(name).lstrip("0").casefold(): str(name) for name in places.ids}
    near = stripped.get(unplaced[0].lstrip("0").casefold())
    hint = f", where {near!r} stands" if near is not None else ""
    raise DataError(
        f"Expected a location for every sensor in {path.name}, found none for "
        f"{len(unplaced)} of {len(names)} ({some_ids(map(repr, unplaced))}); add them to "
        f"{settings.locations}{hint}, or drop their columns."
    )


def _sites_with_links(
    places: Places, kept: np.ndarray, path: Path, settings: TableSettings
) -> SiteSet:
    """The sites that are kept, with the links between them; ways still run through the others."""
    sites = places.sites(kept)
    if settings.adjacency is None:
        return sites
    file = path.parent / settings.adjacency
    matrix = adjacency.read_adjacency(
        file, len(places), settings.separator, settings.encoding, settings.decimal
    )
    kind: AdjacencyKind = settings.adjacency_kind or "strength"
    if settings.adjacency_kind is None:
        adjacency.check_strengths(matrix[np.ix_(kept, kept)], sites, file)
    links = strongest_links(adjacency.strengths_of(matrix, kind), settings.links_per_site)
    network = adjacency.network_of(matrix, kind, file)
    new_index = np.where(kept, np.cumsum(kept) - 1, kept.sum() + np.cumsum(~kept) - 1)
    links = new_index[links[kept[links].all(axis=1)]]
    if network is not None:
        network = network.renumbered(new_index)
    return SiteSet(sites.site_id, sites.coordinates, sites.geographic, links, network)
