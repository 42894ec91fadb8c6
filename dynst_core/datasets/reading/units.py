"""Units of a file beside those of an entry: the same, convertible, or of another kind."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dynst_core.errors import DataError

if TYPE_CHECKING:
    import pint

UNSTATED = {"", "unknown", "none", "n/a", "na", "undefined", "undef", "-", "~"}
"""What files write where they state no unit."""

RESPELT = (
    (re.compile(r"\s+of\s+water(\s+equivalent)?"), ""),
    (re.compile(r"^\(?0\s*-\s*1\)?$"), "1"),
    (re.compile(r"(?<=[A-Za-z])\.(?=[A-Za-z])"), " "),
    (re.compile(r"\bdeg(?:ree)?s?[ _]+([CFK])(?:elsius|ahrenheit|elvin)?\b"), r"deg\1"),
    (re.compile(r"[°º˚]\s*([CFK])\b"), r"deg\1"),
    (re.compile(r"^[°º˚]$"), "degree"),
    (re.compile(r"℃"), "degC"),
    (re.compile(r"^psu$", re.IGNORECASE), "1e-3"),
    (re.compile(r"^fraction$", re.IGNORECASE), "1"),
)
"""Spellings that files and planners use, and those that the unit registry knows."""

SHORTHAND = {"F": "degF", "mb": "mbar"}
"""Letters that stand for something else in the registry: a farad and a millibarn."""

WATER = re.compile("precip|rain|snow|runoff|evapo|lwe_thickness|soil_moisture", re.IGNORECASE)
"""What a file calls amounts of water, of which 1 kg m-2 is a layer of 1 mm."""


@dataclass(frozen=True)
class Relation:
    """How numbers in one unit become numbers in another: `factor * number + offset`."""

    factor: float
    offset: float = 0.0

    @property
    def same(self) -> bool:
        """Whether the two units are one, spelt in two ways."""
        return abs(self.factor - 1) < 1e-9 and abs(self.offset) < 1e-9

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Numbers in the other unit, float64."""
        return values.astype(np.float64) * self.factor + self.offset


class OtherKindError(Exception):
    """The two units measure different quantities."""


def unit_relation(found: str, wanted: str, *, of_water: bool = False) -> Relation | None:
    """How values in one unit become values in another, or None where a unit is not understood.

    Args:
        found: the unit of the values.
        wanted: the unit asked for.
        of_water: whether the values are an amount of water, so that mass per area is a depth.
    Raises:
        OtherKindError: the two measure different quantities, such as a length and a temperature.
    """
    if _plain_unit(found) == _plain_unit(wanted):
        return Relation(1.0)
    pairs = [(found, wanted), (SHORTHAND.get(found, found), SHORTHAND.get(wanted, wanted))]
    for one, other in pairs:
        source, target = _parsed_unit(one), _parsed_unit(other)
        if source is None or target is None:
            return None
        if of_water:
            source, target = _water_depth(source), _water_depth(target)
        if source.dimensionality == target.dimensionality and _is_unit_of_angle(
            source
        ) == _is_unit_of_angle(target):
            return _relation_between_units(source, target)
    raise OtherKindError


def in_wanted_unit(
    values: np.ndarray,
    attributes: dict[str, Any],
    wanted: str,
    *,
    name: str,
    where: str,
    convert: bool,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Values of one variable in the unit that the entry states.

    Args:
        values: any shape.
        attributes: the variable's own, of which `units`, `standard_name` and the names are read.
        wanted: the unit in the entry.
        name: the variable.
        where: the file.
        convert: whether the planner asked for conversion.
    Returns:
        The values, and a note where they were converted or could not be compared.
    Raises:
        DataError: the units differ, and no conversion is asked for or possible.
    """
    found = str(attributes.get("units", "")).strip()
    if found.lower() in UNSTATED:
        return values, ()
    try:
        known = unit_relation(found, wanted, of_water=_is_water(attributes, name))
    except OtherKindError as error:
        raise DataError(
            f"Expected {name!r} in {wanted} as the entry states, found {found!r} in {where}, "
            f"which measures something else; correct the channel's `unit`, or choose another "
            f"variable."
        ) from error
    if known is not None and _is_unit_difference(attributes, name):
        known = Relation(known.factor)
    if known is None:
        return values, (
            f"{where} states {found!r} as the unit of {name!r}, which could not be compared with "
            f"the entry's {wanted!r}; the numbers are kept as they are.",
        )
    if known.same:
        return values, ()
    if not convert:
        raise DataError(
            f"Expected {name!r} in {wanted} as the entry states, found {found!r} in {where}; "
            f'write `unit = "{found}"` in the entry\'s `channels`, or set `convert_units = true` '
            f"in its `loader` to have the values converted."
        )
    return known.apply(values), (f"{name!r} is converted from {found} to {wanted}.",)


def _plain_unit(unit: str) -> str:
    return " ".join(unit.split())


def _respelt_unit(unit: str) -> str:
    for pattern, other in RESPELT:
        unit = pattern.sub(other, unit.strip())
    return unit


@cache
def _unit_registry() -> pint.UnitRegistry[Any]:
    """The registry of cf-xarray, which redefines units of pint's and would warn of each."""
    logger = logging.getLogger("pint.util")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        from cf_xarray.units import units as registry
    finally:
        logger.setLevel(level)
    return registry


def _parsed_unit(unit: str) -> pint.Quantity[float] | None:
    """One of that unit as a quantity; None where the registry does not know it."""
    registry = _unit_registry()
    for spelling in (_respelt_unit(unit), _respelt_unit(unit).lower()):
        try:
            if spelling[:1].isdigit():  # a number before the unit, which scales it
                return registry.Quantity(1.0, "") * registry.parse_expression(spelling)
            return registry.Quantity(1.0, spelling)
        except Exception:  # noqa: BLE001, S112  # pint raises a dozen kinds for foreign text
            continue
    return None


def _water_depth(quantity: pint.Quantity[float]) -> pint.Quantity[float]:
    """Mass of water per area as its depth, anything else as it is."""
    registry = _unit_registry()
    kind = dict(quantity.dimensionality)
    if kind.get("[mass]") == 1 and kind.get("[length]") == -2:
        return quantity / registry.Quantity(1000.0, "kg / m**3")
    return quantity


def _is_unit_of_angle(quantity: pint.Quantity[float]) -> bool:
    return bool(re.search(r"degree(?!_(Celsius|Fahrenheit))|radian|turn", str(quantity.units)))


def _relation_between_units(
    source: pint.Quantity[float], target: pint.Quantity[float]
) -> Relation | None:
    registry = _unit_registry()
    try:
        at = [
            float(
                np.asarray(
                    registry.Quantity(x * source.magnitude, source.units).to(target.units).magnitude
                )
            )
            for x in (0.0, 1.0)
        ]
    except Exception:  # noqa: BLE001  # logarithmic units and their like
        return None
    size = float(np.asarray(target.magnitude))
    return Relation((at[1] - at[0]) / size, at[0] / size)


def _is_unit_difference(attributes: dict[str, Any], name: str) -> bool:
    """Whether values are departures, so that a shift of the scale's zero does not reach them."""
    names = (name, attributes.get("standard_name", ""), attributes.get("long_name", ""))
    return any(re.search("anomal|difference|departure", str(text), re.IGNORECASE) for text in names)


def _is_water(attributes: dict[str, Any], name: str) -> bool:
    names = (attributes.get(key, "") for key in ("standard_name", "GRIB_name", "GRIB_cfName"))
    return any(WATER.search(str(text)) for text in names) or name in {"tp", "pr"}
