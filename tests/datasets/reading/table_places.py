"""Cases of places in tables, of links between sensors, and of bare station files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.datasets.reading.case import Case, load, means

PLACES, LINKS, STATIONS = "Places of sensors", "Networks", "Bare station files"
N = 6
IDS = [f"s{i}" for i in range(N)]


def _values(folder: Path, ids: list[str] = IDS) -> None:
    rows = "".join(
        f"2024-01-01 {hour:02d}:00,{','.join(str(10 * i + hour) for i in range(len(ids)))}\n"
        for hour in range(24)
    )
    (folder / "values.csv").write_text(f"time,{','.join(ids)}\n{rows}")


def placed(sites: str, extra: str = "", ids: str = "abcd") -> Callable[[Path], str]:
    """Loads a table with these places and says where its first two sensors are."""

    def run(folder: Path) -> str:
        _values(folder, list(ids))
        (folder / "sites.csv").write_text(sites)
        field = load(folder, "values.csv", f'{{ kind = "table", locations = "sites.csv"{extra} }}')
        unit = "degrees" if field.sites.geographic else "metres"
        first, second = field.sites.coordinates[:2].round(4).tolist()
        apart = float(np.linalg.norm(np.diff(field.sites.positions_km()[:2], axis=0)))
        return "; ".join([f"{unit} {first} and {second}, {1000 * apart:.4g} m apart", *field.notes])

    return run


DEGREES = "13.40,52.54,a\n13.41,52.47,b\n13.47,52.51,c\n13.33,52.51,d\n"
UTM = "id,{},{}\na,391500,5821900\nb,392000,5814100\nc,396200,5818400\nd,386600,5818600\n"
PLAIN = "id,lat,lon\na,52.54,13.40\nb,52.47,13.41\nc,52.51,13.47\nd,52.51,13.33\n"
READ = "degrees [13.4, 52.54] and [13.41, 52.47], 7813 m apart"


def linked(kind: str, extra: str = "", far: float = 1e9, sign: int = 1) -> Callable[[Path], str]:
    """Six sensors on a line and a matrix of their links; says which are drawn and how long."""

    def run(folder: Path) -> str:
        _values(folder)
        rows = "".join(f"{name},52,{13 + 0.01 * i**1.1}\n" for i, name in enumerate(IDS))
        (folder / "sites.csv").write_text("site,latitude,longitude\n" + rows)
        at = 0.7 * np.arange(N) ** 1.1
        distance = np.abs(at[:, None] - at)
        distance[distance > far] = 0
        matrix = sign * distance if kind == "distance" else np.exp(-((distance / 1.5) ** 2))
        np.savetxt(folder / "links.csv", matrix, delimiter=",", fmt="%.6f")
        loader = (
            '{ kind = "table", locations = "sites.csv", adjacency = "links.csv", '
            f"links_per_site = 1{extra} }}"
        )
        sites = load(folder, "values.csv", loader).sites
        assert sites.edges is not None and sites.network is not None
        pairs = ", ".join(f"{IDS[a]}-{IDS[b]}" for a, b in sites.edges)
        _, _, length = sites.network.nearest(np.arange(2), 1)
        return f"{pairs}; s0 to s1 {length[0]:.3f}"

    return run


DRAWN = "s0-s1, s1-s2, s2-s3, s3-s4, s4-s5"


def bare(
    values: str, extra: str = "", stations: str = "a 52 13\nb 53 14\n"
) -> Callable[[Path], str]:
    """Bare station files of four days."""

    def run(folder: Path) -> str:
        (folder / "values.dat").write_text(values)
        (folder / "stations.dat").write_text(stations)
        (folder / "times.dat").write_text("".join(f"2024 1 {day}\n" for day in range(1, 5)))
        field = load(
            folder,
            "values.dat",
            f'{{ kind = "stations", stations = "stations.dat", times = "times.dat"{extra} }}',
        )
        return "; ".join([means(field), *field.notes])

    return run


CASES = (
    Case(
        PLACES,
        "columns X and Y that hold degrees",
        placed("X,Y,id\n" + DEGREES),
        refused='may be degrees, .* set `longitude_column = "X"` and `latitude_column = "Y"`',
    ),
    Case(
        PLACES,
        "the same, stated as degrees",
        placed("X,Y,id\n" + DEGREES, ', longitude_column = "X", latitude_column = "Y"'),
        read=READ,
    ),
    Case(
        PLACES,
        "columns x and y of a hall, stated as metres",
        placed(
            "x,y,id\n0.5,0.5,a\n10.5,0.5,b\n20.5,0.5,c\n0.5,9.5,d\n",
            ', x_column = "x", y_column = "y"',
        ),
        read="metres [0.5, 0.5] and [10.5, 0.5], 10 m apart",
    ),
    Case(
        PLACES,
        "the same, not stated: the origin is a corner of the hall",
        placed("x,y,id\n0.5,0.5,a\n10.5,0.5,b\n20.5,0.5,c\n0.5,9.5,d\n"),
        read="metres [0.5, 0.5] and [10.5, 0.5], 10 m apart; x and y of sites.csv were read as "
        "metres of a frame of their own.",
    ),
    Case(
        PLACES,
        "columns x and y of a continent in degrees",
        placed("x,y,id\n-118.3,34.1,a\n-74.0,40.7,b\n-87.6,41.9,c\n-122.4,37.8,d\n"),
        refused="may be degrees",
    ),
    Case(
        PLACES,
        "columns x and y that cannot be degrees",
        placed("x,y,id\n0.5,0.5,a\n1000.5,0.5,b\n20.5,0.5,c\n0.5,9.5,d\n"),
        read="metres [0.5, 0.5] and [1000.5, 0.5], 1000 m apart",
    ),
    Case(
        PLACES,
        "a column of kilometres stated as x",
        placed(
            "x_km,y_km,id\n1,1,a\n2,1,b\n3,1,c\n4,1,d\n", ', x_column = "x_km", y_column = "y_km"'
        ),
        refused="x and y in metres .* found the column 'x_km'; write metres",
    ),
    Case(
        PLACES,
        "eastings and northings under lat and lon",
        placed(UTM.format("lon", "lat")),
        refused="may be metres; .* `x_column` and `y_column`, with their projection",
    ),
    Case(
        PLACES,
        "the same with their projection",
        placed(
            UTM.format("lon", "lat"), ', x_column = "lon", y_column = "lat", crs = "EPSG:25833"'
        ),
        read="degrees [13.4003, 52.5364] and [13.4102, 52.4664], 7812 m apart",
    ),
    Case(
        PLACES,
        "eastings and northings without a projection",
        placed(UTM.format("easting", "northing")),
        read="metres [391500.0, 5821900.0] and [392000.0, 5814100.0], 7816 m apart",
    ),
    Case(
        PLACES,
        "the same with the two in each other's column",
        placed(UTM.format("northing", "easting"), ', crs = "EPSG:25833"'),
        refused=r"x and y of EPSG:25833 .* found .5821900.0, 391500.0., far outside the area",
    ),
    Case(
        PLACES,
        "degrees stated as a projection in metres",
        placed("x,y,id\n" + DEGREES, ', crs = "EPSG:25833"'),
        refused='may be degrees, .* set `crs = "EPSG:4326"` if they are',
    ),
    Case(
        PLACES,
        "the same, stated as degrees of the Earth",
        placed("x,y,id\n" + DEGREES, ', crs = "EPSG:4326"'),
        read=READ,
    ),
    Case(
        PLACES,
        "a projection that does not exist",
        placed(UTM.format("x", "y"), ', crs = "UTM 33"'),
        refused="a coordinate reference system .* found 'UTM 33'",
    ),
    Case(
        PLACES,
        "a latitude and a longitude in each other's column",
        placed("id,lat,lon\na,-118.3,34.1\nb,-118.2,34.2\nc,-118.1,34.3\nd,-118,34.2\n"),
        refused="for site 'a'; check the column order",
    ),
    Case(
        PLACES,
        "longitude 0 and latitude 0 for one of the sensors",
        placed(PLAIN.replace("52.51,13.33", "0,0")),
        refused=r"longitude 0 and latitude 0 for 1 \(the first is 'd'\)",
    ),
    Case(
        PLACES,
        "degrees and minutes",
        placed(PLAIN.replace("52.54,13.40", "52°32.4'N,13°24'E")),
        read=READ,
    ),
    Case(
        PLACES,
        "degrees and minutes with an O, which is east in German and west in French",
        placed(PLAIN.replace("52.54,13.40", "52°30'N,13°24'O")),
        refused="write degrees as one decimal number",
    ),
    Case(
        PLACES,
        "decimal commas in quotation marks, stated",
        placed(
            'id,lat,lon\na,"52,54","13,40"\nb,"52,47","13,41"\nc,1,1\nd,2,2\n', ', decimal = ","'
        ),
        read=READ,
    ),
    Case(
        PLACES,
        "rows of sensors that the table does not have, without places or twice",
        placed(PLAIN + "e,,\nf,unknown,\ng,1,1\ng,2,2\n"),
        read=READ,
    ),
    Case(
        PLACES,
        "a sensor without a place",
        placed(PLAIN.replace("52.47", "")),
        refused="found .13.41, nan. for site 'b'",
    ),
    Case(
        PLACES,
        "a row of separators alone",
        placed(PLAIN + ",,\n"),
        read=READ + "; Rows of sites.csv without any text were left out: 1.",
    ),
    Case(
        LINKS,
        "strengths that fall with distance",
        linked("strength"),
        read=f"{DRAWN}; s0 to s1 0.467",
    ),
    Case(
        LINKS,
        "distances between all sensors",
        linked("distance"),
        refused=r"grow with the distance .*1.00.; set `adjacency_kind = \"distance\"`",
    ),
    Case(
        LINKS,
        "distances between neighbours only",
        linked("distance", far=1.05),
        refused="grow with the distance",
    ),
    Case(
        LINKS,
        "distances, stated",
        linked("distance", ', adjacency_kind = "distance"'),
        read=f"{DRAWN}; s0 to s1 0.700",
    ),
    Case(
        LINKS,
        "distances between neighbours only, stated",
        linked("distance", ', adjacency_kind = "distance"', far=1.05),
        read=f"{DRAWN}; s0 to s1 0.700",
    ),
    Case(
        LINKS,
        "distances below zero",
        linked("distance", ', adjacency_kind = "distance"', sign=-1),
        refused="distances from 0 on, found -4.11",
    ),
    Case(
        STATIONS,
        "-999 among temperatures",
        bare("10 11\n12 -999\n9 12\n11 13\n"),
        refused=r"found -999 u once .*`missing_value` to \[-999\]",
    ),
    Case(
        STATIONS,
        "-99 degrees Fahrenheit that stand for missing",
        bare("50 51\n52 -99\n49 52\n51 53\n", ', convert = "fahrenheit to celsius"'),
        refused="found -99",
    ),
    Case(
        STATIONS,
        "M and -9999 for missing, stated",
        bare("10 11\nM 12\n9 -9999\n11 13\n", ', missing_value = ["M", -9999]'),
        read="4 times; a 10, b 12; Values of values.dat read as missing, as stated: 'M' (1), "
        "-9999 (1).",
    ),
    Case(
        STATIONS,
        "the ids NA and 00012",
        bare("10 11\n11 12\n9 10\n11 13\n", stations="NA 52 13\n00012 53 14\n"),
        read="4 times; NA 10.25, 00012 11.5",
    ),
    Case(
        STATIONS,
        "a station without a place that is seldom observed",
        bare(
            "10 11\n11 -9\n9 -9\n11 -9\n",
            ", missing_value = -9, min_observed = 0.9",
            stations="a 52 13\nb -99 -999\n",
        ),
        read="4 times; a 10.25; Values of values.dat read as missing, as stated: -9 (3).",
    ),
    Case(
        STATIONS,
        "a value too few in a row, after an empty line",
        bare("10 11\n\n12\n9 12\n11 13\n"),
        refused="2 columns in every row .* found 1 in line 3",
    ),
)
