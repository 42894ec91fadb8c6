"""Jobs on a real local cluster: they queue, stop, go on, and never seem to run when they do not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from dynst_core.datasets.catalogue import load_field
from dynst_core.errors import JobError, RunError
from dynst_core.fields.windows import STRETCHES
from dynst_core.jobs.folder import CARD, JobFolder, Process, list_jobs
from dynst_core.jobs.queue import JobQueue
from dynst_core.jobs.records import JobCard
from dynst_core.jobs.worker import problem_of_job
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.job_cases import LONG, QUICK, has_levels, over, small_catalogue, wait_for
from tests.support.places import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobQueue]:
    """One cluster for all tests here, over one folder of runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNST_CATALOGUE", str(small_catalogue(tmp_path_factory.mktemp("data"))))
        patch.setenv("OMP_NUM_THREADS", "1")
        queue = JobQueue(tmp_path_factory.mktemp("runs"))
        yield queue
        queue.close()


def same_plan(one: Run, two: Run) -> None:
    """Masks, ranks, errors and weights alike."""
    np.testing.assert_array_equal(one.path.active, two.path.active)
    np.testing.assert_array_equal(one.path.rank, two.path.rank)
    assert one.manifest.steps == two.manifest.steps
    for level in range(len(one.path.active)):
        assert one.rmse(level) == two.rmse(level)
        for name, values in one.weights(level).items():
            np.testing.assert_array_equal(values, two.weights(level)[name], err_msg=name)


def test_two_jobs_queue_and_each_leaves_its_own_run(queue: JobQueue) -> None:
    first, second = queue.submit(QUICK), queue.submit(QUICK.model_copy(update={"seed": 1}))
    done = wait_for(second, over)
    assert first.job().state.since < done.state.since
    assert [first.job().state.name, done.state.name] == ["finished", "finished"]
    assert done.share_done == 1
    assert done.progress and [level.n_active for level in done.progress.levels] == [32, 16, 3]
    runs = [RunStore(queue.root).open(str(job.job().state.run_id)) for job in (first, second)]
    assert [run.run_id for run in runs] == ["tunnel-fire", "tunnel-fire-2"]
    assert [run.manifest.config.seed for run in runs] == [0, 1]
    assert all(run.manifest.complete for run in runs)
    assert runs[0].manifest.command == QUICK.command()


def test_while_one_job_trains_the_next_waits(queue: JobQueue) -> None:
    first = queue.submit(LONG)
    wait_for(first, has_levels(1))
    second = queue.submit(QUICK)
    assert (first.job().state.name, second.job().state.name) == ("running", "queued")
    second.ask_to_stop()
    assert second.job().state.name == "stopped", "a waiting job leaves the queue at once"
    first.ask_to_stop()
    assert wait_for(first, over).state.name == "stopped"
    # The worker, when the turn came, left it alone.
    last = queue.submit(QUICK)
    assert wait_for(last, over).state.name == "finished"
    assert second.job().state.name == "stopped" and second.job().progress is None


def test_a_job_tells_how_far_it_is(queue: JobQueue) -> None:
    folder = queue.submit(LONG)
    job = wait_for(folder, has_levels(1))
    progress, place = job.progress, folder.place()
    assert progress and place
    assert 0 < job.share_done < 1 and progress.seconds_left is not None
    assert place.error_unit == "°C" and place.grid and place.grid.shape == (4, 8)
    mask = job.mask(32)
    assert mask is not None and mask.n_active == progress.n_active
    level = progress.levels[0]
    assert (level.removed, level.n_active) == (0, 32) and level.error > 0
    losses = folder.losses()
    assert len(losses) > 5 and all(0 < loss < 10 for _, loss in losses)
    assert [step for step, _ in losses] == sorted({step for step, _ in losses})
    folder.ask_to_stop()
    wait_for(folder, over)


