"""Check a planner's files: what they hold, what is proposed and what is asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dynst_core.errors import DataError
from dynst_core.fields.sites import some_ids
from dynst_core.intake.choices import Choices
from dynst_core.intake.files import kinds
from dynst_core.intake.files.across_times import with_times_down
from dynst_core.intake.files.addresses import fetched_addresses, is_address
from dynst_core.intake.files.bringing import (
    Brought,
    Fault,
    Source,
    brought_files,
    left_out,
)
from dynst_core.intake.files.cell_units import with_units_apart
from dynst_core.intake.files.name_dates import with_dates_of_names
from dynst_core.intake.files.point_texts import with_points
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.files.tables import tables_of
from dynst_core.intake.naming import own_words
from dynst_core.intake.verdict import Verdict, check_tables


def check(
    paths: Sequence[Path | str],
    choices: Choices | None = None,
    hosts: Collection[str] | None = None,
) -> Verdict:
    """Say what files hold, what is proposed and what is asked; nothing is written.

    Args:
        paths: files, folders, archives and web addresses that belong together.
        choices: what the planner states; nothing by default.
        hosts: where addresses may lead; None for every public one.
    Raises:
        DataError: a file cannot be read at all, or holds nothing to plan.
    """
    stated = choices or Choices()
    addresses = [str(path) for path in paths if is_address(str(path))]
    if addresses:
        if not stated.source:
            stated = stated.changed(source=" ".join(addresses))
        with fetched_addresses(paths, stated, hosts) as local:
            # What was fetched of a store is no more than what is read.
            return replace(check(local, stated), large=None)
    files = [Path(path) for path in paths]
    if not files:
        raise DataError("Expected files to check, found none; name a table, a grid or a folder.")
    try:
        return _checked(files, stated)
    except DataError as error:
        raise DataError(own_words(str(error))) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, MemoryError) as error:
        kind = type(error).__name__
        names = some_ids([file.name for file in files], 3)
        raise DataError(
            f"Expected data of a usual form in {names}, found what is not understood ({kind}); "
            f"state `values`, `time`, `site` and `value`, or write a plain CSV table."
        ) from error


def _checked(files: list[Path], stated: Choices) -> Verdict:
    with brought_files(files) as found, TemporaryDirectory(prefix="dynst-intake-") as folder:
        grids = [source for source in found.sources if _is_grid(source)]
        if grids:
            from dynst_core.intake.gridded_verdict import check_grids

            return check_grids(files, found, grids, stated)
        arrays = [source for source in found.sources if source.kind == kinds.ARRAYS]
        tables, notes = _all_tables(found, stated, Path(folder))
        noted = replace(found, notes=(*found.notes, *notes))
        if arrays:
            from dynst_core.intake.arrays.array_verdict import check_arrays

            return check_arrays(files, noted, arrays, tables, stated)
        return check_tables(files, noted, tables, stated)


def _all_tables(found: Brought, stated: Choices, folder: Path) -> tuple[list[Table], list[str]]:
    """The tables of all files, and notes on files of folders that hold none."""
    tables: list[Table] = []
    faults: list[Fault] = []
    endings = set()
    for source in found.sources:
        if source.kind == kinds.ARRAYS:
            endings.add(source.ending)
            continue
        try:
            read = _tables(source, stated, folder)
            apart = [with_units_apart(table, stated) for table in read]
            tables += [with_times_down(with_points(table)) for table in apart]
            endings.add(source.ending)
        except DataError as error:
            if source.named:
                raise
            faults.append(Fault(source.name, source.ending, error))
    return with_dates_of_names(tables), left_out(faults, endings)


def _is_grid(source: Source) -> bool:
    """Whether a file states its own axes, on which all of its sites have the same times."""
    if not _states_axes(source):
        return False
    from dynst_core.intake.files.station_records import holds_station_records

    return not holds_station_records(source)


def _states_axes(source: Source) -> bool:
    if source.kind == kinds.HDF5:
        from dynst_core.intake.files.array_files import hdf5_layout

        return hdf5_layout(source) in ("gridded", "deepst")
    return source.kind in (kinds.GRIDDED, kinds.ZARR)


def _tables(source: Source, choices: Choices, folder: Path) -> list[Table]:
    if source.kind == kinds.PLACES:
        from dynst_core.intake.files.place_layers import table_of_places

        return [table_of_places(source)]
    if source.kind == kinds.R_DATA:
        from dynst_core.intake.files.r_files import r_tables

        return r_tables(source)
    if _states_axes(source):
        from dynst_core.intake.files.station_records import station_records_table

        return [station_records_table(source)]
    if source.kind == kinds.HDF5:
        from dynst_core.intake.files.array_files import frame_tables, hdf5_layout

        if hdf5_layout(source) == "arrays":
            raise DataError(
                f"{source.name}: expected NetCDF, a table of pandas or a city grid in HDF5, found "
                f"arrays without axes; save them as .npz, or as NetCDF with named dimensions."
            )
        return frame_tables(source)
    return tables_of(source, choices, folder)
