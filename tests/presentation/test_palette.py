"""Colours: what they mean and that they can be distinguished."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynst_core.presentation import palette


def lightness(rgba: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB colours, (n, 4) uint8 -> (n,), 0 black to 100 white."""
    share = rgba[:, :3] / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


@pytest.mark.parametrize("scale", [palette.importance_scale(), palette.error_scale(0, 1)])
def test_more_is_always_darker_so_the_scale_survives_grey_print(scale: palette.Scale) -> None:
    steps = np.diff(lightness(scale.rgba(np.linspace(0, 1, 21))))
    assert (steps < 0).all()


def test_the_least_important_kept_site_is_not_mistaken_for_a_removed_one() -> None:
    lightest = lightness(palette.importance_scale().rgba(np.array([0.0])))
    assert lightest[0] < 90


def test_values_beyond_the_range_share_the_end_colours() -> None:
    scale = palette.error_scale(2.0, 10.0)
    colours = scale.rgba(np.array([-5.0, 2.0, 10.0, 99.0]))
    assert (colours[0] == colours[1]).all()
    assert (colours[2] == colours[3]).all()
    assert (colours[1] != colours[2]).any()


def test_a_site_never_observed_is_grey_and_not_small_error() -> None:
    scale = palette.error_scale(0.0, 1.0)
    colours = scale.rgba(np.array([np.nan, 0.0]))
    assert tuple(colours[0]) == palette.NO_DATA
    assert tuple(colours[1]) != palette.NO_DATA


@pytest.mark.parametrize(
    ("span", "step"), [(8.0, 2.0), (4.0, 1.0), (1.0, 0.5), (30.0, 10.0), (0.02, 0.005)]
)
def test_ticks_come_in_round_steps(span: float, step: float) -> None:
    assert palette.tick_step(span) == pytest.approx(step)


@given(
    low=st.floats(-1e4, 1e4),
    spread=st.floats(1e-3, 1e4),
    seed=st.integers(0, 9),
)
def test_the_error_range_is_round_and_holds_all_but_the_outermost_errors(
    low: float, spread: float, seed: int
) -> None:
    errors = low + spread * np.random.default_rng(seed).random(200)
    bottom, top = palette.round_error_range(errors)
    assert ((errors >= bottom) & (errors <= top)).mean() >= 0.95
    step = palette.tick_step(top - bottom)
    assert bottom / step == pytest.approx(round(bottom / step), abs=1e-6)
    assert top / step == pytest.approx(round(top / step), abs=1e-6)


def test_one_wild_site_does_not_wash_out_the_others() -> None:
    errors = np.append(np.linspace(1, 5, 199), 1e6)
    assert palette.round_error_range(errors)[1] <= 6


@pytest.mark.parametrize("errors", [np.array([]), np.array([np.nan]), np.zeros(3), np.full(3, 7.0)])
def test_errors_without_spread_still_give_a_range(errors: np.ndarray) -> None:
    low, high = palette.round_error_range(errors)
    assert low < high


def test_the_legend_gradient_runs_from_the_low_to_the_high_colour() -> None:
    scale = palette.error_scale(0.0, 1.0)
    ends = scale.rgba(np.array([0.0, 1.0]))
    first, last = ("#" + bytes(colour[:3].tolist()).hex() for colour in ends)
    assert scale.css().startswith(f"linear-gradient(to right, {first}")
    assert scale.css().endswith(f"{last})")
