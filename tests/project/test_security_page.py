"""docs/security.md names a test for each promise; each of them exists."""

from __future__ import annotations

import ast
import re

from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"Test: `(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_every_test_that_the_page_names_exists() -> None:
    assert len(NAMED) == PAGE.count("Test: ") >= 15
    for file, name in NAMED:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in there, f"{file} has no {name}"


def test_the_page_states_the_limits_that_the_code_has() -> None:
    from app import guard, uploads

    assert (
        f"{guard.MESSAGES_PER_SECOND:.0f} messages a second after the first {guard.BURST}" in PAGE
    )
    limits = f"{uploads.RUN_MB:,} MB for a run, {uploads.PLAN_MB} for a plan, {uploads.COSTS_MB}"
    assert limits in PAGE
