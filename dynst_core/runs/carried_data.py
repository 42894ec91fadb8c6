"""A run that carries the data that it was trained on, so that it can forecast on any machine.

The bundled runs do, where the data's licence allows it. Values are stored without loss, so that
what a forecaster answers is the same; the fingerprint in the run's manifest says whether they are
its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

from dynst_core.errors import RunError
from dynst_core.fields.field import About, Field
from dynst_core.fields.last_readings import LastReadings, last_readings_of
from dynst_core.files.atomic import write_atomically
from dynst_core.files.hdf5_check import check_plain_hdf5
from dynst_core.runs.manifest import file_in_run, one_line
from dynst_core.runs.run import Run

DATA = "data.nc"

MOST_BYTES = 2 * 10**6
"""Of such a file."""

FREE = re.compile(
    r"CC[ -]BY(?! ?-?(NC|ND))|CC0|public domain|US Government work|Apache", re.IGNORECASE
)
"""Licences that let data be passed on, with their credit."""


def carries_data(run: Run) -> bool:
    """Whether a run's folder holds its data."""
    return (run.folder / DATA).is_file()


def write_carried_data(run: Run, field: Field) -> int:
    """Put the data of a run beside it.

    Args:
        run: the run.
        field: the data that it was trained on.
    Returns:
        The size of the file, in bytes.
    Raises:
        RunError: they are others, may not be passed on, or do not fit into `MOST_BYTES`.
    """
    card = run.manifest.dataset
    if field.fingerprint() != card.fingerprint:
        raise RunError(
            f"{run.run_id}: expected the data that this run was trained on, found other values or "
            f"sites; train it anew on these first."
        )
    if not FREE.search(card.licence):
        raise RunError(
            f"{run.run_id}: expected data whose licence lets them be passed on, found "
            f"{card.licence!r}; leave them where they are."
        )
    values = field.dataset["values"].values.astype(np.float32)
    stored = xr.Dataset(
        {"values": (("time", "site", "channel"), values)},
        {"nanoseconds": ("time", field.time.astype("<i8"))},
        {"title": card.title, "licence": card.licence, "credit": card.attribution},
    )
    small = {"zlib": True, "complevel": 9, "shuffle": True, "_FillValue": None}
    encoding: dict[str, dict[str, object]] = {
        "values": {**small, "chunksizes": values.shape},
        "nanoseconds": {**small},
    }
    with TemporaryDirectory() as folder:
        draft = Path(folder) / DATA
        stored.to_netcdf(draft, engine="netcdf4", encoding=encoding)
        content = draft.read_bytes()
    if len(content) > MOST_BYTES:
        raise RunError(
            f"{run.run_id}: expected data of at most {MOST_BYTES / 1e6:.0f} MB, found "
            f"{len(content) / 1e6:.1f} MB; a run does not carry so much."
        )
    write_atomically(run.folder / DATA, content)
    return len(content)


def _carried_shape(run: Run) -> tuple[int, int, int]:
    card = run.manifest.dataset
    return card.n_times, len(run.sites), len(card.channels)


def read_carried_data(run: Run) -> Field:
    """The data that a run carries.

    Raises:
        RunError: the file cannot be read, or holds other data than the run was trained on.
    """
    file, card = run.folder / DATA, run.manifest.dataset
    try:
        check_plain_hdf5(file)
        with xr.open_dataset(file, engine="netcdf4", decode_times=False) as stored:
            found = stored["values"].shape, stored["nanoseconds"].shape
            if found != (_carried_shape(run), _carried_shape(run)[:1]):  # before so much is read
                raise ValueError("values of another shape")
            values = stored["values"].values.astype(np.float32)
            time = stored["nanoseconds"].values.astype("datetime64[ns]")
        dataset = xr.Dataset(
            {
                "values": (("time", "site", "channel"), values),
                "observed": (("time", "site", "channel"), np.isfinite(values)),
            },
            {"time": time, "channel": list(card.channels)},
        )
        about = About(
            card.name, card.title, card.place, card.licence, card.attribution, card.source
        )
        field = Field(dataset, run.sites, tuple(card.units), about, run.grid)
    except Exception as error:  # the format's library raises too many kinds to list
        raise RunError(
            f"{file_in_run(file)}: expected the data of the run, found a file that cannot be read "
            f"({one_line(error)}); copy the run again, or delete this file."
        ) from error
    if field.fingerprint() != card.fingerprint:
        raise RunError(
            f"{file_in_run(file)}: expected the data that this run was trained on, found others; "
            "copy "
            f"the run again, or delete this file."
        )
    return field


def last_readings_of_run(run: Run) -> LastReadings | None:
    """The last reading of each site: as the run keeps it, or of the data that it carries.

    None where it has neither, or carries data that cannot be read, of which forecasting says why.
    """
    if run.arrays.last is not None or not carries_data(run):
        return run.arrays.last
    try:
        return last_readings_of(read_carried_data(run))
    except RunError:
        return None
