"""The records of a run, checked on reading: its manifest and its ledger of baselines."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from dynst_core import commands
from dynst_core.errors import DynSTError, RunError
from dynst_core.files.atomic import write_atomically

FORMAT_VERSION = 5
MANIFEST, BASELINES = "manifest.json", "baselines.json"
MOST_JSON = 256 << 20
"""Bytes of a file that holds a record."""


class Card(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AnyCard = TypeVar("AnyCard", bound=Card)


class DatasetCard(Card):
    """The data a run was trained on, in the words that titles and credits need."""

    name: str
    title: str
    place: str
    licence: str
    attribution: str
    source: str
    channels: tuple[str, ...]
    units: tuple[str, ...]
    start: datetime
    end: datetime
    step_seconds: float
    """A step of months is that many mean Gregorian months, see `time_axis`."""
    n_times: int
    fingerprint: str


class SplitCard(Card):
    """Blocks of time indices, each [start, stop)."""

    train: tuple[int, int]
    selection: tuple[int, int]
    """From the first stretch of selection windows to the last."""
    test: tuple[int, int]
    test_start: datetime
    test_end: datetime
    n_test_windows: int
    stretches: tuple[tuple[int, int], ...] = ()
    """Where selection windows lie when that is in several stretches inside the training block;
    training forecasts none of their steps."""

    @property
    def n_stretches(self) -> int:
        """Stretches of selection windows."""
        return max(1, len(self.stretches))


class RunConfig(Card):
    """How a run was trained; the defaults of each number live where it is used."""

    history: int
    horizon: int
    levels: tuple[float, ...]
    seed: int
    backbone: str
    backbone_options: dict[str, float | int]
    path_options: dict[str, float | int]
    step_options: dict[str, float | int]
    """How the last steps were taken: weight decay is that of the levels."""
    cycles: tuple[str, ...] = ()
    """Cycles (day, week, year) whose phase the forecaster is given."""
    always: tuple[str, ...] = ()
    """Ids of sites pinned to be kept at every level; runs of format 2 and older state none."""
    never: tuple[str, ...] = ()
    """Ids of sites pinned to be removed first."""
    leads: tuple[int, int] | None = None
    """Lead times that sites were chosen for, [first, stop); all when None."""
    averaged: tuple[int, ...] = ()
    """Seeds of the trainings whose forecasts are averaged; empty where one forecasts alone."""


class Manifest(Card):
    """The first file of a run: what it is, what made it, and the hashes of the other files."""

    format: Literal["dynst-run"]
    format_version: int
    run_id: str
    title: str
    created: datetime
    complete: bool
    command: str
    code_version: str
    package_versions: dict[str, str]
    config: RunConfig
    dataset: DatasetCard
    split: SplitCard
    mean: tuple[float, ...]
    std: tuple[float, ...]
    training_seconds: float
    steps: tuple[int, ...]
    """Optimizer steps spent from the start up to and including each level."""
    forecast_seconds: tuple[float, ...]
    """Time of one forecast of the whole field at each level, measured interleaved."""
    files: dict[str, str]
    """SHA-256 of each file beside the manifest."""


class BaselineRow(Card):
    """One forecaster trained from scratch for one mask that another selector chose."""

    selector: str
    draw: int
    level: int
    n_active: int
    steps: int
    seed: int
    active_hex: str
    rmse: tuple[float, ...]
    """Test RMSE over all sites and lead times, a number per channel, in units."""
    rmse_by_lead_time: tuple[tuple[float, ...], ...]
    """Test RMSE over all sites, (lead_time, channel), in units."""


class Baselines(Card):
    """Baselines measured beside a run; grows row by row, so that a stopped comparison resumes."""

    run_id: str
    rows: tuple[BaselineRow, ...] = ()

    def find(self, selector: str, level: int) -> list[BaselineRow]:
        """Rows of one selector at one level index, by draw."""
        rows = [r for r in self.rows if r.selector == selector and r.level == level]
        return sorted(rows, key=lambda r: r.draw)


def read_baselines(folder: Path, run_id: str) -> Baselines:
    """Read the ledger of baselines; an absent one is empty.

    Raises:
        RunError: the ledger is damaged or belongs to another run.
    """
    file = folder / BASELINES
    if not file.exists():
        return Baselines(run_id=run_id)
    try:
        baselines = Baselines.model_validate(unseal_json(file.read_bytes()))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{file_in_run(file)}: expected a table of baselines, found {one_line(error)}; "
            f"delete the file and run `{commands.command_here('baselines', run_id)}` again."
        ) from error
    if baselines.run_id != run_id:
        raise RunError(
            f"{file_in_run(file)}: expected baselines of run {run_id!r}, found those of "
            f"{baselines.run_id!r}; delete the file and measure them again."
        )
    return baselines


def write_baselines(folder: Path, baselines: Baselines) -> None:
    """Replace the ledger of baselines in one step, so that a reader never sees half of it.

    Raises:
        RunError: the disk is full or read-only; the earlier ledger stays.
    """
    try:
        write_atomically(folder / BASELINES, seal_json(baselines).encode())
    except OSError as error:
        raise RunError(
            f"{folder.name}: expected room for one more measurement, found {one_line(error)}; make "
            f"room and run the same command again, which goes on from the last one."
        ) from error


def parse_json(raw: bytes) -> Any:
    """JSON of a bounded size and depth; ValueError for anything else."""
    if len(raw) > MOST_JSON:
        raise ValueError(f"JSON of {len(raw) / 2**20:,.0f} MB")
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deep") from error


def seal_json(record: Card) -> str:
    """JSON of a record with a checksum over its content, so that a flipped digit is noticed."""
    content = record.model_dump(mode="json")
    return json.dumps(content | {"checksum": checksum_of(content)}, indent=1) + "\n"


def unseal_json(raw: bytes) -> dict[str, Any]:
    """Read what `seal_json` wrote; ValueError when it is no JSON or its checksum does not hold."""
    content = parse_json(raw)
    if not isinstance(content, dict):
        raise ValueError("JSON without names")
    if content.pop("checksum", None) != checksum_of(content):
        raise ValueError("content that does not match its checksum")
    return content


def checksum_of(content: dict[str, Any]) -> str:
    """The checksum of a manifest's content, that of `checksum` itself left out."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Sealed(Generic[AnyCard]):
    """A kind of sealed file, and how its reader speaks of it.

    Attributes:
        record: what the file holds.
        format: the name that it must give itself.
        version: the newest version that can be read.
        noun: what it is called, with its article.
        source: what to do with a file of another kind.
        again: what to do with a damaged one.
        error: what is raised.
    """

    record: type[AnyCard]
    format: str
    version: int
    noun: str
    source: str
    again: str
    error: type[DynSTError]

    def read(self, raw: bytes, name: str) -> AnyCard:
        """The record in a file, checked.

        Args:
            raw: the file's content.
            name: what errors call the file.
        Raises:
            DynSTError: it is foreign, damaged or written by a newer version.
        """
        try:
            found = parse_json(raw)
        except ValueError as fault:
            raise self.error(
                f"{name}: expected {self.noun} as JSON, found {one_line(fault)}; {self.again}."
            ) from fault
        if not isinstance(found, dict) or found.get("format") != self.format:
            raise self.error(
                f"{name}: expected {self.noun} of DynST Planner, found something else; "
                f"{self.source}."
            )
        version = found.get("format_version")
        if isinstance(version, int) and version > self.version:
            raise self.error(
                f"{name}: expected {self.noun} of format {self.version} or older, found format "
                f"{version}; update DynST Planner to open it."
            )
        try:
            return self.record.model_validate(unseal_json(raw))
        except ValueError as fault:
            raise self.error(
                f"{name}: expected {self.noun} that is whole, found {one_line(fault)}; "
                f"{self.again}."
            ) from fault


