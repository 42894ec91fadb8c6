"""A request says what a terminal would, and its levels rise."""

from __future__ import annotations

import shlex

import pytest

from dynst_core.errors import ConfigError
from dynst_core.training.request import TrainRequest


def test_a_request_of_defaults_is_the_shortest_command() -> None:
    assert TrainRequest(dataset="tunnel-fire").command() == (
        "python -m dynst_core train tunnel-fire"
    )


def test_a_command_carries_every_choice() -> None:
    request = TrainRequest(
        dataset="taxinyc-2011",
        channels=("pickups",),
        history=6,
        horizon=4,
        backbone="graph",
        levels=(0.0, 0.3, 0.625),
        effort=0.1,
        seed=2,
        seeds=3,
        always=("r1 c2",),
        never=("a", "b"),
    )
    words = shlex.split(request.command())
    assert words[:5] == ["python", "-m", "dynst_core", "train", "taxinyc-2011"]
    said = list(zip(words[5::2], words[6::2], strict=True))
    assert said == [
        ("--variable", "pickups"),
        ("--history", "6"),
        ("--horizon", "4"),
        ("--levels", "0,30,62.5"),
        ("--effort", "0.1"),
        ("--seed", "2"),
        ("--seeds", "3"),
        ("--backbone", "graph"),
        ("--always", "r1 c2"),
        ("--never", "a"),
        ("--never", "b"),
    ]


@pytest.mark.parametrize("levels", [(), (0.1, 0.5), (0.0, 0.5, 0.4), (0.0, 1.0), (0.0, 0.009)])
def test_levels_that_do_not_rise_from_nothing_are_refused(levels: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="Expected levels in percent removed, rising from 0"):
        TrainRequest(dataset="tunnel-fire", levels=levels)


def test_what_becomes_of_sensors_that_stand_still_is_said_where_it_is_not_the_usual() -> None:
    assert "--stuck" not in TrainRequest(dataset="a").words()
    assert TrainRequest(dataset="a", stuck="keep").words()[-2:] == ["--stuck", "keep"]
