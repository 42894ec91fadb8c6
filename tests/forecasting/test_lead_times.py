"""Lead times that count: in the loss, in what is judged, and in how they are asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dynst_core.errors import ConfigError
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import LEAD_REST, Problem
from dynst_core.selection.selection_error import Judge
from dynst_core.training.request import TrainRequest, lead_range
from tests.support.problems import TINY, problem_of, waves

pytestmark = pytest.mark.usefixtures("one_thread")

ALL = np.ones(12, dtype=bool)


def counting(*leads: int) -> Problem:
    problem = problem_of(waves())
    return replace(problem, leads=leads or None)  # type: ignore[arg-type]


def test_without_any_named_all_count_alike() -> None:
    problem = counting()
    assert problem.lead_weights is None
    assert problem.lead_times(99).tolist() == list(range(problem.window.horizon))


def test_those_named_weigh_one_and_the_rest_a_tenth() -> None:
    problem = counting(0, 1)
    assert problem.lead_weights is not None
    expected = [1.0] + [LEAD_REST] * (problem.window.horizon - 1)
    assert problem.lead_weights.tolist() == pytest.approx(expected)
    assert problem.lead_times(4).tolist() == [0]


def test_the_error_that_judges_is_the_weighted_mean_over_lead_times() -> None:
    plain = counting()
    forecaster = Forecaster.for_problem(plain, options=TINY)
    forecaster.fit(plain)
    alone = []
    for lead in range(plain.window.horizon):
        problem = counting(lead, lead + 1)
        problem.__dict__["lead_weights"] = problem.lead_weights.gt(0.5).float()  # type: ignore[union-attr]
        alone.append(Judge(problem).errors(forecaster, ALL).mean())
    weighted = Judge(counting(0, 1)).errors(forecaster, ALL).mean()
    weights = [1.0] + [LEAD_REST] * (len(alone) - 1)
    assert weighted == pytest.approx(np.average(alone, weights=weights), rel=1e-5)


@pytest.mark.parametrize("leads", [(0, 99), (2, 2), (-1, 1)])
def test_lead_times_that_are_not_forecast_are_refused(leads: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="lead times from 1 to"):
        counting(*leads)


@pytest.mark.parametrize(
    ("text", "expected"), [("1-3", (1, 3)), ("2", (2, 2)), (" 1 - 12 ", (1, 12))]
)
def test_a_range_is_read_as_it_is_written(text: str, expected: tuple[int, int]) -> None:
    assert lead_range(text) == expected


@pytest.mark.parametrize("text", ["", "a-b", "1,3", "1-", "1.5"])
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="for example 1-3"):
        lead_range(text)


def test_a_request_says_its_lead_times_on_the_command_line() -> None:
    words = TrainRequest(dataset="metr-la-week", leads=(1, 3)).words()
    assert words[words.index("--leads") + 1] == "1-3"
    assert TrainRequest(dataset="metr-la-week", leads=(1, 3)).counted == (0, 3)
    with pytest.raises(ConfigError, match="rising from 1"):
        TrainRequest(dataset="metr-la-week", leads=(0, 3))
