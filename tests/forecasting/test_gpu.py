"""What a GPU computes is what a CPU computes, on machines that have one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from dynst_core.backbones.registry import ON_NETWORKS
from dynst_core.evaluation.single_mask import MaskTraining, baseline_options
from dynst_core.fields.field import Field
from dynst_core.fields.mask import Mask, n_active_at
from dynst_core.fields.windows import Window
from dynst_core.forecasting.cuda_graph_steps import RecordedSteps, steps_at
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem, choose_device
from dynst_core.forecasting.trainer import Trainer, error_statistics
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.inference.runtimes import runtimes_on
from dynst_core.runs.run import Run
from dynst_core.selection.selection_error import Judge
from dynst_core.selectors.registry import rank_with
from dynst_core.training.checkpoint import read_checkpoint, write_checkpoint
from dynst_core.training.path_training import BETWEEN_LEVELS
from tests.support.backbone_cases import SMALL
from tests.support.factories import grid_sites, road_sites
from tests.support.problems import (
    BATCH,
    TINY,
    field_of,
    save_trained,
    tiny_training,
    trained_path,
    waves,
)

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here"),
    pytest.mark.usefixtures("one_thread"),
]

WINDOW, N_SITES = Window(3, 2), 12
BACKBONES = ("attention", "attention-kriging", "graph", "graph-network", "conv", "ridge")


def network() -> Field:
    return field_of(waves(n_sites=N_SITES))


def on(device: str, field: Field | None = None) -> Problem:
    return Problem.of(network() if field is None else field, WINDOW, device)


def roads() -> Field:
    return field_of(waves(), road_sites(N_SITES))


def grid() -> Field:
    return field_of(waves(), *grid_sites(3, 4, geographic=False))


@pytest.fixture(scope="module")
def run(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Walked on the GPU, saved for any machine."""
    training = trained_path(on("cuda"), targets=(0.0, 0.5, 0.75))
    return save_trained(training, tmp_path_factory.mktemp("runs"))


def test_the_gpu_is_chosen_where_there_is_one() -> None:
    assert choose_device("auto") == choose_device("cuda") == "cuda"


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_forecast_is_the_same_on_both(backbone: str) -> None:
    weights, found = None, []
    for device in ("cpu", "cuda"):
        problem = on(device, roads() if backbone in ON_NETWORKS else grid())
        options = TINY if backbone == "attention" else SMALL[backbone]
        torch.manual_seed(0)
        forecaster = Forecaster.for_problem(problem, backbone, options)
        forecaster.fit(problem)
        if weights is None and not forecaster.closed_form:
            with torch.no_grad():
                for weight in forecaster.parameters():
                    weight.add_(0.2 * torch.randn_like(weight))
            weights = forecaster.copied_weights()
        if weights is not None:
            forecaster.load(weights)
        starts = problem.starts("test")
        mask = Mask.keep(np.array([0, 3, 4, 7, 11]), N_SITES)
        found.append(error_statistics(forecaster, problem.record, mask, starts))
    np.testing.assert_allclose(found[1].squared, found[0].squared, rtol=1e-2, atol=1e-3)
    np.testing.assert_array_equal(found[1].count, found[0].count)


def test_training_goes_the_same_way_on_both() -> None:
    losses = []
    for device in ("cpu", "cuda"):
        problem = on(device)
        torch.manual_seed(0)
        options = {**TINY, "dropout": 0.0}
        trainer = Trainer(Forecaster.for_problem(problem, options=options), problem, BATCH, seed=0)
        losses.append([trainer.step(np.arange(0, 12, 2), rate=1.0).item() for _ in range(20)])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)


