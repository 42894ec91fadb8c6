"""Data sets that a planner keeps: one NetCDF file each, written by us, in a folder of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from dynst_core.datasets.reading.settings import Settings
from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, Grid
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet
from dynst_core.files.hdf5_check import check_plain_hdf5
from dynst_core.files.shipped import home_folder

FIELD_FILE = "field.nc"
CARD_FILE = "card.json"


class KeptSettings(Settings):
    """How to read a data set that was kept: its file says everything."""

    kind: Literal["kept"] = "kept"


def datasets_folder() -> Path:
    """Where the data sets lie, each in a folder of its name."""
    return home_folder() / "datasets"


def changed_at(name: str) -> int:
    """When a data set of this name that is kept was written, in nanoseconds; 0 where none is.

    A cache over data sets by name must know: they are renamed, deleted and appended to.
    """
    try:
        return (datasets_folder() / name / CARD_FILE).stat().st_mtime_ns
    except OSError:
        return 0


def kept_tables() -> dict[str, dict[str, Any]]:
    """The entries of all data sets that are kept, as in a catalogue, by name.

    One whose card cannot be read stands there without a title, and is refused by the catalogue.
    """
    found: dict[str, dict[str, Any]] = {}
    folder = datasets_folder()
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return found
    for place in inside:
        card = place / CARD_FILE
        if place.name.startswith(".") or not card.is_file():
            continue
        try:
            entry = json.loads(card.read_text(encoding="utf-8"))["entry"]
            found[place.name] = {**entry, "folder": str(place.absolute())}
        except (OSError, ValueError, KeyError, TypeError):
            found[place.name] = {"folder": str(place.absolute())}
    return found


def read_kept_dataset(
    path: Path,
    settings: KeptSettings,
    *,
    about: About,
    channels: tuple[str, ...],
    units: tuple[str, ...],
) -> Field:
    """Read a data set that was kept.

    Args:
        path: its NetCDF file.
        settings: that it is one.
        about: title, place, licence and source.
        channels: name of each channel.
        units: unit of each channel.
    Raises:
        DataError: the file is damaged, or holds other channels.
    """
    del settings
    try:
        check_plain_hdf5(path)
        with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False, cache=False) as stored:
            return _field_of_kept_dataset(stored, about, channels, units)
    except DataError as error:
        raise _damaged_kept_dataset(path, str(error)) from error
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise _damaged_kept_dataset(path, " ".join(str(error).split())[:120]) from error


def _damaged_kept_dataset(path: Path, why: str) -> DataError:
    return DataError(
        f"Expected the data set {path.parent.name!r} in {path}, found it damaged ({why}); add it "
        f"again from its files."
    )


def _field_of_kept_dataset(
    stored: xr.Dataset, about: About, channels: tuple[str, ...], units: tuple[str, ...]
) -> Field:
    names = json.loads(stored.attrs["channels"])
    if list(names.values()) != list(channels):
        raise DataError(f"channels {', '.join(names.values())} in place of {', '.join(channels)}")
    shape = (stored.sizes["time"], stored.sizes["site"], len(names))
    values = np.empty(shape, dtype=np.float32)
    for index, name in enumerate(names):  # one after the other: the record is not held twice
        values[:, :, index] = stored[name].values
    geographic = "longitude" in stored
    east, north = ("longitude", "latitude") if geographic else ("x", "y")
    where = np.column_stack([stored[east].values, stored[north].values]).astype(np.float64)
    ids = np.array([str(one) for one in stored["site_id"].values])
    edges = stored["edges"].values.astype(np.int64) if "edges" in stored else None
    network = None
    if "link" in stored:
        network = Network(stored["link"].values.astype(np.int64), stored["link_length"].values)
    triangles = stored["triangle"].values.astype(np.int64) if "triangle" in stored else None
    sites = SiteSet(ids, where, geographic, edges, network, triangles)
    grid = None
    if "grid_y" in stored:
        grid = Grid(
            stored["grid_y"].values.astype(np.float64), stored["grid_x"].values.astype(np.float64)
        )
    dataset = xr.Dataset(
        {
            "values": (("time", "site", "channel"), values),
            "observed": (("time", "site", "channel"), np.isfinite(values)),
        },
        coords={"time": stored["time"].values.astype("datetime64[ns]"), "channel": list(channels)},
    )
    return Field(dataset, sites, units, about, grid, tuple(json.loads(stored.attrs["notes"])))


def to_dataset(field: Field) -> xr.Dataset:
    """A field as it is stored, by the CF conventions: a variable a channel on (time, site)."""
    from dynst_core.files.column_names import channel_variables

    names = channel_variables(field.channels)
    values = field.dataset["values"].values
    geographic = field.sites.geographic
    pair = (("longitude", "degrees_east"), ("latitude", "degrees_north"))
    pair = pair if geographic else (("x", "m"), ("y", "m"))
    data: dict[str, Any] = {}
    for index, (name, unit) in enumerate(zip(names, field.units, strict=True)):
        attrs = {
            "units": unit,
            "long_name": field.channels[index],
            "coordinates": f"{pair[0][0]} {pair[1][0]} site_id",
        }
        data[name] = (("time", "site"), values[:, :, index].astype(np.float32, copy=False), attrs)
    if field.sites.edges is not None:
        data["edges"] = (("edge", "end"), field.sites.edges)
    if field.sites.network is not None:
        data["link"] = (("link_number", "end"), field.sites.network.links)
        data["link_length"] = (("link_number",), field.sites.network.lengths)
    if field.sites.triangles is not None:
        data["triangle"] = (("triangle_number", "corner"), field.sites.triangles)
    if field.grid is not None:
        data["grid_y"], data["grid_x"] = ("row", field.grid.y), ("column", field.grid.x)
    coords: dict[str, Any] = {
        "time": ("time", field.time, {"standard_name": "time", "axis": "T"}),
        "site_id": ("site", field.sites.site_id.astype(object), {"cf_role": "timeseries_id"}),
    }
    for axis, (name, unit) in enumerate(pair):
        standard = name if geographic else f"projection_{name}_coordinate"
        attrs = {"units": unit, "standard_name": standard}
        coords[name] = ("site", field.sites.coordinates[:, axis], attrs)
    attributes = {
        "Conventions": "CF-1.11",
        "featureType": "timeSeries",
        "title": field.about.title,
        "license": field.about.licence,
        "source": field.about.source,
        "channels": json.dumps(dict(zip(names, field.channels, strict=True))),
        "notes": json.dumps(field.notes),
    }
    return xr.Dataset(data, coords, attributes)
