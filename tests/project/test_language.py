"""The words of `docs/conventions.md` are used; private ones are not."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.places import ROOT

PRIVATE = re.compile(
    r"\b(rivals?|walks?|told|errands?|looks|whole or absent|learnt by heart|mended)\b",
    re.IGNORECASE,
)
CALLS = re.compile(r"\b(?:ast|os)\.walk\b")
APART = ("CHANGELOG.md", "docs/tried.md", "tests/project/test_language.py", "data/")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout")
def test_no_private_word_stands_in_code_documents_or_screens() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.js", "*.md", "*.toml", "*.html", "*.css"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert len(listed) > 300
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in listed
        if not name.startswith(APART)
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1)
        if PRIVATE.search(CALLS.sub("", line))
    ]
    assert found == []
