"""The short form of `make test-faults`: a try or two of every fault of trainings.

In a process of its own, from which all that is killed is forked: torch's threads, which other tests
have started here, do not survive a fork.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.faults import apps, clocks, disks, trainings
from tests.support.places import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks what it kills"),
]
NAMES = [*trainings.CASES, *apps.CASES, *disks.CASES, *clocks.CASES]


@pytest.fixture(scope="module")
def rows() -> dict[str, dict]:
    """What was lost, by fault."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--short", "--json", *NAMES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.stdout, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


@pytest.mark.parametrize("name", NAMES)
def test_a_training_loses_nothing_by(rows: dict[str, dict], name: str) -> None:
    row = rows[name]
    if row["skipped"]:
        pytest.skip(row["skipped"])
    assert row["losses"] == [] and row["tries"] >= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_long_form_tries_every_fault_twenty_times(name: str) -> None:
    (cases,) = (m.CASES for m in (trainings, apps, disks, clocks) if name in m.CASES)
    assert cases[name][0] >= 20
