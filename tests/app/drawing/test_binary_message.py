"""Messages to the browser: what is packed comes out again, and small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from app.drawing import binary_message
from app.drawing.binary_message import Message

SMALL_ARRAYS = st.dictionaries(
    st.text(min_size=1, max_size=8),
    st.sampled_from(list(binary_message.TYPES)).flatmap(
        lambda kind: arrays_of.arrays(
            np.dtype(kind), st.integers(0, 40), elements=st.integers(0, 200)
        )
    ),
    max_size=5,
)


@given(head=st.dictionaries(st.sampled_from("abc"), st.text()), arrays=SMALL_ARRAYS)
def test_what_is_packed_comes_out_again(head: dict, arrays: dict[str, np.ndarray]) -> None:
    reported, found = binary_message.unpack_message(Message.of(head, arrays).pack())
    assert reported == head
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_a_large_message_is_deflated_and_a_small_one_is_not() -> None:
    few, many = np.zeros(100, np.uint8), np.zeros(10**6, np.uint8)
    assert len(Message.of({}, {"few": few}).pack()) > 100
    assert len(Message.of({}, {"many": many}).pack()) < 10_000
    _, found = binary_message.unpack_message(Message.of({}, {"many": many}).pack())
    np.testing.assert_array_equal(found["many"], many)


def test_every_array_begins_where_the_browser_can_read_it() -> None:
    arrays = {"a": np.zeros(3, np.uint8), "b": np.ones(2, np.float32)}
    message = Message.of({"odd": "\N{DEGREE SIGN}"}, arrays).pack()
    start = 4 + int.from_bytes(message[:4], "little")
    assert start % 4 == 0
    np.testing.assert_array_equal(binary_message.unpack_message(message)[1]["b"], [1, 1])


@pytest.mark.parametrize(("n_colours", "kind"), [(1, "uint8"), (256, "uint8"), (300, "uint16")])
def test_a_table_and_rows_give_every_site_its_own_colour(n_colours: int, kind: str) -> None:
    rng = np.random.default_rng(0)
    colours = np.arange(n_colours, dtype=np.uint32).view(np.uint8).reshape(-1, 4)
    sites = colours[np.concatenate([np.arange(n_colours), rng.integers(0, n_colours, 500)])]
    table, rows = binary_message.colour_table(sites)
    assert rows.dtype == kind and len(table) == n_colours
    np.testing.assert_array_equal(table[rows], sites)


def test_numbers_are_sent_as_they_are_shown() -> None:
    values = np.array([1.234, -0.005, np.nan, 300.0])
    sent, scale = binary_message.scaled_numbers(values, 2)
    assert sent.dtype == np.int16
    np.testing.assert_allclose(sent[[0, 1, 3]] / scale, np.round(values[[0, 1, 3]], 2))
    assert sent[2] == binary_message.MISSING


def test_numbers_too_large_for_16_bits_stay_as_they_are() -> None:
    values = np.array([101_325.0, np.nan])
    sent, scale = binary_message.scaled_numbers(values, 1)
    assert sent.dtype == np.float32 and scale == 1
    np.testing.assert_array_equal(sent, values.astype(np.float32))
