"""docs/beware.md as a report carries it: what bears on one data set, in HTML."""

from __future__ import annotations

import re
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from dynst_core.files.shipped import shipped_root

FILE = shipped_root() / "docs" / "beware.md"
NAMED = re.compile(r"^- \*\*`")
"""How an item begins that speaks of named data sets alone."""


def cautions_html(dataset: str, file: Path = FILE) -> Markup:
    """The cautions, without those that speak of other data sets.

    Args:
        dataset: name of the data set that a run was trained on.
        file: the page of cautions, Markdown.
    """
    _, head, rest = file.read_text(encoding="utf-8").partition("\n## ")
    text = head + rest  # the report has its own title
    items = re.split(r"^(?=- |#|$)", text, flags=re.MULTILINE)
    kept = [item for item in items if not NAMED.match(item) or f"`{dataset}`" in item]
    lower = re.sub(r"^## ", "### ", "".join(kept), flags=re.MULTILINE)
    # HTML within the page is shown as text; nothing in it can run.
    page = MarkdownIt("commonmark", {"html": False}).render(lower)
    return Markup(page)  # noqa: S704 - rendered from our own page, with its text escaped
