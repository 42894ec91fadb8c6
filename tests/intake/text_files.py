"""Text tables, as tests write them."""

from __future__ import annotations

from pathlib import Path

from tests.intake.cases import (
    HOURS,
    PLACES,
    SITES,
    places,
    put,
    stamp,
    value_of,
    wide_rows,
    with_places,
    written,
)

READ = r"read: 48 times of 3 sites \(north 55.75, south 65.75, east 75.75\), 0 missing"
FORM, TIMES, SITE, PLACE = "Text tables", "Times", "Sites and values", "Places"


def formed(form: str):
    return lambda folder: with_places(folder, written(folder, "values.csv", wide_rows(form=form)))


def separated(separator: str, decimal: str = "."):
    def make(folder: Path) -> list[Path]:
        rows = [[c.replace(".", decimal) if i else c for i, c in enumerate(r)] for r in wide_rows()]
        return with_places(folder, written(folder, "values.csv", rows, separator))

    return make


def placed(text: str, settings: tuple[str, ...] = ()):
    return lambda folder: [written(folder, "values.csv", wide_rows()), places(folder, text)]


def hour_columns(folder: Path) -> list[Path]:
    rows = [["day", "site", *(f"H{h:02d}" for h in range(24))]]
    for day in range(2):
        for s, name in enumerate(SITES):
            values = [f"{value_of(24 * day + h, s):g}" for h in range(24)]
            rows.append([f"2024-05-{14 + day}", name, *values])
    return with_places(folder, written(folder, "values.csv", rows))


