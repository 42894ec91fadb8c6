"""The house: locks, commands and files that hold on any machine."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dynst_core.backbones.registry import BACKBONES, ON_GRIDS, ON_NETWORKS
from dynst_core.runs.store import RunStore
from dynst_core.selectors.registry import REGISTRY
from scripts import result_tables
from tests.support.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = ("requirements.txt", "requirements-dev.txt")
BASH = shutil.which("bash") or "bash"
MAKE = shutil.which("make") or "make"


def lock_lines(lock: str) -> list[str]:
    return [line for line in (ROOT / lock).read_text().splitlines() if not line.startswith("#")]


def pinned(lock: str) -> dict[str, str]:
    pins = (line.split(";")[0].strip().split("==") for line in lock_lines(lock)[:-1])
    return dict(pins)


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[._-]+", "-", found.group()).lower()


# -- locks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_states_one_version_each_and_ends_with_the_project_itself(lock: str) -> None:
    lines = lock_lines(lock)
    assert lines[-1] == "-e ."
    for line in lines[:-1]:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; [\w.]+ [!<>=]+ '[\w.]+')?", line), line
    names = [line.partition("==")[0] for line in lines[:-1]]
    assert names == sorted(set(names))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_leaves_the_build_of_torch_to_pip(lock: str) -> None:
    """A CUDA package in the lock would be installed beside a CPU build too, in gigabytes."""
    assert pinned(lock)["torch"] == "2.13.0"
    cuda = [n for n in pinned(lock) if n.startswith(("nvidia", "cuda", "triton", "pytorch"))]
    assert cuda == []


def test_locks_hold_what_the_project_asks_for() -> None:
    runtime = {name_of(r) for r in PROJECT["dependencies"]}
    assert runtime <= pinned("requirements.txt").keys()
    # Every extra: the tests need what the app only may have.
    extras = PROJECT["optional-dependencies"].values()
    dev = {name_of(r) for extra in extras for r in extra} - {PROJECT["name"]}
    assert dev <= pinned("requirements-dev.txt").keys()
    assert not dev & pinned("requirements.txt").keys()
    fixed_by_the_user = {"streamlit", "pydeck", "geopandas", "torch", "plotly", "xarray"}
    assert fixed_by_the_user <= runtime


def test_the_dev_lock_is_the_other_one_and_more() -> None:
    # scripts/ensure_venv.sh relies on it: after `make test`, `make app` needs no network.
    # What the app needs on some systems alone, a tool of the tests may need on all.
    app, dev = (
        {line.partition(" ;")[0] for line in lock_lines(f"requirements{kind}.txt")}
        for kind in ("", "-dev")
    )
    assert app < dev


def test_the_running_environment_is_the_locked_one() -> None:
    assert sys.version_info >= (3, 11)
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = {name_of(n): v for n, _, v in (line.partition("==") for line in installed)}
    pins = pinned("requirements-dev.txt")
    other = {n: found[n] for n in pins if n in found and found[n].partition("+")[0] != pins[n]}
    assert other == {}, "run `make test`, which installs what the lock says"


# -- files ----------------------------------------------------------------------------------

FOREIGN = {
    # Where packages come from is for each machine to say.
    "a package registry": r"py" + r"pi\.|python" + r"hosted|download\.py" + r"torch|npm" + r"js\.",
    "a package location": r"--(extra-)?index-url|--find-" + r"links\b|file:" + r"//",
    "a developer's folder": r"(?<![\w.])/(home|Users|root|work|opt)/\w",
}


def tracked_files() -> list[Path]:
    """Files git knows or would add; without git, all outside the ignored folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    hidden = {".venv", ".git"} | {p.name for p in ROOT.glob(".*_cache")}
    files = (p for p in ROOT.rglob("*") if p.is_file())
    return [p for p in files if not hidden & set(p.relative_to(ROOT).parts)]


