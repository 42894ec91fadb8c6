"""Text tables that are broken or odd."""

from __future__ import annotations

from pathlib import Path

from tests.intake.cases import (
    HOURS,
    PLACES,
    SITES,
    ZONE,
    Case,
    as_bytes,
    cell,
    csv_text,
    long,
    long_rows,
    places,
    put,
    stamp,
    value_of,
    wide,
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


CASES = (
    Case(FORM, "a header and three sensors, as they should be", wide(lambda r: r), READ),
    Case(FORM, "nothing at all", as_bytes(b""), "refused: values.csv: .*empty file"),
    Case(FORM, "blanks alone", as_bytes(b"  \n \n"), "refused: values.csv: .*no text"),
    Case(FORM, "a header alone", wide(lambda r: r[:1]), "refused: .*header alone"),
    Case(FORM, "semicolons and decimal commas", separated(";", ","), READ),
    Case(FORM, "tabs", separated("\t"), READ),
    Case(FORM, "bars", separated("|"), READ),
    Case(
        FORM,
        "a line `sep=;` at the top",
        as_bytes(("sep=;\n" + csv_text(wide_rows(), ";")).encode()),
        READ,
    ),
    Case(
        FORM,
        "a title and remarks above the table",
        as_bytes(("Counts of the city\nas of 2024\n\n" + csv_text(wide_rows())).encode()),
        READ,
    ),
    Case(
        FORM,
        "comments above the table",
        as_bytes(("# made by a logger\n# version 2\n" + csv_text(wide_rows())).encode()),
        READ,
    ),
    Case(
        FORM,
        "units in a second header row",
        wide(lambda r: [r[0], ["", "km/h", "km/h", "km/h"], *r[1:]]),
        READ,
    ),
    Case(
        FORM,
        "a total in the last line",
        wide(lambda r: [*r, ["Total", "2676", "3156", "3636"]]),
        "refused: .*'Total' in line 50",
    ),
    Case(
        FORM,
        "a remark in the last line",
        wide(lambda r: [*r, ["Source: city"]]),
        "refused: .*found 1 in line 50",
    ),
    Case(
        FORM,
        "a row with a field too many",
        wide(lambda r: [*r[:9], [*r[9], "7"], *r[10:]]),
        "refused: .*found 5 in line 10",
    ),
    Case(FORM, "a quotation mark left open", wide(cell(9, 1, '"57')), "refused: .*quotation mark"),
    Case(
        FORM,
        "a text among the numbers",
        wide(cell(9, 1, "broken")),
        "refused: .*'broken' in line 10",
    ),
    Case(
        FORM,
        "two columns of one name",
        wide(cell(0, 3, "north")),
        "refused: .*'north' more than once",
    ),
    Case(FORM, "UTF-16 with its mark", as_bytes(csv_text(wide_rows()).encode("utf-16")), READ),
    Case(
        FORM,
        "UTF-16 without its mark",
        as_bytes(csv_text(wide_rows()).encode("utf-16-le")),
        "refused: .*no kind",
    ),
    Case(
        FORM,
        "Windows' encoding of accents",
        lambda f: [
            put(f, "values.csv", csv_text(wide_rows()).replace("north", "Süd").encode("cp1252")),
            put(f, "sites.csv", PLACES.replace("north", "Süd").encode("cp1252")),
        ],
        r"read: 48 times of 3 sites \(Süd 55.75",
    ),
    Case(
        FORM,
        "a picture called .csv",
        as_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64)),
        "refused: .*a picture",
    ),
    Case(
        FORM,
        "a page of the web called .csv",
        as_bytes(b"<!DOCTYPE html><html><body>moved</body>"),
        "refused: .*page of the web",
    ),
    Case(
        FORM, "other JSON", as_bytes(b'{"values": [1, 2]}', "values.json"), "refused: .*other JSON"
    ),
    Case(
        FORM,
        "WaterML as JSON",
        as_bytes(
            b'{"declaredType": "org.cuahsi.waterml.TimeSeriesResponseType"}',
            "iv.txt",
        ),
        "refused: .*format=rdb",
    ),
    Case(
        FORM,
        "zero bytes in the text",
        as_bytes(csv_text(wide_rows()).encode().replace(b"55", b"\0\0", 1)),
        "refused: ",
    ),
    Case(
        FORM,
        "a pointer of Git LFS",
        as_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
        "refused: .*git lfs pull",
    ),
    Case(
        FORM,
        "RDB of two stations with repeated headers",
        rdb,
        r"read: 48 times of 2 sites \(01491000 55.75",
    ),
    Case(TIMES, "no zone stated", wide(lambda r: r), "asked: In which time zone", ()),
    Case(TIMES, "DD.MM.YYYY", formed("{d:02d}.{m:02d}.{y} {h:02d}:00"), READ),
    Case(TIMES, "MM/DD/YYYY with days above 12", formed("{m:02d}/{d:02d}/{y} {h:02d}:00"), READ),
    Case(
        TIMES,
        "03/04/2024, which may be March or April",
        lambda f: with_places(
            f,
            written(
                f,
                "values.csv",
                [
                    [
                        c.replace("2024-05-14", "03/04/2024").replace("2024-05-15", "03/05/2024")
                        for c in r
                    ]
                    for r in wide_rows()
                ],
            ),
        ),
        "asked: Does '03/04/2024 00:00'.*day or with the month",
    ),
    Case(TIMES, "DD.MM.YY", short_years("dmy"), "read: 30 times of 3 sites"),
    Case(TIMES, "YY.MM.DD, whose first number may be the day", short_years("ymd"), "asked: Does"),
    Case(
        TIMES,
        "the same, answered",
        short_years("ymd"),
        "read: 30 times of 3 sites",
        (*ZONE, "time_format=%y.%m.%d"),
    ),
    Case(TIMES, "a date at midnight, and a clock beside it", midnight_and_clock, READ),
    Case(TIMES, "YYYYMMDDHHMM", formed("{y}{m:02d}{d:02d}{h:02d}00"), READ),
    Case(TIMES, "seconds since 1970", counted(1, 1715644800), READ),
    Case(TIMES, "milliseconds since 1970", counted(1e-3, 1715644800000), READ),
    Case(TIMES, "days of a spreadsheet", counted(86400, 45426, 6), READ),
    Case(TIMES, "year, month, day and hour in columns", parts, READ),
    Case(
        TIMES, "hours from 1 to 24", hours_to_24, "asked: Hours in column 'hour' run from 1 to 24"
    ),
    Case(TIMES, "the same, answered", hours_to_24, READ, (*ZONE, "hours=start")),
    Case(TIMES, "days down and hours across, no zone", hour_columns, "asked: In which time", ()),
    Case(TIMES, "days down and hours across", hour_columns, READ),
    Case(TIMES, "months as 2024-05", periods("{y}-{m:02d}"), "read: 40 times of 3 sites", ()),
    Case(TIMES, "years", periods("{y}", "year"), "read: 40 times of 3 sites", ()),
    Case(
        TIMES,
        "24:00 for midnight",
        wide(
            lambda r: [
                r[0],
                *([c.replace("05-15 00:00", "05-14 24:00") for c in row] for row in r[1:]),
            ]
        ),
        READ,
    ),
    Case(TIMES, "out of order", wide(lambda r: [r[0], *r[30:], *r[1:30]]), READ),
    Case(
        TIMES,
        "a time that is none",
        wide(cell(9, 0, "yesterday")),
        "refused: .*'yesterday' in line 10",
    ),
    Case(
        TIMES,
        "an hour that clocks skip",
        wide(
            lambda r: [
                r[0],
                *(
                    [
                        row[0]
                        .replace("2024-05-14", "2024-03-31")
                        .replace("2024-05-15", "2024-04-01"),
                        *row[1:],
                    ]
                    for row in r[1:]
                ),
            ]
        ),
        "refused: .*clocks skip",
        ("timezone=Europe/Berlin",),
    ),
    Case(
        TIMES,
        "a zone that does not exist",
        wide(lambda r: r),
        "refused: .*no such time zone",
        ("timezone=Berlin",),
    ),
    Case(TIMES, "most hours missing", wide(lambda r: [*r[:3], *r[40:]]), "refused: .*most steps"),
    Case(
        TIMES,
        "a third of the hours missing",
        wide(lambda r: [row for i, row in enumerate(r) if i % 3 or not i]),
        "read: 47 times of 3 sites",
    ),
    Case(
        TIMES, "sensors measured at times of their own", unaligned, "asked: The times are irregular"
    ),
    Case(
        TIMES,
        "the same, resampled",
        unaligned,
        r"read: 294 times of 3 sites.*resampled",
        (*ZONE, "step=5 min", "resample=mean"),
    ),
    Case(TIMES, "one time", wide(lambda r: r[:2]), "refused: .*at least 2 times"),
    Case(
        TIMES,
        "no column of times",
        wide(lambda r: [row[1:] for row in r]),
        "asked: .*what is the first time",
    ),
    Case(
        TIMES,
        "the same, answered",
        wide(lambda r: [row[1:] for row in r]),
        READ,
        (*ZONE, "start=2024-05-14 00:00", "step=1 h"),
    ),
    Case(SITE, "a row for each time and site", long(lambda r: r), READ),
    Case(SITE, "one file a site, named by it", one_file_a_site, READ),
    Case(
        SITE,
        "two parameters in rows of their own",
        kinds_of_rows,
        "asked: Rows of one site and time differ by column 'parameter'",
    ),
    Case(SITE, "the same, answered", kinds_of_rows, READ, (*ZONE, "only=parameter:pm25")),
    Case(
        SITE,
        "1,234, which may be decimals or thousands",
        thousands,
        "asked: Numbers of values.csv hold a comma before three digits",
    ),
    Case(
        SITE,
        "the same, answered as thousands",
        thousands,
        r"read: 48 times of 3 sites \(north 1224",
        (*ZONE, "thousands=,"),
    ),
    Case(
        SITE,
        "the same, answered as decimals",
        thousands,
        r"read: 48 times of 3 sites \(north 1.22",
        (*ZONE, "decimal=,"),
    ),
    Case(SITE, "GHCN-Daily and its stations", ghcn, "read: 91 times of 2 sites.*4 missing"),
    Case(SITE, "one sensor", wide(lambda r: [row[:2] for row in r]), "refused: .*single site"),
    Case(
        SITE,
        "rows that stand twice with the same values",
        long(lambda r: [*r, *r[-6:]]),
        r"read: 48 times.*stand again for one time and site: 6, of which 0",
    ),
    Case(
        SITE,
        "rows that stand twice with other values",
        long(lambda r: [*r, [*r[-1][:2], "99"]]),
        "asked: 1 values stand again",
    ),
    Case(
        SITE,
        "a row without a site",
        long(cell(9, 1, "")),
        "refused: .*none in column 'site' of line 10",
    ),
    Case(
        SITE,
        "-999 where nothing was measured",
        wide(cell(9, 1, "-999")),
        "refused: .*missing_value=-999",
    ),
    Case(
        SITE,
        "the same, stated",
        wide(cell(9, 1, "-999")),
        "read: 48 times of 3 sites.*1 missing",
        (*ZONE, "missing_value=-999"),
    ),
    Case(SITE, "1e38 where nothing was measured", wide(cell(9, 1, "1e38")), "refused: .*1e\\+38"),
    Case(SITE, "infinite numbers", wide(cell(9, 1, "inf")), "read: 48 times of 3 sites.*1 missing"),
    Case(
        SITE,
        "one number for ever",
        wide(lambda r: [r[0], *([row[0], "5", "5", "5"] for row in r[1:])]),
        "read: 48 times of 3 sites \\(north 5",
    ),
    Case(
        SITE,
        "a sensor without any value",
        wide(lambda r: [r[0], *([row[0], row[1], "", row[3]] for row in r[1:])]),
        "read: 48 times of 2 sites.*left out: 1",
    ),
    Case(
        SITE,
        "a column that is not there",
        long(lambda r: r),
        "refused: .*'flow'",
        (*ZONE, "value=flow"),
    ),
    Case(
        SITE,
        "a setting that is not there",
        long(lambda r: r),
        "refused: .*Expected a setting",
        ("tiem=time",),
    ),
    Case(
        PLACE,
        "no places",
        lambda f: [written(f, "values.csv", long_rows())],
        "asked: Where are the sites",
    ),
    Case(
        PLACE,
        "the same, drawn in rows and columns",
        lambda f: [written(f, "values.csv", long_rows())],
        "read: 48 times of 3 sites.*mean nothing",
        (*ZONE, "places=rows"),
    ),
    Case(
        PLACE,
        "a sensor without a place",
        placed(PLACES.replace("east,52.51,13.47\n", "")),
        "asked: 1 of 3 sites have no place.*'east'",
    ),
    Case(
        PLACE,
        "NaN for a place",
        placed(PLACES.replace("52.51", "NaN")),
        "asked: 1 of 3 sites have no place",
    ),
    Case(
        PLACE,
        "other ids than the values'",
        placed(PLACES.replace("north", "n1").replace("south", "s1").replace("east", "e1")),
        "refused|asked",
    ),
    Case(
        PLACE,
        "a site in two rows, 100 m apart",
        placed(PLACES + "north,52.541,13.40\n"),
        "read: 48 times of 3 sites.*stand at their mean",
    ),
    Case(
        PLACE,
        "latitude above 90, as when the two are exchanged",
        placed("site,latitude,longitude\nnorth,151.2,-33.8\nsouth,151.3,-33.9\neast,151.1,-33.7\n"),
        "refused|asked",
    ),
    Case(
        PLACE,
        "one site with its two numbers exchanged",
        placed(PLACES.replace("52.51,13.47", "13.47,52.51")),
        "read: .*exchanged",
    ),
    Case(
        PLACE,
        "on both sides of the date line",
        placed("site,latitude,longitude\nnorth,-17,179.9\nsouth,-17.1,-179.9\neast,-17.2,179.8\n"),
        READ,
    ),
    Case(
        PLACE,
        "at the poles",
        placed("site,latitude,longitude\nnorth,90,0\nsouth,-90,0\neast,89.9,180\n"),
        READ,
    ),
    Case(
        PLACE,
        "longitude 0 and latitude 0",
        placed(PLACES.replace("52.51,13.47", "0,0")),
        "refused: .*longitude 0 and latitude 0",
    ),
    Case(
        PLACE,
        "degrees, minutes and seconds",
        placed(PLACES.replace("52.51", '52°30\'36""N')),
        "refused|asked",
    ),
    Case(
        PLACE,
        "x and y without a projection",
        placed("site,x,y\nnorth,391500,5822000\nsouth,392500,5818000\neast,395500,5820000\n"),
        "asked: In which projection",
    ),
    Case(
        PLACE,
        "the same, answered",
        placed("site,x,y\nnorth,391500,5822000\nsouth,392500,5818000\neast,395500,5820000\n"),
        READ,
        (*ZONE, "crs=EPSG:25833"),
    ),
    Case(
        PLACE,
        "a projection that is none",
        placed("site,x,y\nnorth,391500,5822000\nsouth,392500,5818000\neast,395500,5820000\n"),
        "refused: .*none",
        (*ZONE, "crs=EPSG:1"),
    ),
    Case(PLACE, "a site that moved", moved, "asked: 1 of 3 sites stand at several places"),
    Case(
        PLACE,
        "the same, each place a site of its own",
        moved,
        "read: 48 times of 4 sites",
        (*ZONE, "moved=separate"),
    ),
)
