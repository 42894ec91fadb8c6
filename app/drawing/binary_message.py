"""A JSON head and binary arrays in one message, for what is too large to be sent as JSON.

Layout: 4 bytes, little-endian, with the length of the head; the head, JSON in UTF-8, padded with
blanks; the body. The head's "arrays" names each array's type, offset into the body in bytes and
number of elements; every array begins at a multiple of 4 bytes. A large body is deflated (zlib).
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

DEFLATE_FROM = 256 * 1024
"""Bytes; below that, packing costs more time than sending."""

TYPES = {"uint8": "u1", "uint16": "u2", "int16": "i2", "uint32": "u4", "float32": "f4"}
"""Types of arrays that the browser knows."""


@dataclass(frozen=True, eq=False)
class Message:
    """A head and arrays ready to be sent, any number of times.

    Attributes:
        head: whatever JSON can hold; "arrays" and "deflated" are taken.
        layout: type, offset in bytes and number of elements of each array, by name.
        data: the arrays, deflated where they are large.
        deflated: whether they are.
    """

    head: Mapping[str, Any]
    layout: Mapping[str, tuple[str, int, int]]
    data: bytes
    deflated: bool

    @classmethod
    def of(cls, head: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Message:
        """Arrays by name, of the types in TYPES, flattened row by row."""
        parts: list[bytes] = []
        layout: dict[str, tuple[str, int, int]] = {}
        offset = 0
        for name, values in arrays.items():
            kind = TYPES[values.dtype.name]
            data = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
            layout[name] = (kind, offset, values.size)
            data += b"\0" * (-len(data) % 4)
            parts.append(data)
            offset += len(data)
        whole = b"".join(parts)
        deflated = len(whole) > DEFLATE_FROM
        return cls(head, layout, zlib.compress(whole, 1) if deflated else whole, deflated)

    @cached_property
    def mark(self) -> str:
        """Eight letters that distinguish its arrays from others."""
        return hashlib.sha256(self.data).hexdigest()[:8]

    def pack(self, **further: Any) -> bytes:
        """The message in bytes; `further` are entries of the head."""
        layout = {"arrays": self.layout, "deflated": self.deflated}
        start = json.dumps({**self.head, **further, **layout}, separators=(",", ":")).encode()
        start += b" " * (-len(start) % 4)
        return struct.pack("<I", len(start)) + start + self.data


def unpack_message(message: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Head and arrays of a message, as the browser reads them."""
    (length,) = struct.unpack_from("<I", message)
    head = json.loads(message[4 : 4 + length])
    data = message[4 + length :]
    if head.pop("deflated"):
        data = zlib.decompress(data)
    arrays = {
        name: np.frombuffer(data, f"<{kind}", count, offset)
        for name, (kind, offset, count) in head.pop("arrays").items()
    }
    return head, arrays


def colour_table(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours as a table (k, 4) and the row of each site in it, (s,); few sites differ."""
    import pandas as pd

    packed = np.ascontiguousarray(rgba, dtype=np.uint8).view(np.uint32).ravel()
    codes, table = pd.factorize(packed)
    kind = np.uint8 if len(table) <= 256 else np.uint16
    return np.asarray(table, dtype=np.uint32).view(np.uint8).reshape(-1, 4), codes.astype(kind)


def scaled_numbers(values: np.ndarray, digits: int) -> tuple[np.ndarray, float]:
    """Numbers as they are shown, and the factor that they were multiplied by.

    Halves the message where 16 bits hold them; MISSING stands for NaN. Else they stay as they are
    and the factor is 1.
    """
    scaled = np.rint(np.asarray(values, dtype=float) * 10.0**digits)
    finite = np.isfinite(scaled)
    if np.abs(scaled, where=finite, out=np.zeros_like(scaled)).max(initial=0) > -MISSING - 1:
        return np.asarray(values, dtype=np.float32), 1.0
    return np.where(finite, scaled, MISSING).astype(np.int16), 10.0**digits


MISSING = -32768
