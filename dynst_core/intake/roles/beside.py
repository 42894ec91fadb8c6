"""Columns of a wide table that are no sites: texts, totals, parts of the calendar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dynst_core.intake.roles.groups import Group

NO_SITE = re.compile(
    r"(grand[ _])?totals?|total g[eé]n[eé]ral|sum|summe|gesamt(summe|ergebnis)?"
    r"|mean|average|avg|mittel(wert)?|durchschnitt|minimum|maximum"
    r"|weekday|wochentag|day(_?of_?(week|year))?|tag|holiday|feiertag|month|monat|year|jahr"
    r"|week|woche|kw|hour|stunde",
    re.IGNORECASE,
)
"""Names of columns beside those of sites: of totals, or of the calendar."""

FLAG_END = re.compile(
    r"(^|[\W_])(flags?|quality|qualit(é|ät|aet|y_?code)|qual|q[cf]|status|validity|verification"
    r"|品質情報|均質番号|現象なし情報)$",
    re.IGNORECASE,
)
"""Names of columns that say how good the values of another column are."""


def no_sites(values: Group, names: Sequence[str]) -> list[str]:
    """Columns of numbers named as totals, flags or by the calendar, among others that are not."""
    found = [
        name
        for name in names
        if (NO_SITE.fullmatch(name.strip()) or FLAG_END.search(name.strip()))
        and not holds_text(values, name)
    ]
    return found if len(found) < len(names) else []


def holds_text(values: Group, name: str) -> bool:
    """Whether a column holds texts or times and hardly any number."""
    column = values.columns[name]
    return bool(column.texts) and column.numeric < 0.2
