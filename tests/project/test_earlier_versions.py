"""What earlier versions wrote opens, with the same figures.

`fixtures/earlier` was written by version 0.1.0 at commit 846a845 and is never written anew: a
format that changes gets a folder beside it.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.state import link
from app.state.choice import Choice
from dynst_core.jobs.folder import JobFolder, list_jobs
from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import plan_of_card, read_plan_card
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import USUAL_GOAL
from dynst_core.runs.archive import unpack_run
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from dynst_core.training.checkpoint import levels_in_checkpoint, read_checkpoint
from tests.support import problems
from tests.support.places import ROOT
from tests.support.problems import problem_of, tiny_training, waves

EARLIER = ROOT / "tests" / "fixtures" / "earlier"
FIGURES: dict[str, Any] = json.loads((EARLIER / "figures.json").read_text(encoding="utf-8"))
LINKS = json.loads((EARLIER / "links.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    store = RunStore(tmp_path_factory.mktemp("runs"))
    with (EARLIER / "network.zip").open("rb") as file:
        return store.open(unpack_run(file, store))


@pytest.mark.parametrize("level", range(4))
def test_a_run_s_archive_opens_with_the_same_figures(run: Run, level: int) -> None:
    stated, found = (
        FIGURES["levels"][level],
        summarise_plan(run, Plan.at_level(run, level), USUAL_GOAL, 1),
    )
    assert np.flatnonzero(run.path.active[level]).tolist() == stated["kept"]
    for name in ("rmse", "dense", "persistence", "limit", "within", "speed_up"):
        assert getattr(found, name) == pytest.approx(stated[name], rel=1e-12), name
    assert found.band is not None and found.seeds is not None
    assert [found.band.half_width, found.band.coverage] == pytest.approx(stated["band"], rel=1e-12)
    assert list(found.seeds) == pytest.approx(stated["seeds"], rel=1e-12)


def test_its_ranks_and_baselines_are_the_same(run: Run) -> None:
    assert run.path.rank.tolist() == FIGURES["rank"]
    found = [[row.selector, row.level, row.rmse[0]] for row in run.baselines.rows]
    assert found == FIGURES["baselines"]


def test_a_plan_file_opens_with_its_sites_costs_and_breaches(run: Run) -> None:
    file, stated = EARLIER / "plan.json", FIGURES["plan"]
    plan = plan_of_card(read_plan_card(file.read_bytes(), file.name), run, file.name)
    assert run.sites.site_id[plan.mask.active].tolist() == stated["kept"]
    assert list(plan.breaches) == stated["breaches"]
    assert (plan.yearly_cost, plan.yearly_saving) == (stated["cost"], stated["saving"])
    assert plan.n_wanted == stated["n_wanted"]
    assert [edit.reason for edit in plan.edits] == ["road works, 5:30", ""]


@pytest.mark.parametrize("number", range(len(LINKS)))
def test_a_link_opens_the_same_screen(run: Run, number: int) -> None:
    stated = LINKS[number]
    read = link.read_link(stated["link"], run)
    found = {part.name: repr(getattr(read, part.name)) for part in fields(Choice)}
    assert {name: found[name] for name in stated["choice"]} == stated["choice"]
    assert link.unmet_link_level(stated["link"], run) == stated["unmet"]
    assert set(link.unknown_link_sites(stated["link"], run)) == set(stated["unknown"])


def test_a_job_s_folder_opens_and_its_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None
) -> None:
    stated = FIGURES["job"]
    shutil.copytree(EARLIER / "jobs", tmp_path / "runs")
    (folder,) = list_jobs((tmp_path / "runs",))
    job = folder.job()
    assert (job.state.name, job.state.sentence) == ("stopped", "Stopped after one level.")
    assert job.state.resumable and folder.losses() == [(0, 1.5), (5, 0.75)]
    assert json.loads(job.card.request.model_dump_json()) | stated["request"] == json.loads(
        job.card.request.model_dump_json()
    )
    assert levels_in_checkpoint(folder.checkpoint(0)) == 1
    resume(folder, stated, monkeypatch)


def resume(folder: JobFolder, stated: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint is that of the tiny training of the tests, smaller still."""
    tiny = {"width": 4, "latents": 2, "layers": 1, "kernels": 1, "rank": 2, "embedding": 2}
    monkeypatch.setattr(problems, "TINY", tiny)
    training = tiny_training(problem_of(waves()))
    read_checkpoint(training, folder.checkpoint(0))
    (level,) = training.levels
    assert np.flatnonzero(level.active).tolist() == stated["active"]
    assert (level.steps, level.selection_error) == (stated["steps"], stated["error"])
    weights = sum(float(np.abs(v.astype(float)).sum()) for v in level.weights.values())
    assert weights == pytest.approx(stated["weight_sum"], rel=1e-12)
    foreseen = [np.flatnonzero(active).tolist() for active in training.foreseen]
    assert foreseen == stated["foreseen"]
    for _ in training.run():
        pass
    assert training.path().n_active.tolist() == [12, 6, 3]
