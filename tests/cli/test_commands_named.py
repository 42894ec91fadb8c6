"""A command that a message names runs as pasted where the program was started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dynst_core import commands
from tests.support.places import ROOT


def pasted(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of a line in a folder."""
    return subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_runs_as_pasted_where_another_python_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("python", "python3"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 3\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.chdir(ROOT)
    folder = tmp_path / "a folder"
    folder.mkdir()
    done = pasted(commands.command_here("runs", "--runs", str(folder)), ROOT)
    assert done.returncode == 0, done.stderr
    assert "Runs in " in done.stdout


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python in an environment of its own, which is taken for the one that runs."""
    python = tmp_path / "my house" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(python))
    return python


def test_the_python_of_an_environment_is_named_from_the_working_folder(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = environment.parents[2]
    monkeypatch.chdir(house)
    line = commands.command_here("baselines", "run-2")
    assert line == ".venv/bin/python -m dynst_core baselines run-2"
    monkeypatch.chdir(environment.parent)
    assert commands.command_here().startswith("./python ")
    monkeypatch.chdir("/")
    assert (
        commands.command_here().startswith("'")
        and "my house/.venv/bin/python' -m" in commands.command_here()
    )


def test_a_python_that_the_shell_finds_is_named_plainly(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(environment.parent), prepend=os.pathsep)
    assert commands.command_here("runs") == "python -m dynst_core runs"
    environment.rename(environment.with_name("python3"))
    monkeypatch.setattr(sys, "executable", str(environment.with_name("python3")))
    monkeypatch.setenv("PATH", str(environment.parent))
    assert commands.command_here("runs") == "python3 -m dynst_core runs"


def test_a_reader_elsewhere_is_reported_of_no_folder_of_this_machine(environment: Path) -> None:
    assert commands.command_anywhere("train", "a b") == "python -m dynst_core train 'a b'"
