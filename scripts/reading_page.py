"""docs/reading.md, from the cases of tests/datasets/reading: `python -m scripts.reading_page`."""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import tests.datasets.reading
from tests.datasets.reading.case import Case

PAGE = Path(__file__).parent.parent / "docs" / "reading.md"
HEAD = """# What is read how, and what is refused

Made by `python -m scripts.reading_page` from the cases in `tests/datasets/reading`, each a test.
"""


def all_cases() -> list[Case]:
    """The cases of every module of `tests.datasets.reading`, in the order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(tests.datasets.reading.__path__))
    modules = [importlib.import_module(f"tests.datasets.reading.{name}") for name in names]
    return [case for module in modules for case in getattr(module, "CASES", ())]


def outcome_of(case: Case) -> tuple[bool, str]:
    """Whether a case was read in a folder of its own, and what was read or the refusal."""
    with tempfile.TemporaryDirectory() as folder:
        return case.outcome(Path(folder))


def written(outcome: Callable[[Case], tuple[bool, str]] = outcome_of) -> str:
    """The whole page.

    Args:
        outcome: what became of a case; where the cases were run before, their outcomes are known.
    """
    by_kind: dict[str, list[str]] = {}
    for case in all_cases():
        by_kind.setdefault(case.kind, []).append(_row(case, *outcome(case)))
    parts = [
        f"\n## {kind}\n\n| the input holds | what becomes of it |\n|---|---|\n" + "".join(rows)
        for kind, rows in by_kind.items()
    ]
    return HEAD + "".join(parts)


def _row(case: Case, was_read: bool, text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    return f"| {case.given} | {'read' if was_read else '**refused**'}: {text} |\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
