"""Ids out of a pasted list: those of the run, and the words that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.views.shared.id_box import ids_of_text

IDS = ["717804", "717805", "5", "15", "1,5", "1", "St. Mary", "St. Mary West", "a+b"]


@pytest.mark.parametrize(
    ("entry", "known", "unknown"),
    [
        ("717804, 999999, Ünï", ("717804",), ("999999", "Ünï")),
        ("717804;717805\n5\t15", ("717804", "717805", "5", "15"), ()),
        ("1,5", ("1,5",), ()),
        ("15,1,5, 1", ("15", "1,5", "1"), ()),
        ("St. Mary West, St. Mary", ("St. Mary West", "St. Mary"), ()),
        ("St. Maryland", (), ("St.", "Maryland")),
        ("7178045 5", ("5",), ("7178045",)),
        ("a+b aab", ("a+b",), ("aab",)),
        ("5 5 6 6", ("5",), ("6",)),
        (" ,; \n", (), ()),
    ],
)
def test_a_list_gives_the_ids_it_holds_and_the_words_that_are_none(
    entry: str, known: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    assert ids_of_text([entry], IDS) == (known, unknown)


@given(st.lists(st.sampled_from(IDS), unique=True))
def test_ids_picked_one_by_one_stay_as_they_are(entries: list[str]) -> None:
    assert ids_of_text(entries, IDS) == (tuple(entries), ())
