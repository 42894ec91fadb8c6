"""JSON of services as a table: records, one an object, wherever they stand within the file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.intake.choices import Choices
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.number_forms import number_form
from dynst_core.intake.files.sheets import Table, frame_sample

MOST_JSON = 200 << 20
"""Bytes of a JSON file, which is held in memory as a whole."""

MOST_WITHIN = 4
"""Objects within each other that are looked into for records."""

MOST_COLUMNS = 5000

CSV = "ask the service for CSV, or write one object a record, as [{...}, {...}]"


def json_table(source: Source, choices: Choices) -> Table:
    """A file of JSON records, or of an object a line, as a table.

    Values within objects become columns named by the way to them, as in "location.latitude"; two
    lists of numbers, or a list of lists below a list of names, are columns too.

    Args:
        source: the file.
        choices: how its numbers are written, where these are text and the planner states it.
    Raises:
        DataError: it is too large, is damaged, or holds no records.
    """
    size = source.path.stat().st_size
    if size > MOST_JSON:
        raise DataError(
            f"{source.name}: expected JSON of at most {MOST_JSON >> 20} MB, found "
            f"{size >> 20:,} MB; write it as CSV or Parquet."
        )
    content = _content(source)
    records, way, beside = _records(content, source.name)
    records = _with_inner_records(records, source.name)
    # What stands around the records holds for all of them, as the place of a station does.
    frame = _frame([{**beside, **record} for record in records], source.name)
    units = _units_stated(content, way)
    notes = [f"Records of {source.name} are read from {way!r}."] if way else []
    return Table(
        source.path,
        source.name,
        tuple(frame.columns),
        frame_sample(frame),
        lambda: iter([frame]),
        number_form(frame_sample(frame), ",", choices),
        notes=tuple(notes),
        units={name: unit for name, unit in units.items() if name in frame.columns},
    )


def _content(source: Source) -> Any:
    """What the file holds: a list of objects where each line is one."""
    text = _text(source)
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()]
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line, parse_constant=lambda _: None))
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{source.name}: expected complete JSON, or an object a line, found it cut off or "
                f"damaged in line {number}; fetch or write it again."
            ) from error
    return found


def _text(source: Source) -> str:
    content = source.path.read_bytes()
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{source.name}: expected JSON in UTF-8, found bytes that are none; write it again."
        ) from error


def _records(content: Any, name: str) -> tuple[list[dict[str, Any]], str, dict[str, Any]]:
    """The longest list of objects, the way to it, and what stands around it.

    Raises:
        DataError: there is none, or two are equally long.
    """
    found: list[tuple[int, str, list[dict[str, Any]], dict[str, Any]]] = []

    def look(value: Any, way: str, around: dict[str, Any], depth: int) -> None:
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            found.append((_count(value), way, value, around))
        elif isinstance(value, dict):
            columns = _columns(value)
            if columns:
                found.append((len(columns), way, columns, around))
                return
            plain = {k: v for k, v in value.items() if isinstance(v, str | int | float)}
            for key, inner in value.items() if depth < MOST_WITHIN else ():
                look(inner, f"{way}.{key}" if way else str(key), plain, depth + 1)

    look(content, "", {}, 0)
    if not found:
        raise DataError(f"{name}: expected records in JSON, found none; {CSV}.")
    most = max(found, key=lambda one: one[0])
    others = [way for size, way, _, _ in found if 2 * size > most[0] and way != most[1]]
    if others:
        raise DataError(
            f"{name}: expected one list of records in JSON, found several ("
            f"{', '.join([most[1], *others[:4]])}); write each to a file of its own."
        )
    return most[2], most[1], most[3]


def _count(records: list[dict[str, Any]]) -> int:
    """How many records there are, those within others too."""
    return sum(max(1, *(len(_inner(v)) for v in one.values()), 0) for one in records)


def _with_inner_records(records: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Records within others, each with what stands around it, as `{"station": 1, "data": [...]}`.

    Raises:
        DataError: a record holds several lists of records, or lists that are none.
    """
    for _ in range(MOST_WITHIN):
        keys = list(dict.fromkeys(key for one in records for key in one if _inner(one[key])))
        if len(keys) > 1:
            raise DataError(
                f"{name}: expected one list of values in a record of JSON, found {len(keys)} "
                f"({', '.join(map(str, keys[:4]))}); {CSV}."
            )
        if not keys:
            break
        around = [{k: v for k, v in one.items() if k != keys[0]} for one in records]
        records = [
            {**own, **inner}
            for own, one in zip(around, records, strict=True)
            for inner in _inner(one.get(keys[0]))
        ]
    lists = [
        k for one in records[:50] for k, v in one.items() if isinstance(v, list) and len(v) > 3
    ]
    if lists:
        raise DataError(
            f"{name}: expected one value of each kind in a record of JSON, found a list in "
            f"{lists[0]!r}; {CSV}."
        )
    return records


