"""Cases of the cells of sensor tables: marks of missing values, numbers, words and blanks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from tests.datasets.reading.case import Case
from tests.datasets.reading.tables import BODY, HEADER, SITES, edited, table

MARKS, CELLS = "Marks of missing values in tables", "Cells of tables"


def marked(marks: tuple[float, ...], extra: str = "") -> Callable[[Path], str]:
    """Counts from 0 to 1,800 of which every tenth is one of these marks, in turn."""

    def run(folder: Path) -> str:
        hour = np.arange(240.0)
        counts = np.round(900 + 900 * np.sin(hour[:, None] * np.pi / 12 + [0.0, 1.0]))
        for number, mark in enumerate(marks):
            counts[10 * number :: 10 * len(marks), 1] = mark
        frame = pd.DataFrame(counts, columns=["a", "b"])
        frame.insert(0, "time", pd.date_range("2024-01-01", periods=240, freq="h"))
        return table(frame.to_csv(index=False), extra)(folder)

    return run


def below_zero(length: int, extra: str = "") -> Callable[[Path], str]:
    """Speeds from 46 to 80 in tenths of which the last ones of b are -1."""

    def run(folder: Path) -> str:
        hour = np.arange(240.0)
        speeds = np.round(63 + 17 * np.sin(hour[:, None] * np.pi / 11.9 + [0.0, 1.0]), 1)
        speeds[240 - length :, 1] = -1
        frame = pd.DataFrame(speeds, columns=["a", "b"])
        frame.insert(0, "time", pd.date_range("2024-01-01", periods=240, freq="h"))
        return table(frame.to_csv(index=False), extra)(folder)

    return run


CASES = (
    Case(
        MARKS,
        "-999 in counts",
        marked((-999,)),
        refused=r"found -999 u 24 times .* `missing_value` to \[-999\]",
    ),
    Case(
        MARKS,
        "-999 in counts, stated as missing",
        marked((-999,), ", missing_value = -999"),
        read="240 times; a 900, b 900 [Values of values.csv read as missing, as stated: "
        "-999 (24).]",
    ),
    Case(
        MARKS,
        "-999 and -888, of which one is stated",
        marked((-999, -888), ", missing_value = -999"),
        refused="found -888 u 12 times",
    ),
    Case(
        MARKS,
        "-999, -888 and 65535, all stated",
        marked((-999, -888, 65535), ", missing_value = [-999, -888, 65535]"),
        read="240 times; a 900, b 900 [Values of values.csv read as missing, as stated: "
        "-999 (8), -888 (8), 65535 (8).]",
    ),
    *(
        Case(MARKS, f"{mark:g} in counts", marked((mark,)), refused=f"found {mark:g} u 24 times")
        for mark in (-99, -7999, -9999, -32768, 65535, 99999, -1)
    ),
    Case(
        MARKS,
        "a single -999 in counts",
        table(
            HEADER
            + "".join(
                f"2024-01-01 {h:02d}:00,{40 * h},{-999 if h == 9 else 30 * h}\n" for h in range(24)
            )
        ),
        refused="found -999 u once .* 'b' at 2024-01-01 09:00",
    ),
    Case(
        MARKS,
        "a single -1 in speeds from 46 to 80",
        below_zero(1),
        refused="found -1 u once .* 'b' at 2024-01-10 23:00",
    ),
    Case(
        MARKS,
        "-1 in the last 60 rows of speeds from 46 to 80",
        below_zero(60),
        refused=r"found -1 u 60 times .* 'b' at 2024-01-08 12:00.* `missing_value` to \[-1\]",
    ),
    Case(
        MARKS,
        "-1 in the last 60 rows of speeds, stated as missing",
        below_zero(60, ", missing_value = -1"),
        read="240 times; a 63.02, b 63.34 [Values of values.csv read as missing, as stated: "
        "-1 (60).]",
    ),
    Case(
        MARKS,
        "-999 that was measured, as the entry states",
        marked((-999,), ", measured_values = [-999]"),
        read="240 times; a 900, b 710.1",
    ),
    Case(MARKS, "true zeros in counts", marked((0,)), read="240 times; a 900, b 810"),
    Case(
        MARKS,
        "zeros far from all other values",
        table(
            HEADER
            + "".join(
                f"2024-01-01 {h:02d}:00,{100 + h},{0 if h % 6 == 0 else 100 + h}\n"
                for h in range(24)
            )
        ),
        read="24 times; a 111.5, b 93.33 ['value' is 0 4 times and otherwise far from it; the "
        "zeros were read as measured, so state `missing_value = 0` if they mean that nothing was.]",
    ),
    Case(
        CELLS,
        "a cell of blanks alone",
        table(edited(",11.0"[:3], ", ")),
        read="24 times; a 11.5, b 21.96",
    ),
    Case(
        CELLS,
        "words for nothing: NA, n/a, NULL, nan",
        table(
            edited("01:00,1,", "01:00,NA,")
            .replace("02:00,2,", "02:00,n/a,")
            .replace("03:00,3,", "03:00,NULL,")
            .replace("04:00,4,", "04:00,nan,")
        ),
        read="24 times; a 13.3, b 21.5",
    ),
    Case(
        CELLS,
        "dashes for nothing",
        table(edited("04:00,4,", "04:00,---,")),
        refused="'---' in line 6; .* add it to `missing_value`",
    ),
    Case(
        CELLS,
        "dashes and a number for nothing, both stated",
        table(
            edited("04:00,4,", "04:00,---,").replace("05:00,5,", "05:00,-999,"),
            ', missing_value = ["---", -999]',
        ),
        read="24 times; a 12.14, b 21.5 [Values of values.csv read as missing, as stated: "
        "'---' (1), -999 (1).]",
    ),
    Case(
        CELLS,
        "decimal commas, not stated",
        table((HEADER + BODY).replace(",", ";").replace(";4;", ";4,5;"), ', separator = ";"'),
        refused="'4,5' in line 6; set `decimal = \",\"`",
    ),
    Case(
        CELLS,
        "decimal commas, stated",
        table(
            (HEADER + BODY).replace(",", ";").replace(";4;", ";4,5;"),
            ', separator = ";", decimal = ","',
            SITES.replace(",", ";").replace("13", "13,4"),
        ),
        read="24 times; a 11.52, b 21.5",
    ),
    Case(
        CELLS,
        "points before thousands where commas stand before decimals",
        table(
            (HEADER + BODY).replace(",", ";").replace(";4;", ";1.234;"),
            ', separator = ";", decimal = ","',
            SITES.replace(",", ";"),
        ),
        refused="'1.234' in line 6; write it without a sign between thousands",
    ),
    Case(
        CELLS,
        "commas before thousands",
        table(edited("04:00,4,", '04:00,"1,234.5",')),
        refused="'1,234.5' in line 6; write it without a sign between thousands",
    ),
    Case(
        CELLS,
        "commas before thousands, stated",
        table(edited("04:00,4,", '04:00,"1,234.5",'), ', thousands = ","'),
        read="24 times; a 62.77, b 21.5",
    ),
    Case(
        CELLS,
        "counts of which one is written 1.234",
        table(edited("04:00,4,", "04:00,1.234,")),
        refused="1 with three decimals among 48 with fewer .*'1.234' in column 'a', line 6",
    ),
    Case(
        CELLS,
        "the same, stated as thousands",
        table(edited("04:00,4,", "04:00,1.234,"), ', thousands = "."'),
        read="24 times; a 62.75, b 21.5",
    ),
    Case(
        CELLS,
        "the same, stated as decimals",
        table(edited("04:00,4,", "04:00,1.234,"), ', thousands = ""'),
        read="24 times; a 11.38, b 21.5",
    ),
    Case(
        CELLS,
        "numbers of three decimals, some of which end in zeros",
        table(
            HEADER
            + "".join(
                f"2024-01-01 {h:02d}:00,{round(h + h / 7, 3)},{round(h * 1.003 + 9, 3)}\n"
                for h in range(24)
            )
        ),
        read="24 times; a 13.14, b 20.53",
    ),
    Case(
        CELLS,
        "underscores in numbers",
        table(edited("04:00,4,", "04:00,1_000,")),
        refused="'1_000' in line 6",
    ),
    Case(CELLS, "True", table(edited("04:00,4,", "04:00,True,")), refused="'True' in line 6"),
    Case(
        CELLS,
        "an infinite number",
        table(edited("04:00,4,", "04:00,inf,")),
        read="24 times; a 11.83, b 21.5 [Infinite numbers of values.csv read as missing: 1.]",
    ),
)
