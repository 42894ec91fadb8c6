"""How far a plan would be another with other seeds, times or levels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.fields.mask import SparsityPath
from dynst_core.presentation import baseline_curves, stability_text
from dynst_core.runs.manifest import BaselineRow, Baselines
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run, with_seeds


def test_one_seed_says_that_its_stability_is_not_known(network_run: Run) -> None:
    assert stability_text.stability_words(network_run)[0] == (
        "One training from one seed: how far another would agree was not measured."
    )


def test_several_seeds_say_how_far_they_agree(tmp_path: Path) -> None:
    run = save_run(tmp_path, "seeds", with_seeds(make_arrays(network_sites(10))))
    assert run.arrays.members is not None
    first, second, _ = stability_text.stability_words(run)
    shared = int(run.arrays.members.active[:, 2].all(axis=0).sum())
    assert first.startswith("3 trainings: their ranks agree by ")
    assert f"all of them keep {shared} of 4 sensors" in first
    assert first.endswith("is worked out before training, the same for all of them.")
    assert second.startswith("The order that training starts from, worked out from each half")


def test_trainings_that_forecast_together_are_not_set_beside_baselines_of_one(
    tmp_path: Path,
) -> None:
    arrays = with_seeds(make_arrays(network_sites(10)))
    run = averaged(save_run(tmp_path, "together", arrays))
    first = stability_text.stability_words(run)[0]
    assert "the mean of 3 trainings' forecasts" in first and "takes several times as long" in first
    assert first.endswith("Baselines are one training each, so compare them with the single ones.")
    assert baseline_curves.path_label(run) == "DynST, mean of 3 trainings"


def test_a_baseline_s_curve_begins_at_the_error_of_one_training(tmp_path: Path) -> None:
    run = averaged(save_run(tmp_path, "together", with_seeds(make_arrays(network_sites(10)))))
    row = BaselineRow(
        selector="variance", draw=0, level=1, n_active=7, steps=1, seed=0, active_hex="",
        rmse=(1.5,), rmse_by_lead_time=((1.5,),) * 3,
    )  # fmt: skip
    measured = Baselines(run_id=run.run_id, rows=(row,))
    assert run.arrays.members is not None
    (curve,) = baseline_curves.selector_curves(run, measured, None, 0)
    assert curve.mean[0] == pytest.approx(run.arrays.members.rmse[:, 0, 0].mean())
    (curve,) = baseline_curves.selector_curves(run, measured, 1, 0)
    assert curve.mean[0] == run.rmse(0, 1), "of one lead time no single training's is kept"


def averaged(run: Run) -> Run:
    """The same run, as one that averages the forecasts of its three trainings states it."""
    config = run.manifest.config.model_copy(update={"averaged": (0, 1, 2)})
    return replace(run, manifest=run.manifest.model_copy(update={"config": config}))


def test_a_forecaster_without_drawn_weights_says_why_its_seeds_agree(tmp_path: Path) -> None:
    arrays = with_seeds(make_arrays(network_sites(10)))
    run = save_run(tmp_path, "solved", arrays, steps=(0,) * len(arrays.errors))
    assert stability_text.stability_words(run)[0].endswith(
        "not trained from drawn weights: only exchanges differ."
    )


@pytest.mark.parametrize(
    ("other", "reported"),
    [
        ([0, 1, 2, 3], "1.00, much"),
        ([1, 0, 2, 3], "0.67, middling"),
        ([3, 0, 1, 2], "0.00, little"),
    ],
)
def test_how_far_two_orders_agree_is_reported_with_what_the_number_means(
    tmp_path: Path, other: list[int], reported: str
) -> None:
    ranks = np.array([[0, 1, 2, 3], other])
    arrays = replace(make_arrays(network_sites(4)), half_rank=ranks)
    _, second, _ = stability_text.stability_words(save_run(tmp_path, "halves", arrays))
    pairs = {"much": 100, "middling": 83, "little": 50}[reported.split()[1]]
    assert (
        f"agree by {reported} (Kendall's tau: 1 the same order, 0 chance; {pairs} % of all pairs "
        "of sensors go in the same order)."
    ) in second


@pytest.mark.parametrize(
    ("levels", "reported"),
    [
        (["####", ".###", "..##"], "A larger cut keeps no sensor that a smaller one removes."),
        (
            ["####", "..##", "#..#"],
            "1 of 4 sensors is kept by a larger cut though a smaller one removes it",
        ),
        (["####", "..##", "##.."], "2 of 4 sensors are kept by a larger cut though"),
    ],
)
def test_a_plan_says_whether_a_larger_cut_switches_sensors_on_again(
    tmp_path: Path, levels: list[str], reported: str
) -> None:
    active = np.array([[mark == "#" for mark in level] for level in levels])
    arrays = make_arrays(network_sites(4))
    kept = arrays.path.active[:1].repeat(len(arrays.path.active), axis=0)
    kept[:3], kept[3:] = active, active[-1]
    path = SparsityPath(kept, arrays.path.rank)
    run = save_run(tmp_path, "levels", replace(arrays, path=path))
    assert stability_text.stability_words(run)[-1].startswith(reported)