def test_a_stopped_job_is_a_usable_run_and_resumed_it_is_the_unbroken_one(queue: JobQueue) -> None:
    whole = queue.submit(LONG, "whole")
    folder = queue.submit(LONG, "broken")
    wait_for(folder, has_levels(2))
    folder.ask_to_stop()
    assert folder.job().state.name == "stopping"
    stopped = wait_for(folder, over)
    assert stopped.state.name == "stopped" and "of 6 levels" in stopped.state.sentence
    run = RunStore(queue.root).open("broken")
    assert not run.manifest.complete and run.path.n_active.tolist()[:2] == [32, 26]

    queue.resume(folder)
    done = wait_for(folder, over)
    assert (done.state.name, done.state.run_id) == ("finished", "broken")
    assert done.state.seconds > stopped.state.seconds
    store = RunStore(queue.root)
    assert store.open("broken").manifest.complete
    same_plan(store.open("broken"), store.open("whole"))
    steps = [step for step, _ in folder.losses()]
    assert steps == sorted(set(steps)), "what was trained again is reported once"
    assert steps == [step for step, _ in whole.losses()]
    assert not list(folder.path.glob("*.safetensors"))
    with pytest.raises(JobError, match="stopped or failed, found one that is finished"):
        queue.resume(folder)


def test_a_run_that_something_was_measured_beside_is_not_replaced(queue: JobQueue) -> None:
    folder = queue.submit(LONG, "measured")
    wait_for(folder, has_levels(2))
    folder.ask_to_stop()
    wait_for(folder, over)
    (queue.root / "measured" / "baselines.json").write_text("{}")
    queue.resume(folder)
    assert wait_for(folder, over).state.run_id == "measured-2"
    assert not RunStore(queue.root).open("measured").manifest.complete


def test_stopped_before_any_sensor_went_there_is_nothing_to_save_and_it_goes_on(
    queue: JobQueue,
) -> None:
    folder = queue.submit(QUICK, "early")
    folder.ask_to_stop()  # seen at its first word, if not before
    stopped = wait_for(folder, over)
    assert (stopped.state.name, stopped.state.run_id) == ("stopped", None)
    assert not (queue.root / "early").exists()
    queue.resume(folder)
    assert wait_for(folder, over).state.run_id == "early"


def test_stopped_on_the_way_to_its_first_cut_it_claims_no_more_than_that(queue: JobQueue) -> None:
    # The page shows beneath the sentence how many sites the cut under way had removed.
    folder = queue.submit(QUICK.model_copy(update={"effort": 1.0}), "on-its-way")
    wait_for(folder, lambda job: job.progress is not None)
    folder.ask_to_stop()
    reported = wait_for(folder, over).state.sentence
    assert reported == "No level with sites removed was finished yet, so there is no plan to save."


def test_several_seeds_are_one_run_and_those_finished_survive_a_stop(queue: JobQueue) -> None:
    pinned = str(load_field("tunnel-fire").sites.site_id[5])
    request = QUICK.model_copy(update={"seeds": 2, "levels": (0.0, 0.5), "always": (pinned,)})
    whole = queue.submit(request, "seeds")
    wait_for(whole, over)
    folder = queue.submit(LONG.model_copy(update={"seeds": 2, "levels": (0.0, 0.5)}), "cut")
    wait_for(folder, lambda job: job.progress is not None and job.progress.member == 1)
    folder.ask_to_stop()
    stopped = wait_for(folder, over)
    assert "1 training of several" in stopped.state.sentence
    store = RunStore(queue.root)
    assert store.open("cut").arrays.members is None
    run = store.open("seeds")
    members = run.arrays.members
    assert members is not None and members.seeds.tolist() == [0, 1]
    assert run.manifest.config.always == (pinned,)
    assert members.active[:, :, 5].all()


def test_what_cannot_be_trained_is_reported_in_the_engine_s_words(queue: JobQueue) -> None:
    folder = queue.submit(QUICK.model_copy(update={"always": ("nowhere",)}))
    state = wait_for(folder, over).state
    assert state.name == "failed" and "ids of sites such as" in state.sentence
    assert state.next_step
    with pytest.raises(RunError, match="found '../x'"):
        queue.submit(QUICK, "../x")


def test_a_killed_worker_is_reported_as_failed_and_those_who_wait_go_on(queue: JobQueue) -> None:
    folder = queue.submit(LONG, "crashed")
    job = wait_for(folder, has_levels(1))
    other = queue.submit(QUICK)
    assert job.state.holder
    os.kill(job.state.holder.pid, signal.SIGKILL)
    state = wait_for(folder, over).state
    assert state.name == "failed" and "without a word" in state.sentence
    assert "Resume" in state.next_step
    # The job that waited does not fall with it: it gets a new worker.
    assert wait_for(other, over).state.name == "finished"
    assert folder.job().state.name == "failed", "and the first is not begun anew by itself"

    queue.resume(folder)
    assert wait_for(folder, over).state.name == "finished"


