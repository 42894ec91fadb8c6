"""Commands as a planner types them, on the simulated tunnel fire, which needs no file.

In this process the tunnel is a small one; the test that stops a training burns the whole.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from dynst_core import commands
from dynst_core.cli import main
from dynst_core.cli import progress as terminal
from dynst_core.datasets.catalogue import load_catalogue, load_field
from dynst_core.datasets.tunnel_fire import TunnelSettings, simulate_tunnel
from dynst_core.fields.field import Field
from dynst_core.runs.store import RunStore
from dynst_core.training import setup
from tests.support.command_line import Outcome, command
from tests.support.factories import content, make_arrays, network_sites, save_run
from tests.support.job_cases import small_catalogue
from tests.support.problems import problem_of

pytestmark = [pytest.mark.usefixtures("one_thread", "quick_terminal"), pytest.mark.slow]

QUICK = ("--effort", "0.002", "--levels", "0,90", "--history", "2", "--horizon", "1")


@cache
def small_tunnel() -> Field:
    """The catalogue's tunnel with 60 cells and 480 times."""
    settings = TunnelSettings(rows=4, columns=15, n_fires=8, times_per_fire=60)
    return simulate_tunnel(settings, about=load_catalogue()["tunnel-fire"].about)


def load(name: str, path: Path | None = None, progress: bool = True) -> Field:
    """As a command loads it, but for the size of the tunnel."""
    small = (name, path) == ("tunnel-fire", None)
    return small_tunnel() if small else load_field(name, path, progress)


