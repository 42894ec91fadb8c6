"""docs/own-data-refusals.md, from the cases of tests/intake: `python -m scripts.refusals_page`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.intake import (
    case_exports,
    case_meanings,
    case_packed,
    case_services,
    case_sites,
    case_texts,
)
from tests.intake.cases import Case

PAGE = Path(__file__).parent.parent / "docs" / "own-data-refusals.md"
HEAD = """# What becomes of a planner's files

Made by `python -m scripts.refusals_page` from the cases in `tests/intake`, each of which is a test.
Files are read, asked about or refused with the remedy. What is asked is answered in the Data view,
or as `--set NAME=VALUE` on the command line. Nothing is written unless all is read.
"""


def written() -> str:
    """The whole page."""
    by_kind: dict[str, list[str]] = {}
    for case in (
        *case_texts.CASES,
        *case_sites.CASES,
        *case_services.CASES,
        *case_meanings.CASES,
        *case_exports.CASES,
        *case_packed.CASES,
    ):
        by_kind.setdefault(case.kind, []).append(_row(case))
    parts = [
        f"\n## {kind}\n\n| the files hold | what becomes of them |\n|---|---|\n" + "".join(rows)
        for kind, rows in by_kind.items()
    ]
    return HEAD + "".join(parts)


def _row(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder:
        word, _, text = case.outcome(Path(folder)).partition(": ")
    text = " ".join(text.split()).replace("|", "\\|")
    word = word if word == "read" else f"**{word}**"
    return f"| {case.given} | {word}: {text} |\n"


def main() -> None:
    """Write the page."""
    os.environ["DYNST_HOME"] = tempfile.mkdtemp()
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