def test_the_cluster_ends_with_the_app_and_its_jobs_do_not_seem_to_run(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DYNST_CATALOGUE", str(small_catalogue(tmp_path)))
        queue = JobQueue(tmp_path / "runs")
        running, waiting = queue.submit(LONG), queue.submit(QUICK)
        holder = wait_for(running, has_levels(0)).state.holder
        assert holder
        queue.close()
        psutil.wait_procs([p for p in psutil.process_iter() if p.pid == holder.pid], timeout=20)
        assert not holder.lives(tmp_path)
        states = [folder.job().state for folder in (running, waiting)]
        assert [state.name for state in states] == ["failed", "failed"]
        assert "before its turn" in states[1].sentence
        assert list_jobs((tmp_path / "runs",))[1].path == waiting.path
        queue.resume(waiting)  # a new cluster, on demand
        assert wait_for(waiting, over).state.name == "finished"
        queue.close()


APP = """
import signal, sys, time
from pathlib import Path
from dynst_core.jobs.queue import JobQueue
from tests.support.job_cases import QUICK

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it came ignored
folder = JobQueue(Path(sys.argv[1])).submit(QUICK)
try:
    print(folder.job().state.holder.pid, flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    pass
"""


def test_ctrl_c_ends_app_and_cluster_without_a_word(tmp_path: Path) -> None:
    catalogue = str(small_catalogue(tmp_path))
    app = subprocess.Popen(
        [sys.executable, "-c", APP, str(tmp_path / "runs")],
        cwd=ROOT,
        env={**os.environ, "DYNST_CATALOGUE": catalogue, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert app.stdout is not None
    cluster = psutil.Process(int(app.stdout.readline()))
    family = [cluster, *cluster.children(recursive=True)]
    os.killpg(app.pid, signal.SIGINT)  # as a terminal does
    assert psutil.wait_procs(family, timeout=20)[1] == []
    assert app.communicate(timeout=20)[0] == "" and app.returncode == 0


def test_a_scheduler_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_SCHEDULER", "tcp://127.0.0.1:9")
    monkeypatch.setattr("dynst_core.jobs.queue.START_SECONDS", 0.5)
    queue = JobQueue.of_environment(tmp_path)
    with pytest.raises(JobError, match="scheduler at tcp://127.0.0.1:9, found none that answers"):
        queue.submit(QUICK)
    assert list_jobs((tmp_path,)) == []


def test_a_worker_elsewhere_is_known_by_its_beat(tmp_path: Path) -> None:
    elsewhere = Process.of().model_copy(update={"host": "elsewhere"})
    beat = tmp_path / "beat"
    assert not elsewhere.lives(beat)
    beat.touch()
    assert elsewhere.lives(beat)
    os.utime(beat, (0, 0))
    assert not elsewhere.lives(beat)


def test_a_process_number_given_anew_is_not_the_old_process() -> None:
    own = Process.of()
    assert own.lives(Path("none"))
    assert not own.model_copy(update={"began": own.began - 1}).lives(Path("none"))


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    folder = JobFolder.create(tmp_path, QUICK, "x")
    folder.set_state("queued", "Waits.")
    (folder.path / "state.json").write_text("{")
    with pytest.raises(JobError, match="state.json: expected a record of a training job"):
        folder.job()


def test_a_job_of_an_earlier_version_goes_on_with_its_own_selection_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing of stretches; what one of today trains on would be what it judged by."""
    monkeypatch.setenv("DYNST_CATALOGUE", str(small_catalogue(tmp_path)))
    card = JobFolder.create(tmp_path, QUICK, "x").read(CARD, JobCard)
    assert card.stretches == STRETCHES
    earlier = JobCard.model_validate(card.model_dump(exclude={"stretches"}))
    found = [len(problem_of_job(one).split.selection) for one in (earlier, card)]
    assert found == [1, STRETCHES]
