"""Cases of sensor tables: rows and columns, and ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tests.datasets.reading.case import Case, load, means

ROWS, IDS = "Rows and columns of tables", "Ids of sensors"
HEADER = "time,a,b\n"
BODY = "".join(f"2024-01-01 {hour:02d}:00,{hour},{10 + hour}\n" for hour in range(24))
SITES = "site,latitude,longitude\na,52,13\nb,53,14\n"
READ = "24 times; a 11.5, b 21.5"


def table(
    values: str | bytes, extra: str = "", sites: str | bytes = SITES, name: str = "values.csv"
) -> Callable[[Path], str]:
    """Writes a table and its places, loads them and says the means and the notes."""

    def run(folder: Path) -> str:
        for file, content in ((name, values), ("sites.csv", sites)):
            raw = content.encode() if isinstance(content, str) else content
            (folder / file).write_bytes(raw)
        field = load(folder, name, f'{{ kind = "table", locations = "sites.csv"{extra} }}')
        return " ".join([means(field), *(f"[{note}]" for note in field.notes)])

    return run


def with_ids(first: str, second: str, layout: str = "wide") -> Callable[[Path], str]:
    """A table of two sensors of these ids, written by pandas."""

    def run(folder: Path) -> str:
        time = pd.date_range("2024-01-01", periods=24, freq="h")
        hour = np.arange(24.0)
        frame = pd.DataFrame({"time": time, first: hour, second: 10 + hour})
        places = pd.DataFrame({"site": [first, second], "latitude": [52, 53], "longitude": [1, 2]})
        places.to_csv(folder / "sites.csv", index=False)
        if layout == "long":
            frame = frame.melt("time", var_name="site")
        frame.to_csv(folder / "values.csv", index=False)
        loader = f'{{ kind = "table", layout = "{layout}", locations = "sites.csv" }}'
        return means(load(folder, "values.csv", loader))

    return run


def edited(old: str, new: str) -> str:
    """The plain table with one of its cells written otherwise."""
    assert old in HEADER + BODY
    return (HEADER + BODY).replace(old, new, 1)


CASES = (
    Case(
        ROWS,
        "a separator at the end of each row but not of the header",
        table(HEADER + BODY.replace("\n", ",\n")),
        refused=r"3 fields in every row .* found 4 in line 2; drop the ','",
    ),
    Case(
        ROWS,
        "the same without a column of times",
        table(
            "a,b\n1,2,\n3,4,\n",
            ", start = 2024-01-01T00:00:00, step_minutes = 60, drop_empty_sites = true",
        ),
        refused="2 fields in every row .* found 3 in line 2",
    ),
    Case(
        ROWS,
        "the same in the table of places",
        table(HEADER + BODY, sites=SITES.replace("13\n", "13,\n").replace("14\n", "14,\n")),
        refused="3 fields in every row of sites.csv, .* found 4 in line 2",
    ),
    Case(
        ROWS,
        "a separator at the end of each row and of the header",
        table((HEADER + BODY).replace("\n", ",\n")),
        read=READ,
    ),
    Case(
        ROWS,
        "a last column with values and without a name",
        table((HEADER + BODY).replace("\n", ",\n").replace("3,13,\n", "3,13,7\n")),
        refused="a name for every column .* holds '7' in line 5",
    ),
    Case(
        ROWS,
        "a row with a field too few",
        table(edited("04:00,4,14", "04:00,4")),
        refused="found 2 in line 6; complete that row",
    ),
    Case(
        ROWS,
        "a row with fields too many",
        table(edited("04:00,4,14", "04:00,4,14,9,9")),
        refused="found 5 in line 6",
    ),
    Case(
        ROWS,
        "decimal commas where commas divide the columns",
        table(HEADER + BODY.replace(":00,", ":00,1,")),
        refused="found 4 in line 2; .* write decimals with a point",
    ),
    Case(
        ROWS,
        "a quotation mark that is never closed in the header",
        table(edited("time,a", 'time,"a')),
        refused="found one open from line 1 on",
    ),
    Case(
        ROWS,
        "the same in a long file",
        table('time,"a,b\n' + BODY * 300),
        refused="found one open from line 1 on",
    ),
    Case(
        ROWS,
        "two quotation marks that are never closed, rows apart",
        table(edited("04:00,4,14", '04:00,4,"14').replace("08:00,8,18", '08:00,8,18"')),
        refused="open in line 6 and close in line 10, with other rows between",
    ),
    Case(
        ROWS,
        "text after a closing quotation mark",
        table(edited("04:00,4,14", '04:00,"4"4,14')),
        refused="more text between lines 6 and 6",
    ),
    Case(ROWS, "empty lines between the rows", table(BODY.join([HEADER, "\n\n"])), read=READ),
    Case(
        ROWS,
        "rows of separators alone, as a spreadsheet leaves them",
        table(HEADER + BODY + ",,\n,,\n"),
        read=f"{READ} [Rows of values.csv without any text were left out: 2.]",
    ),
    Case(
        ROWS,
        "comments before the header",
        table("# a station\n# made in 2024, by us\n" + HEADER + BODY),
        read=READ,
    ),
    Case(
        ROWS,
        "a header that begins like a comment",
        table("#" + HEADER + BODY),
        refused="found line 1 .* begins with '#'; drop that sign where the line is the header",
    ),
    Case(
        ROWS,
        "the header again in the middle",
        table(HEADER + BODY + HEADER + BODY),
        refused="found 'a' in line 26; drop that line where it repeats the header",
    ),
    Case(
        ROWS,
        "a row of units below the header",
        table(HEADER + ",km/h,km/h\n" + BODY),
        refused="found 'km/h' in line 2; drop that line where it states units",
    ),
    Case(
        ROWS,
        "a first column without a name that numbers the rows",
        table("," + HEADER + "".join(f"{i},{row}\n" for i, row in enumerate(BODY.splitlines()))),
        read=f"{READ} [The first column of values.csv, which numbers its rows, was left out.]",
    ),
    Case(ROWS, "times in a first column without a name", table(",a,b\n" + BODY), read=READ),
    Case(
        ROWS, "UTF-16 with its byte order mark", table((HEADER + BODY).encode("utf-16")), read=READ
    ),
    Case(
        ROWS,
        "an id with an accent in the encoding of Windows",
        table(edited("a,b", "Köln,b").encode("cp1252"), sites=SITES.replace("a,", "Köln,")),
        refused='other bytes in line 1; save it as UTF-8, .* `encoding = "cp1252"`',
    ),
    Case(
        ROWS,
        "the same where the entry states it",
        table(
            edited("a,b", "Köln,b").encode("cp1252"),
            ', encoding = "cp1252"',
            SITES.replace("a,", "Köln,"),
        ),
        read="24 times; Köln 11.5, b 21.5",
    ),
    Case(
        ROWS, "a first line that names the separator", table("sep=,\n" + HEADER + BODY), read=READ
    ),
    Case(
        ROWS,
        "a spreadsheet named as CSV",
        table(b"PK\x03\x04" + bytes(range(256))),
        refused="a text table in values.csv, found a spreadsheet or an archive; save its sheet",
    ),
    Case(
        ROWS,
        "a page of the web in place of the table",
        table("<html><body>please log in</body></html>"),
        refused="found a page of the web",
    ),
    Case(
        ROWS,
        "a table cut off in the middle of its last row",
        table((HEADER + BODY)[:-20]),
        refused="found 1 in line 25",
    ),
    *(
        Case(
            IDS,
            f"the ids {first!r} and {second!r}, {layout}",
            with_ids(first, second, layout),
            read=f"24 times; {first} 11.5, {second} 21.5",
        )
        for layout in ("wide", "long")
        for first, second in (
            ("NA", "DE"),
            ("nan", "None"),
            ("NULL", "-"),
            ("=x", "@y"),
            ("00012", "12"),
            ("1e5", "100000"),
            ("1", "1.0"),
            ("true", "inf"),
            ('A, "north"', "C; east"),
        )
    ),
    Case(
        IDS,
        "blanks around ids",
        table(edited("a,b", " a ,b\t")),
        read=READ,
    ),
    Case(
        IDS,
        "accents of one sign in the places and of two in the values",
        table(edited("a,b", "Ko\u0308ln,b"), sites=SITES.replace("a,", "K\u00f6ln,")),
        read="24 times; Köln 11.5, b 21.5",
    ),
    Case(
        IDS,
        "a row of places without an id",
        table(HEADER + BODY, sites=SITES + ",54,15\n"),
        refused="an id in every row of sites.csv, .* line 4",
    ),
    Case(
        IDS,
        "a row of a long table without an id",
        table("time,site,value\n2024-01-01 00:00,a,1\n2024-01-01 00:00, ,2\n", ', layout = "long"'),
        refused="a sensor in every row .* line 3",
    ),
    Case(
        IDS,
        "a column without a name in the middle",
        table(edited("a,b", ",b")),
        refused="a name for every column .* none for column 2",
    ),
    Case(
        IDS,
        "zeros that a spreadsheet took from the ids of the values",
        table(edited("a,b", "12,b"), sites=SITES.replace("a,", "00012,")),
        refused="none for 1 of 2 .*'12'.* where '00012' stands",
    ),
    Case(
        IDS,
        "an id twice in the places, and another one three times that no sensor has",
        table(HEADER + BODY, sites=SITES + "a,52,13\nx,1,1\nx,1,1\nx,1,1\n"),
        refused=r"every site id once, found 'a' 2 times .*lines 2, 4",
    ),
)