def _inner(value: Any) -> list[dict[str, Any]]:
    """The records that a value holds: a list of objects, or an object of columns; else none."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return value
    return _columns(value) if isinstance(value, dict) else []


def _columns(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Records out of lists of one length, a column each, as `{"time": [...], "speed": [...]}`."""
    names = value.get("columns") or value.get("fields")
    rows = value.get("data") or value.get("rows") or value.get("values")
    if isinstance(names, list) and isinstance(rows, list) and rows:
        named = [str(n.get("name", n.get("id"))) if isinstance(n, dict) else str(n) for n in names]
        if all(isinstance(row, list) and len(row) == len(named) for row in rows):
            made = [dict(zip(named, row, strict=True)) for row in rows]
            index = value.get("index")
            if isinstance(index, list) and len(index) == len(made):  # as pandas writes a frame
                made = [{"time": at, **row} for at, row in zip(index, made, strict=True)]
            return made
    lists = {
        key: inner
        for key, inner in value.items()
        if isinstance(inner, list) and inner and not isinstance(inner[0], list | dict)
    }
    sizes = {len(inner) for inner in lists.values()}
    if len(lists) < 2 or len(sizes) != 1 or sizes <= {1, 2, 3}:
        return []
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _flat(record: dict[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """A record without objects within it; lists are left out, but for coordinates of points."""
    made: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and depth < MOST_WITHIN:
            made |= _flat(value, f"{name}.", depth + 1)
        elif isinstance(value, list):
            if len(value) in (2, 3) and all(isinstance(one, int | float) for one in value):
                made[name] = f"[{value[0]}, {value[1]}]"
        else:
            made[name] = value
    return made


def _frame(records: list[dict[str, Any]], name: str) -> pd.DataFrame:
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(key for record in flat for key in record))
    if not names or len(names) > MOST_COLUMNS:
        raise DataError(
            f"{name}: expected up to {MOST_COLUMNS:,} fields in the records of JSON, found "
            f"{len(names):,}; {CSV}."
        )
    cells = {key: [_cell(record.get(key)) for record in flat] for key in names}
    index = np.arange(1, len(flat) + 1)
    frame = pd.DataFrame(cells, index=index, dtype=object)
    return frame.rename(columns={key: " ".join(str(key).split()) for key in names})


def _cell(value: Any) -> str:
    """A value as a text table would hold it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if not value.is_integer() or abs(value) >= 1e15 else str(int(value))
    return str(value)


def _units_stated(content: Any, way: str) -> dict[str, str]:
    """Units that an object beside the records names, as `{"hourly_units": {"speed": "km/h"}}`."""
    around = content
    for part in way.split(".")[:-1] if way else []:
        around = around.get(part, {}) if isinstance(around, dict) else {}
    if not isinstance(around, dict):
        return {}
    for key, value in around.items():
        if "unit" in str(key).lower() and isinstance(value, dict):
            return {str(k): v for k, v in value.items() if isinstance(v, str)}
    return {}
