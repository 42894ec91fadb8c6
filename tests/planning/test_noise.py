"""What differs by no more than the trainings do is said to make no measurable difference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.drawing import charts
from dynst_core.planning.answer import answer_to_goal
from dynst_core.planning.noise import above_noise, noise_change_range, noise_range
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation.answer_text import answer_text
from dynst_core.runs.manifest import Baselines
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run, with_seeds

WIDE = Tolerance("percent", 50.0)
RMSE = np.array([[1.0, 1.02, 1.2, 1.5], [1.1, 1.08, 1.3, 1.6], [0.9, 0.91, 1.1, 1.4]])


@pytest.fixture
def seeded(tmp_path: Path) -> Run:
    """Three trainings: 30 % removed errs more in two of them, 60 % in all."""
    arrays = with_seeds(make_arrays(network_sites()))
    assert arrays.members is not None
    members = replace(arrays.members, rmse=RMSE[:, :, None])
    return save_run(tmp_path, "seeded", replace(arrays, members=members))


def test_each_training_is_compared_with_itself(seeded: Run) -> None:
    low, high = noise_change_range(seeded, 1, None, 0) or (0, 0)
    assert low == pytest.approx(1.08 / 1.1 - 1) and high == pytest.approx(0.02)
    assert not above_noise(seeded, 1, None, 0) and above_noise(seeded, 2, None, 0)
    assert above_noise(seeded, 1, 0, 0), "no training was kept by lead time"


def test_one_training_knows_no_noise(network_run: Run) -> None:
    assert noise_range(network_run, None, 0) is None and above_noise(network_run, 1, None, 0)


def test_the_sentence_says_no_measurable_difference_and_by_how_much_trainings_differ(
    seeded: Run,
) -> None:
    def said(level: int) -> str:
        found = answer_to_goal(seeded, Plan.at_level(seeded, level), WIDE)
        text = answer_text(seeded, found, WIDE)
        return " ".join([text.main, *text.more])

    assert "(30 %) with no measurable difference in forecast error." in said(1)
    assert "Over 3 trainings the error changed by −1.8 to +2.0 %" in said(1)
    assert "measurable" not in said(2) and "measurable" not in said(0)


def test_the_curve_has_a_band_over_the_trainings(seeded: Run, network_run: Run) -> None:
    def names(run: Run, lead: int | None) -> list[str]:
        figure = charts.trade_off_chart(
            run, Baselines(run_id=run.run_id), 1, lead, 0, compared=False
        )
        return [trace.name for trace in figure.data]

    assert names(seeded, None)[:2] == ["lowest", "each of 3 trainings"]
    figure = charts.trade_off_chart(seeded, Baselines(run_id="seeded"), 1, None, 0)
    np.testing.assert_allclose(figure.data[1].y, RMSE.max(axis=0))
    assert "each of 3 trainings" not in names(seeded, 0) + names(network_run, None)