@pytest.mark.parametrize("queries", [5, 512])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_recorded_steps_are_the_steps_one_by_one(dropout: float, queries: int) -> None:
    problem, kept, n_steps = on("cuda"), np.array([0, 3, 4, 7, 9]), 30
    taken, looked_at = replace(BATCH, queries=queries), problem.starts("test")
    options, found = {**TINY, "dropout": dropout}, []
    for recorded in (False, True):
        torch.manual_seed(0)
        trainer = Trainer(Forecaster.for_problem(problem, options=options), problem, taken, seed=0)
        take = steps_at(trainer, kept)
        assert isinstance(take, RecordedSteps)
        if not recorded:
            trainer = Trainer(trainer.forecaster, problem, taken, seed=0)
            take = partial(trainer.step, kept)
        losses = []
        for step in range(n_steps):
            losses.append(take(0.1 + step / n_steps).item())
            error_statistics(trainer.average, problem.record, Mask.all_on(N_SITES), looked_at)
        found.append((losses, trainer.steps, trainer.average.copied_weights()))
    (one, n_one, plain), (two, n_two, quick) = found
    assert n_one == n_two == n_steps
    # Dropout draws other numbers in a recording, so only the course of the loss is alike.
    np.testing.assert_allclose(two, one, rtol=1e-3 if dropout == 0 else 0.2)
    if dropout == 0:
        for name, weight in plain.items():
            np.testing.assert_allclose(quick[name], weight, atol=1e-3)


def test_a_forecaster_for_one_mask_is_trained_on_the_gpu() -> None:
    problem, active = on("cuda"), np.arange(N_SITES) % 2 == 0
    options = baseline_options(replace(BATCH, weight_decay=2.0))
    fresh = partial(Forecaster.for_problem, problem, options=TINY)
    training = MaskTraining(problem, active, 60, fresh, options, Judge(problem), seed=0)
    assert max(training.run()) == 120
    starts = problem.starts("test")
    learnt, untaught = (
        error_statistics(forecaster, problem.record, Mask(active), starts).rmse(axis=(0, 1, 2))
        for forecaster in (training.best().average, fresh().eval())
    )
    assert learnt < untaught


def test_a_training_on_the_gpu_keeps_the_counts_and_is_read_on_any_machine(run: Run) -> None:
    assert run.path.n_active.tolist() == [n_active_at(s, N_SITES) for s in (0.0, 0.5, 0.75)]
    for device in ("cpu", "cuda"):
        forecasts = RunForecaster(run, on(device))
        for level, stated in enumerate(run.arrays.errors):
            found = forecasts.errors(run.path.mask(level))
            np.testing.assert_allclose(found.rmse(axis=1), stated.rmse(axis=1), rtol=2e-3)


def test_a_training_goes_on_from_its_checkpoint_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    file, whole = tmp_path / "training", tiny_training(on("cuda"))
    for progress in whole.run():
        if progress.phase == BETWEEN_LEVELS and len(whole.levels) == 1:
            write_checkpoint(whole, file)
    later = tiny_training(on("cuda"))
    read_checkpoint(later, file)
    for _ in later.run():
        pass
    for one, two in zip(whole.levels, later.levels, strict=True):
        np.testing.assert_array_equal(one.active, two.active)
        assert one.steps == two.steps
        for name, weight in one.weights.items():
            np.testing.assert_allclose(two.weights[name], weight, atol=2e-3)


@pytest.mark.parametrize("name", ["gp_mi", "greedy_forecast", "iterative", "vip"])
def test_sites_are_ranked_on_the_gpu(name: str) -> None:
    assert sorted(rank_with(name, on("cuda"), draw=0).rank) == list(range(N_SITES))


@pytest.mark.parametrize("name", runtimes_on("cuda"))
def test_a_runtime_forecasts_what_torch_forecasts(run: Run, name: str) -> None:
    plain, other = RunForecaster(run, on("cuda")), RunForecaster(run, on("cuda"), name)
    starts = plain.windows()
    near = 0.5 if name.endswith("bf16") else 1e-3
    masks = [run.path.mask(1), run.path.mask(2), Mask.keep(np.array([1, 5, 6, 9, 10]), N_SITES)]
    for mask in [*masks, *masks]:  # again, for a recording must not hold on to the mask before
        for some in (starts, starts[:1], starts[5:40]):
            expected = plain.at(mask).forecast(some)
            np.testing.assert_allclose(other.at(mask).forecast(some), expected, atol=near)
    rounds = (islice(source.at(masks[0]).roll_out(starts[:3]), 3) for source in (plain, other))
    for expected, found in zip(*rounds, strict=True):
        np.testing.assert_allclose(found, expected, atol=2 * near)
    if name != "eager":
        assert all(verdict.accepted for verdict in other.verdicts.values()), other.verdicts
