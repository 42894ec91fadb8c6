"""Pictures made ahead: the same that the page would send, one a level, made once."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from app.components import file_server, linked_maps
from app.drawing import binary_message, map_layers
from app.services import cache
from app.state.choice import Choice
from app.views.plan import map_painting
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run
from tests.support.factories import LEVELS

CHOICE = Choice(level=1, lead=None, channel=0)


def made(names: list[str], seconds: float = 30) -> list[bytes]:
    end = time.monotonic() + seconds
    while not all(map(file_server.has_served_file, names)):
        assert time.monotonic() < end, "the pictures were not made"
        time.sleep(0.02)
    return [file_server.read_served_file(name) for name in names]


def sent(run: Run, choice: Choice, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What the page itself sends for a choice."""
    messages: list[bytes] = []
    monkeypatch.setattr(linked_maps, "send_to_maps", messages.append)
    plan = Plan.at_level(run, choice.level)
    map_painting.paint_plan_maps(run, cache.cached_stage(run), choice, plan, ahead=None)
    return messages[0]


@pytest.mark.parametrize("lead", [None, 1])
def test_they_are_the_pictures_that_the_page_would_send(
    network_run: Run, lead: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = replace(CHOICE, lead=lead)
    names = map_painting.level_previews(network_run, cache.cached_stage(network_run), choice)
    assert names is not None and len(names) == len(LEVELS)
    for level, picture in enumerate(made(names)):
        head, arrays = binary_message.unpack_message(picture)
        wanted, there = binary_message.unpack_message(
            sent(network_run, replace(choice, level=level), monkeypatch)
        )
        assert head == wanted and head["version"] == f"{level}/{lead}/0"
        assert arrays.keys() == there.keys()
        for name in arrays:
            np.testing.assert_array_equal(arrays[name], there[name])


def test_one_that_is_there_is_named_and_not_sent_again(
    network_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, choice = (
        cache.cached_stage(network_run),
        replace(CHOICE, level=2, site=str(network_run.sites.site_id[7])),
    )
    names = map_painting.level_previews(network_run, stage, choice)
    assert names is not None
    made(names)
    messages: list[bytes] = []
    monkeypatch.setattr(linked_maps, "send_to_maps", messages.append)
    map_painting.paint_plan_maps(network_run, stage, choice, Plan.at_level(network_run, 2), names)
    head, arrays = binary_message.unpack_message(messages[0])
    row = int(np.flatnonzero(network_run.sites.site_id[stage.order] == choice.site)[0])
    assert head == {
        "stage": stage.id,
        "file": file_server.address_for_browser(names[2]),
        "selected": [row],
    }
    assert not arrays


@pytest.mark.parametrize(
    "choice",
    [
        replace(CHOICE, always=("7",)),
        replace(CHOICE, min_distance_km=2.0),
        replace(CHOICE, max_cost=10.0),
        replace(CHOICE, right=map_layers.ADDED),
    ],
    ids=["pinned", "distance", "budget", "other layer"],
)
def test_there_is_none_where_the_level_alone_does_not_tell_the_picture(
    network_run: Run, choice: Choice
) -> None:
    assert map_painting.level_previews(network_run, cache.cached_stage(network_run), choice) is None
