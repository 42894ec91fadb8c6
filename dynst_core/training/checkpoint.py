"""A training between two levels, written down so that it goes on as if it had never stopped.

One safetensors file, replaced in one step: masks, weights and the optimizer's moments as arrays,
counts and the state of every random draw as text beside them. On reading, the file's size, the
shapes that it declares and every count are checked against the training that it is for.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dynst_core.errors import RunError
from dynst_core.fields.field import Field
from dynst_core.files.atomic import write_atomically
from dynst_core.forecasting.forecaster import LINEAR
from dynst_core.runs.manifest import file_in_run, one_line, parse_json
from dynst_core.training.path_training import PathTraining

Arrays = dict[str, np.ndarray]


def write_checkpoint(training: PathTraining, file: Path) -> None:
    """Write down a training that stands between two levels: its phase is `BETWEEN_LEVELS`.

    Raises:
        OSError: the disk is full or read-only; an earlier checkpoint stays as it was.
    """
    state = training.state_dict()
    trainer = state["trainer"]
    arrays: Arrays = {
        "order": state["order"],
        "foreseen": state["foreseen"],
        "torch": state["torch_rng"],
        **_arrays_under("common", state["common"]),
        **_arrays_under("forecaster", trainer["forecaster"]),
        **_arrays_under("average", trainer["average"]),
    }
    if state["cuda_rng"] is not None:
        arrays["cuda"] = state["cuda_rng"]
    for index, moments in trainer["moments"].items():
        arrays |= _arrays_under(f"moments/{index}", moments)
    for number, level in enumerate(state["levels"]):
        arrays |= _arrays_under(f"level/{number}", {"active": level["active"]})
        # The linear forecaster is the same at all levels, and fitted anew.
        own = {name: v for name, v in level["weights"].items() if not name.startswith(LINEAR)}
        arrays |= _arrays_under(f"level/{number}/weights", own)
    facts = {
        "of": training_identity(training),
        "skipped": state["skipped"],
        **{name: trainer[name] for name in ("steps", "weight_decay", "learning_rate")},
        "levels": [[level["steps"], level["selection_error"]] for level in state["levels"]],
        "draws": [state["rng"], trainer["rng"]],
    }
    whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    text = json.dumps(facts)
    write_atomically(file, save(whole, {"facts": text, "sha256": _checkpoint_digest(whole, text)}))


EARLIER: tuple[tuple[dict[str, float], dict[str, float], tuple[str, ...]], ...] = (
    ({}, {}, ("common",)),
    ({"sure": 1.5}, {"memory": 0.98}, ("common", "gain", "sure_alone", "gain_alone")),
)
"""What earlier versions said of the same training: defaults of the path and of the steps that were
others, and options that there were not. Their trainings go on by the options of today."""


def training_identity(training: PathTraining, *, earlier: int = 0) -> str:
    """What identifies a training: its data, and every setting that its result depends on.

    Args:
        training: the training.
        earlier: how many changes of the options ago; 0 for today's.
    Returns:
        A SHA-256 in hexadecimal.
    """
    field, window = training.problem.field, training.problem.window
    if field not in _fingerprints:  # once for all levels: it reads every value
        _fingerprints[field] = field.fingerprint()
    path, steps = asdict(training.path_options), asdict(training.step_options)
    if earlier:
        path_then, steps_then, lacking = EARLIER[earlier - 1]
        path = {name: v for name, v in (path | path_then).items() if name not in lacking}
        steps |= steps_then
    settings = (
        (_fingerprints[field], tuple(field.channels), window.history, window.horizon),
        (training.seed, training.backbone, sorted(training.backbone_options.items())),
        (tuple(map(float, training.targets)), path),
        (steps, training.pins.pin.tolist()),
    )
    leads = training.problem.leads
    text = repr(settings) if leads is None else repr((*settings, leads))
    return hashlib.sha256(text.encode()).hexdigest()


_fingerprints: WeakKeyDictionary[Field, str] = WeakKeyDictionary()


def levels_in_checkpoint(file: Path) -> int:
    """How many finished levels a checkpoint holds; -1 where it cannot be read."""
    try:
        with safe_open(file, framework="numpy") as opened:
            return len(parse_json(opened.metadata()["facts"].encode())["levels"])
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):
        return -1


def read_checkpoint(training: PathTraining, file: Path) -> None:
    """Bring a fresh training of the same settings to where the checkpoint was written.

    Raises:
        RunError: the file is damaged, or of a training with other settings.
    """
    try:
        arrays, facts = _read_checkpoint_arrays(training, file)
        _check_checkpoint(training, arrays, facts)
        training.load_state_dict(_state_of_training(arrays, facts))
    except BAD as error:
        raise RunError(
            f"{file_in_run(file)}: expected the finished levels of this training, found "
            f"{one_line(error)}; delete this training and train it anew."
        ) from error


BAD = (
    *(OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError, IndexError),
    *(RuntimeError, OverflowError),
)
"""What damaged or foreign content ends in, in the libraries that read it."""


def _read_checkpoint_arrays(training: PathTraining, file: Path) -> tuple[Arrays, dict[str, Any]]:
    """Everything in a checkpoint, once its size and the shapes that it declares are plausible."""
    most = _most_bytes(training)
    if file.stat().st_size > most:
        raise ValueError(f"a file of more than {most} bytes")
    with safe_open(file, framework="numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        text, known = opened.metadata()["facts"], opened.metadata().get("sha256")
    if known not in (None, _checkpoint_digest(arrays, text)):  # earlier versions wrote none
        raise ValueError("a file that was damaged or changed")
    facts = parse_json(text.encode())
    if not isinstance(facts, dict):
        raise ValueError("no facts of a training")
    return arrays, facts


def _checkpoint_digest(arrays: Arrays, facts: str) -> str:
    """SHA-256 over everything in a checkpoint, so that a flipped bit is noticed."""
    found = hashlib.sha256(facts.encode())
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()


def _most_bytes(training: PathTraining) -> int:
    """A generous bound on the size of this training's checkpoint.

    Of weights there are those in use, their average, two moments of each, and every level's; the
    arrays of a safetensors file together are as long as the file, so that this bounds them too.
    """
    weights = sum(v.nbytes for v in training.trainer.forecaster.copied_weights().values())
    levels, sites = len(training.targets), training.problem.n_sites
    return (16 << 20) + 2 * weights * (levels + 7) + 16 * sites * (levels + 4)


def _check_checkpoint(training: PathTraining, arrays: Arrays, facts: dict[str, Any]) -> None:
    """Refuse what this training cannot have written.

    Raises:
        ValueError, KeyError, TypeError: it is of another training, or contradicts itself.
    """
    # Earlier versions did not write down which training it is.
    known = [training_identity(training, earlier=version) for version in range(len(EARLIER) + 1)]
    if facts.get("of") not in (None, *known):
        raise ValueError("those of other data or other settings")
    n_sites, counts = training.problem.n_sites, training.counts
    foreseen = arrays["foreseen"]
    if foreseen.dtype != bool or foreseen.shape != (len(counts), n_sites):
        raise ValueError("masks of another shape")
    if tuple(foreseen.sum(axis=1).tolist()) != tuple(counts):
        raise ValueError("levels that keep other numbers of sites")
    if not np.array_equal(np.sort(arrays["order"]), np.arange(n_sites)):
        raise ValueError("an order of removal that misses sites")
    for number in range(
        _count_finished_levels(facts["steps"], facts["skipped"], facts["levels"], training)
    ):
        active = arrays[f"level/{number}/active"]
        if active.dtype != bool or active.shape != (n_sites,) or active.sum() != counts[number]:
            raise ValueError(f"another mask at level {number}")


def _count_finished_levels(
    steps: object, skipped: object, levels: list[Any], training: PathTraining
) -> int:
    """How many levels are finished; refuses counts that the training cannot have come to."""
    for count in (steps, skipped, *(steps for steps, _ in levels)):
        if not isinstance(count, int) or not 0 <= count <= training.n_steps:
            raise ValueError("counts of steps that this training does not take")
    if len(levels) > len(training.targets):
        raise ValueError("more levels than this training has")
    return len(levels)


def _state_of_training(arrays: Arrays, facts: dict[str, Any]) -> dict[str, Any]:
    """The training's state as `PathTraining.state_dict` has it."""
    moments = sorted({int(n.split("/")[1]) for n in arrays if n.startswith("moments/")})
    draws, trainer_draws = facts["draws"]
    return {
        "order": arrays["order"],
        "foreseen": arrays["foreseen"],
        "levels": [
            {
                "active": arrays[f"level/{number}/active"],
                "weights": _arrays_of(f"level/{number}/weights", arrays),
                "steps": steps,
                "selection_error": error,
            }
            for number, (steps, error) in enumerate(facts["levels"])
        ],
        "common": _arrays_of("common", arrays),  # earlier versions had none, and mix none in
        "skipped": facts["skipped"],
        "rng": draws,
        "torch_rng": arrays["torch"],
        "cuda_rng": arrays.get("cuda"),
        "trainer": {
            "forecaster": _arrays_of("forecaster", arrays),
            "average": _arrays_of("average", arrays),
            "moments": {index: _arrays_of(f"moments/{index}", arrays) for index in moments},
            **{name: facts[name] for name in ("steps", "weight_decay", "learning_rate")},
            "rng": trainer_draws,
        },
    }


def _arrays_under(prefix: str, arrays: Arrays) -> Arrays:
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def _arrays_of(prefix: str, arrays: Arrays) -> Arrays:
    start = f"{prefix}/"
    return {n.removeprefix(start): v for n, v in arrays.items() if n.startswith(start)}
