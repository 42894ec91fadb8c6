"""The options of a question in words."""

from __future__ import annotations

import re

from dynst_core.intake.choices import Question

ONE_ANSWER = ("axes", "without", "unit")
"""Settings that hold several values, and whose options exclude each other."""

WORDS = {
    ("counter", "difference"): "what was counted in each step",
    ("counter", "keep"): "the numbers as they are",
    ("direction", "components"): "sine and cosine, as two channels",
    ("direction", "degrees"): "degrees as they are",
    ("without", "none"): "none: it is a sensor",
    ("leading_zeros", "ignore"): "yes: zeros at the beginning do not count",
    ("match", "number"): "yes: the same number is the same site",
    ("decimal", ","): "the comma",
    ("decimal", "."): "the point",
    ("hours", "start"): "1 names the hour from 0:00 to 1:00",
    ("hours", "end"): "1 names the moment 1:00",
    ("unplaced", "drop"): "leave them out",
    ("places", "rows"): "draw them in rows and columns",
    ("crs", "local"): "metres of a local frame",
    ("layout", "wide"): "each column is a site",
    ("layout", "long"): "the columns are quantities",
    ("moved", "separate"): "each place is a site of its own",
}
"""Options that do not speak for themselves."""


def option_in_words(setting: str, option: str) -> str:
    """An option as a box shows it; what is typed stands as it is."""
    if setting == "axes" and ":" in option:
        return option.replace(":", " is ").replace(",", ", ")
    return WORDS.get((setting, option), option)


def own_setting_unsaid(question: Question) -> str:
    """A question without the names of the settings that its options stand for."""
    setting = re.escape(question.setting)
    text = re.sub(rf" \(`{setting}=[^`]*`\)", "", question.text)
    for option in question.options:
        text = text.replace(f"`{option}`", f"“{option}”")
    return text