def text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("what", FOREIGN)
def test_no_file_names_a_place_of_one_machine(what: str) -> None:
    pattern = re.compile(FOREIGN[what])
    found = [
        f"{file.relative_to(ROOT)}: {hit.group()}"
        for file in tracked_files()
        if (hit := pattern.search(text_of(file)))
    ]
    assert found == [], f"names {what}"


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_or_shows_is_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    files = [page.parent / target for target in targets if "://" not in target]
    assert [str(file) for file in files if not file.exists()] == []


def test_the_tables_of_results_are_those_of_the_bundled_runs() -> None:
    """`python -m scripts.result_tables` writes them anew."""
    text = result_tables.PAGE.read_text(encoding="utf-8")
    assert result_tables.written(text, RunStore(ROOT / "data" / "runs")) == text


@pytest.mark.parametrize("page", ["method.md", "beware.md"])
@pytest.mark.parametrize("run", ["metr-la-week", "berlin-traffic-2024-08", "era5-uk-t2m"])
def test_pages_tell_what_the_bands_of_the_bundled_runs_held(page: str, run: str) -> None:
    text = " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())
    bands = RunStore(ROOT / "data" / "runs").open(run).arrays.bands
    assert bands is not None
    held = 100 * bands.coverage
    assert f"made to hold {100 * bands.share:.0f} %" in text
    reported = f"{held.min():.0f} to {held.max():.0f} %"
    # A caution that bears on all data names none: reports leave out those that name another.
    assert (reported if page == "beware.md" else f"{reported} on `{run}`") in text


