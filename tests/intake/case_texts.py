"""Text tables that are broken or odd, and times written in any way."""

from __future__ import annotations

from tests.intake.cases import (
    PLACES,
    ZONE,
    Case,
    as_bytes,
    cell,
    csv_text,
    put,
    wide,
    wide_rows,
    with_places,
    written,
)
from tests.intake.text_files import (
    FORM,
    READ,
    TIMES,
    counted,
    days_named,
    formed,
    hour_columns,
    hours_to_24,
    midnight_and_clock,
    parts,
    periods,
    rdb,
    separated,
    short_years,
    unaligned,
)

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
    Case(TIMES, "hours alone, and the date in the name of the file", days_named, READ),
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
)
