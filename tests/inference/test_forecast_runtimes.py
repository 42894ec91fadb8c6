"""Other runtimes forecast the same, or are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.inference.run_forecaster import RunForecaster
from dynst_core.inference.runtimes import RUNTIMES, Runtime
from dynst_core.runs.run import Run
from tests.support.forecast_cases import (
    N_SITES,
    STARTS,
    assert_same,
    problem,
    some_mask,
)
from tests.support.problems import save_trained, trained_path

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def run(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    training = trained_path(problem(), targets=(0.0, 0.5, 0.75))
    return save_trained(training, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def forecasts(run: Run) -> RunForecaster:
    return RunForecaster(run, problem())


def with_runtime(run: Run, name: str) -> RunForecaster:
    return RunForecaster(run, problem(), name)


def padded(monkeypatch: pytest.MonkeyPatch, change: Callable[[Forecaster], object]) -> None:
    """A runtime of fixed shapes that computes as asked."""
    monkeypatch.setitem(RUNTIMES, "other", Runtime(change, fixed_shapes=True))


@pytest.mark.parametrize("n_active", [1, 2, 3, 5, 6, 11, 12])
def test_filling_up_to_a_size_changes_nothing(
    run: Run, forecasts: RunForecaster, monkeypatch: pytest.MonkeyPatch, n_active: int
) -> None:
    shapes: set[tuple[int, ...]] = set()

    def noted(forecaster: Forecaster) -> object:
        def compute(history: torch.Tensor, *rest: object) -> torch.Tensor:
            shapes.add(tuple(history.shape))
            return forecaster(history, *rest)

        return compute

    padded(monkeypatch, noted)
    fixed, mask = RunForecaster(run, problem(), "other"), some_mask(n_active=n_active)
    filled, plain = (one.at(mask).forecast(STARTS) for one in (fixed, forecasts))
    (std,) = forecasts.problem.record.normaliser.std
    np.testing.assert_allclose(filled / std, plain / std, rtol=0, atol=1e-5)
    assert {shape[0] for shape in shapes} == {32}
    assert {shape[2] for shape in shapes} <= set(fixed.sizes)
    one = fixed.at(mask).forecast(STARTS[:1])
    np.testing.assert_allclose(one[0], fixed.at(mask).forecast(STARTS)[0], atol=1e-4)
    assert {shape[0] for shape in shapes} == {1, 32}


@pytest.mark.parametrize(("factor", "used"), [(1.0, True), (1.0005, True), (1.05, False)])
def test_a_runtime_that_changes_the_error_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, factor: float, used: bool
) -> None:
    padded(monkeypatch, lambda forecaster: lambda *inputs: factor * forecaster(*inputs))
    forecasts = RunForecaster(run, problem(), "other")
    mask = some_mask()
    forecast = forecasts.at(mask).forecast(STARTS)
    verdict = forecasts.verdicts[1]
    assert verdict.accepted is used
    assert ("used" if used else "refused") in str(verdict)
    plain = RunForecaster(run, problem()).at(mask).forecast(STARTS)
    assert np.allclose(forecast, plain, atol=1e-4) is (factor == 1.0 or not used)


def test_a_runtime_that_cannot_compute_a_forecaster_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(forecaster: Forecaster) -> object:
        raise RuntimeError("no such operation\nand more")

    padded(monkeypatch, broken)
    forecasts = RunForecaster(run, problem(), "other")
    plain = RunForecaster(run, problem())
    assert_same(forecasts.errors(some_mask()), plain.errors(some_mask()))
    assert str(forecasts.verdicts[1]) == (
        "other: refused, it cannot compute this forecaster (no such operation)"
    )


@pytest.mark.parametrize(
    ("name", "near"),
    [
        pytest.param("openvino", 1e-4, marks=pytest.mark.slow),
        pytest.param("openvino-bf16", 0.5, marks=pytest.mark.slow),
        ("bf16", 0.5),
    ],
)
def test_another_runtime_forecasts_the_same(
    run: Run, forecasts: RunForecaster, name: str, near: float
) -> None:
    other = with_runtime(run, name)
    for mask in (some_mask(), Mask.all_on(N_SITES)):
        plain = forecasts.at(mask).forecast(STARTS)
        np.testing.assert_allclose(other.at(mask).forecast(STARTS), plain, atol=near)
    assert set(other.verdicts) == {0, 1}
    for verdict in other.verdicts.values():
        # How much half precision rounds is the processor's: near the limit, either answer is right.
        assert verdict.change < (0.05 if name.endswith("bf16") else 1e-4)


def test_each_level_is_checked_once_and_on_its_own(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Forecaster] = []

    def counted(forecaster: Forecaster) -> object:
        made.append(forecaster)
        return lambda *inputs: forecaster(*inputs)

    padded(monkeypatch, counted)
    forecasts = RunForecaster(run, problem(), "other")
    for seed in range(3):
        forecasts.errors(some_mask(seed), STARTS)
    assert (len(made), set(forecasts.verdicts)) == (1, {1})
    forecasts.errors(Mask.all_on(N_SITES), STARTS)
    assert (len(made), set(forecasts.verdicts)) == (2, {0, 1})
