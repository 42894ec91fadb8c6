"""What a site measures keeps its decimals: through normalising, training, saving and opening."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.evaluation.held_out_errors import retest_saved_weights
from dynst_core.fields.windows import Window
from dynst_core.forecasting.problem import Normaliser, Problem
from dynst_core.selection.selection_error import Judge, weights_to_store
from tests.support.problems import field_of, problem_of, save_trained, shaken, trained_path, waves

pytestmark = pytest.mark.usefixtures("one_thread")

LEVELS_M = np.linspace(2, 2900, 12)
"""Levels above the sea at which gauges stand, in metres."""


def movements() -> np.ndarray:
    """Water levels about their means, (t, 12), that move by decimetres."""
    return (waves(n_times=400)[:, :, 0] - 50) / 50


@pytest.mark.parametrize(
    "backbone", ["attention", pytest.param("graph", marks=pytest.mark.slow), "ridge"]
)
def test_levels_above_the_sea_are_forecast_as_well_as_movements_about_the_mean(
    backbone: str, tmp_path: Path
) -> None:
    errors = []
    for name, datum in (("about", 0.0), ("above", LEVELS_M)):
        training = trained_path(problem_of(movements() + datum), backbone=backbone)
        run = save_trained(training, tmp_path, name)
        errors.append([run.rmse(level) for level in range(3)])
    np.testing.assert_allclose(errors[1], errors[0], rtol=0.03)


@pytest.mark.parametrize(
    "backbone", ["attention-kriging", pytest.param("graph", marks=pytest.mark.slow)]
)
def test_means_of_sites_are_stored_to_the_millimetre(backbone: str, tmp_path: Path) -> None:
    problem = problem_of(movements() + LEVELS_M)
    run = save_trained(trained_path(problem, backbone=backbone, targets=(0.0, 0.5)), tmp_path)
    stored = run.weights(0)["site_mean"].astype(np.float64)[:, 0]
    values = problem.field.dataset["values"].values[np.flatnonzero(problem.learnt), :, 0]
    true = values.astype(np.float64).mean(axis=0)
    assert np.abs(stored * run.manifest.std[0] + run.manifest.mean[0] - true).max() < 1e-3


def test_a_ridge_forecaster_keeps_its_training_block_in_single_precision(tmp_path: Path) -> None:
    problem = problem_of(movements() + LEVELS_M)
    run = save_trained(trained_path(problem, backbone="ridge", targets=(0.0, 0.5)), tmp_path)
    kept = run.weights(0)["backbone.values"] + run.weights(0)["site_mean"]
    block = problem.record.values[slice(*problem.split.train)].numpy()
    np.testing.assert_allclose(kept, block, rtol=2e-7)


@settings(max_examples=50)
@given(
    offset=st.floats(-1e5, 1e5),
    apart=st.floats(0, 1e4),
    size=st.floats(0.5, 10),
)
def test_normalising_and_back_loses_no_more_than_single_precision_does(
    offset: float, apart: float, size: float
) -> None:
    values = offset + apart * np.arange(12)[:, None] + size * (waves(n_times=60) - 50) / 5
    normaliser = Normaliser.fit(values, np.ones(60, dtype=bool))
    again = normaliser.undo(normaliser.apply(values))
    far = np.abs(values - values.mean()).max()
    np.testing.assert_allclose(again, values, rtol=0, atol=4e-7 * far)
    within = np.sqrt(np.square(values - values.mean(axis=0)).mean())
    assert normaliser.std[0] <= 10 * within * (1 + 1e-9)


def test_the_scale_is_that_of_all_values_unless_sites_stand_far_apart() -> None:
    values = waves()
    assert Normaliser.fit(values, np.ones(200, dtype=bool)).std[0] == pytest.approx(values.std())
    far = values + 1000 * np.arange(12)[:, None]
    within = np.sqrt(np.square(values - values.mean(axis=0)).mean())
    assert Normaliser.fit(far, np.ones(200, dtype=bool)).std[0] == pytest.approx(within)


def test_a_saved_run_is_opened_with_the_normaliser_that_it_was_trained_with(
    tmp_path: Path,
) -> None:
    """As one made when the scale was that of all values, whatever sites' levels."""
    field, window = field_of(movements() + LEVELS_M), Window(3, 2)
    values = field.dataset["values"].values
    older = Normaliser((float(values.mean()),), (float(values.std()),))
    problem = Problem.of(field, window, normaliser=older)
    run = save_trained(trained_path(problem, targets=(0.0, 0.5)), tmp_path)
    own = Normaliser(run.manifest.mean, run.manifest.std)
    assert own == older != Problem.of(field, window).record.normaliser
    assert retest_saved_weights(run, Problem.of(field, window, normaliser=own)) < 2e-4 * run.rmse(0)


def test_weights_are_rounded_only_where_no_error_changes() -> None:
    problem = problem_of(waves())
    forecaster, judge = shaken(problem), Judge(problem)
    everywhere = np.ones(12, dtype=bool)
    rounded = weights_to_store(forecaster, judge, everywhere)
    assert rounded["mask_logit"].dtype == np.float16
    with torch.no_grad():  # more than half precision can hold
        forecaster.backbone.stream_in.bias.fill_(1e6)
    kept = weights_to_store(forecaster, judge, everywhere)
    assert {values.dtype for values in kept.values()} == {np.dtype(np.float32)}


def test_weights_of_earlier_runs_in_half_precision_are_taken() -> None:
    problem = problem_of(waves())
    trained = shaken(problem)
    old = {
        name: values.astype(np.float16)
        for name, values in trained.stored_weights().items()
        if name not in ("site_low", "site_high")
    }
    again = shaken(problem, seed=3).load(old)
    torch.testing.assert_close(again.mask_logit, trained.mask_logit, rtol=1e-3, atol=1e-3)
    assert (again.site_low == -1e9).all() and (again.site_high == 1e9).all()
