"""How a text table writes numbers: the signs before decimals and between thousands."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from dynst_core.intake.choices import Choices

DATE = re.compile(r"\d{1,2}\.\d{1,2}\.(\d{2}|\d{4})")
SIMPLE = re.compile(r"[-+]?\d+([.,])\d+([eE][-+]?\d+)?")
GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*")
"""Whole numbers with a sign before each three digits, or one number with three decimals."""

BOTH = re.compile(r"[-+]?\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?!\1)([.,])\d+")
"""Numbers that hold a sign between thousands and another one before decimals."""

SPACED = re.compile(r"[-+]?\d{1,3}(?:([ '\u00a0\u202f\u2019])\d{3})+(?:([.,])\d+)?")
REPEATED = re.compile(r"[-+]?\d{1,3}([.,])\d{3}(?:\1\d{3})+")
"""Whole numbers of a million and more, whose signs can only stand between thousands."""

COORDINATE = re.compile(
    r"^(x|y|z)\b|lat|lon|lng|breite|l(ä|ae)nge|coord|koord|east|north", re.IGNORECASE
)
"""Names of columns read as coordinates, whose decimal sign follows from where they lie."""

BLANKS = {"\u00a0": " ", "\u202f": " ", "\u2019": "'"}
"""Signs between thousands that are written in several ways, as readers know them."""


def number_form(
    sample: pd.DataFrame, separator: str, choices: Choices
) -> dict[str, tuple[str, str]]:
    """The signs of numbers, each with a reason; a decimal sign of "" is to be asked for.

    Args:
        sample: rows of the table, as text.
        separator: what divides its columns.
        choices: what the planner states.
    """
    columns = _columns(sample)
    cells = [cell for column in columns.values() for cell in column]
    both = Counter(m[1] + m[2] for c in cells if (m := BOTH.fullmatch(c)))
    spaced = Counter(m[1] for c in cells if (m := SPACED.fullmatch(c)))
    simple = Counter(m[1] for c in cells if (m := SIMPLE.fullmatch(c)))
    simple += Counter(m[2] for c in cells if (m := SPACED.fullmatch(c)) and m[2])
    for match in filter(None, map(REPEATED.fullmatch, cells)):
        both[match[1] + {",": ".", ".": ","}[match[1]]] += 1
    decimal, why = _decimal(cells, separator, choices, both, simple)
    other = "." if decimal == "," else ","
    grouped = [
        name
        for name, column in columns.items()
        if not COORDINATE.search(name)
        and _may_be_thousands(column, other if choices.decimal else ".")
    ]
    certain = choices.decimal or choices.thousands or both or separator not in ";\t|"
    if decimal == "." and grouped and not certain:
        decimal, why = "", f"each point of column {grouped[0]!r} stands before three digits"
    form = {"decimal": (decimal, why)}
    if choices.thousands or not decimal:
        return form
    if both[other + decimal]:
        form["thousands"] = (other, f"{both[other + decimal]:,} numbers of the sample hold it")
    elif choices.decimal and grouped:
        form["thousands"] = (other, "each stands before three digits")
    elif spaced:
        sign = spaced.most_common(1)[0][0]
        sign = BLANKS.get(sign, sign)
        form["thousands"] = (sign, f"{spaced.total():,} numbers of the sample hold it")
    return form


def _columns(sample: pd.DataFrame) -> dict[str, list[str]]:
    """Cells of each column that may be numbers: all that differ, up to 400."""
    return {
        str(name): [
            text
            for cell in sample[name].dropna().unique()[:400]
            if isinstance(cell, str) and not DATE.fullmatch(text := cell.strip())
        ]
        for name in sample.columns
    }


def _decimal(
    cells: list[str],
    separator: str,
    choices: Choices,
    both: Counter[str],
    simple: Counter[str],
) -> tuple[str, str]:
    """The sign before decimals, and why; "" where it cannot be known."""
    if choices.decimal:
        return choices.decimal, "as stated"
    if choices.thousands in (".", ","):
        sign = "," if choices.thousands == "." else "."
        return sign, f"as {choices.thousands!r} is stated to stand between thousands"
    if both:
        sign = both.most_common(1)[0][0][1]
        return sign, f"{both.total():,} numbers hold the other sign between thousands"
    commas, points = simple[","], simple["."]
    if not choices.thousands:
        if commas and not points and _may_be_thousands(cells, ","):
            return "", "each comma stands before three digits"
        # In a file divided by commas, or by blanks, points stand before decimals.
        if points and not commas and separator in ";\t|" and _may_be_thousands(cells, "."):
            return "", "each point stands before three digits"
    if commas > points:
        return ",", f"{commas:,} numbers of the sample hold a comma, {points:,} a point"
    return ".", "no number of the sample holds a comma" if not commas else "as most numbers have it"


def _may_be_thousands(cells: list[str], sign: str) -> bool:
    """Whether all numbers with this sign could be whole ones with it between thousands."""
    found = 0
    for text in cells:
        if sign in text and re.fullmatch(rf"[-+]?\d*({re.escape(sign)}\d+)+", text):
            grouped = GROUPED.fullmatch(text)
            if grouped is None or grouped[1] != sign:
                return False
            found += 1
    return found > 0
