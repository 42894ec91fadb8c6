"""Several values of one setting as one text, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable


def joined(setting: str, values: Iterable[str]) -> str:
    """Several values in one text; what holds the dividing sign stands in quotation marks."""
    sign = _sign(setting)
    return sign.join(f'"{one}"' if sign in one else one for one in values)


def divided(setting: str, text: str) -> tuple[str, ...]:
    """The values that a text of `joined` holds."""
    found = re.findall(rf'\s*("[^"]*"|[^{_sign(setting)}]+)', text)
    return tuple(part.strip().strip('"') for part in found if part.strip())


def _sign(setting: str) -> str:
    """What divides the values of a setting."""
    return "+" if setting == "time" else ","
