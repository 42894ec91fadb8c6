"""From a trained path to a saved run: test it once, time it, write it down."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from dynst_core.constraints.constraints import ALWAYS, NEVER
from dynst_core.evaluation.held_out_errors import (
    errors_of_levels,
    forecast_seconds,
    measure_levels,
)
from dynst_core.evaluation.random_mask_check import check_random_masks
from dynst_core.fields.field import Field
from dynst_core.fields.last_readings import last_readings_of
from dynst_core.forecasting.forecaster import LINEAR, LINEAR_SHARE, averaged_weights
from dynst_core.forecasting.problem import Problem
from dynst_core.forecasting.trainer import persistence_statistics
from dynst_core.runs.arrays import Members, RunArrays
from dynst_core.runs.manifest import FORMAT_VERSION, DatasetCard, Manifest, RunConfig, SplitCard
from dynst_core.runs.run import MOST_AVERAGED, Run
from dynst_core.runs.store import RunStore
from dynst_core.selection.forward_ranking import rank_sites
from dynst_core.training.path_training import Level, PathTraining

RECORDED_PACKAGES = ("torch", "numpy", "scipy", "xarray")


def best_training_of(trainings: Sequence[PathTraining]) -> PathTraining:
    """The training of least selection error, averaged over its levels; test data play no part."""
    return min(trainings, key=_mean_selection_error)


def _mean_selection_error(training: PathTraining) -> float:
    return float(np.mean([level.selection_error for level in training.levels]))


def worth_saving(
    trainings: Sequence[PathTraining],
) -> tuple[PathTraining, list[PathTraining]] | None:
    """What trainings that may have been stopped leave: the one to save, and the complete ones.

    None where no level with sensors removed was finished, so that there is no plan.
    """
    complete = [t for t in trainings if len(t.levels) == len(t.targets)]
    training = best_training_of(complete) if complete else trainings[0]
    if len(training.levels) < min(2, len(training.targets)):
        return None
    return training, complete


def save_training(
    training: PathTraining,
    store: RunStore,
    run_id: str,
    command: str,
    seconds: float,
    members: Sequence[PathTraining] = (),
) -> Run:
    """Save the levels that a training has finished, with their test errors and forecast times.

    Args:
        training: at least one level finished.
        members: the same training from several seeds, this one among them, all of as many levels.
            Their forecasts from this one's masks are averaged.
        store: where the run goes.
        run_id: its id, free in the store.
        command: what a reader types to train it again.
        seconds: how long the training took.
    """
    together = _trainings_to_average(training, members)
    levels = averaged_levels(together)
    manifest = _run_manifest(training, levels, run_id, command, seconds)
    if len(together) > 1:
        seeds = tuple(t.seed for t in together)
        config = manifest.config.model_copy(update={"averaged": seeds})
        manifest = manifest.model_copy(update={"config": config})
    return store.save(manifest, _run_arrays(training, levels, members), _stored_weights(levels))


def _trainings_to_average(
    training: PathTraining, members: Sequence[PathTraining]
) -> list[PathTraining]:
    """The training whose masks are saved, and as many others as are affordable, the best first.

    A forecaster in closed form is the same from every seed, so it forecasts alone.
    """
    if training.forecaster.closed_form:
        return [training]
    others = sorted((t for t in members if t is not training), key=_mean_selection_error)
    return [training, *others[: MOST_AVERAGED - 1]]


def averaged_levels(trainings: Sequence[PathTraining]) -> list[Level]:
    """The levels of the first training, whose forecaster averages the forecasts of all.

    Every training serves masks near its own, so the others forecast from the first one's too. What
    one drew by chance the mean takes out: it errs 1 to 3 % less than they do by themselves, and a
    forecast takes several times as long.

    Args:
        trainings: of one problem and the same levels, from several seeds; one stays as it is.

    Source: deep ensembles (Lakshminarayanan et al. 2017).
    """
    first, *others = trainings
    if not others:
        return first.levels
    by_level = [[t.levels[i].weights for t in trainings] for i in range(len(first.levels))]
    shared = {
        name
        for name in by_level[0][0]
        if all(
            name in one and np.array_equal(own[name], one[name])
            for own, *rest in by_level
            for one in rest
        )
    }
    return [
        replace(level, weights=averaged_weights(weights, shared))
        for level, weights in zip(first.levels, by_level, strict=True)
    ]


def _stored_weights(levels: Sequence[Level]) -> dict[int, dict[str, np.ndarray]]:
    """Weights by level; those of the linear forecaster only where some level gives it a share.

    It holds its training windows, which on many sites weigh as much as all levels together.
    """
    idle = not any(np.any(level.weights.get(LINEAR_SHARE, 0.0)) for level in levels)
    return {
        i: {
            name: value
            for name, value in level.weights.items()
            if not (idle and name.startswith(LINEAR))
        }
        for i, level in enumerate(levels)
    }


def _run_arrays(
    training: PathTraining, levels: Sequence[Level], members: Sequence[PathTraining]
) -> RunArrays:
    """What was measured: masks, test errors, bands, and how far seeds and halves agree."""
    problem, path = training.problem, training.path()
    starts = problem.starts("test")
    tested = measure_levels(training.forecaster, problem, levels)
    return RunArrays(
        sites=problem.field.sites,
        grid=problem.field.grid,
        path=path,
        errors=tested.errors,
        persistence=persistence_statistics(problem.record, starts),
        bands=tested.bands,
        members=_members_to_save(members) if len(members) > 1 else None,
        half_rank=_ranks_of_record_halves(problem),
        left_out=training.left_out,
        notices=(
            *problem.field.notes,
            *problem.health.notices(training.left_out),
            *_arrays_about_leads(problem),
        ),
        check=check_random_masks(problem, path.active, training.pins, training.held_back.penalty),
        intervals=tested.intervals,
        last=last_readings_of(problem.field),
    )


def _run_manifest(
    training: PathTraining, levels: Sequence[Level], run_id: str, command: str, seconds: float
) -> Manifest:
    """What a training was and what it took; times of forecasts are measured here."""
    problem, forecaster = training.problem, training.forecaster.load(levels[0].weights)
    return Manifest(
        format="dynst-run",
        format_version=FORMAT_VERSION,
        run_id=run_id,
        title=problem.field.about.title,
        created=datetime.now(UTC).replace(microsecond=0),
        complete=len(levels) == len(training.targets),
        command=command,
        code_version=code_version(),
        package_versions={name: version(name) for name in RECORDED_PACKAGES},
        config=_training_config(training),
        dataset=_dataset_card(problem.field),
        split=_split_card(problem, len(problem.starts("test"))),
        mean=problem.record.normaliser.mean,
        std=problem.record.normaliser.std,
        training_seconds=round(seconds, 1),
        steps=tuple(level.steps for level in levels),
        forecast_seconds=forecast_seconds(forecaster, problem, levels),
        files={},
    )


def _training_config(training: PathTraining) -> RunConfig:
    window = training.problem.window
    return RunConfig(
        history=window.history,
        horizon=window.horizon,
        levels=training.targets,
        seed=training.seed,
        backbone=training.backbone,
        backbone_options=training.backbone_options,
        path_options=asdict(training.path_options),
        step_options=asdict(training.trainer.options),
        cycles=training.problem.record.cycles,
        always=_pinned_ids_to_save(training, ALWAYS),
        never=_pinned_ids_to_save(training, NEVER),
        leads=training.problem.leads,
    )


def _arrays_about_leads(problem: Problem) -> tuple[str, ...]:
    """That the sites were chosen for some of the lead times; nothing where it is for all."""
    if problem.leads is None:
        return ()
    first, stop = problem.leads
    return (
        f"Sites were chosen for steps {first + 1} to {stop} of the {problem.window.horizon} that "
        f"are forecast; the others counted a tenth as much.",
    )


def _pinned_ids_to_save(training: PathTraining, pin: int) -> tuple[str, ...]:
    """Ids of the sites that a training was given with this pin, in the sites' order."""
    if training.constraints is None:
        return ()
    found = training.problem.field.sites.site_id[training.constraints.pin == pin]
    return tuple(found.tolist())


