"""Files and functions stay short enough to be read at once."""

from __future__ import annotations

import ast

import pytest

from tests.project.test_imports import EVERYTHING, tree_of

MOST_LINES, MOST_LINES_OF_FUNCTION = 400, 60


@pytest.mark.parametrize("package", ["app", "benchmarks", "dynst_core", "scripts", "tests"])
def test_no_file_and_no_function_is_too_long(package: str) -> None:
    found = []
    for name, file in EVERYTHING.items():
        if name.partition(".")[0] != package:
            continue
        lines = len(file.read_text(encoding="utf-8").splitlines())
        if lines > MOST_LINES:
            found.append(f"{name}: {lines} lines")
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MOST_LINES_OF_FUNCTION:
                    found.append(f"{name}.{node.name}: {length} lines")
    assert not found, "cut where a file or a function does two things"
