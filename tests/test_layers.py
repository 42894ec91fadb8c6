"""The direction of imports: what may know of what, read from the source."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynst_core.runs.store import Run

ROOT = Path(__file__).parent.parent

# From the ground up: a module imports from the rows above its own, or from its own package.
LIGHT_LAYERS = (
    ("errors", "commands", "column_names", "atomic"),
    ("network", "money", "time_axis"),
    ("sites", "metrics", "schedules"),
    ("value_checks",),
    ("field", "mask", "morph", "observed"),
    ("levels",),
    ("manifest", "run_arrays", "hdf5_check"),
    ("run_checks",),
    ("sources", "runs", "constraints", "health"),
    ("limited", "zones_file"),
    ("verify", "tolerance", "zones", "costs", "effect"),
    ("solve",),
    ("served", "series", "answers"),
    ("plan",),
    ("palette", "basemap", "wording", "summary", "cautions"),
    ("places", "rivals", "site_reasons"),
    ("looks", "curves"),
    ("plan_file", "export", "pictures"),
    ("netcdf", "report_words", "keeping", "stability", "beside"),
    ("report", "run_file"),
    ("tables", "train_request"),
    ("liveness", "fallback"),
    ("final_store", "job_records"),
    ("job_files",),
    ("resume_command",),
    ("estimate",),
)
TORCH_LAYERS = (
    ("drop_regrow",),
    ("record", "backbones"),
    ("greedy", "held_back", "nowcast", "forecaster", "pinned"),
    ("marginal", "quick_check", "refitted"),
    ("training", "runtimes"),
    ("judge", "recorded"),
    ("path", "one_mask"),
    ("selectors",),
    ("evaluate",),
    ("forecast",),
    ("finish", "trainings", "checkpoint"),
    ("baselines", "reopen"),
    ("job_progress",),
    ("what_if", "job_work"),
    ("cluster",),
    ("jobs",),
    ("terminal", "options"),
    ("train_command",),
    ("cli",),
    ("__main__",),
)
LAYERS = LIGHT_LAYERS + TORCH_LAYERS
HEIGHT = {room: height for height, rooms in enumerate(LAYERS) for room in rooms}
LIGHT = {room for rooms in LIGHT_LAYERS for room in rooms}

# The app's modules that turn values into pictures and words, testable without a server.
PURE_APP = (
    "charts",
    "compare_charts",
    "compare_tables",
    "comparison",
    "layers",
    "maps",
    "site_charts",
    "train_pictures",
    "train_words",
)

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


def room(name: str) -> str:
    """`dynst_core.datasets.tables.sensor_tables` lives in the room `sources`."""
    return name.partition(".")[2].partition(".")[0]


ENGINE = sources("dynst_core")
APP = sources("app")
EVERYTHING = sources("dynst_core", "app", "scripts", "benchmarks", "tests")


@pytest.mark.parametrize(
    ("statement", "imported"),
    [
        ("import torch.nn as nn", "torch.nn"),
        ("from torch import nn", "torch.nn"),
        ("from . import tables", "dynst_core.datasets.tables.sensor_tables"),
        ("from .tables import read", "dynst_core.datasets.tables.sensor_tables.read"),
        ("from ..path import train", "dynst_core.training.path_training.train"),
        ("def f():\n    from dynst_core import path", "dynst_core.training.path_training"),
        ("if TYPE_CHECKING:\n    import torch", "torch"),
    ],
)
def test_an_import_is_seen_in_every_form(statement: str, imported: str) -> None:
    found = imported_by(ast.parse(statement), package="dynst_core.datasets")
    assert list(found) == [imported]


@pytest.mark.parametrize("name", [n for n in ENGINE if room(n)])
def test_every_engine_module_has_a_place_in_the_layers(name: str) -> None:
    assert room(name) in HEIGHT, f"give {room(name)!r} a row in LAYERS"


@pytest.mark.parametrize("name", ENGINE)
def test_an_engine_module_imports_only_from_below(name: str) -> None:
    own = room(name)
    known = {room(i) for i in imports(ENGINE[name]) if top_level(i) == "dynst_core"}
    above = {other for other in known - {own, ""} if HEIGHT.get(other, 99) >= HEIGHT.get(own, 0)}
    assert not above, f"{name} imports {sorted(above)}, which do not lie below it"


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_knows_nothing_of_the_app(name: str) -> None:
    assert not {top_level(i) for i in imports(ENGINE[name])} & {"app", "streamlit", "pydeck"}
    text = ENGINE[name].read_text(encoding="utf-8").lower()
    assert "streamlit" not in text
    assert "pydeck" not in text


@pytest.mark.parametrize("name", [n for n in ENGINE if room(n) in LIGHT | {""}])
def test_what_reads_runs_and_data_imports_no_torch(name: str) -> None:
    assert "torch" not in {top_level(i) for i in imports(ENGINE[name])}


@pytest.mark.parametrize("name", APP)
def test_the_app_imports_no_torch_and_is_imported_by_nothing_else(name: str) -> None:
    assert "torch" not in {top_level(i) for i in imports(APP[name])}
    at_start = {
        room(f"{node.module}.{alias.name}" if node.module == "dynst_core" else str(node.module))
        for node in tree_of(APP[name]).body
        if isinstance(node, ast.ImportFrom) and top_level(str(node.module)) == "dynst_core"
        for alias in node.names
    }
    assert at_start <= LIGHT, f"{name} loads {sorted(at_start - LIGHT)} when it is imported"


@pytest.mark.parametrize("name", PURE_APP)
def test_pictures_and_words_are_made_without_streamlit(name: str) -> None:
    assert "streamlit" not in {top_level(i) for i in imports(APP[f"app.{name}"])}


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


OPEN_A_RUN = """
import os, sys
from pathlib import Path
from dynst_core.runs import RunStore

