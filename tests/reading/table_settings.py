"""Cases of settings of tables: time zones, and strengths of links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.reading.case import Case, load
from tests.reading.table_places import IDS
from tests.reading.tables import BODY, HEADER, READ, table

ZONES, STRENGTHS = "Time zones in settings", "Strengths of links"
PLAIN = HEADER + BODY


def strengths(cell: str, extra: str = "", at: tuple[int, int] = (1, 2)) -> Callable[[Path], str]:
    """Three sensors on a line, all linked, with one strength written as stated."""

    def run(folder: Path) -> str:
        (folder / "values.csv").write_text(
            "time,s0,s1,s2\n" + "".join(f"2024-01-0{d},{d},{d + 1},{d + 2}\n" for d in range(1, 9))
        )
        rows = "".join(f"{name},52,{13 + 0.01 * i}\n" for i, name in enumerate(IDS[:3]))
        (folder / "sites.csv").write_text("site,latitude,longitude\n" + rows)
        cells = [["1", "0.6", "0.2"], ["0.6", "1", "0.6"], ["0.2", "0.6", "1"]]
        cells[at[0]][at[1]] = cell
        (folder / "links.csv").write_text("".join(",".join(row) + "\n" for row in cells))
        loader = (
            '{ kind = "table", locations = "sites.csv", adjacency = "links.csv", '
            f"links_per_site = 1{extra} }}"
        )
        sites = load(folder, "values.csv", loader).sites
        assert sites.edges is not None
        return ", ".join(f"{IDS[a]}-{IDS[b]}" for a, b in sites.edges)

    return run


CASES = (
    *(
        Case(
            ZONES,
            f"a zone written as {zone!r}",
            table(PLAIN, f', timezone = "{zone}"'),
            refused=f"no such time zone: '{zone}' .* such as \"Europe/Berlin\"",
        )
        for zone in ("", " ", "Europe", "CEST")
    ),
    Case(ZONES, "a zone written as 'UTC+01:00'", table(PLAIN, ', timezone = "UTC+01:00"'), READ),
    *(
        Case(
            STRENGTHS,
            f"a strength of {cell}",
            strengths(cell),
            refused=f"strengths from 0 on in links.csv, found {cell} in row 2, column 3 .* write 0",
        )
        for cell in ("nan", "inf", "-inf", "-0.5")
    ),
    Case(
        STRENGTHS,
        "no number for the link of a sensor with itself",
        strengths("nan", at=(1, 1)),
        read="s0-s1, s1-s2",
    ),
    Case(
        STRENGTHS,
        "an infinite distance in one direction, which is no link",
        strengths("inf", ', adjacency_kind = "distance"'),
        read="s0-s1, s0-s2",
    ),
)
