"""The rows that are read, where a column says that they hold several kinds of values."""

from __future__ import annotations

import re

import pandas as pd

from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.roles.columns import TIME_NAME
from dynst_core.intake.roles.found import Roles
from dynst_core.intake.roles.groups import Group, rows_asked, words_of
from dynst_core.intake.row_columns import units_that_convert

MOST_KINDS, MOST_CODES = 60, 20
"""Texts, and whole numbers, by which rows of one site and time may differ."""


def find_kinds_of_rows(values: Group, site: str, roles: Roles) -> None:
    """Ask which rows to read where several of one site and time differ by a column's text."""
    _check_only(values, roles)
    if roles.choices.only:
        roles.propose("only", (), "")
        _find_unit(values, roles)
        return
    if not _ask_kind(values, roles):
        _ask_what_differs(values, site, roles)


def find_kinds_across(values: Group, site: str, roles: Roles) -> None:
    """The same of tables with a column for each site or each part of a day."""
    _check_only(values, roles)
    if roles.choices.only:
        roles.propose("only", (), "")
        return
    _ask_what_differs(values, site, roles)


def _check_only(values: Group, roles: Roles) -> None:
    for text in roles.choices.only:
        if text.partition(":")[0].strip() not in values.columns or ":" not in text:
            raise DataError(
                f"Expected only=COLUMN:TEXT with a column of {values.name}, found {text!r}; its "
                f"columns are {some_ids(list(values.columns), 12)}."
            )


def _ask_what_differs(values: Group, site: str, roles: Roles) -> None:
    """Ask by what rows of one site and time differ."""
    keys = [*roles.settings.get("time", ()), *([site] if site in values.columns else [])]
    if not keys:
        return
    sample = pd.concat([next(iter(t.frames())).head(5000) for t in values.tables[:5]])
    again = sample[sample.duplicated(keys, keep=False)]
    if len(again) < 0.2 * len(sample):
        return
    for name, column in values.columns.items():
        if name in keys or again.duplicated([*keys, name]).any():
            continue
        if column.time is not None:
            _ask_issue(name, values, roles)
            return
        if column.whole and column.numeric > 0.95 and TIME_NAME.search(words_of(name)):
            both = "+".join([*roles.settings.get("time", ()), name])
            roles.ask(
                "repeats",
                f"Rows of one site and time differ by column {name!r}: where it is part of the "
                f"time, state `time={both}`; else say what becomes of them.",
                "mean",
                "sum",
            )
            return
        kinds = again[name].map(id_text).nunique()
        code = column.whole and kinds <= MOST_CODES
        each = again.groupby(keys)[name].nunique().median() if code else 0
        if (column.numeric < 0.5 or each == kinds) and 1 < column.distinct <= MOST_KINDS:
            if roles.stated("repeats"):
                roles.propose("repeats", "", "")
                return
            options = [f"{name}:{text}" for text in dict.fromkeys(column.texts)]
            roles.ask(
                "only",
                f"Rows of one {'site and ' * (len(keys) > 1)}time differ by column {name!r}: which "
                f"of its texts ({some_ids(list(dict.fromkeys(column.texts)), 8)}) are to be "
                f"read? Where all are parts of one, as lanes are of a road, state `repeats=sum` or "
                f"`repeats=mean` in place of it.",
                *options[:12],
            )
            return


def _ask_issue(name: str, values: Group, roles: Roles) -> None:
    """Ask which of the values that were issued for one site and time are taken."""
    roles.propose("issued", name, "rows of one site and time differ by it")
    roles.ask(
        "repeats",
        f"{values.name} holds several values for one site and time, issued or stored at different "
        f"times (column {name!r}), as of forecasts that are issued anew: take those issued `last` "
        f"or `first`? Where each is a time of measurement, state `time={name}`; rows of one issue "
        f"alone are read with `only={name}:TEXT`.",
        "last",
        "first",
    )


UNIT_NAME = re.compile(
    r"^(.*[/. ])?unit_?of_?measure(ment)?([/. ](symbol|name))?$"
    r"|^(units?|uom|einheit|unidad|unité|(measure(ment)?|value|result)[_ ]?units?)$",
    re.IGNORECASE,
)
NOT_MEASURED = re.compile(
    r"(forecast(ed)?|fcst|fc|prognosen?|vorhersage|predict(ed|ion)|prediction|prévision"
    r"|pron[oó]stico|previs(ão|ione)|simulat(ed|ion)|model(l?ed)?|estimat(ed?|ion)|planned|scheduled)",
    re.IGNORECASE,
)
"""What rows are called that hold no measurements."""

KIND_NAME = re.compile(
    r"^(parameter|variable|pollutant|component|quantity|measurand|analyte|element|metric"
    r"|observed_?property|characteristic_?name|sensor_?type|mess_?gr(ö|oe)(ß|ss)e|komponente)"
    r"(_?(name|code|id))?$",
    re.IGNORECASE,
)
"""Names of columns that say what the values of a row are."""


def _ask_kind(values: Group, roles: Roles) -> bool:
    """Ask which rows to read where a column says that they hold several quantities or units.

    Sites may differ by it, so that no two rows are of one site and time.
    """
    for pattern in (KIND_NAME, UNIT_NAME, None):
        for name, column in values.columns.items():
            if column.numeric > 0.5 or (pattern and not pattern.match(words_of(name).strip())):
                continue
            texts = list(dict.fromkeys(column.texts))
            if pattern is None and not any(map(NOT_MEASURED.fullmatch, texts)):
                continue
            if not 1 < len(texts) <= MOST_KINDS:
                continue
            if pattern is UNIT_NAME and units_that_convert(texts):
                continue  # `_find_unit` asks into which they are converted
            roles.ask(
                "only",
                f"Rows differ by column {name!r}: which of its texts ({some_ids(texts, 8)}) are "
                "to be "
                f"read? Values of several quantities or units cannot be compared.",
                *[f"{name}:{text}" for text in texts[:12]],
            )
            return True
    _find_unit(values, roles)
    return False


def _find_unit(values: Group, roles: Roles) -> None:
    """Propose the unit that a column states for each row; of several, ask into which to convert.

    Raises:
        DataError: the rows that are read state several that cannot be converted.
    """
    names = [name for name in values.columns if UNIT_NAME.match(words_of(name).strip())]
    if not names or values.columns[names[0]].numeric > 0.5 or len(roles.choices.value) > 1:
        return
    name, only = names[0], roles.choices.only
    sample = rows_asked(values.sample, only)
    texts = [text for text in dict.fromkeys(map(id_text, sample[name])) if text]
    if not texts:
        return
    roles.propose("unit_column", name, "it states the unit of each row")
    if len(texts) == 1 and not roles.choices.convert_units:
        roles.propose("unit", (texts[0],), f"column {name!r} states it")
        return
    if not units_that_convert(texts):
        wanted = ",".join([*only, f"{name}:{texts[0]}"])
        raise DataError(
            f"Expected values of one unit in {values.name}, found {some_ids(texts, 6)} in column "
            f"{name!r}; read the rows of one, as in `only={wanted}`."
        )
    roles.propose("convert_units", "true", f"column {name!r} states several units")
    roles.ask(
        "unit",
        f"Column {name!r} of {values.name} states several units ({some_ids(texts, 6)}): into which "
        f"are all values converted? Rows of one alone are read with `only={name}:{texts[0]}`.",
        *texts,
    )
