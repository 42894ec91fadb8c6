"""Base of the records that describe data sets and how to load them."""

from __future__ import annotations

import codecs
import math
import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, field_validator

FIXED_OFFSET = re.compile(r"(UTC)?[+-](0\d|1[0-5]):?[0-5]\d")


class Settings(BaseModel):
    """A frozen record that refuses keys it does not know, so that a misspelt setting is heard."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _known_zone(name: str) -> str:
    if name.upper() == "UTC" or FIXED_OFFSET.fullmatch(name):
        return name
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(
            f'no such time zone: {name!r} (name one such as "Europe/Berlin" or "UTC", or '
            f'state an offset such as "+01:00")'
        ) from error
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""A zone's name, "UTC", or a fixed offset such as "+01:00"."""

Mark = float | str


class ValueSettings(Settings):
    """What a loader needs to know of numbers that stand for something else.

    Attributes:
        missing_value: a number or a text that means "not measured", such as 0, -999 or "---", or
            a list of them.
        measured_values: numbers that were measured although they are as missing values are often
            written, such as -999 in a depth; they are never refused as marks.
    """

    missing_value: Mark | tuple[Mark, ...] | None = None
    measured_values: tuple[float, ...] = ()

    @field_validator("missing_value", "measured_values", mode="before")
    @classmethod
    def _no_truth_value(cls, value: object) -> object:
        several = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(one, bool) for one in several):
            raise ValueError("a number or a text is needed, not true or false")
        return value

    @field_validator("measured_values", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, int | float) else value

    @property
    def missing_marks(self) -> tuple[Mark, ...]:
        """All that means "not measured"."""
        if self.missing_value is None:
            return ()
        stated = self.missing_value
        return stated if isinstance(stated, tuple) else (stated,)

    @property
    def missing_numbers(self) -> tuple[float, ...]:
        """The numbers among them."""
        numbers = [number_of_text(mark) for mark in self.missing_marks]
        return tuple(number for number in numbers if number is not None)


class TextSettings(Settings):
    """What a loader needs to know of text files.

    Attributes:
        encoding: of files that are not UTF-8, such as "cp1252"; a byte order mark is always heeded.
    """

    encoding: str | None = None

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        if encoding is not None:
            try:
                "a".encode(codecs.lookup(encoding).name)
            except (LookupError, TypeError) as error:
                raise ValueError(
                    f"`encoding` must be one that Python knows, such as cp1252, not {encoding!r}"
                ) from error
        return encoding


def number_of_text(mark: Mark) -> float | None:
    """A mark as a number, or None where it is a text."""
    try:
        number = float(mark)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def first_settings_fault(error: ValidationError) -> str:
    """The first thing pydantic found wrong, as a phrase: what and where."""
    fault = error.errors()[0]
    where = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]} at {where or 'its top'}"