def parts(folder: Path) -> list[Path]:
    rows = [["year", "month", "day", "hour", "site", "speed"]]
    for h in range(HOURS):
        rows += [
            ["2024", "5", str(14 + h // 24), str(h % 24), name, f"{value_of(h, s):g}"]
            for s, name in enumerate(SITES)
        ]
    return with_places(folder, written(folder, "values.csv", rows))


def hours_to_24(folder: Path) -> list[Path]:
    rows = [["date", "hour", "site", "speed"]]
    for h in range(HOURS):
        rows += [
            [f"{14 + h // 24}.05.2024", str(h % 24 + 1), name, f"{value_of(h, s):g}"]
            for s, name in enumerate(SITES)
        ]
    return with_places(folder, written(folder, "values.csv", rows, ";"))


def counted(unit_seconds: float, begin: float, decimals: int = 0):
    def make(folder: Path) -> list[Path]:
        rows = wide_rows()
        for h, row in enumerate(rows[1:]):
            row[0] = f"{begin + 3600 * h / unit_seconds:.{decimals}f}"
        return with_places(folder, written(folder, "values.csv", rows))

    return make


def one_file_a_site(folder: Path) -> list[Path]:
    inside = folder / "stations"
    inside.mkdir()
    for s, name in enumerate(SITES):
        rows = [["time", "speed"], *([stamp(h), f"{value_of(h, s):g}"] for h in range(HOURS))]
        written(inside, f"speed_{name}.csv", rows)
    put(inside, "README.txt", "about these files")
    return [inside, places(folder)]


def numbered(folder: Path) -> list[Path]:
    """A file for each site, whose number begins with zeros that the places do not write."""
    inside = folder / "stations"
    inside.mkdir()
    for s, name in enumerate(("003", "014", "105")):
        rows = [["time", "speed"], *([stamp(h), f"{value_of(h, s):g}"] for h in range(HOURS))]
        written(inside, f"{name}.csv", rows)
    text = PLACES.replace("north", "3").replace("south", "14").replace("east", "105")
    return [inside, places(folder, text)]


def days_named(folder: Path) -> list[Path]:
    """A file for each day, which states its hours alone."""
    inside = folder / "days"
    inside.mkdir()
    for day in range(2):
        hours = range(24)
        rows = [[str(h), *(f"{value_of(24 * day + h, s):g}" for s in range(3))] for h in hours]
        written(inside, f"2024-05-{14 + day}.csv", [["hour", *SITES], *rows])
    return [inside, places(folder)]


def moved(folder: Path) -> list[Path]:
    rows = [["time", "site", "lat", "lon", "speed"]]
    for h in range(HOURS):
        for s, name in enumerate(SITES):
            lat = 52.5 + 0.01 * s + (0.02 if name == "south" and h > 20 else 0)
            rows.append([stamp(h), name, f"{lat:.3f}", "13.4", f"{value_of(h, s):g}"])
    return [written(folder, "values.csv", rows)]


def unaligned(folder: Path) -> list[Path]:
    rows = [["time", "site", "speed"]]
    for n in range(600):
        for s, name in enumerate(SITES):
            seconds = 147 * n + 31 * s + (n * (s + 3)) % 17
            hour, minute, second = seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
            time = f"2024-05-{14 + seconds // 86400} {hour:02d}:{minute:02d}:{second:02d}"
            rows.append([time, name, f"{value_of(n, s):g}"])
    return with_places(folder, written(folder, "values.csv", rows))


def kinds_of_rows(folder: Path) -> list[Path]:
    rows = [["time", "site", "parameter", "value"]]
    for h in range(HOURS):
        for s, name in enumerate(SITES):
            rows.append([stamp(h), name, "pm25", f"{value_of(h, s):g}"])
            rows.append([stamp(h), name, "no2", f"{100 + h}"])
    return with_places(folder, written(folder, "values.csv", rows))


def periods(form: str, name: str = "time"):
    def make(folder: Path) -> list[Path]:
        rows = [[name, *SITES]]
        for n in range(40):
            year, month = (1980 + n, 1) if name == "year" else (2010 + n // 12, n % 12 + 1)
            time = form.format(y=year, m=month)
            rows.append([time, *(f"{value_of(n, s):g}" for s in range(3))])
        return with_places(folder, written(folder, "values.csv", rows))

    return make


def short_years(order: str):
    def make(folder: Path) -> list[Path]:
        rows = [["time", *SITES]]
        for day in range(30):
            parts = {"y": "24", "m": "05", "d": f"{1 + day:02d}"}
            date = ".".join(parts[one] for one in order)
            rows.append([date, *(f"{value_of(day, s):g}" for s in range(3))])
        return with_places(folder, written(folder, "values.csv", rows))

    return make


def midnight_and_clock(folder: Path) -> list[Path]:
    rows = [["date", "time", "site", "speed"]]
    for h in range(HOURS):
        day = f"{14 + h // 24:02d}.05.2024 00:00:00"
        rows += [
            [day, f"{h % 24:02d}:00", name, f"{value_of(h, s):g}"] for s, name in enumerate(SITES)
        ]
    return with_places(folder, written(folder, "values.csv", rows))


def thousands(folder: Path) -> list[Path]:
    rows = [["time", *SITES]]
    rows += [[stamp(h), *(f"{1 + s},{200 + h}" for s in range(3))] for h in range(HOURS)]
    return with_places(folder, written(folder, "values.csv", rows, ";"))


def ghcn(folder: Path) -> list[Path]:
    lines, stations = "", ""
    for s in range(2):
        stations += f"USW0000000{s}  {40 + s}.0000  -75.0000   10.0 PA SITE {s}\n"
        for month in (1, 2, 3):
            values = "".join(
                f"{-9999 if (month, d) == (2, 30) or (month, d) == (1, 5) else 100 + s + d:5d}"
                f" {'X' if (month, d) == (3, 7) else ' '} "
                for d in range(1, 32)
            )
            lines += f"USW0000000{s}2024{month:02d}TMAX{values}\n"
    return [put(folder, "all.dly", lines), put(folder, "ghcnd-stations.txt", stations)]


def rdb(folder: Path) -> list[Path]:
    head = "# US Geological Survey\n# retrieved: today\n"
    names = (
        "agency_cd\tsite_no\tdatetime\ttz_cd\t01_00060\t01_00060_cd\n5s\t15s\t20d\t6s\t14n\t10s\n"
    )
    blocks = ""
    for s, site in enumerate(("01491000", "01645000")):
        lines = [f"USGS\t{site}\t{stamp(h)}\tEST\t{value_of(h, s):g}\tA\n" for h in range(HOURS)]
        blocks += f"# Data provided for site {site}\n{names}{''.join(lines)}"
    table = "# sites\nsite_no\tdec_lat_va\tdec_long_va\n15s\t16s\t16s\n"
    table += "01491000\t38.99\t-75.79\n01645000\t39.13\t-77.34\n"
    return [put(folder, "iv.txt", head + blocks), put(folder, "sites.txt", table)]
