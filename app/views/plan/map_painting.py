"""The styles of both maps for a choice: colours, captions, legends, tooltips."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from threading import Lock, Thread

import numpy as np

from app.components import file_server, linked_maps
from app.drawing import map_layers
from app.drawing.binary_message import Message
from app.drawing.map_picture import Picture
from app.drawing.map_stage import ERROR, IMPORTANCE, VIEWS, Stage
from app.services import cache, layer_data
from app.state.choice import Choice
from app.views.panels.constraints import zone_borders
from dynst_core.planning.plan import Plan
from dynst_core.runs.run import Run

USUAL = ((IMPORTANCE, None), (IMPORTANCE, ERROR))
"""What the maps show where the pictures of all levels are made ahead; one map or two."""

OF_VIEWS = (IMPORTANCE, ERROR)
"""The layers in those pictures, by view."""


def paint_plan_maps(
    run: Run,
    stage: Stage,
    choice: Choice,
    plan: Plan,
    ahead: list[str] | None,
    *,
    valid: bool = True,
) -> None:
    """Colour the maps and name the picture, so that the page knows when it is there.

    `ahead` are the files of `level_previews`; a picture that lies in one is not sent again.
    Without a `valid` plan all sites are grey.
    """
    rows = _rows(run, choice.picked)
    if not valid:
        _show_undecided(run, stage, choice, plan, rows)
        return
    if ahead is not None and file_server.has_served_file(ahead[choice.level]):
        linked_maps.show_picture_file(stage, ahead[choice.level], rows)
        return
    version = _version(choice.level, choice.lead, choice.channel)
    borders = zone_borders(run, choice, plan)
    if (choice.left, choice.right) in USUAL and not borders:
        version += _difference(plan, choice.level)
        picture = _usual(run, stage, choice, plan)
    else:
        picture = replace(_layers(run, choice, plan), borders=borders).message(stage)
        version += f"{_difference(plan, choice.level)}/{choice.left}+{choice.right}/{picture.mark}"
    linked_maps.show_map_picture(stage, picture, version, rows)


def _show_undecided(run: Run, stage: Stage, choice: Choice, plan: Plan, rows: list[int]) -> None:
    """Grey maps under the names of their layers."""
    names = (choice.left, choice.right or choice.left)
    styles = {
        view: map_layers.undecided_style(name, run, plan)
        for view, name in zip(VIEWS, names, strict=True)
    }
    unknown = np.full(len(run.sites), np.nan)
    plans = ((plan.mask.active, unknown),)
    borders = zone_borders(run, choice, None)
    picture = Picture(styles, plans, digits=0, borders=borders, undecided=True).message(stage)
    version = f"{_version(choice.level, choice.lead, choice.channel)}/{picture.mark}"
    linked_maps.show_map_picture(stage, picture, version, rows)


def _version(level: int, lead: int | None, channel: int) -> str:
    return f"{level}/{lead}/{channel}"


def level_previews(run: Run, stage: Stage, choice: Choice) -> list[str] | None:
    """Files with the picture of every level, which the maps show while the slider is moved.

    They are made beside the page, once for all who look at the run. None where the plan is more
    than a level of the run, or the maps show other layers or zones: then the page's answer is
    waited for.
    """
    special = choice.decided or zone_borders(run, choice, None)
    if (choice.left, choice.right) not in USUAL or special:
        return None
    folder = hashlib.sha256(repr((str(run.folder), cache.run_stamp(run))).encode())
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
        if not file_server.has_served_file(names[level]):
            picture = cache.cached_usual_picture(run, level, lead, channel)
            version = _version(level, lead, channel)
            file_server.put_served_file(
                names[level], linked_maps.packed_picture(stage, picture, version)
            )


def _usual(run: Run, stage: Stage, choice: Choice, plan: Plan) -> Message:
    """Importance and error; made once for all who look at one of the run's own levels."""
    level, lead, channel = choice.level, choice.lead, choice.channel
    if plan.level == level and not plan.constraints.pin.any():
        return cache.cached_usual_picture(run, level, lead, channel)
    return _usual_picture(run, choice, plan).message(stage)


def _usual_picture(run: Run, choice: Choice, plan: Plan) -> Picture:
    scale = cache.cached_error_scale(run, choice.lead, choice.channel)
    usual = Picture.usual(run, plan, scale, choice.lead, choice.channel)
    if not plan.edits:
        return usual
    ranked = usual.styles[IMPORTANCE]
    by_hand = f"{ranked.subtitle}; {len(plan.edits):,} switched by hand"
    return replace(usual, styles={**usual.styles, IMPORTANCE: replace(ranked, subtitle=by_hand)})


def _rows(run: Run, ids: tuple[str, ...]) -> list[int]:
    """Where some sites are among a run's; most often none is asked for."""
    return np.flatnonzero(np.isin(run.sites.site_id, ids)).tolist() if ids else []


def _layers(run: Run, choice: Choice, plan: Plan) -> Picture:
    """Each map's own layer."""
    usual = _usual_picture(run, choice, plan)
    styles = dict(usual.styles)
    for view, name in zip(VIEWS, (choice.left, choice.right), strict=True):
        if name in OF_VIEWS:
            styles[view] = usual.styles[name]
        elif name is not None:
            facts = layer_data.layer_facts(run, choice, plan, name)
            styles[view] = map_layers.layer_style(name, run, plan, facts)
    return replace(usual, styles=styles)


def _difference(plan: Plan, level: int) -> str:
    """What distinguishes this plan's picture from its level's; empty where nothing does."""
    pins = plan.constraints.pin
    if plan.level == level and not pins.any():
        return ""
    reported = plan.mask.active.tobytes() + pins.tobytes() + bytes([plan.evaluated])
    return "/" + hashlib.sha256(reported).hexdigest()[:8]
