"""Measured ratios and where they are kept: one row a ratio, one JSON file a benchmark."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict

from dynst_core.evaluation.save_run import code_version

RESULTS = Path(__file__).parent / "results"

Direction = Literal["at most", "at least", "above"]


class Row(BaseModel):
    """One ratio.

    Attributes:
        name: what is divided by what.
        dataset, backbone: on what.
        sparsity: share of sites removed, 0 to 1; None where the ratio spans several.
        seeds: seeds that were measured.
        value: the ratio, or None where it was not measured.
        low, high: its interval, where there are two ratios or more; the note says of what.
        target: "at most 1", "at least 5" or "above 1"; empty for a control.
        holds: whether the value reaches the target; None without a value or a target, and where
            it reaches it so far with measurements still to come.
        note: what a reader needs beside the number; where the target is missed, why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    dataset: str
    backbone: str
    sparsity: float | None
    seeds: tuple[int, ...]
    value: float | None
    low: float | None
    high: float | None
    target: str
    holds: bool | None
    note: str = ""

    def interval(self, digits: int = 3) -> str:
        """Its interval in words; empty where there was one ratio alone."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.low:.{digits}f} to {self.high:.{digits}f}"


class Result(BaseModel):
    """What one benchmark measured, where and when."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    commit: str
    machine: str
    date: str
    seeds: tuple[int, ...]
    rows: tuple[Row, ...]


def row(
    name: str,
    dataset: str,
    backbone: str,
    sparsity: float | None,
    seeds: tuple[int, ...],
    ratios: list[float],
    target: tuple[Direction, float] | None = None,
    value: float | None = None,
    note: str = "",
    final: bool = True,
) -> Row:
    """A row from one ratio a seed or a round.

    Args:
        name: see `Row`, as for the other names it has.
        dataset: see `Row`.
        backbone: see `Row`.
        sparsity: see `Row`.
        seeds: see `Row`.
        ratios: their least and greatest are the interval.
        target: what the value should reach; None for a control.
        value: the ratio; the mean of `ratios` when None.
        note: see `Row`.
        final: whether all was measured that the row asks for: before that it may miss its target,
            but not reach it.
    """
    if value is None and ratios:
        value = sum(ratios) / len(ratios)
    holds = None
    if target is not None and value is not None:
        direction, limit = target
        shown = round(value, 3)  # as it is printed, so that table and verdict agree
        reached = {"at most": shown <= limit, "at least": shown >= limit, "above": shown > limit}
        holds = reached[direction] and (final or None)
    return Row(
        name=name,
        dataset=dataset,
        backbone=backbone,
        sparsity=sparsity,
        seeds=seeds,
        value=None if value is None else round(value, 4),
        low=round(min(ratios), 4) if len(ratios) > 1 else None,
        high=round(max(ratios), 4) if len(ratios) > 1 else None,
        target="" if target is None else f"{target[0]} {target[1]:g}",
        holds=holds,
        note=note,
    )


def save(name: str, rows: list[Row]) -> Path:
    """Write the rows of one benchmark to `results/NAME.json`, in one step.

    Rows that stand there already keep the day and the commit that they were first written at.
    """
    file, stored = RESULTS / f"{name}.json", load(name)
    if stored is not None and stored.rows == tuple(rows):
        return file
    seeds = sorted({seed for one in rows for seed in one.seeds})
    result = Result(
        commit=commit(),
        machine=machine(),
        date=datetime.now(UTC).date().isoformat(),
        seeds=tuple(seeds),
        rows=tuple(rows),
    )
    RESULTS.mkdir(exist_ok=True)
    temporary = file.with_suffix(".tmp")
    temporary.write_text(result.model_dump_json(indent=1) + "\n")
    temporary.replace(file)
    return file


def load(name: str) -> Result | None:
    """What a benchmark measured last; None where it never did."""
    file = RESULTS / f"{name}.json"
    return Result.model_validate_json(file.read_text()) if file.exists() else None


def commit() -> str:
    """The commit measured; marked when code that counts differs from it."""
    here = Path(__file__).parent.parent
    watched = ["dynst_core", "benchmarks/*.py", "data/catalogue.toml", "data/published.toml"]
    command = ["git", "-C", str(here)]
    try:
        head = subprocess.run(
            [*command, "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        changed = subprocess.run(
            [*command, "status", "--porcelain", "--", *watched],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return code_version()
    return f"{head}-changed" if changed else head


def machine() -> str:
    """What it was measured on, in words that mean something elsewhere."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{name}, {os.cpu_count()} cores{gpu}, torch {torch.__version__.split('+')[0]}"
