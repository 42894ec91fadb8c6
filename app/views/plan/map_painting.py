"""The styles of both maps for a choice: colours, captions, legends, tooltips."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from threading import Lock, Thread

import numpy as np

from app.components import file_server, linked_maps
from app.components.linked_maps import Caption
from app.drawing import map_layers, map_paint
from app.drawing.map_paint import Paint, Sealed
from app.drawing.map_stage import ERROR, IMPORTANCE, VIEWS, Stage
from app.services import cache, layer_data
from app.state.choice import Choice
from app.views.panels.constraints import zone_borders
from dynst_core.planning.plan import Plan
from dynst_core.presentation import run_text
from dynst_core.runs.run import Run

USUAL = ((IMPORTANCE, None), (IMPORTANCE, ERROR))
"""What the maps show where the pictures of all levels are made ahead; one map or two."""

OF_VIEWS = (IMPORTANCE, ERROR)
"""The layers in those pictures, by view."""


def paint_maps(
    run: Run,
    stage: Stage,
    choice: Choice,
    plan: Plan,
    ahead: list[str] | None,
    *,
    valid: bool = True,
) -> None:
    """Colour the maps and name the picture, so that the page knows when it is there.

    `ahead` are the files of `previews`; a picture that lies in one is not sent again. Without a
    `valid` plan all sites are grey.
    """
    rows = _rows(run, choice.picked)
    if not valid:
        _paint_undecided(run, stage, choice, plan, rows)
        return
    if ahead is not None and file_server.has(ahead[choice.level]):
        linked_maps.show_file(stage, ahead[choice.level], rows)
        return
    captions = _captions(run, choice.lead, choice.channel, plan)
    version = _version(choice.level, choice.lead, choice.channel) + _difference(plan, choice.level)
    borders = zone_borders(run, choice)
    if (choice.left, choice.right) in USUAL and not borders:
        sealed = _usual(run, stage, choice, plan)
    else:
        paint, captions = _laid(run, stage, choice, plan, captions)
        sealed = map_paint.seal(replace(paint, borders=borders))
        version += f"/{choice.left}+{choice.right}/{sealed.mark}"
    linked_maps.show_paint(stage, sealed, captions, version, rows)


def _paint_undecided(run: Run, stage: Stage, choice: Choice, plan: Plan, rows: list[int]) -> None:
    """Grey maps under the names of their layers."""
    names = (choice.left, choice.right or choice.left)
    shown = {
        view: map_layers.undecided(name, run, plan) for view, name in zip(VIEWS, names, strict=True)
    }
    unknown = np.full(len(run.sites), np.nan)
    paint = replace(
        map_paint.paint_of(stage, shown, plan.mask.active, unknown, digits=0),
        borders=zone_borders(run, choice),
        undecided=True,
    )
    captions = {view: Caption(look.title, look.subtitle) for view, look in shown.items()}
    sealed = map_paint.seal(paint)
    version = f"{_version(choice.level, choice.lead, choice.channel)}/{sealed.mark}"
    linked_maps.show_paint(stage, sealed, captions, version, rows)


def _version(level: int, lead: int | None, channel: int) -> str:
    return f"{level}/{lead}/{channel}"


def _captions(run: Run, lead: int | None, channel: int, plan: Plan) -> dict[str, Caption]:
    edited = f"; {len(plan.edits):,} switched by hand" if plan.edits else ""
    importance = run_text.importance_subtitle(run, plan.mask.n_active) + edited
    error = run_text.error_subtitle(run, lead, channel, known=plan.evaluated)
    return {
        IMPORTANCE: Caption(run_text.importance_title(run), importance),
        ERROR: Caption(run_text.error_title(run, channel), error),
    }


def previews(run: Run, stage: Stage, choice: Choice) -> list[str] | None:
    """Files with the picture of every level, which the maps show while the slider is moved.

    They are made beside the page, once for all who look at the run. None where the plan is more
    than a level of the run, or the maps show other layers or zones: then the page's answer is
    waited for.
    """
    special = choice.decided or zone_borders(run, choice)
    if (choice.left, choice.right) not in USUAL or special:
        return None
    folder = hashlib.sha256(repr((str(run.folder), cache.stamp(run))).encode())
    asked = f"{stage.id}-{folder.hexdigest()[:12]}-{choice.lead}-{choice.channel}"
    names = [f"{asked}-{level}.bin" for level in range(len(run.path.active))]
    with _lock:
        begun = asked in _begun
        _begun.add(asked)
    if not begun:
        Thread(target=_make, args=(run, stage, choice, names), daemon=True).start()
    return names


_begun: set[str] = set()
_lock = Lock()


def _make(run: Run, stage: Stage, choice: Choice, names: list[str]) -> None:
    """Write the pictures, those near the level that is shown first."""
    lead, channel = choice.lead, choice.channel
    for level in sorted(range(len(names)), key=lambda level: abs(level - choice.level)):
        if not file_server.has(names[level]):
            paint = cache.painted(run, level, lead, channel)
            captions = _captions(run, lead, channel, Plan.at_level(run, level))
            version = _version(level, lead, channel)
            file_server.put(names[level], linked_maps.picture(stage, paint, captions, version))


def _usual(run: Run, stage: Stage, choice: Choice, plan: Plan) -> Sealed:
    """Importance and error; made once for all who look at one of the run's own levels."""
    level, lead, channel = choice.level, choice.lead, choice.channel
    if plan.level == level and not plan.constraints.pin.any():
        return cache.painted(run, level, lead, channel)
    return map_paint.seal(_paint(run, stage, choice, plan))


