"""Lengths and bounding boxes as a planner states them."""

from __future__ import annotations

from dynst_core.datasets.reading.settings import number_of_text
from dynst_core.errors import ConfigError


def length_m(text: str) -> float:
    """A length in metres, such as "0.4" or "0.4 m".

    Raises:
        ConfigError: it is no length above 0.
    """
    number = number_of_text(text.strip().removesuffix("m").strip())
    if number is None or number <= 0:
        raise ConfigError(
            f"Expected lengths in metres as cell, found {text!r}; write a number above 0."
        )
    return number


def box_of(box: tuple[str, ...]) -> tuple[float, float, float, float]:
    """West, south, east and north of a bounding box, in degrees.

    Raises:
        ConfigError: these are no four numbers in that order.
    """
    try:
        west, south, east, north = (float(part) for part in box)
    except ValueError as error:
        raise ConfigError(
            f"Expected box as west,south,east,north in degrees, found {','.join(box)!r}; write "
            f"four numbers."
        ) from error
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ConfigError(
            f"Expected box as west,south,east,north in degrees, found {','.join(box)!r}; west must "
            f"lie west of east within -180 to 180, and south south of north within -90 to 90."
        )
    return west, south, east, north
