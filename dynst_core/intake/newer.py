"""Newer files of the same kind: read with the settings of the first, and appended."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dynst_core.datasets.catalogue import load_catalogue, load_entry
from dynst_core.errors import DataError
from dynst_core.fields.field import Field, make_field
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.intake.checking import check
from dynst_core.intake.choices import Choices
from dynst_core.intake.store import (
    Kept,
    changing_kept_datasets,
    choices_in,
    kept_dataset,
    now_in_utc,
    read_dataset_card,
    write_kept_dataset,
)
from dynst_core.intake.verdict import Verdict, field_of


def append_newer_files(name: str, paths: Sequence[Path | str]) -> tuple[Kept, tuple[str, ...]]:
    """Add newer files of the same kind, read with the settings of the first.

    Values of the new files replace earlier ones at the same time and site.

    Args:
        name: of the data set.
        paths: files that may come without their places, which are known.
    Returns:
        The data set, and what was added or noticed, one sentence each.
    Raises:
        DataError: the files cannot be read with these settings, or have another step.
    """
    _, card = read_dataset_card(name)
    old = load_entry(load_catalogue()[name], progress=False)
    choices = choices_in(card["settings"])
    verdict = _check_newer(paths, choices, old)
    new = field_of(verdict)
    joined, said = _joined(old, new, tuple(map(float, choices.measured_values)))
    record = {
        "time": now_in_utc(),
        "originals": [asdict(o) for o in verdict.originals],
        "notes": said,
    }
    with changing_kept_datasets():
        place, card = read_dataset_card(name)
        card = {
            **card,
            "originals": [*card["originals"], *record["originals"]],
            "n_sites": len(joined.sites),
            "n_times": joined.n_times,
            "history": [*card["history"], record],
        }
        write_kept_dataset(place, joined, card)
    return kept_dataset(name), said


def _check_newer(paths: Sequence[Path | str], choices: Choices, old: Field) -> Verdict:
    """The verdict on newer files, with the places that are known where they bring none."""
    plain = replace(choices, values="", places=choices.places if choices.places == "rows" else "")
    return with_known_places(paths, plain, old)


def _joined(old: Field, new: Field, measured: tuple[float, ...]) -> tuple[Field, tuple[str, ...]]:
    if new.channels != old.channels or new.grid is not None or old.grid is not None:
        raise DataError(
            f"Expected the channels {', '.join(old.channels)} of a network, found "
            f"{', '.join(new.channels)}; newer files must be of the same kind."
        )
    if new.step != old.step:
        raise DataError(
            f"Expected the step of the data set, {old.step}, found {new.step}; resample the newer "
            f"files to it, or add them as a data set of their own."
        )
    ids = list(map(str, old.sites.site_id))
    number = {one: i for i, one in enumerate(ids)}
    fresh = [i for i, one in enumerate(map(str, new.sites.site_id)) if one not in number]
    column = np.array([number.get(str(one), -1) for one in new.sites.site_id])
    column[fresh] = len(ids) + np.arange(len(fresh))
    time = np.union1d(old.time, new.time)
    values = np.full(
        (len(time), len(ids) + len(fresh), len(old.channels)), np.nan, dtype=np.float32
    )
    values[np.searchsorted(time, old.time), : len(ids)] = old.dataset["values"].values
    rows = np.searchsorted(time, new.time)
    given = new.dataset["values"].values
    before = values[np.ix_(rows, column)]
    values[np.ix_(rows, column)] = np.where(np.isfinite(given), given, before)
    changed = int((np.isfinite(before) & np.isfinite(given) & (before != given)).sum())
    said = [
        f"{len(time) - old.n_times:,} times were added, from {new.time[0]} to {new.time[-1]} UTC."
    ]
    if fresh:
        said.append(f"{len(fresh):,} sites were added ({some_ids(new.sites.site_id[fresh], 5)}).")
    if changed:
        said.append(f"{changed:,} earlier values were replaced by other ones of the new files.")
    sites = SiteSet(
        np.array([*ids, *map(str, new.sites.site_id[fresh])]),
        np.vstack([old.sites.coordinates, new.sites.coordinates[fresh]]),
        old.sites.geographic,
        old.sites.edges,
    )
    notes = tuple(dict.fromkeys([*old.notes, *said]))
    field = make_field(
        values,
        time,
        sites,
        channels=old.channels,
        units=old.units,
        about=old.about,
        notes=notes,
        measured_values=measured,
    )
    return field, tuple(said)


FILE = "places-of-the-data-set.csv"


def with_known_places(
    paths: Sequence[Path | str],
    choices: Choices,
    known: Field,
) -> Verdict:
    """The verdict on files, beside the places of a data set where they bring none.

    Args:
        paths: the newer files.
        choices: the settings of the data set.
        known: the data set.
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
        verdict = check([*paths, file], settled)
        brought = tuple(one for one in verdict.originals if one.name != FILE)
        return replace(verdict, originals=brought)
