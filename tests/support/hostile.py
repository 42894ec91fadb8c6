"""A run whose every text is an attempt to be more than text."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from dynst_core.fields.sites import SiteSet
from dynst_core.runs.library import write_run_note
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import add_baselines, grid_sites, make_arrays, network_sites, save_run

EVIL = "http://127.0.0.1:9/"
TEXTS = {
    "an image": f"![x]({EVIL}t.png)",
    "an image in HTML": f'<img src={EVIL}b.png onerror="window.__xss=1">',
    "a script": "<script>window.__xss=1</script>",
    "a link": f"[L]({EVIL}l)",
    "a script as a link": "[S](javascript:window.__xss=1)",
    "a bare address": f"{EVIL}auto www.evil.example a@evil.example",
    "HTML": f'<b>HB</b> <a href="{EVIL}h">HA</a>',
    "entities": "&lt;b&gt;",
    "bold and struck": "**BOLD** ~~S~~ `CODE`",
    "a formula": "$x^2$ $$y$$",
    "icons": ":material/delete: :smile: :+1: :red[RED] :red-badge[x]",
    "arrows": "a -> b <- c -- d >= e",
    "a template": "{{7*7}} %{y}",
}
TEXT = " ".join(TEXTS.values())


def save_hostile(root: Path, run_id: str, *, gridded: bool = False, text: str = TEXT) -> Run:
    """Save a run over few sites with the text as title, place, unit, ids, note and all else."""
    sites, grid = grid_sites() if gridded else (network_sites(), None)
    ids = np.array([f"{text[:150]} {index}" for index in range(len(sites))])
    sites = SiteSet(ids, sites.coordinates, sites.geographic)
    arrays = replace(make_arrays(sites, grid), notices=(text,))
    run = save_run(root, run_id, arrays)
    named = ("title", "place", "licence", "attribution", "source")
    card = run.manifest.dataset.model_copy(
        update=dict.fromkeys(named, text) | {"units": (text,), "channels": (text,)}
    )
    update = {"title": text, "command": text, "code_version": text, "dataset": card}
    weights = {level: run.weights(level) for level in range(len(arrays.path.active))}
    shutil.rmtree(run.folder)
    saved = RunStore(root).save(run.manifest.model_copy(update=update), arrays, weights)
    write_run_note(saved.folder, text)
    return add_baselines(saved)
