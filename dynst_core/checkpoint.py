"""A walk between two levels, written down so that it goes on as if it had never stopped.

One safetensors file, replaced in one step: masks, weights and the optimizer's moments as arrays,
counts and the state of every random draw as text beside them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from dynst_core.errors import RunError
from dynst_core.manifest import one_line
from dynst_core.path import Level, PathTraining

Arrays = dict[str, np.ndarray]


def write_checkpoint(training: PathTraining, file: Path) -> None:
    """Write down a walk that stands between two levels: its phase is `BETWEEN_LEVELS`."""
    trainer = training.trainer
    arrays: Arrays = {
        "order": training.order,
        "foreseen": np.stack(training.foreseen),
        "torch": torch.get_rng_state().numpy(),
        **_under("forecaster", trainer.forecaster.copied_weights()),
        **_under("average", trainer.average.copied_weights()),
    }
    if trainer.record.device.type == "cuda":
        arrays["cuda"] = torch.cuda.get_rng_state().numpy()
    for index, moments in trainer.optimizer.state_dict()["state"].items():
        arrays |= _under(f"moments/{index}", {n: v.cpu().numpy() for n, v in moments.items()})
    for number, level in enumerate(training.levels):
        arrays |= _under(f"level/{number}", {"active": level.active})
        arrays |= _under(f"level/{number}/weights", level.weights)
    facts = {
        "steps": trainer.steps,
        "skipped": training.skipped,
        "weight_decay": trainer.options.weight_decay,
        "learning_rate": trainer.options.learning_rate,
        "levels": [[level.steps, level.selection_error] for level in training.levels],
        "draws": [training.rng.bit_generator.state, trainer.rng.bit_generator.state],
    }
    whole = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    temporary = file.with_name(f".{file.name}")
    temporary.write_bytes(save(whole, {"facts": json.dumps(facts)}))
    temporary.replace(file)


def read_checkpoint(training: PathTraining, file: Path) -> None:
    """Bring a fresh training of the same settings to where the checkpoint was written.

    Raises:
        RunError: the file is damaged, or of a training with other settings.
    """
    try:
        with safe_open(file, framework="numpy") as opened:
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            facts = json.loads(opened.metadata()["facts"])
        _restore(training, arrays, facts)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise RunError(
            f"{file}: expected the finished levels of this training, found {one_line(error)}; "
            f"train it anew."
        ) from error


def _restore(training: PathTraining, arrays: Arrays, facts: dict[str, Any]) -> None:
    trainer = training.trainer
    trainer.forecaster.load(_of("forecaster", arrays))
    trainer.average.load(_of("average", arrays))
    kept = trainer.optimizer.state_dict()
    indices = sorted({int(n.split("/")[1]) for n in arrays if n.startswith("moments/")})
    kept["state"] = {
        index: {n: torch.from_numpy(v) for n, v in _of(f"moments/{index}", arrays).items()}
        for index in indices
    }
    trainer.optimizer.load_state_dict(kept)
    foreseen = list(arrays["foreseen"])
    if tuple(int(mask.sum()) for mask in foreseen) != training.counts:
        raise ValueError("levels that keep other numbers of sites")
    training.order, training.foreseen = arrays["order"], foreseen
    training.levels[:] = [
        Level(
            arrays[f"level/{number}/active"],
            _of(f"level/{number}/weights", arrays),
            steps,
            selection_error,
        )
        for number, (steps, selection_error) in enumerate(facts["levels"])
    ]
    trainer.steps, training.skipped = facts["steps"], facts["skipped"]
    trainer.options = replace(
        trainer.options,
        weight_decay=facts["weight_decay"],
        learning_rate=facts["learning_rate"],
    )
    training.rng.bit_generator.state, trainer.rng.bit_generator.state = facts["draws"]
    torch.set_rng_state(torch.from_numpy(arrays["torch"]))
    if trainer.record.device.type == "cuda" and "cuda" in arrays:
        torch.cuda.set_rng_state(torch.from_numpy(arrays["cuda"]))


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {f"{prefix}/{name}": value for name, value in arrays.items()}


def _of(prefix: str, arrays: Arrays) -> Arrays:
    start = f"{prefix}/"
    return {n.removeprefix(start): v for n, v in arrays.items() if n.startswith(start)}
