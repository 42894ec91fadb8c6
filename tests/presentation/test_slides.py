"""Pictures for a meeting: of one size, their title a sentence that fits."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation import map_styles, palette
from dynst_core.presentation.report_charts import draw_trade_off
from dynst_core.presentation.slides import curve_slide, map_slide
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import grid_sites, make_arrays, save_run
from tests.support.places import ROOT

SENTENCE = (
    "The British Isles without 1,585 of 1,617 cells (98 %): 12.3 % more forecast error of "
    "temperature 12 h ahead, which exceeds your 5 % by 7.3 %."
)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


@pytest.fixture(params=["network", "grid", "hall"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    if request.param == "hall":
        return save_run(tmp_path, "hall", make_arrays(*grid_sites(3, 40, geographic=False)))
    found: Run = request.getfixturevalue(f"{request.param}_run")
    return found


def test_a_map_fills_a_screen_and_nothing_is_cut_at_its_edges(run: Run) -> None:
    look = map_styles.importance_style(run, Plan.at_level(run, 2))
    picture = pixels(map_slide(run, look, SENTENCE))
    assert picture.shape == (1080, 1920, 3)
    for edge in (picture[:, :16], picture[:, -16:], picture[:10], picture[-6:]):
        assert (edge == 255).all(), "a margin on every side"
    assert (
        np.abs(picture.astype(int) - palette.rgb_of_hex("#1c2733")).max(axis=2) < 3
    ).sum() > 5000


def test_persistence_that_errs_far_more_is_stated_and_does_not_press_the_curve_flat() -> None:
    run = RunStore(ROOT / "data" / "runs").open("berlin-traffic-2024-08")
    axes = Figure().add_subplot()
    draw_trade_off(axes, run, Plan.at_level(run, 3), run.baselines, 132.0, None, 0)
    still = run.persistence_rmse()
    assert still > 380 and axes.get_ylim()[1] < 170
    assert f"persistence: {still:.0f} \u2191" in axes.get_legend_handles_labels()[1]


def test_the_curve_fills_a_screen_and_states_the_plan(network_run: Run) -> None:
    goal = Tolerance("percent", 5.0)
    plan = Plan.at_level(network_run, 2)
    shown = summarise_plan(network_run, plan, goal)
    picture = pixels(curve_slide(network_run, plan, shown, SENTENCE))
    assert picture.shape == (1080, 1920, 3) and (picture[:, -16:] == 255).all()
    unknown = Plan.solved(network_run, 7, plan.constraints)
    other = curve_slide(network_run, unknown, summarise_plan(network_run, unknown, goal), SENTENCE)
    blue = [
        (np.abs(one.astype(int) - palette.rgb_of_hex(palette.PATH_LINE)).max(axis=2) < 8).sum()
        for one in (picture, pixels(other))
    ]
    assert blue[0] > blue[1] + 1000, "a plan whose error is unknown has no mark on the curve"
