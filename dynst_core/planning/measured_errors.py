"""A plan's measured errors as a record, with what measured them, to be carried in a file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from datetime import datetime

import numpy as np
from pydantic import PositiveInt

from dynst_core.errors import PlanError
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.runs.manifest import Card
from dynst_core.runs.run import Run, weight_files

MOST_VALUES = 2_000_000
"""Numbers of one statistic that a file carries; a plan of more is measured again where it opens."""

NUMBER = np.dtype("<f8")
SLACK = 1e-6
"""Share by which rounding may bend what holds of all errors."""


class MeasuredCard(Card):
    """Test errors of one mask, (lead_time, s, c) in units, and the training that made them.

    Each statistic is the base64 of zlib-packed little-endian float64. How many values were counted
    stands in the run.
    """

    run_id: str
    run_fingerprint: str
    code_version: str
    measured: datetime
    shape: tuple[PositiveInt, PositiveInt, PositiveInt]
    squared: str
    absolute: str
    signed: str


def run_fingerprint(run: Run) -> str:
    """What a measured error depends on beside the mask: data, test block, steps and weights."""
    manifest = run.manifest
    parts = (
        manifest.dataset.fingerprint,
        "+".join(manifest.files.get(name, "") for name in weight_files(manifest)),
        f"{manifest.split.test}",
        f"{manifest.config.history}+{manifest.config.horizon}",
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def measured_card(run: Run, errors: ErrorStatistics, now: datetime) -> MeasuredCard | None:
    """The errors of a plan of a run as a record; None where they are too many to carry."""
    if errors.squared.size > MOST_VALUES:
        return None
    shape = errors.squared.shape
    return MeasuredCard(
        run_id=run.run_id,
        run_fingerprint=run_fingerprint(run),
        code_version=run.manifest.code_version,
        measured=now,
        shape=(shape[0], shape[1], shape[2]),
        squared=_packed_errors(errors.squared),
        absolute=_packed_errors(errors.absolute),
        signed=_packed_errors(errors.signed),
    )


def errors_of(card: MeasuredCard, run: Run, name: str = "plan file") -> ErrorStatistics | None:
    """The errors in a record; None where another training than this run's measured them.

    Args:
        card: the record.
        run: the run that is open.
        name: what errors call the file.
    Raises:
        PlanError: the record cannot be what was measured.
    """
    if card.run_fingerprint != run_fingerprint(run):
        return None
    count = run.arrays.errors[0].count
    if card.shape != count.shape:
        raise _measured_error_fault(
            name, f"errors of shape {card.shape} where the run has {count.shape}"
        )
    squared, absolute, signed = (
        _unpacked_errors(text, card.shape, name)
        for text in (card.squared, card.absolute, card.signed)
    )
    largest = np.sqrt(np.maximum(squared, 0) * count) * (1 + SLACK) + SLACK
    if (squared < 0).any() or (absolute < 0).any() or (squared[count == 0] != 0).any():
        raise _measured_error_fault(name, "errors that no forecast can have")
    if (absolute > largest).any() or (np.abs(signed) > absolute * (1 + SLACK) + SLACK).any():
        raise _measured_error_fault(name, "errors whose sums contradict each other")
    return ErrorStatistics(squared, absolute, signed, count)


def _packed_errors(values: np.ndarray) -> str:
    plain = np.ascontiguousarray(values, dtype=NUMBER).tobytes()
    return base64.b64encode(zlib.compress(plain, 6)).decode()


def _unpacked_errors(text: str, shape: tuple[int, int, int], name: str) -> np.ndarray:
    """Finite numbers of a shape; never more bytes than that shape needs are unpacked."""
    size = int(np.prod(shape)) * NUMBER.itemsize
    try:
        packed = zlib.decompressobj()
        plain = packed.decompress(base64.b64decode(text, validate=True), size)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise _measured_error_fault(name, "errors that cannot be unpacked") from error
    if len(plain) != size or not packed.eof:
        raise _measured_error_fault(name, "another number of errors than it states")
    values = np.frombuffer(plain, dtype=NUMBER).reshape(shape).astype(float)
    if not np.isfinite(values).all():
        raise _measured_error_fault(name, "errors that are not finite")
    return values


def _measured_error_fault(name: str, found: str) -> PlanError:
    return PlanError(
        f"{name}: expected the measured errors of its plan, found {found}; export the plan again."
    )
