"""Newer files without their places: the sites of a data set stand in for these."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.intake.choices import Choices
from dynst_core.intake.verdict import Verdict

FILE = "places-of-the-data-set.csv"


def with_known_places(
    paths: Sequence[Path | str],
    choices: Choices,
    known: Field,
    check: Callable[[Sequence[Path | str], Choices], Verdict],
) -> Verdict:
    """The verdict on files, beside the places of a data set where they bring none.

    Args:
        paths: the newer files.
        choices: the settings of the data set.
        known: the data set.
        check: `verdict.check`.
    Raises:
        DataError: the files cannot be read.
    """
    if choices.places or not choices.place_id:
        return check(paths, choices)
    try:
        verdict = check(paths, choices)
        if not any(question.setting == "places" for question in verdict.questions):
            return verdict
    except DataError:
        verdict = None
    degrees = known.sites.geographic
    pair = ("longitude", "latitude") if degrees else ("x", "y")
    with TemporaryDirectory() as folder:
        file = Path(folder) / FILE
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("site_id", *pair))
            for one, (east, north) in zip(
                known.sites.site_id, known.sites.coordinates, strict=True
            ):
                writer.writerow((one, repr(float(east)), repr(float(north))))
        own = {
            "longitude": "",
            "latitude": "",
            "x": "",
            "y": "",
            pair[0]: pair[0],
            pair[1]: pair[1],
        }
        settled = choices.changed(
            **own, crs="" if degrees else "local", place_id="site_id", places=FILE
        )
        return check([*paths, file], settled)
