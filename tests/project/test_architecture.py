"""The picture and the tables of docs/architecture.md are those of the source."""

from __future__ import annotations

from itertools import chain

import pytest

from scripts import architecture
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_picture_is_that_of_the_imports() -> None:
    drawn = architecture.PICTURE.read_text(encoding="utf-8")
    assert drawn == architecture.draw(), "run python -m scripts.architecture"


@pytest.mark.parametrize("container", ["dynst_core", "app"])
def test_every_package_has_its_sentence(container: str) -> None:
    for name in chain(*architecture.layers(container)):
        if name not in ("messages", "uploads"):
            assert f"`{name}`" in PAGE, name
