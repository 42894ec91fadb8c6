"""The Train view's pictures, words and form, without a worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from app.drawing import training_charts, training_text
from app.services.training_jobs import Facts
from app.views.train.form import first_training_choice, forecaster_names, on_page, request_of
from dynst_core.datasets.catalogue import load_catalogue
from dynst_core.errors import ConfigError
from dynst_core.fields.mask import Mask
from dynst_core.fields.sensor_health import Health
from dynst_core.fields.windows import Split, Window
from dynst_core.jobs.cost_model import Estimate, Size
from dynst_core.jobs.folder import (
    Job,
    JobCard,
    JobFolder,
    JobPlace,
    JobProgress,
    JobState,
    LevelDone,
    Process,
    StateName,
)
from dynst_core.presentation import formatting
from dynst_core.presentation.basemap import BaseMap
from dynst_core.training.request import TrainRequest
from tests.support.app_pages import drawn, words
from tests.support.factories import grid_sites
from tests.support.job_cases import small_catalogue
from tests.support.problems import field_of, waves

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
REQUEST = TrainRequest(dataset="tunnel-fire", levels=(0.0, 0.5))


def job(name: StateName, job_id: str = "a", minutes: int = 0, step: int | None = None) -> Job:
    since = NOW + timedelta(minutes=minutes)
    card = JobCard(job_id=job_id, name="tunnel-fire", request=REQUEST, created=since)
    progress = None
    if step is not None:
        progress = JobProgress(
            step=step,
            n_steps=200,
            phase="50 % removed",
            member=0,
            members=1,
            seconds_left=130.0,
            active=Mask.all_on(12).to_hex(),
            n_active=12,
            levels=(),
        )
    return Job(card, JobState(name=name, sentence="", since=since), progress)


# -- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "levels"),
    [("0, 30,60 %, 90", (0.0, 0.3, 0.6, 0.9)), ("", None), (" , ", None), ("0,2.5", (0.0, 0.025))],
)
def test_levels_are_read_as_percents(text: str, levels: tuple[float, ...] | None) -> None:
    assert training_text.levels_of(text) == levels
    assert training_text.levels_of(training_text.levels_text(levels)) == levels


def test_levels_that_are_no_numbers_are_refused_with_an_example() -> None:
    with pytest.raises(ConfigError, match="found '0; 30'; for example 0, 30, 60, 90"):
        training_text.levels_of("0; 30")


@pytest.mark.parametrize(
    ("seconds", "reported"),
    [(1, "5 s"), (48, "50 s"), (54.9, "55 s"), (61, "1 min"), (250, "4 min"), (4700, "1 h 20 min")],
)
def test_a_time_to_come_is_no_finer_than_can_be_known(seconds: float, reported: str) -> None:
    assert training_text.span_text(seconds) == reported


@pytest.mark.parametrize(
    ("n_bytes", "reported"), [(340e3, "340 kB"), (3.42e6, "3.4 MB"), (18.2e9, "18 GB")]
)
def test_amounts_of_memory_are_short(n_bytes: float, reported: str) -> None:
    assert training_text.size_text(n_bytes) == reported


def test_an_estimate_says_what_it_rests_on() -> None:
    what = Estimate(60, 1e9)
    alone = training_text.expected_training_text(what, 8e9, 1.0, 0)
    assert "About 1 min" in alone and "1.0 GB of memory of 8.0 GB free" in alone
    assert "model of cost" in alone and "corrected" not in alone
    assert "About 2 min" in training_text.expected_training_text(what, None, 2.0, 3)
    assert "the last 3 trainings here" in training_text.expected_training_text(what, None, 2.0, 3)


def test_what_cannot_fit_is_refused_with_a_remedy() -> None:
    assert training_text.too_large_text(Estimate(60, 1e9), 2e9) is None
    assert training_text.too_large_text(Estimate(60, 1e12), None) is None
    refusal = training_text.too_large_text(Estimate(60, 3e9), 2e9)
    assert refusal is not None
    assert "fits 1.8 GB of free memory, found one that needs about 3.0 GB; choose" in refusal


def test_a_job_s_line_tells_phase_share_and_time_left() -> None:
    line = training_text.job_progress_text(job("running", step=50))
    assert line == "25 % · 50 % removed · 12 sites kept · about 2 min left"
    first = training_text.job_progress_text(job("running", step=2))
    assert "left" not in first, "the first steps, slow ones, promise nothing"
    assert training_text.job_state_text(job("stopped", step=50), 0) == "stopped at 25 %"
    assert training_text.job_progress_text(job("running", step=200)).startswith("Tests the levels")


def test_a_running_job_says_what_a_stop_would_lose() -> None:
    running = job("running", step=50)
    assert running.progress is not None
    done = LevelDone(removed=0.0, n_active=12, error=0.1)

    def said(member: int, levels: int) -> str:
        changed = {"member": member, "levels": (done,) * levels}
        progress = running.progress.model_copy(update=changed) if running.progress else None
        return training_text.stop_text(replace(running, progress=progress))

    assert "all that was learnt is lost" in said(0, 0)
    assert "no plan is saved" in said(0, 1) and "Resume goes on from it" in said(0, 1)
    assert "the 3 finished levels are saved" in said(0, 3)
    assert "one training is saved" in said(1, 0) and "the 2 complete trainings" in said(2, 4)


def test_those_who_wait_are_reported_how_many_come_before_them() -> None:
    jobs = [job("running", "a"), job("queued", "b", 1), job("queued", "c", 2), job("stopped", "d")]
    assert [training_text.queue_place_text(one, jobs) for one in jobs[1:3]] == [1, 2]
    assert training_text.job_state_text(jobs[2], 2) == "queued, 2 before it"
    assert training_text.job_state_text(jobs[1], 0) == "queued, next"


# -- pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["network", "grid", "hall"])
def test_the_mask_is_drawn_where_the_sites_are(kind: str) -> None:
    if kind == "network":
        field = field_of(waves())
    else:
        field = field_of(waves(), *grid_sites(3, 4, geographic=kind == "grid"))
    place = JobPlace.of(field)
    active = np.arange(12) < 5
    figure = training_charts.mask_map_chart(place, active, BaseMap.read())
    drawn = {trace.name: trace for trace in figure.data}
    assert ("land" in drawn) == (kind != "hall")
    sites = drawn["sites"]
    if kind == "network":
        assert list(sites.marker.color) == [training_charts.KEPT] * 5 + ["#ffffff"] * 7
        np.testing.assert_array_equal(sites.x, field.sites.coordinates[:, 0])
    else:
        assert sites.z.ravel().tolist() == [1] * 5 + [0] * 7
        row, column = 1, 0  # the fifth site
        assert (sites.x[column], sites.y[row]) == tuple(field.sites.coordinates[4])


def test_the_loss_curve_smooths_without_looking_ahead() -> None:
    values = np.array([1.0, 1.0, 5.0, 1.0])
    means = training_charts.running_mean(values)
    assert means[:2].tolist() == [1.0, 1.0] and 1 < means[3] < means[2] < 5
    figure = training_charts.loss_chart([(5, 1.0), (10, 0.5)])
    assert list(figure.data[1].x) == [5, 10]
    assert "loss" in figure.layout.yaxis.title.text


def test_the_level_curve_holds_what_is_finished() -> None:
    done = [
        LevelDone(removed=0, n_active=12, error=1.5),
        LevelDone(removed=0.5, n_active=6, error=2),
    ]
    figure = training_charts.level_chart(done, "mph")
    assert list(figure.data[0].x) == [0, 50] and list(figure.data[0].y) == [1.5, 2]
    assert figure.layout.yaxis.title.text == "RMSE (mph)"


# -- the form ---------------------------------------------------------------------------------


def test_a_preset_s_request_leaves_the_usual_unsaid() -> None:
    assert request_of(first_training_choice("tunnel-fire", "standard")) == TrainRequest(
        dataset="tunnel-fire"
    )
    quick = request_of(first_training_choice("tunnel-fire", "quick"))
    assert (quick.effort, quick.levels) == (0.1, (0.0, 0.3, 0.6, 0.9))
    assert request_of(first_training_choice("metr-la-week", "thorough")).seeds == 3


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    monkeypatch.setenv("DYNST_CATALOGUE", str(small_catalogue(tmp_path)))
    return tmp_path


@pytest.mark.parametrize(
    ("gridded", "networked", "reported"),
    [
        (False, False, "attention-kriging attention graph ridge"),
        (True, False, "attention-kriging attention graph ridge conv spectral"),
        (False, True, "attention-kriging attention graph graph-network ridge"),
    ],
)
def test_only_forecasters_that_the_sites_allow_are_offered(
    gridded: bool, networked: bool, reported: str
) -> None:
    facts = Facts(Size(12, 200, 1, 1, 3, 2), (), gridded, networked, 3600.0)
    assert " ".join(forecaster_names(facts)) == reported


def test_an_empty_store_offers_the_quick_look_with_what_it_takes(store: Path) -> None:
    app = drawn("train")
    assert "No training yet" in words(app)
    assert "About" in words(app) and "of memory" in words(app)
    assert not app.button(key="train-start").disabled


def test_a_bad_entry_is_reported_and_the_other_data_sets_can_be_trained(store: Path) -> None:
    with (store / "catalogue.toml").open("a", encoding="utf-8") as file:
        file.write('[bad]\ntitle = "t"\n')
    app = drawn("train")
    assert "complete description of 'bad'" in app.warning[0].value.replace("\\", "")
    names = [option.split(":")[0] for option in app.selectbox(key="dataset-train-0").options]
    assert "tunnel-fire" in names and "bad" not in names
    assert not app.button(key="train-start").disabled


def test_a_data_set_is_listed_by_its_name_first_and_its_place_stands_below(store: Path) -> None:
    app = drawn("train")
    box = app.selectbox(key="dataset-train-0")
    assert box.value.startswith("tunnel-fire")
    assert any(option.startswith("tunnel-fire: ") for option in box.options)
    place = load_catalogue()["tunnel-fire"].place
    assert f"{formatting.plain(place)}. Computed when asked for" in words(app)


def test_the_field_for_a_name_shows_the_one_that_the_run_will_get(store: Path) -> None:
    def shown() -> str:
        return drawn("train").text_input(key="name-train-0").placeholder

    assert shown() == "tunnel-fire"
    (store / "tunnel-fire").mkdir()
    assert shown() == "tunnel-fire-2"
    folder = JobFolder.create(store, REQUEST, "tunnel-fire")
    folder.set_state("running", "Trains.", holder=Process.of())
    assert shown() == "tunnel-fire-3", "the job under way takes the second"


def test_levels_that_fall_are_reported_and_nothing_can_be_started(store: Path) -> None:
    app = drawn("train")
    app.text_input(key="levels-train-0").set_value("0, 60, 30").run()
    assert "rising from 0 to below 100, found 0,60,30" in app.error[0].value
    assert "train-start" not in [button.key for button in app.button]
    app.text_input(key="levels-train-0").set_value("0, 30").run()
    assert not app.error and not app.button(key="train-start").disabled


def test_a_training_that_cannot_fit_is_refused(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynst_core.jobs.cost_model.free_memory", lambda: 1e8)
    monkeypatch.setattr("app.views.train.form.free_memory", lambda: 1e8)
    app = drawn("train")
    assert "choose one variable" in app.error[0].value
    assert app.button(key="train-start").disabled


def test_data_that_are_not_here_are_offered_as_a_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_RUNS", str(tmp_path))
    monkeypatch.setattr("app.services.training_jobs.dataset_at_hand", lambda entry: entry.simulated)
    app = drawn("train")
    app.selectbox(key="dataset-train-0").set_value("metr-la-week").run()
    size = training_text.size_text(training_text.download_bytes(load_catalogue()["metr-la-week"]))
    assert f"They are {size}" in app.info[0].value and "checked" in app.info[0].value
    assert app.button(key="train-download").label == f"Download {size}"
    assert "train-start" not in [button.key for button in app.button]


def test_a_job_whose_process_is_gone_reads_failed_and_offers_to_resume(store: Path) -> None:
    folder = JobFolder.create(store, REQUEST, "tunnel-fire")
    gone = Process.of().model_copy(update={"began": 1.0})
    folder.set_state("running", "Trains.", holder=gone)
    app = drawn("train")
    assert "without a word" in app.error[0].value
    assert "job-resume" in [button.key for button in app.button]
    app.button(key="job-delete").click().run()
    assert not folder.path.exists() and "No training yet" in words(app)


def test_a_notice_names_the_page_s_controls_and_no_option_of_the_command_line() -> None:
    values = waves()
    split = Split.contiguous(len(values), Window(3, 2))
    values[slice(*split.selection[0]), 0] = np.nan
    values[:, 1] = 7.0
    values[slice(*split.test), 2] = np.nan
    notices = Health.of(field_of(values), Window(3, 2)).notices()
    assert sum("--" in notice for notice in notices) >= 2
    shown = [on_page(notice) for notice in notices]
    assert not any("--" in notice for notice in shown), shown
    assert any("under Details" in notice for notice in shown)