def _paint(run: Run, stage: Stage, choice: Choice, plan: Plan) -> Paint:
    scale = cache.error_scale(run, choice.lead, choice.channel)
    return map_paint.make_paint(run, stage, scale, choice.level, choice.lead, choice.channel, plan)


def _rows(run: Run, ids: tuple[str, ...]) -> list[int]:
    """Where some sites are among a run's; most often none is asked for."""
    return np.flatnonzero(np.isin(run.sites.site_id, ids)).tolist() if ids else []


def _laid(
    run: Run,
    stage: Stage,
    choice: Choice,
    plan: Plan,
    words: dict[str, Caption],
) -> tuple[Paint, dict[str, Caption]]:
    """The paint with each map's own layer, and the captions that go with it."""
    usual = _paint(run, stage, choice, plan)
    paint = replace(
        usual,
        fill=dict(usual.fill),
        line=dict(usual.line),
        legends=dict(usual.legends),
    )
    captions = dict(words)
    for view, name in zip(VIEWS, (choice.left, choice.right), strict=True):
        if name in OF_VIEWS:
            paint.fill[view], paint.line[view] = usual.fill[name], usual.line[name]
            paint.legends[view], captions[view] = usual.legends[name], words[name]
        elif name is not None:
            look = map_layers.look(name, run, plan, layer_data.facts(run, choice, plan, name))
            paint.fill[view], paint.line[view] = stage.drawn(look.fill), stage.drawn(look.line)
            paint.legends[view] = look.legend
            captions[view] = Caption(look.title, look.subtitle)
            paint.shapes[view] = look.shapes
            if look.reading is not None:
                values = stage.drawn(look.reading.values)
                paint.readings[view] = replace(look.reading, values=values)
    return paint, captions


def _difference(plan: Plan, level: int) -> str:
    """What tells this plan's picture from that of the level alone; empty where nothing does."""
    pins = plan.constraints.pin
    if plan.level == level and not pins.any():
        return ""
    reported = plan.mask.active.tobytes() + pins.tobytes() + bytes([plan.evaluated])
    return "/" + hashlib.sha256(reported).hexdigest()[:8]
