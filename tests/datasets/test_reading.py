"""What is read how, and what is refused with which message: see `tests/datasets/reading`."""

from __future__ import annotations

import functools
import re

import pytest

from scripts import reading_page
from tests.datasets.reading.case import Case


@functools.cache
def outcome_of(case: Case) -> tuple[bool, str]:
    """What became of a case, found once for its own test and the page's."""
    return reading_page.outcome_of(case)


@pytest.mark.parametrize("case", reading_page.all_cases(), ids=lambda case: case.given)
def test_an_input_is_read_right_or_refused_with_the_remedy(case: Case) -> None:
    assert bool(case.read) != bool(case.refused), "a case states what is read or what is refused"
    was_read, text = outcome_of(case)
    if case.read:
        assert was_read, text
        assert text == case.read
    else:
        assert not was_read, text
        assert re.search(case.refused, text), text


def test_every_case_has_a_name_of_its_own() -> None:
    names = [(case.kind, case.given) for case in reading_page.all_cases()]
    assert len(set(names)) == len(names)


def test_the_page_is_what_the_cases_gave() -> None:
    """`python -m scripts.reading_page` writes it anew."""
    assert reading_page.PAGE.read_text(encoding="utf-8") == reading_page.written(outcome_of)
