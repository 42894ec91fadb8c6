"""The tables of one file, whatever kind it is recognised as."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dynst_core.datasets.reading.table_reading import read_frames
from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.choices import Choices
from dynst_core.intake.files import kinds
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.files.sheets import MOST_PARQUET, Table, frame_sample, under_file_ending


def tables_of(source: Source, choices: Choices, folder: Path) -> list[Table]:
    """The tables of a file.

    Args:
        source: a file of text, a spreadsheet or Parquet.
        choices: how it is written, where the planner states it.
        folder: where a cleaned copy may be put.
    Raises:
        DataError: it cannot be read as a table.
    """
    if source.kind == kinds.TEXT:
        from dynst_core.intake.files.text_tables import text_table

        return [text_table(source, choices, folder)]
    if source.kind == kinds.SHEET:
        from dynst_core.intake.files.workbooks import sheet_tables

        return sheet_tables(source)
    if source.kind == kinds.JSON:
        from dynst_core.intake.files.json_records import json_table

        return [json_table(source, choices)]
    if source.kind == kinds.PARQUET:
        return [_parquet_table(source, folder)]
    from dynst_core.intake.files.station_files import daily_table, station_table

    read = daily_table if source.kind == kinds.GHCN_DAYS else station_table
    return [read(source)]


def _parquet_table(source: Source, folder: Path) -> Table:
    import pyarrow.parquet as pq
    from pyarrow import ArrowException

    from dynst_core.intake.files.geo_parquet import geometry_of, with_coordinates

    try:
        meta = pq.ParquetFile(source.path).metadata
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{source.name}: expected a complete Parquet file, found one that is cut off or "
            f"damaged; fetch or write it again."
        ) from error
    size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    if max(size, 8 * meta.num_rows * meta.num_columns) > MOST_PARQUET:
        raise DataError(
            f"{source.name}: expected a table of at most {MOST_PARQUET >> 30} GB, found "
            f"{meta.num_rows:,} rows of {meta.num_columns:,} columns; bring fewer columns or a "
            f"shorter stretch of time."
        )
    if meta.num_rows == 0:
        raise DataError(f"{source.name}: expected rows of values, found none; bring a longer one.")
    path = under_file_ending(source.path, folder, ".parquet")
    frame = next(iter(read_frames(path)))
    geometry = geometry_of(path, source.name)
    if geometry:
        frame = with_coordinates(frame, path, geometry[0], source.name)
    nested = [
        name
        for name in frame.columns
        if frame[name].dtype == object
        and any(isinstance(one, np.ndarray | list | dict | tuple) for one in frame[name].head(50))
    ]
    frame = frame.drop(columns=nested)
    notes = [f"Columns of {source.name} that hold lists were left out: {some_ids(nested)}."]
    return Table(
        path,
        source.name,
        tuple(frame.columns),
        frame_sample(frame),
        lambda: iter([frame]),
        notes=tuple(notes) if nested else (),
        crs=geometry[1] if geometry else "",
    )
