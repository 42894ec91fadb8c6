"""The environment is made once, and made anew where it must be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.test_commands_and_locks import MAKE, ROOT

# -- the environment ------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the scripts and the Makefile, with a lock that asks for nothing but itself."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    (tmp_path / "requirements-dev.txt").write_text("# nothing\n# and nothing more\n")
    return tmp_path


def make(house: Path, target: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MAKE, target, f"PYTHON={sys.executable}"],
        cwd=house,
        env={"PATH": os.environ["PATH"], "HOME": str(house)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_an_environment_is_made_once_whatever_the_shell_says(house: Path) -> None:
    junk = {"PYTHONPATH": "/no", "PYTHONHOME": "/no", "VIRTUAL_ENV": "/no"}
    first = make(house, "venv", **junk)
    assert first.returncode == 0, first.stderr
    assert "Creating .venv" in first.stdout
    again = make(house, "venv", **junk)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.slow
def test_an_install_that_fails_does_not_count_and_the_next_one_does(house: Path) -> None:
    lock = house / "requirements.txt"
    lock.write_text("./no-such-folder\n")
    failed = make(house, "venv")
    assert failed.returncode != 0
    assert "Installing requirements.txt failed, as pip says above" in failed.stderr
    assert "no-such-folder" in failed.stderr
    assert list((house / ".venv").glob(".installed-*")) == []
    assert make(house, "venv").returncode != 0
    lock.write_text("# nothing\n")
    assert make(house, "venv").returncode == 0
    assert make(house, "venv").stdout == ""


@pytest.mark.slow
def test_the_dev_environment_serves_the_app_without_a_second_install(house: Path) -> None:
    assert "Installing requirements-dev.txt" in make(house, "venv-dev").stdout
    assert make(house, "venv").stdout == ""
    (house / "requirements.txt").write_text("# another\n")
    assert "Installing requirements.txt" in make(house, "venv").stdout
    assert "Installing requirements-dev.txt" in make(house, "venv-dev").stdout


@pytest.mark.slow
def test_an_environment_that_no_longer_runs_is_made_anew(house: Path) -> None:
    make(house, "venv")
    python = house / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    repaired = make(house, "venv")
    assert repaired.returncode == 0, repaired.stderr
    assert "Creating .venv" in repaired.stdout
