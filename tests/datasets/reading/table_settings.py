"""Cases of settings of tables: time zones, and strengths of links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.datasets.reading.case import Case, load
from tests.datasets.reading.table_places import IDS
from tests.datasets.reading.tables import BODY, HEADER, READ, table

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


FORMS, GROUPS = "Places written unlike the values", "Places as a group"
GERMAN = PLAIN.replace(",", ";")
SEMICOLONS = ', separator = ";", decimal = ","'
POINTS = "site,latitude,longitude\na,52.5,13.25\nb,53.5,14.25\n"
COMMAS = POINTS.replace(",", ";").replace(".", ",")


def at(sites: str, extra: str = "", values: str = PLAIN) -> Callable[[Path], str]:
    """A table with these places; says where they are, and the notes."""

    def run(folder: Path) -> str:
        (folder / "values.csv").write_text(values)
        (folder / "sites.csv").write_text(sites)
        field = load(folder, "values.csv", f'{{ kind = "table", locations = "sites.csv"{extra} }}')
        return "; ".join([str(field.sites.coordinates.tolist()), *field.notes])

    return run


def six(last: str) -> Callable[[Path], str]:
    """Six sensors of which five lie around Berlin and the last as stated."""
    body = "".join(f"2024-01-01 {h:02d}:00,{h},1,2,3,4,{h}\n" for h in range(24))
    near = "a,52.54,13.4\nb,52.47,13.41\nc,52.51,13.47\nd,52.51,13.33\ne,52.5,13.4\n"
    read = at(f"site,latitude,longitude\n{near}f,{last}\n", values="time,a,b,c,d,e,f\n" + body)
    return lambda folder: "; ".join(read(folder).split("; ")[1:]) or "no note"


PLACED = "[[13.25, 52.5], [14.25, 53.5]]"
FORM_CASES = (
    Case(FORMS, "commas and points beside a German table", at(POINTS, SEMICOLONS, GERMAN), PLACED),
    Case(FORMS, "the German form for both", at(COMMAS, SEMICOLONS, GERMAN), PLACED),
    Case(FORMS, "the German form beside a plain table", at(COMMAS), PLACED),
    Case(FORMS, "tabs and points", at(POINTS.replace(",", "\t"), SEMICOLONS, GERMAN), PLACED),
    Case(FORMS, "bars and decimal commas", at(COMMAS.replace(";", "|")), PLACED),
    Case(FORMS, "semicolons and points", at(POINTS.replace(",", ";"), SEMICOLONS, GERMAN), PLACED),
    Case(
        FORMS,
        "metres that may have commas between thousands",
        at("site;x;y\na;391,500;582,100\nb;392,000;581,100\n"),
        refused=r"found '391,500' in line 2 \(further texts: '392,000'\); write it as a plain",
    ),
    Case(
        FORMS,
        "no column of latitudes in a file with semicolons",
        at(COMMAS.replace("latitude", "north")),
        refused="latitude column such as .* found site, north, longitude; name it as "
        "`latitude_column` in",
    ),
    Case(
        GROUPS,
        "two sensors at one place",
        at(POINTS.replace("53.5,14.25", "52.5,13.25")),
        "[[13.25, 52.5], [13.25, 52.5]]; All 2 sites of sites.csv lie at one place (13.25, 52.5); "
        "check its columns.",
    ),
    Case(
        GROUPS,
        "longitude and latitude of one sensor exchanged",
        six("13.38,52.52"),
        "Far from the other sites of sites.csv, by more than 5,300 km: 'f' (1 of 6); with "
        "longitude and latitude exchanged, 'f' would lie among the others.",
    ),
    Case(
        GROUPS,
        "a sensor on another continent",
        six("-33.9,151.2"),
        "Far from the other sites of sites.csv, by more than 12,100 km: 'f' (1 of 6).",
    ),
    Case(GROUPS, "a sensor 300 km from the others", six("53.55,9.99"), "no note"),
)

CASES = (
    *FORM_CASES,
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
