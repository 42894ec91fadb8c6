"""The short form of `make test-faults`: a few tries of every fault that needs no training."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults import stores


@pytest.mark.parametrize("name", stores.CASES)
def test_a_store_loses_nothing_by(name: str, tmp_path: Path) -> None:
    _, tries, case = stores.CASES[name]
    for number in range(tries):
        assert case(tmp_path / "runs", random.Random(100 + number)) == ""
