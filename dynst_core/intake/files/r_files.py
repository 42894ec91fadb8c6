"""Data frames out of R's .rds and .rda files, parsed in a process with limits."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd

from dynst_core.errors import DataError
from dynst_core.files.limited import parse_apart
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.sheets import Table, frame_sample

MOST_BYTES = 200 << 20


def r_tables(source: Source) -> list[Table]:
    """The data frame of a file of R.

    Raises:
        DataError: it cannot be read, or holds no data frame, or several.
    """
    if source.path.stat().st_size > MOST_BYTES:
        raise DataError(
            f"{source.name}: expected an R file of at most {MOST_BYTES >> 20} MB; write the data "
            f"frame as CSV with `write.csv`, or as Parquet."
        )
    made = parse_apart(to_parquet, source.path.read_bytes(), source.name)
    frame = pd.read_parquet(io.BytesIO(made))
    frame = frame.set_axis(np.arange(1, len(frame) + 1), axis=0)
    names = tuple(map(str, frame.columns))
    return [Table(source.path, source.name, names, frame_sample(frame), lambda: iter([frame]))]


def to_parquet(content: bytes, name: str) -> bytes:
    """The data frame of a file of R as Parquet, run in the child.

    Raises:
        DataError: it cannot be read, or holds no data frame, or several.
    """
    import warnings

    import rdata

    advice = "write the data frame as CSV with `write.csv`"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = rdata.parser.parse_data(content)
            converter = rdata.conversion.SimpleConverter(
                {**rdata.conversion.DEFAULT_CLASS_MAP, **_times()}
            )
            found = converter.convert(parsed)
    except Exception as error:  # the library raises many kinds for what it does not know
        raise DataError(
            f"{name}: expected a data frame of R, found what cannot be read; {advice}."
        ) from error
    frames = [found] if isinstance(found, pd.DataFrame) else []
    if isinstance(found, dict):
        frames = [one for one in found.values() if isinstance(one, pd.DataFrame)]
    if len(frames) != 1:
        raise DataError(
            f"{name}: expected one data frame of R, found {len(frames) or 'none'}; {advice}."
        )
    frame = frames[0].rename(columns=str)
    for column in frame.columns:
        if frame[column].dtype == object or isinstance(frame[column].dtype, pd.CategoricalDtype):
            frame[column] = [
                None if one is None or one != one else str(one) for one in frame[column]
            ]
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def _times() -> dict[str | bytes, Any]:
    """How dates and times of R become texts that say what they are."""

    def days(values: object, attributes: object) -> np.ndarray:
        del attributes
        return np.array(
            [
                None if v != v else str(np.datetime64(int(v), "D"))
                for v in np.asarray(values, float)
            ],
            dtype=object,
        )

    def moments(values: object, attributes: object) -> np.ndarray:
        del attributes
        return np.array(
            [
                None if v != v else str(np.datetime64(round(v * 1000), "ms")) + "Z"
                for v in np.asarray(values, float)
            ],
            dtype=object,
        )

    return {"Date": days, "POSIXct": moments, "POSIXt": moments}
