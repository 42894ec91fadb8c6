"""Choices and links: what is written is read back, and a bad link still opens."""

from __future__ import annotations

import pytest

from app import session
from app.session import Choice
from dynst_core.runs import Run


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("lead", [None, 0, 2])
def test_a_link_reproduces_the_choice(network_run: Run, level: int, lead: int | None) -> None:
    query: dict[str, str] = {}
    session.write(query, network_run, Choice(level, lead, 0))
    assert query["run"] == "network"
    assert session.read(query, network_run) == Choice(level, lead, 0)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"removed": "much"},
        {"removed": "nan"},
        {"removed": "inf"},
        {"lead": "99"},
        {"lead": "0"},
        {"lead": "-1"},
        {"lead": "²"},
        {"variable": "wind"},
    ],
)
def test_what_a_link_misstates_falls_back_to_the_first_choice(
    network_run: Run, query: dict[str, str]
) -> None:
    assert session.read(query, network_run) == session.first_choice(network_run)


@pytest.mark.parametrize(("removed", "level"), [("0", 0), ("58", 2), ("99", 3), ("-4", 0)])
def test_a_link_to_a_level_not_measured_opens_the_nearest(
    network_run: Run, removed: str, level: int
) -> None:
    assert session.read({"removed": removed}, network_run).level == level


def test_writing_drops_what_no_longer_belongs_to_the_screen(network_run: Run) -> None:
    query = {"run": "other", "removed": "30", "tab": "old"}
    session.write(query, network_run, Choice(1, None, 0))
    assert query == {"run": "network", "removed": "30", "lead": "all"}
