"""Axes, coordinate systems and places in gridded files."""

from __future__ import annotations

import numpy as np
import xarray as xr

from dynst_core.fields.field import Field
from tests.datasets.reading.case import Case
from tests.datasets.reading.planted import (
    HOURS,
    LATITUDE,
    LONGITUDE,
    PLAIN,
    POINTS,
    from_file,
    grid,
    truth,
    wavering,
)

KIND = "Gridded files: axes and places"
METRES = ", geographic = false"
NO_GRID = "The 12 places do not fill rows and columns; they become sites without a grid"
ROTATED = {
    "grid_mapping_name": "rotated_latitude_longitude",
    "grid_north_pole_latitude": 39.25,
    "grid_north_pole_longitude": -162.0,
}
LAMBERT = {
    "grid_mapping_name": "lambert_conformal_conic",
    "standard_parallel": 25.0,
    "longitude_of_central_meridian": 265.0,
    "latitude_of_projection_origin": 25.0,
    "earth_radius": 6371229.0,
}

CONE = (
    "24 times every 1 h from 2024-01-01 00:00; 4 sites; each value at its place. Places are "
    "converted from lambert_conformal_conic to longitude and latitude; `geographic = false` keeps "
    "a grid in metres. The 4 places do not fill rows and columns; they become sites without a grid"
)


def with_attributes(dataset: xr.Dataset, **attributes: dict[str, str]) -> xr.Dataset:
    for name, stated in attributes.items():
        dataset[name].attrs.update(stated)
    return dataset


def radians() -> xr.Dataset:
    turned = grid().assign_coords(latitude=np.deg2rad(LATITUDE), longitude=np.deg2rad(LONGITUDE))
    return with_attributes(turned, latitude={"units": "radians"}, longitude={"units": "rad"})


def spaced(unit: str, spacing: float, standard: str = "") -> xr.Dataset:
    """A grid on y and x in a unit, so many of it apart."""
    local = grid().rename(latitude="y", longitude="x")
    local = local.assign_coords(y=spacing * np.arange(3), x=spacing * np.arange(4))
    for axis in "yx":
        stated = {"units": unit, "standard_name": standard and standard.format(axis)}
        local[axis].attrs.update({k: v for k, v in stated.items() if v})
    return local


def projected(mapping: dict[str, object], unit: str, places: np.ndarray, step: float) -> xr.Dataset:
    """Four cells on y and x of a coordinate system; `places` are their degrees (lat, lon)."""
    angle = unit == "degrees"
    names = ("rlat", "rlon") if angle else ("y", "x")
    standard = "grid_{}" if angle else "projection_{}_coordinate"
    axes = {
        name: (name, step * np.arange(2), {"units": unit, "standard_name": standard.format(role)})
        for name, role in zip(
            names, ("latitude", "longitude") if angle else ("y", "x"), strict=True
        )
    }
    values = wavering(truth(places[0], places[1]).reshape(2, 2))
    variable = (("time", *names), values, {"units": "K", "grid_mapping": "crs"})
    return xr.Dataset({"t": variable}, {"time": HOURS, **axes, "crs": ((), 0, mapping)})


# From the formulas of a rotated pole and of a cone on a sphere, not from a library.
ROTATED_PLACES = np.array([[50.75, 50.7393, 51.75, 51.7391], [18.0, 19.5803, 18.0, 19.6148]])
LAMBERT_PLACES = np.array([[25.0, 24.9967, 25.8993, 25.8959], [-95.0, -94.0078, -95.0, -94.0004]])


def curvilinear(*, bent: bool = True) -> xr.Dataset:
    lat, lon = np.meshgrid(LATITUDE, LONGITUDE, indexing="ij")
    lat = lat + 0.1 * lon if bent else lat
    return xr.Dataset(
        {"t": (("time", "j", "i"), wavering(truth(lat, lon)), {"units": "K"})},
        {
            "time": HOURS,
            "lat": (("j", "i"), lat, {"units": "degrees_north"}),
            "lon": (("j", "i"), lon, {"units": "degrees_east"}),
        },
    )


