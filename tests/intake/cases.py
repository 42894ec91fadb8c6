"""Files that planners may bring, made by code: what they hold and what becomes of them.

`scripts/refusals_page.py` writes docs/own-data-refusals.md from the same cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dynst_core.errors import DynSTError
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict

HOURS = 48
SITES = ("north", "south", "east")
PLACES = "site,latitude,longitude\nnorth,52.54,13.40\nsouth,52.47,13.41\neast,52.51,13.47\n"
ZONE = ("timezone=UTC", "unit=km/h")


@dataclass(frozen=True)
class Case:
    """Files that a planner may bring.

    Attributes:
        kind: heading of the page under which it stands.
        given: what the files hold, in a planner's words.
        make: writes them into a folder, and returns those that are brought.
        becomes: regular expression that the outcome matches.
        settings: what the planner states.
    """

    kind: str
    given: str
    make: Callable[[Path], list[Path]]
    becomes: str
    settings: tuple[str, ...] = ZONE

    def outcome(self, folder: Path) -> str:
        """What becomes of the files: "read: ...", "asked: ..." or "refused: ..."."""
        try:
            verdict = check(self.make(folder), parsed_choices(self.settings))
        except DynSTError as error:
            return f"refused: {error}".replace(str(folder), "...")
        return reported(verdict)


def reported(verdict: Verdict) -> str:
    """A verdict in one line."""
    if verdict.refusal:
        return f"refused: {verdict.refusal}"
    if verdict.required:
        return f"asked: {verdict.required[0].text}"
    field = verdict.field
    assert field is not None
    values = field.dataset["values"]
    means = values.mean(dim=("time", "channel")).values
    shown = ", ".join(
        f"{name} {mean:.4g}" for name, mean in zip(field.sites.site_id[:3], means[:3], strict=True)
    )
    missing = int((~field.dataset["observed"]).sum())
    notes = " ".join(note for note in verdict.notes if not note.startswith("README"))
    size = f"{field.n_times} times of {len(field.sites)} sites"
    text = f"read: {size} ({shown}), {missing} missing. {notes}"
    return re.sub(r"\s+", " ", text).strip()


# -- good files that the odd ones are made of -----------------------------------------------------


def value_of(hour: int, site: int) -> float:
    """A value that is reported from all others of its site, without any pattern of thousands."""
    return 50 + 10 * site + (7 * hour) % 24 / 2


def stamp(hour: int, form: str = "{y}-{m:02d}-{d:02d} {h:02d}:00") -> str:
    """The time of an hour of the record, from 2024-05-14 on."""
    return form.format(y=2024, m=5, d=14 + hour // 24, h=hour % 24)


def wide_rows(hours: int = HOURS, form: str = "{y}-{m:02d}-{d:02d} {h:02d}:00") -> list[list[str]]:
    """A table with a column for each site."""
    rows = [[stamp(h, form), *(f"{value_of(h, s):g}" for s in range(3))] for h in range(hours)]
    return [["time", *SITES], *rows]


def long_rows(hours: int = HOURS, form: str = "{y}-{m:02d}-{d:02d} {h:02d}:00") -> list[list[str]]:
    """A table with a row for each time and site."""
    rows = [
        [stamp(h, form), name, f"{value_of(h, s):g}"]
        for h in range(hours)
        for s, name in enumerate(SITES)
    ]
    return [["time", "site", "speed"], *rows]


def written(folder: Path, name: str, rows: list[list[str]], separator: str = ",") -> Path:
    """Rows as text."""
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    return put(folder, name, text)


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of a text or bytes."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def places(folder: Path, text: str = PLACES) -> Path:
    """The file of places."""
    return put(folder, "sites.csv", text)


def with_places(folder: Path, file: Path) -> list[Path]:
    """A file of values, and the places."""
    return [file, places(folder)]


def wide(
    change: Callable[[list[list[str]]], list[list[str]]], hours: int = HOURS
) -> Callable[[Path], list[Path]]:
    """A wide table with something changed, and its places."""
    return lambda folder: with_places(
        folder, written(folder, "values.csv", change(wide_rows(hours)))
    )


def long(
    change: Callable[[list[list[str]]], list[list[str]]], hours: int = HOURS
) -> Callable[[Path], list[Path]]:
    """A long table with something changed, and its places."""
    return lambda folder: with_places(
        folder, written(folder, "values.csv", change(long_rows(hours)))
    )


def cell(row: int, column: int, text: str) -> Callable[[list[list[str]]], list[list[str]]]:
    """A change of one cell."""

    def change(rows: list[list[str]]) -> list[list[str]]:
        rows = [list(one) for one in rows]
        rows[row][column] = text
        return rows

    return change


def as_bytes(content: bytes, name: str = "values.csv") -> Callable[[Path], list[Path]]:
    """A file of these bytes, and the places."""
    return lambda folder: with_places(folder, put(folder, name, content))


def csv_text(rows: list[list[str]], separator: str = ",") -> str:
    """Rows as one text."""
    return "\n".join(separator.join(row) for row in rows) + "\n"
