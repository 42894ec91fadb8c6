"""What computes a forecast: sizes that every mask fits, and choices that say no in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.backbones.attention import Spread
from dynst_core.backbones.interpolation import DenseShares
from dynst_core.errors import ConfigError
from dynst_core.fields.mask import n_active_at, usual_levels
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.inference import runtimes
from dynst_core.inference.runtimes import (
    SHAPES_HELD,
    PerShape,
    Verdict,
    bfloat16_runtime,
    bucket_of,
    bucket_sizes,
    choose_runtime,
    eager_runtime,
    fill_batch,
    runtimes_on,
    tensors_in,
    with_tensors,
)
from tests.support.backbone_cases import SMALL, problem_for
from tests.support.problems import TINY

COUNTS = st.sets(st.integers(1, 2_000), min_size=1, max_size=14)


@given(COUNTS, st.floats(0, 1))
def test_every_mask_fits_one_of_at_most_eight_sizes(counts: set[int], kept: float) -> None:
    n_sites = max(counts)
    n_kept = max(1, round(kept * n_sites))
    sizes = bucket_sizes(counts)
    assert len(sizes) <= 8
    assert sizes[-1] == n_sites
    assert list(sizes) == sorted(set(sizes))
    size = bucket_of(n_kept, sizes)
    assert n_kept <= size <= n_sites
    assert all(other < n_kept for other in sizes if other < size), "the smallest that fits"


def filled_by(counts: Iterable[int], sizes: tuple[int, ...]) -> float:
    """The largest factor that any of these numbers is filled up by."""
    return max(bucket_of(count, sizes) / count for count in counts)


@given(COUNTS, st.integers(1, 8))
def test_usual_masks_are_filled_up_as_little_as_so_many_sizes_allow(
    counts: set[int], most: int
) -> None:
    every = combinations(sorted(counts)[:-1], min(most, len(counts)) - 1)
    least = min(filled_by(counts, (*some, max(counts))) for some in every)
    assert filled_by(counts, bucket_sizes(counts, most)) == least


def test_sizes_of_a_usual_path() -> None:
    levels = [n_active_at(level, 1617) for level in usual_levels(1617)]
    assert bucket_sizes(levels) == (32, 81, 162, 323, 485, 808, 1132, 1617)
    assert filled_by(levels, bucket_sizes(levels)) < 1.25


def test_sizes_left_over_halve_the_widest_gaps() -> None:
    assert bucket_sizes({10, 1000}, 3) == (10, 100, 1000)
    assert bucket_sizes({10, 90, 1000}, 4) == (10, 90, 300, 1000)
    assert bucket_sizes({3, 5}) == (3, 4, 5), "and no more than there are numbers between"
    assert bucket_sizes({5}) == (5,)


@pytest.mark.parametrize(("n", "filled"), [(1, 1), (2, 32), (32, 32), (33, 64)])
def test_windows_are_filled_up_to_a_fixed_batch(n: int, filled: int) -> None:
    history, clock = torch.rand(n, 3, 5, 2), torch.rand(n, 1)
    more, later = fill_batch(history, clock)
    assert (more.shape, later.shape) == ((filled, 3, 5, 2), (filled, 1))
    torch.testing.assert_close(more[:n], history)
    torch.testing.assert_close(later[:n], clock)


def test_a_state_is_taken_apart_and_put_together_again() -> None:
    one, two = (
        Spread(
            kept=torch.arange(3),
            encoding=torch.rand(3, 4),
            strength=torch.rand(3, 1),
            shares=DenseShares(torch.rand(5, 3), torch.rand(5, 2, 3)),
            basis=torch.rand(5, 2),
            rows=torch.arange(3),
            reported=torch.ones(3),
        )
        for _ in range(2)
    )
    built = with_tensors(one, tensors_in(two))
    assert len(tensors_in(one)) == 8
    assert built.shares.kernels is two.shares.kernels
    assert built.reported is two.reported
    assert built.present is None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("attention", TINY),
        ("attention", {**TINY, "neighbours": 4}),
        ("attention-kriging", TINY),
        ("graph", SMALL["graph"]),
        ("conv", SMALL["conv"]),
    ],
)
def test_bfloat16_computes_every_backbone(name: str, options: Mapping[str, float | int]) -> None:
    problem, starts = problem_for("3 x 4 cells"), np.array([5, 40, 90])
    torch.manual_seed(0)
    forecaster = Forecaster.for_problem(problem, name, options).eval()
    record = problem.record
    kept, clock = record.index(np.array([0, 3, 4, 7])), record.clock(starts)
    with torch.inference_mode():
        prepared, history = forecaster.prepare(kept), record.history(starts, kept)
        half, whole = (
            make(forecaster)(history, prepared, clock).numpy()
            for make in (bfloat16_runtime, eager_runtime)
        )
    assert half.dtype == whole.dtype
    np.testing.assert_allclose(half, whole, atol=0.05)
    assert not np.array_equal(half, whole)


def test_a_runtime_other_than_torch_is_asked_for_by_name() -> None:
    assert choose_runtime("auto", "cuda") == choose_runtime("auto", "cpu") == "eager"
    for name in ("eager", "bf16"):
        assert choose_runtime(name, "cpu") == choose_runtime(name, "cuda") == name


def test_a_device_has_its_own_runtimes() -> None:
    assert runtimes_on("cuda") == ["eager", "bf16", "cuda-graph", "cuda-graph-bf16"]
    assert runtimes_on("cpu")[:2] == ["eager", "bf16"]
    assert not [name for name in runtimes_on("cpu") if name.startswith("cuda")]


@pytest.mark.parametrize(
    ("wish", "device", "words"),
    [
        ("fast", "cpu", "Expected a runtime out of auto, eager, .*found 'fast'; use auto"),
        ("cuda-graph", "cpu", "Expected the device cuda for the runtime 'cuda-graph', found cpu"),
        ("openvino", "cuda", "Expected OpenVINO installed and the device cpu"),
    ],
)
def test_a_runtime_that_cannot_be_is_refused(wish: str, device: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        choose_runtime(wish, device)


def test_openvino_that_is_missing_is_reported_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    assert "openvino" not in runtimes.runtimes_on("cpu")
    with pytest.raises(ConfigError, match=r"it missing and cpu; install dynst-planner\[openvino\]"):
        choose_runtime("openvino", "cpu")


def test_a_change_is_accepted_up_to_a_fifth_of_a_percent() -> None:
    assert Verdict("bf16", 0.0019).accepted
    assert not Verdict("bf16", 0.0021).accepted
    assert not Verdict("bf16", float("nan"), "no").accepted
    assert str(Verdict("bf16", 0.0100)) == (
        "bf16: refused, RMSE changes by 1 %, up to 0.2 % is accepted"
    )


def test_of_ever_new_shapes_only_those_used_last_are_held() -> None:
    held: PerShape[int] = PerShape()
    made: list[int] = []

    def get(size: int) -> int:
        return held.get([torch.empty(size)], lambda: made.append(size) or size)

    first = list(range(1, SHAPES_HELD + 1))
    assert [get(size) for size in first * 2] == first * 2
    assert made == first
    assert get(100) == 100 and get(2) == 2
    assert made == [*first, 100], "2 is still there, 1 has made room"
    assert get(1) == 1 and made[-1] == 1
