"""What a planner states about their files, what is proposed in its place, and what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from dynst_core.datasets.reading.settings import number_of_text
from dynst_core.errors import ConfigError
from dynst_core.intake.extents import box_of, length_m
from dynst_core.intake.lists import divided, joined

ALIASES = {
    "time_column": "time",
    "site_column": "site",
    "value_column": "value",
    "variables": "value",
    "latitude_column": "latitude",
    "longitude_column": "longitude",
    "x_column": "x",
    "y_column": "y",
    "id_column": "place_id",
    "units": "unit",
    "locations": "places",
    "missing": "missing_value",
    "name": "title",
}
"""Other names of settings, such as those of the loader settings that a message may advise."""

LAYOUTS = ("long", "wide", "days")
AGGREGATES = ("mean", "sum", "last", "first", "median", "min", "max")


@dataclass(frozen=True)
class Choices:
    """Settings by which files become a data set; what is empty is proposed or asked.

    Attributes:
        values: name of the file, sheet or array that holds the values.
        places: name of the file that holds the places, or "rows" to draw sites that have none in
            rows and columns.
        layout: "long" (a row for each time and site), "wide" (a column for each site) or "days"
            (a row for each day, a column for each hour or other part of it).
        time: the columns that make up the time, or the axis of time.
        time_format: as in `%d/%m/%Y %H:%M`, or what numbers count, or "day first" or "month first".
        timezone: the zone of times that state none.
        hours: "start" or "end": which end of an hour its number names, where they run from 1 to 24.
        start: the first time, where a file states none.
        step: the step of the data set, such as "15 min"; values are resampled to it.
        resample: how values within one step become one: mean, sum, last, first, median, min, max.
        repeats: what becomes of several values of one site at one time, by the same words.
        issued: the column of times at which values were issued or stored, by which the "first" and
            the "last" of repeated ones are found; by the order of rows where there is none.
        only: which rows of a table to read, as in "parameter:pm25".
        without: ids of sites to leave out, such as totals of all others; "none" keeps all.
        counter: "difference" for what a counter that only rises counted from each time to the
            next, or "keep".
        direction: "components" for directions in degrees as their sine and cosine, or "degrees".
        site: the column of site ids, or "file name".
        value: the columns or variables to use, each a channel.
        unit: the unit of each, in that order.
        unit_column: the column that states the unit of each row, where values of several are
            converted to the unit stated.
        names: what each is called in the plan, in that order.
        missing_value: numbers or texts that mean "not measured".
        measured_values: numbers that were measured although they are as missing values are written.
        place_id: the column of site ids in the file of places.
        leading_zeros: "ignore" where 00044 and 44 are the same site.
        match: "number" where ids with the same number are the same site, as DETB003 and 3.
        latitude, longitude: columns of degrees.
        x, y: columns of metres, or of a projection.
        crs: the projection of x and y, such as "EPSG:25833"; "local" for metres of a frame of
            their own.
        box: what a grid without coordinates spans: west, south, east, north in degrees.
        cell: length of a cell's side in metres, of a grid without coordinates; two where its sides
            differ, the one along a row first.
        first_row: whether the first row of an array is its "top" or its "bottom".
        coarsen: how many rows and columns of a grid or array become one, by their mean.
        begin, until: the stretch of a grid to read in UTC, `until` not included.
        links: the file that holds links between sites, a row each.
        ids: the file that holds the ids of an array's nodes, a line each.
        moved: where a site stands that was moved: "first", "last" or "mean"; or "separate".
        unplaced: "drop" to leave out sites without a place.
        separator, decimal, thousands, encoding, header: how text is written; signs may be named
            "tab" and "blank", `thousands` is "none" where there is no such sign, and `header` is
            the line of the column names, 0 for none.
        select: what to take along further dimensions, as in "level:500".
        axes: names of axes by role, as in "latitude:y", or the roles of an array's axes in order.
        time_units: units of times in place of the file's, as in "hours since 2000-01-01".
        convert_units: "true" to convert a grid's values to the unit stated.
        valid_range: "false" to take values of a grid outside the range that its file states.
        group: the group within a NetCDF, Zarr or HDF5 file.
        title, place, licence, attribution, source: words for headings and credits.
    """

    values: str = ""
    places: str = ""
    layout: str = ""
    time: tuple[str, ...] = ()
    time_format: str = ""
    timezone: str = ""
    hours: str = ""
    start: str = ""
    step: str = ""
    resample: str = ""
    repeats: str = ""
    issued: str = ""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    counter: str = ""
    direction: str = ""
    site: str = ""
    value: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    unit_column: str = ""
    names: tuple[str, ...] = ()
    missing_value: tuple[str, ...] = ()
    measured_values: tuple[str, ...] = ()
    place_id: str = ""
    leading_zeros: str = ""
    match: str = ""
    latitude: str = ""
    longitude: str = ""
    x: str = ""
    y: str = ""
    crs: str = ""
    box: tuple[str, ...] = ()
    cell: tuple[str, ...] = ()
    first_row: str = ""
    coarsen: str = ""
    begin: str = ""
    until: str = ""
    links: str = ""
    ids: str = ""
    moved: str = ""
    unplaced: str = ""
    separator: str = ""
    decimal: str = ""
    thousands: str = ""
    encoding: str = ""
    header: str = ""
    select: tuple[str, ...] = ()
    axes: tuple[str, ...] = ()
    time_units: str = ""
    convert_units: str = ""
    valid_range: str = ""
    group: str = ""
    title: str = ""
    place: str = ""
    licence: str = ""
    attribution: str = ""
    source: str = ""

    def changed(self, **settings: Any) -> Choices:
        """The same with other values of some settings."""
        return replace(self, **settings)

    def filled(self, proposed: Choices) -> Choices:
        """These settings, and those proposed where these state nothing."""
        own = {name: value for name, value in asdict(self).items() if value not in ("", ())}
        return replace(proposed, **own)

    def stated(self) -> dict[str, str]:
        """What is stated, as `parsed_choices` reads it, by the name of the setting."""
        found = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value not in ("", ()):
                text = joined(field.name, value) if isinstance(value, tuple) else value
                found[field.name] = {"\t": "tab", " ": "blank"}.get(text, text)
        return found


@dataclass(frozen=True)
class Proposal:
    """What a column, an axis or a file is taken for.

    Attributes:
        setting: the name in `Choices` that corrects it.
        value: what is proposed, as it would be stated.
        reason: why, one sentence.
        stated: whether the planner stated it.
    """

    setting: str
    value: str
    reason: str
    stated: bool = False


@dataclass(frozen=True)
class Question:
    """What the files do not say.

    Attributes:
        setting: the name in `Choices` that answers it.
        text: the question, one sentence.
        options: likely answers, the likeliest first; any other may be given.
        required: whether nothing is read until it is answered.
    """

    setting: str
    text: str
    options: tuple[str, ...] = ()
    required: bool = True


FIXED: dict[str, tuple[str, ...]] = {
    "layout": LAYOUTS,
    "resample": AGGREGATES,
    "repeats": AGGREGATES,
    "hours": ("start", "end"),
    "moved": ("first", "last", "mean", "separate"),
    "first_row": ("top", "bottom"),
    "unplaced": ("drop",),
    "leading_zeros": ("ignore",),
    "match": ("number",),
    "counter": ("difference", "keep"),
    "direction": ("components", "degrees"),
    "convert_units": ("true",),
    "valid_range": ("false",),
    "decimal": (".", ","),
}
"""Settings that have one of a few values."""

SEVERAL = tuple(one.name for one in fields(Choices) if isinstance(one.default, tuple))
"""Settings that hold several values."""

LISTS = ("axes", "box", "cell")
"""Those of which one answer holds several, and none a comma, as in axes=time,row,column."""


def parsed_choices(settings: Iterable[str], onto: Choices | None = None) -> Choices:
    """Choices out of texts such as "time=tag+stunde", the later ones in place of earlier ones.

    Args:
        settings: each `name=value`; of settings that hold several values these are divided by
            commas, columns of time by "+"; what holds such a sign stands in quotation marks.
        onto: choices that these are added to.
    Raises:
        ConfigError: there is no such setting, or its value cannot be meant.
    """
    choices = onto or Choices()
    for text in settings:
        name, sign, value = text.partition("=")
        name = name.strip().replace("-", "_")
        name = ALIASES.get(name, name)
        known = {field.name: field for field in fields(Choices)}
        if not sign or name not in known:
            raise ConfigError(
                f"Expected a setting such as time=date+hour, found {text!r}; its name is one of "
                f"{', '.join(known)}."
            )
        given: dict[str, Any] = {name: _value(name, value.strip())}
        choices = replace(choices, **given)
    check_choices(choices)
    return choices


def _value(name: str, text: str) -> str | tuple[str, ...]:
    if name not in SEVERAL:
        signs = name in ("separator", "decimal", "thousands")
        return _sign(text) if signs else text.strip('"')
    text = text.strip()
    if re.fullmatch(r"[\[({].*[\])}]", text):
        text = text[1:-1].replace(" = ", ":")
    if name in LISTS:
        text = text.replace('"', "")
    return divided(name, text)


def answer_text(setting: str, *options: str) -> str:
    """How options of a question answer it, as `parsed_choices` reads the value of its setting."""
    if setting not in SEVERAL or (setting in LISTS and len(options) == 1):
        return options[0] if options else ""
    return joined(setting, options)


def _sign(text: str) -> str:
    return {"tab": "\t", "\\t": "\t", "blank": " ", "space": " "}.get(text.lower(), text.strip('"'))


def check_choices(choices: Choices) -> None:
    """Refuse values that cannot be meant.

    Raises:
        ConfigError: which, and what is possible.
    """
    from dynst_core.datasets.reading.settings import TextSettings, first_settings_fault

    for name, possible in FIXED.items():
        value = getattr(choices, name)
        if value and value not in possible:
            raise ConfigError(
                f"Expected {name} to be one of {', '.join(possible)}, found {value!r}; choose one "
                f"of those."
            )
    if choices.timezone:
        _check_zone(choices.timezone)
    if choices.step:
        step_ns(choices.step)
    _check_numbers(choices)
    if choices.encoding:
        from pydantic import ValidationError

        try:
            TextSettings(encoding=choices.encoding)
        except ValidationError as error:
            raise ConfigError(
                f"Expected a known encoding, found {first_settings_fault(error)}."
            ) from error


def _check_numbers(choices: Choices) -> None:
    if choices.coarsen and not re.fullmatch(r"[1-9]\d{0,3}", choices.coarsen):
        raise ConfigError(
            f"Expected a whole number as coarsen, found {choices.coarsen!r}; write one such as 4."
        )
    if len(choices.cell) > 2:
        raise ConfigError(
            f"Expected one or two lengths as cell, found {','.join(choices.cell)!r}; write them as "
            f"in cell=0.5,0.25."
        )
    for text in choices.cell:
        length_m(text)
    for name in ("begin", "until"):
        text = getattr(choices, name)
        try:
            datetime.fromisoformat(text or "2000-01-01")
        except ValueError as error:
            raise ConfigError(
                f"Expected {name} as a time in UTC, found {text!r}; write it as in "
                f"{name}=2012-03-01."
            ) from error
    if choices.box:
        box_of(choices.box)
    for text in choices.measured_values:
        if number_of_text(text) is None:
            raise ConfigError(f"Expected numbers as measured_values, found {text!r}; correct it.")
    if len(choices.separator) > 1:
        raise ConfigError(
            f"Expected one sign as separator, found {choices.separator!r}; write a sign, or tab."
        )


def _check_zone(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from dynst_core.datasets.reading.settings import ZoneName, first_settings_fault

    try:
        TypeAdapter(ZoneName).validate_python(name)
    except ValidationError as error:
        raise ConfigError(
            "Expected a time zone, found "
            f"{first_settings_fault(error).removesuffix(' at its top')}."
        ) from error


UNITS_NS = {
    "us": 10**3,
    "ms": 10**6,
    "millisecond": 10**6,
    "s": 10**9,
    "sec": 10**9,
    "second": 10**9,
    "min": 60 * 10**9,
    "m": 60 * 10**9,
    "minute": 60 * 10**9,
    "h": 3600 * 10**9,
    "hour": 3600 * 10**9,
    "d": 86400 * 10**9,
    "day": 86400 * 10**9,
}
DAY_NS = UNITS_NS["day"]


def step_ns(text: str) -> int:
    """A step such as "15 min", "1h" or "1 day" in nanoseconds.

    Raises:
        ConfigError: it is no such step.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)?\s*([a-z]+)", text.strip().lower())
    name = "" if found is None else found[2]
    unit = UNITS_NS.get(name, UNITS_NS.get(name.removesuffix("s")))
    size = 0 if unit is None or found is None else round(float(found[1] or 1) * unit)
    if size <= 0:
        raise ConfigError(
            f"Expected a step such as 15 min, 1 h or 1 day, found {text!r}; write one of these "
            f"units after a number."
        )
    return size