def table(page: str, title: str) -> dict[str, list[str]]:
    """Rows of the table whose first column has this title, by name."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"| {title} |")) + 2
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in itertools.takewhile(lambda line: line.startswith("|"), lines[first:])
    ]
    return {name.strip("`"): cells for name, *cells in rows}


def test_every_selector_stands_in_the_method_s_table_as_it_is_registered() -> None:
    reported = {
        name: (ahead, source) for name, (_, ahead, source) in table("method.md", "selector").items()
    }
    assert reported == {
        name: ("yes" if one.sees_forecast else "no", one.source) for name, one in REGISTRY.items()
    }


def test_every_backbone_stands_in_the_method_s_table_with_where_it_can_be_used() -> None:
    reported = {name: where for name, (_, where, _) in table("method.md", "backbone").items()}
    needed = dict.fromkeys(ON_GRIDS, "grids") | dict.fromkeys(ON_NETWORKS, "road networks")
    assert reported == {name: needed.get(name, "any sites") for name in BACKBONES}


def test_nothing_heavy_is_in_the_repository() -> None:
    heavy = [p.relative_to(ROOT) for p in tracked_files() if p.stat().st_size > 5_000_000]
    assert heavy == []


def test_ci_runs_the_tests_and_nothing_more() -> None:
    file = ROOT / ".ci" / "run"
    assert file.read_text().splitlines() == ["#!/bin/sh", "exec make test"]
    assert os.access(file, os.X_OK)


def test_the_licence_is_apache_2() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


# -- commands -------------------------------------------------------------------------------


def run_script(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable] if name.endswith(".py") else [BASH]
    return subprocess.run(
        [*command, str(ROOT / "scripts" / name), *arguments],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!{BASH}\n{text}\n")
    file.chmod(0o755)


def says_in_one_line(done: subprocess.CompletedProcess[str], expected: str) -> None:
    assert done.returncode != 0
    assert done.stdout == ""
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1


# A stand-in for each kind of Python that a machine may have: what it prints, how it ends.
PYTHONS = {
    "shim": "echo 'python3: command not found' >&2; exit 127",
    "old": 'case "$2" in *platform*) echo 3.10.4 ;; *) exit 3 ;; esac',
    "no venv": 'case "$2" in *platform*) echo 3.11.2 ;; *) exit 1 ;; esac',
    "good": 'case "$2" in *platform*) echo 3.12.1 ;; *) echo "/good/$0" ;; esac',
}


@pytest.mark.parametrize(
    ("present", "message"),
    [
        ({}, "found none"),
        ({"python3": "shim"}, "found none"),
        ({"python3": "old"}, "found only Python 3.10.4"),
        ({"python3": "no venv"}, "found Python 3.11.2 without venv (on Debian"),
        ({"python3": "old", "python3.11": "no venv"}, "found Python 3.11.2 without venv"),
    ],
)
def test_a_machine_without_a_fitting_python_is_reported_so_in_one_line(
    tmp_path: Path, present: dict[str, str], message: str
) -> None:
    for name, kind in present.items():
        program(tmp_path, name, PYTHONS[kind])
    says_in_one_line(run_script("find_python.sh", PATH=str(tmp_path)), message)


@pytest.mark.parametrize("first", ["shim", "old", "no venv"])
def test_a_fitting_python_is_found_behind_one_that_is_not(tmp_path: Path, first: str) -> None:
    program(tmp_path, "python3", PYTHONS[first])
    program(tmp_path, "python3.12", PYTHONS["good"])
    done = run_script("find_python.sh", PATH=str(tmp_path))
    assert done.stdout.strip().endswith("python3.12")


def test_the_running_python_will_do_under_another_environments_settings() -> None:
    done = run_script("find_python.sh", PYTHON=sys.executable, PYTHONHOME="/no", PYTHONPATH="/no")
    assert Path(done.stdout.strip()).samefile(sys.executable)


def test_a_browser_that_is_named_but_does_not_run_is_reported_in_one_line() -> None:
    done = run_script("ensure_chromium.sh", CHROMIUM="/nowhere/chromium")
    says_in_one_line(done, "found /nowhere/chromium that does not run")


def test_a_machine_that_can_have_no_browser_is_reported_in_one_line(tmp_path: Path) -> None:
    program(tmp_path, "chromium-browser", "echo 'please install the snap' >&2; exit 1")
    program(tmp_path, "apt-get", "exit 1")
    program(tmp_path, "id", "echo 1000")
    program(tmp_path, "sudo", "exit 1")
    done = run_script("ensure_chromium.sh", PATH=str(tmp_path))
    says_in_one_line(done, "found none and no right to install one")


def test_a_missing_browser_is_installed_from_the_system_packages(tmp_path: Path) -> None:
    program(tmp_path, "id", "echo 0")
    program(
        tmp_path,
        "apt-get",
        f'echo "$@" >>{tmp_path}/calls\n'
        f'if [ "$1" = install ]; then printf "#!{BASH}\\n" >{tmp_path}/chromium\n'
        f"{shutil.which('chmod')} +x {tmp_path}/chromium; fi",
    )
    program(tmp_path, "env", 'shift; exec "$@"')
    done = run_script("ensure_chromium.sh", PATH=str(tmp_path))
    assert done.stdout.strip() == f"{tmp_path}/chromium"
    assert (tmp_path / "calls").read_text().splitlines() == [
        "update -qq",
        "install -y -qq --no-install-recommends chromium",
    ]


def test_a_taken_port_is_reported_in_one_line_with_a_free_choice() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        says_in_one_line(run_script("check_port.py", str(port)), f"Expected port {port} to be free")
    assert run_script("check_port.py", str(port)).returncode == 0


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_reported_in_one_line(text: str) -> None:
    says_in_one_line(run_script("check_port.py", text), "Expected a port from 1 to 65535")


@pytest.mark.parametrize("name", [".jobs/a/job.json", ".trash/a/manifest.json"])
def test_what_the_program_keeps_beside_the_bundled_runs_is_no_part_of_the_repository(
    name: str,
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    git = ["git", "-C", str(ROOT), "check-ignore", "--quiet"]
    for file, ignored in ((name, True), ("metr-la-week/manifest.json", False)):
        done = subprocess.run([*git, f"data/runs/{file}"], check=False)
        assert (done.returncode == 0) is ignored, file