def _members_to_save(trainings: Sequence[PathTraining]) -> Members:
    errors = [errors_of_levels(t.forecaster, t.problem, t.levels) for t in trainings]
    paths = [t.path() for t in trainings]
    return Members(
        seeds=np.array([t.seed for t in trainings]),
        selection_error=np.array([[x.selection_error for x in t.levels] for t in trainings]),
        active=np.stack([path.active for path in paths]),
        rank=np.stack([path.rank for path in paths]),
        rmse=np.array([[x.rmse(axis=(0, 1)) for x in levels] for levels in errors]),
    )


def _ranks_of_record_halves(problem: Problem) -> np.ndarray:
    """Ranks from the earlier and from the later training windows, (2, s)."""
    starts = problem.starts("train")
    halves = np.array_split(starts, 2)
    return np.stack([rank_sites(problem, starts=half) for half in halves])


def code_version() -> str:
    """Package version, and what tells its code: the commit of a clean checkout, else a hash.

    The hash is of the engine's own files, so that two runs can be seen to be of the same code
    where no commit says so; in a checkout that differs from its commit both stand there.
    """
    package, here = version("dynst-planner"), Path(__file__).resolve().parents[1]
    commit = commit_of(here)
    if commit and not commit.endswith("-dirty"):
        return f"{package}+{commit}"
    found = hashlib.sha256()
    for file in sorted(here.rglob("*.py")):
        found.update(file.relative_to(here).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{package}+{f'{commit}.' if commit else ''}sha256.{found.hexdigest()[:12]}"


def commit_of(here: Path) -> str:
    """The commit of a folder that a repository keeps, with -dirty where files differ; else ""."""
    git = ["git", "-C", str(here)]
    kept = [*git, "ls-files", "--error-unmatch", "errors.py"]  # no repository that is just around
    words = [*git, "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        for command in (kept, words):
            reported = subprocess.run(  # noqa: S603  fixed words and our own folder
                command, capture_output=True, text=True, check=True, timeout=10
            )
    except (OSError, subprocess.SubprocessError):
        return ""
    return reported.stdout.strip()


def _dataset_card(field: Field) -> DatasetCard:
    about = field.about
    return DatasetCard(
        name=about.name,
        title=about.title,
        place=about.place,
        licence=about.licence,
        attribution=about.attribution,
        source=about.source,
        channels=field.channels,
        units=field.units,
        start=_date_of_run_to_save(field.time[0]),
        end=_date_of_run_to_save(field.time[-1]),
        step_seconds=float(field.step / np.timedelta64(1, "s")),
        n_times=field.n_times,
        fingerprint=field.fingerprint(),
    )


def _split_card(problem: Problem, n_test_windows: int) -> SplitCard:
    split, time = problem.split, problem.field.time
    return SplitCard(
        train=split.train,
        selection=(split.selection[0][0], split.selection[-1][1]),
        test=split.test,
        test_start=_date_of_run_to_save(time[split.test[0]]),
        test_end=_date_of_run_to_save(time[split.test[1] - 1]),
        n_test_windows=n_test_windows,
        stretches=split.selection if len(split.selection) > 1 else (),
    )


def _date_of_run_to_save(time: np.datetime64) -> datetime:
    return time.astype("datetime64[s]").item().replace(tzinfo=UTC)