run = RunStore(Path(os.environ["DYNST_RUNS"])).open("network")
run.path.mask(2), run.rmse_by_site(2, lead_time=0), run.baselines.find("random", 1)
run.sites.links(), run.weights(1)
print(sorted({"torch", "streamlit", "pydeck"} & set(sys.modules)))
"""


def test_opening_a_run_loads_no_torch(network_run: Run) -> None:
    assert output_of(OPEN_A_RUN, DYNST_RUNS=str(network_run.folder.parent)) == "[]"


DRAW_A_PLAN = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app/main.py", default_timeout=60).run()
assert not app.exception, app.exception
assert not app.error, app.error
assert app.slider or app.select_slider
print("torch" in sys.modules)
"""


def test_drawing_a_plan_loads_no_torch(network_run: Run) -> None:
    assert output_of(DRAW_A_PLAN, DYNST_RUNS=str(network_run.folder.parent)) == "False"


TYPE_A_COMMAND = """
import sys
import dynst_core.cli.main, dynst_core.cli.tables, dynst_core.datasets.catalogue

assert "torch" not in sys.modules, "imported"
for word in ("runs", "datasets"):
    sys.argv = ["dynst_core", word]
    try:
        dynst_core.cli.main.main()
    except SystemExit as stop:
        assert not stop.code, word
    assert "torch" not in sys.modules, word
print("torch" in sys.modules)
"""


def test_listing_runs_and_data_sets_loads_no_torch(network_run: Run) -> None:
    told = output_of(TYPE_A_COMMAND, DYNST_RUNS=str(network_run.folder.parent))
    assert "network" in told and "tunnel-fire" in told
    assert told.splitlines()[-1] == "False"


READ_DATA = """
import importlib, pkgutil, sys
import dynst_core.datasets

for module in pkgutil.iter_modules(dynst_core.datasets.__path__, "dynst_core.datasets."):
    importlib.import_module(module.name)
print("torch" in sys.modules)
"""


def test_reading_data_loads_no_torch() -> None:
    assert output_of(READ_DATA) == "False"
