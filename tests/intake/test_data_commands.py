"""Own data on the command line, as a planner types it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dynst_core.cli import data_commands, main
from tests.intake.cases import long_rows, places, written


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DYNST_HOME", str(tmp_path / "home"))
    for console in (main.console, data_commands.console):
        monkeypatch.setattr(console, "width", 300)


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """The exit code and all that is printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dynst_core", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main.main()
    reported = capsys.readouterr()
    return int(stop.value.code or 0), reported.out + reported.err


def test_files_are_checked_added_listed_and_managed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [written(tmp_path, "values.csv", long_rows()), places(tmp_path)]
    code, reported = command(capsys, "check", *files)
    assert code == 2 and "--set timezone=UTC" in reported and "site" in reported
    code, reported = command(capsys, "add", *files, "--name", "speeds")
    assert code == 2 and "Question: In which time zone" in reported
    code, reported = command(capsys, "check", *files, "--set", "timezone=UTC")
    assert code == 0 and "3 sites, 48 times every 1 h" in reported
    code, reported = command(capsys, "add", *files, "--name", "speeds", "--set", "timezone=UTC")
    assert code == 0 and "train speeds" in reported
    assert "speeds" in command(capsys, "datasets")[1]
    assert "speeds" in command(capsys, "data", "list")[1]
    assert command(capsys, "data", "rename", "speeds", "fast")[0] == 0
    assert command(capsys, "data", "delete", "fast")[0] == 0
    code, reported = command(capsys, "data", "restore", "fast")
    assert code == 0 and "fast is back" in reported
    code, reported = command(capsys, "data", "export", "fast", tmp_path / "out")
    assert code == 0 and (tmp_path / "out" / "fast.toml").exists()


def test_a_fault_is_one_sentence_and_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, reported = command(capsys, "check", tmp_path / "nothing.csv")
    assert code == 1 and reported.startswith("Error: Expected a file or folder at")
    assert command(capsys, "data", "delete", "nothing")[0] == 1
    code, reported = command(capsys, "check", places(tmp_path), "--set", "tiem=x")
    assert code == 1 and "timezone" in reported