@pytest.fixture(scope="module")
def quick_terminal() -> Iterator[None]:
    """A wide terminal and a small tunnel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        patch.setattr(main.console, "width", 300)  # may have been set at import
        patch.setattr(setup, "load_field", load)
        yield


@pytest.fixture(scope="module")
def trained(
    one_thread: None, quick_terminal: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Outcome]:
    """A folder with one trained run, and what training it said."""
    folder = tmp_path_factory.mktemp("runs")
    return folder, command("train", "tunnel-fire", *QUICK, "--runs", folder)


# -- the way through --------------------------------------------------------------------------


def test_training_saves_a_run_and_says_what_it_is_worth(trained: tuple[Path, Outcome]) -> None:
    folder, reported = trained
    assert reported.code == 0, reported.err
    run = RunStore(folder).open("tunnel-fire")
    assert run.manifest.complete
    assert run.path.n_active.tolist() == [60, 6]
    assert run.manifest.steps[0] < run.manifest.steps[1]
    assert run.manifest.command.startswith("python -m dynst_core train tunnel-fire --effort")
    assert "--runs" not in run.manifest.command, "a folder of this machine tells a reader nothing"
    assert str(folder) not in run.manifest.command
    assert "Tunnel section, 60 m by 6 m: 60 sites. Blocks (UTC): train 2000-01-01" in reported.out
    assert "test RMSE in °C" in reported.out
    assert f"{run.rmse(1):.3f}" in reported.out and "90 %" in reported.out
    assert f"Saved as tunnel-fire in {run.folder}." in reported.out
    next_one = commands.command_here("baselines", "tunnel-fire")
    assert f"`{next_one}` measures them in about ten times the training's time" in reported.out


def test_the_baselines_are_measured_and_a_second_time_there_is_nothing_left(
    trained: tuple[Path, Outcome],
) -> None:
    folder, _ = trained
    reported = command("baselines", "tunnel-fire", "--runs", folder)
    assert reported.code == 0, reported.err
    run = RunStore(folder).open("tunnel-fire")
    rows = run.baselines.rows
    assert sorted((row.selector, row.draw) for row in rows) == [
        *(("random", draw) for draw in range(5)),
        ("variance", 0),
    ]
    assert {(row.level, row.n_active, row.steps) for row in rows} == {(1, 6, run.manifest.steps[1])}
    (liveliest,) = (row.rmse[0] for row in rows if row.selector == "variance")
    assert f"{liveliest:.3f}" in reported.out

    assert "1 baseline left" in reported.out

    again = command("baselines", "tunnel-fire", "--runs", folder, "--levels", "90")
    assert again.code == 0
    assert RunStore(folder).open("tunnel-fire").baselines.rows == rows
    wrong = command("baselines", "tunnel-fire", "--runs", folder, "--levels", "35")
    assert_refused(wrong, "Expected levels out of 90 percent, found 35")


def test_a_run_is_evaluated_again_to_the_figures_it_states(trained: tuple[Path, Outcome]) -> None:
    reported = command("evaluate", "tunnel-fire", "--runs", trained[0])
    assert reported.code == 0, reported.err
    difference = reported.out.split("saved figures by at most ")[1].split(" ")[0]
    run = RunStore(trained[0]).open("tunnel-fire")
    assert float(difference) < 1.5e-4 * max(run.rmse(0), run.rmse(1))


def test_any_mask_is_forecast_lead_time_by_lead_time(trained: tuple[Path, Outcome]) -> None:
    folder = trained[0]
    run = RunStore(folder).open("tunnel-fire")
    reported = command("forecast", "tunnel-fire", "--removed", "90", "--runs", folder)
    assert reported.code == 0, reported.err
    assert "6 of 60 sites kept" in reported.out
    for level in (0, 1):
        assert f"{run.rmse(level, 0):.3f}"[:-1] in reported.out
    site = run.sites.site_id[run.path.mask(1).kept[0]]
    less = command("forecast", "tunnel-fire", "--removed", "90", "--off", site, "--runs", folder)
    assert "5 of 60 sites kept" in less.out
    assert f"{run.persistence_rmse():.2f}" in reported.out
    far = command("forecast", "tunnel-fire", "--removed", "90", "--steps", "9", "--runs", folder)
    assert "Past step 1 a forecast reads itself" in far.out
    nobody = command("forecast", "tunnel-fire", "--off", "nobody", "--runs", folder)
    assert_refused(nobody, "Expected ids of sites such as")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--off", "{removed}"), "Expected a kept site to switch off, found '{removed}' removed "),
        (("--on", "{kept}"), "Expected a removed site to switch on, found '{kept}' kept already "),
        (("--on", "{removed}", "--on", "{kept}"), "to switch on, found '{kept}' kept already "),
        (("--off", "{kept}", "--on", "{kept}"), "found '{kept}' in both --off and --on"),
        (("--off", "{removed}", "--on", "{removed}"), "found '{removed}' in both --off and --on"),
    ],
)
def test_a_switch_that_changes_nothing_is_refused(
    trained: tuple[Path, Outcome], words: tuple[str, ...], sentence: str
) -> None:
    run = RunStore(trained[0]).open("tunnel-fire")
    mask = run.path.mask(1)
    removed = run.sites.site_id[~mask.active][0]
    names = {"kept": run.sites.site_id[mask.kept[0]], "removed": removed}
    asked = [word.format(**names) for word in words]
    reported = command("forecast", "tunnel-fire", "--removed", 90, *asked, "--runs", trained[0])
    assert_refused(reported, sentence.format(**names))
    assert "already" not in reported.err or "already at 90 %; take it out of --o" in reported.err


def test_a_removed_site_can_be_switched_on(trained: tuple[Path, Outcome]) -> None:
    run = RunStore(trained[0]).open("tunnel-fire")
    site = run.sites.site_id[~run.path.mask(1).active][0]
    reported = command(
        "forecast", "tunnel-fire", "--removed", 90, "--on", site, "--runs", trained[0]
    )
    assert "7 of 60 sites kept" in reported.out


def test_a_folder_of_runs_that_is_not_there_is_refused(tmp_path: Path) -> None:
    reported = command("runs", "--runs", tmp_path / "nowhere")
    assert reported.code == 1 and "nowhere: expected a folder of runs, found none" in reported.err


def test_training_says_what_share_of_the_values_is_missing(capsys: pytest.CaptureFixture) -> None:
    values = np.random.default_rng(0).normal(size=(120, 4))
    values[:24, 0] = np.nan
    terminal.say_problem(problem_of(values))
    assert "Never measured: 5 % of all values" in capsys.readouterr().out
    terminal.say_problem(problem_of(np.nan_to_num(values)))
    assert "Never measured" not in capsys.readouterr().out


def test_a_training_of_no_steps_ends_whole(capsys: pytest.CaptureFixture) -> None:
    assert not terminal.show_baseline_progress([], 0, 4)
    assert "100%" in capsys.readouterr().out


def test_runs_are_listed(trained: tuple[Path, Outcome]) -> None:
    reported = command("runs", "--runs", trained[0])
    assert reported.code == 0
    assert f"Runs in {trained[0]}" in reported.out
    assert "Gas temperature in a simulated tunnel fire, Tunnel section" in reported.out


def test_the_folder_of_runs_may_be_named_once_and_for_all(
    trained: tuple[Path, Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(trained[0]))
    assert f"Runs in {trained[0]}" in command("runs").out


def test_data_sets_are_listed() -> None:
    reported = command("datasets")
    assert reported.code == 0
    assert "tunnel-fire" in reported.out and "computed when asked for" in reported.out


# -- refusals ---------------------------------------------------------------------------------


def assert_refused(reported: Outcome, sentence: str) -> None:
    """One line on the error stream, exit code 1, no traceback."""
    assert reported.code == 1
    assert reported.err.startswith("Error: ") and reported.err.count("\n") == 1
    assert sentence in reported.err
    assert "Traceback" not in reported.out + reported.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "tunel-fire"), "found 'tunel-fire' among"),
        (("train", "tunel-fire"), "did you mean 'tunnel-fire'?"),
        (("train", "tunnel-fire", "--levels", "0,many"), "parted by commas, found '0,many'"),
        (("train", "tunnel-fire", "--levels", ""), "parted by commas, found ''"),
        (("train", "tunnel-fire", "--levels", "30,60"), "Expected levels in percent"),
        (("train", "tunnel-fire", "--levels", "0,100"), "Expected levels in percent"),
        (("train", "tunnel-fire", "--levels", "0,0.3,0.9"), "Expected levels in percent"),
        (("train", "tunnel-fire", "--name", "taken"), "Expected a run's name that is free"),
        (("train", "tunnel-fire", *QUICK, "--name", "a b"), "Expected a run's name of letters"),
        (("train", "tunnel-fire", *QUICK, "--name", "../up"), "Expected a run's name of letters"),
        (("train", "tunnel-fire", "--history", "300"), "windows of 300 steps read"),
        (("train", "tunnel-fire", "--device", "tpu"), "Expected a device out of auto, cpu"),
        (("train", "tunnel-fire", "--data", "my.nc"), "Expected no path for tunnel-fire"),
        (("evaluate", "nothing"), "nothing/manifest.json"),
        (("baselines", "nothing"), "nothing/manifest.json"),
        (("evaluate", "../up"), "Expected a run id of letters, digits"),
        (("evaluate", "taken"), "Expected the name of a data set, found 'test'"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(
    words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    folder = tmp_path / "runs"
    save_run(folder, "taken", make_arrays(network_sites()))
    assert_refused(command(*words, "--runs", folder), sentence)
    assert content(folder) == ["taken"]


@pytest.mark.parametrize(
    "words",
    [("train",), ("train", "tunnel-fire", "--effort", "0"), ("fly",), ("runs", "--seed", "1")],
)
def test_a_misspelt_command_shows_how_it_is_used(words: tuple[str, ...]) -> None:
    reported = command(*words)
    assert reported.code == 2
    assert "Traceback" not in reported.err


def test_the_run_of_a_data_set_trained_before_gets_the_next_free_name(tmp_path: Path) -> None:
    save_run(tmp_path, "tunnel-fire", make_arrays(network_sites()))
    assert RunStore(tmp_path).free_id("tunnel-fire", exact=False) == "tunnel-fire-2"


# -- a process of its own ---------------------------------------------------------------------


def start(*words: object) -> subprocess.Popen[str]:
    """Start a command on a terminal as wide as its lines, deaf to nothing."""
    return subprocess.Popen(
        [sys.executable, "-m", "dynst_core", *map(str, words)],
        env=os.environ | {"TTY_COMPATIBLE": "1", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background would hand down its deafness to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def test_an_error_ends_the_process_without_a_traceback(tmp_path: Path) -> None:
    process = start("evaluate", "nothing", "--runs", tmp_path)
    out, err = process.communicate(timeout=120)
    assert_refused(Outcome(process.returncode, out, err), "nothing/manifest.json")


def started_until(phase: str, *words: object) -> tuple[subprocess.Popen[str], str]:
    """A command that has come to a phase, and what it said until then."""
    process = start(*words)
    assert process.stdout is not None
    said = ""
    while phase not in said:
        read = process.stdout.read(1)
        assert read, f"it ended before {phase}: {said}"
        said += read
    return process, said


@pytest.mark.parametrize(
    ("how", "phase"), [(signal.SIGINT, "75 % removed"), (signal.SIGTERM, "50 % removed")]
)
def test_a_training_that_is_stopped_keeps_the_levels_that_are_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals, phase: str
) -> None:
    # Ctrl-C ends the level under way at once; SIGTERM lets it finish.
    monkeypatch.setenv("DYNST_CATALOGUE", str(small_catalogue(tmp_path)))
    runs, levels = tmp_path / "runs", ("--effort", "0.05", "--levels", "0,50,75")
    process, _ = started_until(phase, "train", "tunnel-fire", *levels, "--runs", runs)
    try:
        process.send_signal(how)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert "Stopped early: the run holds the levels above and nothing further." in out
    assert "goes on after the last finished level" in out
    run = RunStore(runs).open("tunnel-fire")
    assert not run.manifest.complete
    assert run.path.n_active.tolist() == [32, 16]
    assert len(run.manifest.steps) == 2
    assert len(run.weights(0)) > 0
    assert content(runs) == [".jobs", "tunnel-fire"]


def test_a_site_kept_and_removed_at_once_is_refused(tmp_path: Path) -> None:
    name = str(small_tunnel().sites.site_id[3])
    reported = command(
        "train", "tunnel-fire", "--runs", tmp_path, *QUICK, "--always", name, "--never", name
    )
    assert_refused(reported, f"found {name!r} in both --always and --never")


def test_an_unknown_site_is_refused(tmp_path: Path) -> None:
    reported = command("train", "tunnel-fire", "--runs", tmp_path, *QUICK, "--never", "everywhere")
    assert_refused(reported, "found 'everywhere'; the map shows each site's id")


def test_pinned_sites_of_any_id_stay_or_go(tmp_path: Path) -> None:
    """The tunnel's ids hold commas: each is tried as a whole before it is parted."""
    sites = small_tunnel().sites.site_id
    pins = ("--always", sites[0], "--never", sites[1])
    assert command("train", "tunnel-fire", "--runs", tmp_path, *QUICK, *pins).code == 0
    run = RunStore(tmp_path).open("tunnel-fire")
    assert run.path.active[:, 0].all() and not run.path.active[1:, 1].any()
    assert (run.manifest.config.always, run.manifest.config.never) == ((sites[0],), (sites[1],))
