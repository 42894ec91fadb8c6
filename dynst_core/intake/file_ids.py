"""Ids of sites that names of files, sheets and folders give."""

from __future__ import annotations

import re

from dynst_core.intake.files.month_names import MONTHS
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.roles.groups import Group

FILE_DATE = re.compile(r"(19|20)\d{2}[-_.]?(0[1-9]|1[0-2])([-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")


def file_id(table: Table, values: Group) -> str:
    """The id that a file's name gives its site: the part by which the names differ.

    A date is no part of it, as files of many days may hold one site. Where all names are one, it is
    that of the sheet, or of the folder, as of a data set in parts (station=A1).
    """
    stems = [_stem(t) for t in values.tables]
    own = _stem(table)
    if len(set(stems)) < 2:
        for names_of in (_sheet, _folder):
            names = [names_of(t) for t in values.tables]
            if all(names) and len(set(names)) > 1:
                return names_of(table)
        return own
    first, last = _alike_start(stems), _alike_start([stem[::-1] for stem in stems])
    return own[len(first) : len(own) - len(last)] or own


def _stem(table: Table) -> str:
    """A file's name without its endings and dates."""
    stem = table.path.name.split(".")[0]
    return FILE_DATE.sub("", stem).strip("_- ") or stem


def _sheet(table: Table) -> str:
    """A sheet's title without dates; "" where there is none, or it names a month."""
    title = table.form.get("sheet", ("", ""))[0]
    return "" if title.strip().lower() in MONTHS else FILE_DATE.sub("", title).strip("_- .")


def _folder(table: Table) -> str:
    """The name of a file's folder without dates, or what it is equal to."""
    name = table.path.parent.name
    return FILE_DATE.sub("", name.rpartition("=")[2]).strip("_- ")


def _alike_start(texts: list[str]) -> str:
    """What all begin with; numbers and words stay as they are, though they begin alike."""
    size = 0
    for letters in zip(*texts, strict=False):
        if len(set(letters)) > 1:
            break
        size += 1
    start = texts[0][:size]
    while start and start[-1].isalnum():
        start = start[:-1]
    return start
