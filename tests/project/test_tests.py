"""The tests themselves: they read a package through its public names, and each states something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.places import ROOT

PACKAGES = ("app", "dynst_core", "benchmarks", "scripts")
PRIVATE = re.compile(r"_[a-z]\w*")
REPLACED = re.compile(rf"({'|'.join(PACKAGES)})(\.\w+)*\._[a-z]\w*")
"""A private name as `monkeypatch.setattr` takes it."""

OWN = ("self", "cls", "os", "sys", "psutil")
"""Whose underscored names a test may use: its own, and those of the system."""

FILES = sorted((ROOT / "tests").rglob("*.py"))


def private_names(tree: ast.AST) -> Iterator[str]:
    """Private names of the packages that a file of tests imports, reads or replaces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            yield from (one.name for one in node.names if PRIVATE.fullmatch(one.name))
        elif isinstance(node, ast.Attribute) and PRIVATE.fullmatch(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            own = root.id in OWN if isinstance(root, ast.Name) else ast.unparse(root) == "super()"
            if not own:
                yield node.attr
        elif isinstance(node, ast.Constant) and REPLACED.fullmatch(str(node.value)):
            yield str(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setattr"):
            words = (one.value for one in node.args if isinstance(one, ast.Constant))
            yield from (str(word) for word in words if PRIVATE.fullmatch(str(word)))


def test_no_test_reaches_into_private_names_of_another_room() -> None:
    assert len(FILES) > 200
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in FILES
        for name in private_names(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []


def test_a_private_name_is_found_however_it_is_reached() -> None:
    ways = """
from dynst_core.fields.mask import _packed
from dynst_core.fields import mask
mask._packed(1)
patch.setattr("app.state.link._read", None)
patch.setattr(mask, "_packed", None)
"""
    found = sorted(private_names(ast.parse(ways)))
    assert found[:3] == ["_packed"] * 3 and len(found) == 4


STATES = re.compile(r"assert|expect|raises|warns|check|refused|says|shows|same|becomes|close")
"""What a test states something by: itself, or through a helper that is named for it."""


def states_nothing(file: Path) -> Iterator[str]:
    """Tests of a file in which nothing can fail but an error in passing."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        is_test = isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if is_test and not STATES.search("\n".join(map(ast.unparse, node.body))):
            yield f"{file.relative_to(ROOT)}: {node.name}"


def test_every_test_states_something() -> None:
    assert [name for file in FILES for name in states_nothing(file)] == []