MANIFEST_FILE = Sealed(
    Manifest,
    "dynst-run",
    FORMAT_VERSION,
    "the manifest of a run",
    f"point to a folder that `{commands.command_here('train')}` wrote",
    "copy the run again or train it anew",
    RunError,
)


def read_manifest(file: Path) -> Manifest:
    """Read a manifest, checked.

    Raises:
        RunError: it is missing, foreign, damaged or written by a newer version.
    """
    try:
        raw = file.read_bytes()
    except FileNotFoundError as error:
        raise RunError(
            f"{file_in_run(file)}: expected the manifest of a run, found no such file; "
            f"`{commands.command_here('runs')}` lists the runs there are."
        ) from error
    except OSError as error:
        raise RunError(
            f"{file_in_run(file)}: expected the manifest of a run, found {one_line(error)}; copy "
            "the run "
            f"again."
        ) from error
    return MANIFEST_FILE.read(raw, file_in_run(file))


def file_in_run(file: Path) -> str:
    """A file of a run as errors name it: its folder and its name, not where they lie.

    Whoever opens a run in the app need not know the server's folders.
    """
    return f"{file.parent.name}/{file.name}"


FOLDERS = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:\\|/)(?:[^\s'\"/\\]+[/\\])+")


def one_line(error: Exception) -> str:
    """What went wrong, short enough for the middle of a sentence, without the machine's folders."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{first['msg'].lower()} at {where or 'its top'}"
    text = (error.strerror or "") if isinstance(error, OSError) else ""
    text = " ".join((text or str(error)).split())
    return FOLDERS.sub("", text)[:300] or type(error).__name__
