"""The worked example of docs/own-data.md, as it stands there, from its files to a saved run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dynst_core.runs.store import RunStore
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
TINY = ["--effort", "0.002", "--levels", "0,50"]


def blocks(kind: str) -> list[str]:
    """The page's blocks of one kind."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's files, the values going on for four days as they begin."""
    values, sites = blocks("csv")
    (catalogue,) = blocks("toml")
    start = pd.Timestamp(values.splitlines()[-1].split(",")[0])
    rng = np.random.default_rng(0)
    for step in range(1, 4 * 96):
        cells = ",".join(f"{speed:.1f}" for speed in rng.normal(58, 3, 4))
        values += f"{start + step * pd.Timedelta('15min'):%Y-%m-%d %H:%M},{cells}\n"
    data = tmp_path / "my-data"
    data.mkdir()
    for name, text in (("speeds.csv", values), ("sites.csv", sites), ("catalogue.toml", catalogue)):
        (data / name).write_text(text, encoding="utf-8")
    return tmp_path


def typed(folder: Path, *extra: str) -> list[subprocess.CompletedProcess[str]]:
    """The page's commands in that folder, each with what is set before; more words to `train`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "400"}
    environment.pop("DYNST_DATA", None)
    done = []
    (script,) = blocks("sh")
    for line in script.splitlines():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        python, *words = line.split()
        assert python == ".venv/bin/python"
        more = extra if "train" in words else ()
        done.append(
            subprocess.run(
                [sys.executable, *words, *more],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
        )
    return done


def test_the_example_is_listed_trained_and_saved_as_the_page_says(folder: Path) -> None:
    listed, trained = typed(folder, *TINY, "--runs", "runs")
    (row,) = (line for line in listed.stdout.splitlines() if "my-speeds" in line)
    assert "Berlin" in row and "yes" in row
    assert "metr-la-week" in listed.stdout
    assert trained.returncode == 0, trained.stderr
    assert trained.stderr == ""
    run = RunStore(folder / "runs").open("my-speeds")
    assert run.path.n_active.tolist() == [4, 2]
    assert run.sites.site_id.tolist() == ["north", "south", "east", "west"]
    assert np.isfinite(run.rmse(1))
    assert f"{run.manifest.dataset.start:%Y-%m-%d %H:%M}" == "2024-04-30 22:00", "UTC, from Berlin"


def test_a_cell_that_cannot_be_meant_is_refused_and_nothing_is_saved(folder: Path) -> None:
    file = folder / "my-data" / "speeds.csv"
    file.write_text(file.read_text().replace("55.2", "1e30"))
    _, refused = typed(folder, *TINY, "--runs", "runs")
    assert refused.returncode == 1
    assert "found 1e+30 km/h at site 'east' at 2024-04-30 22:00" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert RunStore(folder / "runs").ids() == []
