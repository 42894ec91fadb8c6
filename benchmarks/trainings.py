"""Trainings that were measured, one line each, so that a long comparison goes on where it stopped.

Every line holds the mask, the steps, the seed and the test error; ratios are made from them later
and nothing is trained twice. A file holds one kind of forecaster, one data set and one seed; each
line is written at once, so several processes may write to it. Delete a file to measure anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from benchmarks import pictures
from benchmarks.ledger import commit, machine
from dynst_core.evaluation.single_mask import MaskTraining, baseline_options
from dynst_core.fields.mask import Mask
from dynst_core.forecasting.forecaster import Forecaster
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import StepOptions, error_statistics
from dynst_core.selection.linear_term import linear_forecaster
from dynst_core.selection.selection_error import Judge
from dynst_core.training.path_training import PathTraining

USUAL = StepOptions()


class Training(BaseModel):
    """One forecaster and one mask, tested once.

    Attributes:
        kind: "path", "retrained" (from scratch for this mask), "ridge" (refitted for it),
            "edit" (the path's 60 % forecaster on an edited mask), "edit retrained", or "path
            clocked" (a whole path trained again beside separate trainings; its seconds are of all).
        selector: who chose the mask; "dynst" is the path.
        level: share of sites removed, 0 to 1.
        draw: number of the draw or of the edit.
        steps: gradient steps spent up to here.
        weight_decay, learning_rate: of the last of them.
        seconds: processor time of one training for this line alone, so that other work beside it
            is no harm, nor that two weight decays were tried.
        selection_error: normalised, on selection windows.
        rmse: test RMSE over all sites and lead times, first channel, units.
        rmse_by_lead: the same by lead time.
        ssim, psnr_db: likeness of forecast and true pictures, on grids.
        device: what it was trained on, cpu or cuda.
        machine: its name; empty in lines written before it was.
        data: hash of the field; empty in lines written before it was.
        backbone: the forecaster trained, by path and baselines alike; lines written before it was
            are of attention.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str
    dataset: str
    selector: str
    level: float
    draw: int
    seed: int
    n_active: int
    steps: int
    weight_decay: float = USUAL.weight_decay
    learning_rate: float = USUAL.learning_rate
    seconds: float
    selection_error: float | None
    rmse: float
    rmse_by_lead: tuple[float, ...]
    ssim: float | None
    psnr_db: float | None
    active_hex: str
    commit: str
    device: str = "cpu"
    data: str = ""
    backbone: str = "attention"
    machine: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """Where it was measured: only times of one place are compared."""
        return self.device, self.machine

    @property
    def key(self) -> tuple[str, str, float, int]:
        """What makes it the same measurement, within a file."""
        return self.kind, self.selector, self.level, self.draw


class Book:
    """The trainings of one kind of forecaster on one data set with one seed."""

    def __init__(self, dataset: str, seed: int, root: Path, backbone: str) -> None:
        self.dataset, self.seed, self.backbone = dataset, seed, backbone
        self.file = root / backbone / f"{dataset}-{seed}.jsonl"
        self.lines: dict[tuple[str, str, float, int], Training] = {}
        self.read()

    def read(self) -> None:
        """Take over what the file holds; other processes may have written to it."""
        if self.file.exists():
            for text in self.file.read_text().splitlines():
                line = Training.model_validate_json(text)
                self.lines[line.key] = line

    def __contains__(self, key: tuple[str, str, float, int]) -> bool:
        return key in self.lines

    def find(self, kind: str, selector: str, level: float, draw: int = 0) -> Training | None:
        """One line, or None where it was not measured."""
        return self.lines.get((kind, selector, level, draw))

    def all(self, kind: str) -> Iterator[Training]:
        """Lines of one kind."""
        return (line for line in self.lines.values() if line.kind == kind)

    def add(self, line: Training) -> None:
        """Write a line at once."""
        self.lines[line.key] = line
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as stream:
            stream.write(line.model_dump_json() + "\n")


class Bench:
    """A problem and its book: trains what is missing.

    Args:
        problem: field, blocks and windows.
        book: where lines go.
        say: reported of each line.
    """

    def __init__(self, problem: Problem, book: Book, say: Callable[[str], None] = print) -> None:
        self.problem, self.book, self.say = problem, book, say
        self.judge = Judge(problem)
        self.linear = linear_forecaster(problem)
        self.commit, self.data = commit(), problem.field.fingerprint()
        self.machine = machine()

    def write(
        self,
        kind: str,
        selector: str,
        level: float,
        active: np.ndarray,
        forecaster: Forecaster,
        *,
        steps: int,
        seconds: float,
        options: StepOptions = USUAL,
        draw: int = 0,
    ) -> Training:
        """Test a forecaster on a mask and write the line."""
        problem, mask = self.problem, Mask(active)
        starts = problem.starts("test")
        error = error_statistics(forecaster, problem.record, mask, starts)
        ssim, psnr = pictures.likeness(forecaster, problem, mask)
        line = Training(
            kind=kind,
            dataset=self.book.dataset,
            selector=selector,
            level=level,
            draw=draw,
            seed=self.book.seed,
            n_active=mask.n_active,
            steps=steps,
            weight_decay=options.weight_decay,
            learning_rate=options.learning_rate,
            seconds=round(seconds, 2),
            selection_error=float(self.judge.errors(forecaster, active).mean()),
            rmse=float(error.rmse(axis=(0, 1))[0]),
            rmse_by_lead=tuple(error.rmse(axis=1)[:, 0].tolist()),
            ssim=ssim,
            psnr_db=psnr,
            active_hex=mask.to_hex(),
            commit=self.commit,
            device=problem.record.device.type,
            data=self.data,
            backbone=self.book.backbone,
            machine=self.machine,
        )
        self.book.add(line)
        self.say(
            f"{kind:15s} {selector:15s} {100 * level:3.0f} % #{draw}: {line.rmse:.4f} "
            f"after {steps} steps, {seconds:.0f} s"
        )
        return line

    def path(self, training: PathTraining) -> None:
        """Train a path and write a line a level; its time is shared out by gradient steps."""
        taken, before = _train(training), 0
        for target, level in zip(training.targets, training.levels, strict=True):
            share = taken * (level.steps - before) / max(1, training.levels[-1].steps)
            before = level.steps
            training.forecaster.load(level.weights)
            self.write(
                "path",
                "dynst",
                target,
                level.active,
                training.forecaster,
                steps=level.steps,
                seconds=share,
                options=training.trainer.options,
            )

    def clock_path(self, training: PathTraining) -> None:
        """Train a path for its time alone: times of another day cannot be compared."""
        taken, last = _train(training), training.levels[-1]
        self.write(
            "path clocked",
            "dynst",
            training.targets[-1],
            last.active,
            training.forecaster.load(last.weights),
            steps=last.steps,
            seconds=taken,
            options=training.trainer.options,
        )

    def retrain(
        self, kind: str, selector: str, active: np.ndarray, like: Training, draw: int = 0
    ) -> Training:
        """Train from scratch for one mask and keep the best look; see `MaskTraining`.

        Level and steps, and how steps are taken, are of the path's line it is `like`.
        """
        level, steps = like.level, like.steps
        found = self.book.find(kind, selector, level, draw)
        if found is not None:
            return found
        began = time.process_time()
        problem = self.problem
        path = replace(
            StepOptions.for_sites(problem.n_sites),
            weight_decay=like.weight_decay,
            learning_rate=like.learning_rate,
        )
        options = baseline_options(path)
        training = MaskTraining(
            problem,
            active,
            steps,
            lambda: Forecaster.for_problem(problem, self.book.backbone),
            options,
            self.judge,
            self.book.seed,
            self.linear,
        )
        forecaster = training.trained()
        seconds = (time.process_time() - began) / len(options)
        return self.write(
            kind,
            selector,
            level,
            active,
            forecaster,
            steps=steps,
            seconds=seconds,
            options=training.best().options,
            draw=draw,
        )


def _train(training: PathTraining) -> float:
    """Train a path to its end; returns the processor time, s."""
    began = time.process_time()
    for _ in training.run():
        pass
    return time.process_time() - began