def repeated_in_time() -> xr.Dataset:
    made = curvilinear().rename_dims(time="Time").rename(time="XTIME").reset_coords(["lat", "lon"])
    lat, lon = (made[name].expand_dims(Time=len(HOURS), axis=0) for name in ("lat", "lon"))
    return made.drop_vars(["lat", "lon"]).assign_coords(XLAT=lat, XLONG=lon)


def without_a_place(*, values: bool) -> xr.Dataset:
    made = curvilinear()
    made["lat"][0, 0] = made["lon"][0, 0] = np.nan
    if not values:
        made["t"][:, 0, 0] = np.nan
    return made


def distance(field: Field) -> str:
    axis = field.grid.x if field.grid is not None else np.empty(0)
    notes = "; ".join(field.notes)
    return f"columns {axis[1] - axis[0]:g} m apart. {notes}".strip()


def seam(*, same: bool) -> xr.Dataset:
    made = grid([0.0, 10.0], np.arange(-180.0, 181.0, 60.0))
    if not same:
        made["t"][:, 0, 0] += 5
    return made


CASES = (
    Case(KIND, "a grid in degrees", from_file(grid), read=PLAIN),
    Case(
        KIND,
        "rows from south to north, longitudes from 0 to 360 and falling, time last",
        from_file(
            lambda: grid(LATITUDE[::-1], [8.0, 7.0, 366.0 - 360, 5.0]).transpose(
                "longitude", "latitude", "time"
            )
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "latitude and longitude in radians",
        from_file(radians),
        read=f"{PLAIN}. The axis 'latitude' is converted from radians to degrees. The axis "
        f"'longitude' is converted from rad to degrees",
    ),
    Case(
        KIND,
        "a latitude in metres",
        from_file(lambda: with_attributes(grid(), latitude={"units": "m"})),
        refused="the axis 'latitude' .* in degrees, found the units 'm'; set `geographic = false`",
    ),
    Case(
        KIND,
        "a latitude whose units say east",
        from_file(
            lambda: with_attributes(
                grid(),
                latitude={"units": "degrees_east"},
                longitude={"units": "degrees_north"},
            )
        ),
        refused="contradict each other or its name; say which is meant",
    ),
    Case(
        KIND,
        "the same with `axes`, which says which is meant",
        from_file(
            lambda: with_attributes(
                grid(),
                latitude={"units": "degrees_east"},
                longitude={"units": "degrees_north"},
            ),
            ', axes = { latitude = "latitude", longitude = "longitude" }',
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "degrees on axes called y and x, without attributes",
        from_file(lambda: grid().rename(latitude="y", longitude="x")),
        refused="'y' in no unit and 'x' in no unit; .* or name them as in "
        '`axes = { latitude = "...", longitude = "..." }`',
    ),
    Case(
        KIND,
        "the same with `axes`, as that message says",
        from_file(
            lambda: grid().rename(latitude="y", longitude="x"),
            ', axes = { latitude = "y", longitude = "x" }',
        ),
        read=PLAIN,
    ),
    Case(
        KIND,
        "`axes` that name what is not there",
        from_file(grid, ', axes = { latitude = "lat" }'),
        refused="Expected the latitude axis 'lat' of `axes` .* found t, time, latitude, longitude",
    ),
    Case(
        KIND,
        "a globe whose last longitude repeats the first",
        from_file(lambda: seam(same=True)),
        read="24 times every 1 h from 2024-01-01 00:00; 12 sites of a grid; each value at its "
        "place. The longitude -180, which stands twice with the same values, is read once",
    ),
    Case(
        KIND,
        "the same where both hold other values",
        from_file(lambda: seam(same=False)),
        refused="every longitude once .* found -180 twice with other values",
    ),
    Case(
        KIND,
        "y and x in kilometres",
        from_file(lambda: spaced("km", 25), METRES, shown=distance),
        read="columns 25000 m apart. The axis 'y' is converted from km to metres.; The axis 'x' "
        "is converted from km to metres.",
    ),
    Case(
        KIND,
        "y and x in feet",
        from_file(lambda: spaced("ft", 100), METRES, shown=distance),
        read="columns 30.48 m apart. The axis 'y' is converted from ft to metres.; The axis 'x' "
        "is converted from ft to metres.",
    ),
    Case(
        KIND,
        "y and x without units",
        from_file(lambda: spaced("", 5), METRES, shown=distance),
        read="columns 5 m apart. The axes 'y' and 'x' state no unit and are taken to be in metres.",
    ),
    Case(
        KIND,
        "y and x in degrees, read as metres",
        from_file(lambda: spaced("degrees", 1), METRES),
        refused="Expected axes y and x in metres .* found 'y' in degrees and 'x' in degrees",
    ),
    Case(
        KIND,
        "y and x that count cells (unit 1)",
        from_file(lambda: spaced("1", 1), METRES),
        refused="in metres, found the units '1'; bring it to metres first",
    ),
    Case(
        KIND,
        "latitude and longitude, read as metres",
        from_file(grid, METRES),
        refused="leave out `geographic = false`: the file has latitudes and longitudes",
    ),
    Case(
        KIND,
        "a rotated pole without `grid_mapping`",
        from_file(lambda: projected({}, "degrees", ROTATED_PLACES, 1.0)),
        refused="'rlat' in degrees .* state the pole as `grid_mapping`, or regrid",
    ),
    Case(
        KIND,
        "a rotated pole, read as metres",
        from_file(lambda: projected({}, "degrees", ROTATED_PLACES, 1.0), METRES),
        refused="these are degrees from a rotated pole: leave out `geographic = false`",
    ),
    Case(
        KIND,
        "a rotated pole with `grid_mapping`",
        from_file(lambda: projected(ROTATED, "degrees", ROTATED_PLACES, 1.0)),
        read="24 times every 1 h from 2024-01-01 00:00; 4 sites; each value at its place. Places "
        "are converted from rotated_latitude_longitude to longitude and latitude. The 4 places do "
        "not fill rows and columns; they become sites without a grid",
    ),
    Case(
        KIND,
        "a Lambert cone with `grid_mapping`, in metres",
        from_file(lambda: projected(LAMBERT, "m", LAMBERT_PLACES, 1e5)),
        read=CONE,
    ),
    Case(
        KIND,
        "the same in kilometres",
        from_file(lambda: projected(LAMBERT, "km", LAMBERT_PLACES, 100)),
        read=CONE.replace(
            " Places",
            " The axis 'y' is converted from km to metres. The axis 'x' is converted from km to "
            "metres. Places",
        ),
    ),
    Case(
        KIND,
        "the same with `geographic = false`, which keeps the grid",
        from_file(lambda: projected(LAMBERT, "km", LAMBERT_PLACES, 100), METRES, shown=distance),
        read="columns 100000 m apart. The axis 'y' is converted from km to metres.; The axis 'x' "
        "is converted from km to metres.",
    ),
    Case(
        KIND,
        "a grid mapping that cannot be read",
        from_file(lambda: projected({"grid_mapping_name": "my_own"}, "m", LAMBERT_PLACES, 1e5)),
        refused="Expected a coordinate system in the grid mapping .* correct it, or regrid",
    ),
    Case(
        KIND,
        "a curvilinear grid (latitude and longitude on two dimensions)",
        from_file(curvilinear),
        read=f"{POINTS}. {NO_GRID}",
    ),
    Case(
        KIND,
        "latitude and longitude on two dimensions that form rows and columns",
        from_file(lambda: curvilinear(bent=False)),
        read=PLAIN,
    ),
    Case(
        KIND,
        "the same with the dimensions in the other order",
        from_file(lambda: curvilinear(bent=False).transpose("i", "time", "j")),
        read=PLAIN,
    ),
    Case(
        KIND,
        "places repeated at every time, as WRF writes them",
        from_file(repeated_in_time),
        read=f"{POINTS}. {NO_GRID}",
    ),
    Case(
        KIND,
        "a cell with neither place nor values",
        from_file(lambda: without_a_place(values=False)),
        read=f"{POINTS.replace('12', '11')}. {NO_GRID}. Places without coordinates or values are "
        f"left out: 1",
    ),
    Case(
        KIND,
        "a cell with values and no place",
        from_file(lambda: without_a_place(values=True)),
        refused=r"found none for 1 \(the first is number 1\); add their latitude and longitude",
    ),
)
