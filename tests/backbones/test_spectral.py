"""The Fourier forecaster: what it needs, and complex weights in a store of real ones."""

from __future__ import annotations

import sys

import pytest
import torch

from dynst_core.errors import ConfigError
from tests.support.backbone_cases import forecast, fresh, problem_for, shaken

pytestmark = pytest.mark.usefixtures("one_thread")


def test_without_the_package_the_way_to_it_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neuralop", None)
    monkeypatch.setitem(sys.modules, "neuralop.layers.fno_block", None)
    problem = problem_for("3 x 4 cells")
    from dynst_core.forecasting.forecaster import Forecaster

    with pytest.raises(ConfigError, match="pip install 'dynst-planner\\[spectral\\]'"):
        Forecaster.for_problem(problem, "spectral")


def test_scattered_sites_are_refused_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match="spectral backbone, found 12 scattered sites"):
        fresh("spectral", problem_for("network"))


def test_complex_weights_are_stored_whole() -> None:
    problem = problem_for("3 x 4 cells")
    forecaster = shaken("spectral", problem)
    waves = [w for w in forecaster.parameters() if w.is_complex()]
    assert waves and all((w.imag != 0).any() for w in waves)
    stored = forecaster.stored_weights()
    learnt = {name for name, _ in forecaster.named_parameters()}
    assert {str(stored[name].dtype) for name in learnt} == {"float16"}
    loaded = fresh("spectral", problem, seed=1).load(stored)
    for (name, weight), other in zip(
        forecaster.named_parameters(), loaded.parameters(), strict=True
    ):
        torch.testing.assert_close(other, weight, rtol=1e-3, atol=1e-3, msg=name)


def test_opposite_borders_are_not_neighbours() -> None:
    """Waves repeat; the blank margin keeps a border from meeting the one across the map."""
    problem = problem_for("3 x 4 cells")
    core = fresh("spectral", problem).backbone.core
    seen: list[torch.Size] = []
    core.blocks.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2:]))
    forecast(fresh("spectral", problem), problem, [0, 5])
    with torch.inference_mode():
        image = torch.randn(2, 8, 3, 4)
        assert core(image).shape == image.shape
    assert set(seen) == {torch.Size([5, 6])}
