"""Columns of a wide table that are no sites: texts, totals, parts of the calendar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dynst_core.intake.roles.groups import Group

NO_SITE = re.compile(
    r"totals?|sum|summe|gesamt(summe)?|mean|average|avg|mittel(wert)?|durchschnitt|minimum|maximum"
    r"|weekday|wochentag|day(_?of_?(week|year))?|tag|holiday|feiertag|month|monat|year|jahr"
    r"|week|woche|kw|hour|stunde",
    re.IGNORECASE,
)
"""Names of columns beside those of sites: of totals, or of the calendar."""


def no_sites(values: Group, names: Sequence[str]) -> list[str]:
    """Columns of numbers named as a total or by the calendar, among others that are not."""
    found = [
        name for name in names if NO_SITE.fullmatch(name.strip()) and not holds_text(values, name)
    ]
    return found if len(found) < len(names) else []


def holds_text(values: Group, name: str) -> bool:
    """Whether a column holds texts or times and hardly any number."""
    column = values.columns[name]
    return bool(column.texts) and column.numeric < 0.2
