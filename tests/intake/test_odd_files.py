"""Broken and odd files: each is read, asked about or refused in one sentence with the remedy."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.intake import (
    case_exports,
    case_meanings,
    case_packed,
    case_services,
    case_sites,
    case_texts,
)
from tests.intake.cases import Case
from tests.support.places import ROOT

CASES = (
    *case_texts.CASES,
    *case_sites.CASES,
    *case_services.CASES,
    *case_meanings.CASES,
    *case_exports.CASES,
    *case_packed.CASES,
)


def ids(case: Case) -> str:
    return f"{case.kind}: {case.given}"


def test_the_page_holds_every_case() -> None:
    page = (ROOT / "docs" / "own-data-refusals.md").read_text("utf-8")
    missing = [case.given for case in CASES if f"| {case.given} |" not in page]
    assert not missing, "write it anew: python -m scripts.refusals_page"
    assert sum("| **" in line for line in page.splitlines()) >= 60


def marked(case: Case) -> object:
    """Files that are parsed in a process of their own take a second and more."""
    apart = case.kind == case_packed.SHAPES or "of R" in case.given or ".rda" in case.given
    return pytest.param(case, id=ids(case), marks=[pytest.mark.slow] if apart else [])


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_files_become_what_the_table_says(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("DYNST_HOME", str(home))
    (tmp_path / "files").mkdir()
    begin = time.monotonic()
    outcome = case.outcome(tmp_path / "files")
    assert re.match(case.becomes, outcome), outcome
    assert time.monotonic() - begin < 20, "5 s where nothing else runs"
    assert "\n" not in outcome and str(tmp_path) not in outcome and "dynst-intake" not in outcome
    assert not home.exists()
