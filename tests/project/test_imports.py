"""What is loaded when, and that nothing is pickled, read from the source and from fresh processes.

The direction of imports is checked by the contracts in pyproject.toml (`make lint`).
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynst_core.runs.run import Run
from tests.support.places import ROOT

PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
PICKLING_CALLS = {"read_pickle", "to_pickle", "torch.load", "torch.save"}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(*folders: str) -> dict[str, Path]:
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return {module_name(file): file for file in files}


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imports(file: Path) -> set[str]:
    """Full names of everything a file imports, in functions too."""
    name = module_name(file)
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return set(imported_by(tree_of(file), package))


def imported_by(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def top_level(name: str) -> str:
    return name.partition(".")[0]


ENGINE = sources("dynst_core")
EVERYTHING = sources("dynst_core", "app", "scripts", "benchmarks", "tests")


@pytest.mark.parametrize(
    ("statement", "imported"),
    [
        ("import torch.nn as nn", "torch.nn"),
        ("from torch import nn", "torch.nn"),
        ("from . import tables", "dynst_core.datasets.tables"),
        ("from .tables import read", "dynst_core.datasets.tables.read"),
        ("from ..runs import store", "dynst_core.runs.store"),
        ("def f():\n    from dynst_core import errors", "dynst_core.errors"),
        ("if TYPE_CHECKING:\n    import torch", "torch"),
    ],
)
def test_an_import_is_seen_in_every_form(statement: str, imported: str) -> None:
    found = imported_by(ast.parse(statement), package="dynst_core.datasets")
    assert list(found) == [imported]


@pytest.mark.parametrize("name", ENGINE)
def test_no_text_of_the_engine_names_the_dashboards_libraries(name: str) -> None:
    text = ENGINE[name].read_text(encoding="utf-8").lower()
    assert "streamlit" not in text
    assert "pydeck" not in text


@pytest.mark.parametrize("package", [n for n, file in ENGINE.items() if file.stem == "__init__"])
def test_a_package_says_in_one_sentence_what_it_is_and_loads_nothing(package: str) -> None:
    tree = tree_of(ENGINE[package])
    if package != "dynst_core":
        assert len(tree.body) == 1 and ast.get_docstring(tree)


@pytest.mark.parametrize("name", EVERYTHING)
def test_nothing_is_pickled(name: str) -> None:
    file = EVERYTHING[name]
    assert not {top_level(i) for i in imports(file)} & PICKLES
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Attribute):
            assert node.attr not in PICKLING_CALLS
            assert ast.unparse(node) not in PICKLING_CALLS
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert ast.unparse(node.value) == "False"


def output_of(script: str, **environment: str) -> str:
    """What a script prints in a fresh Python, where nothing has been imported yet."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


READ_OPEN_AND_LIST = """
import importlib, os, pkgutil, sys
from pathlib import Path

import dynst_core.datasets

for module in pkgutil.walk_packages(dynst_core.datasets.__path__, "dynst_core.datasets."):
    importlib.import_module(module.name)
assert "torch" not in sys.modules, "reading data"

from dynst_core.runs.store import RunStore

run = RunStore(Path(os.environ["DYNST_RUNS"])).open("network")
run.path.mask(2), run.rmse_by_site(2, lead_time=0), run.baselines.find("random", 1)
run.sites.links(), run.weights(1)
assert "torch" not in sys.modules, "opening a run"

import dynst_core.cli.main

for word in ("runs", "datasets"):
    sys.argv = ["dynst_core", word]
    try:
        dynst_core.cli.main.main()
    except SystemExit as stop:
        assert not stop.code, word
    assert "torch" not in sys.modules, word
print(sorted({"torch", "streamlit", "pydeck"} & set(sys.modules)))
"""


def test_reading_data_opening_a_run_and_listing_load_no_torch(network_run: Run) -> None:
    reported = output_of(READ_OPEN_AND_LIST, DYNST_RUNS=str(network_run.folder.parent))
    assert "network" in reported and "tunnel-fire" in reported
    assert reported.splitlines()[-1] == "[]"


DRAW_A_PLAN = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app/main.py", default_timeout=60).run()
assert not app.exception, app.exception
assert not app.error, app.error
assert app.slider or app.select_slider
print("torch" in sys.modules)
"""


@pytest.mark.slow
def test_drawing_a_plan_loads_no_torch(network_run: Run) -> None:
    assert output_of(DRAW_A_PLAN, DYNST_RUNS=str(network_run.folder.parent)) == "False"
