"""What each layer of a map needs: as far as it is known by now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.drawing import map_layers
from app.drawing.map_layers import Facts, Moment
from app.services import cache, forecasters
from app.state.choice import Choice
from dynst_core.planning import local_time
from dynst_core.planning.plan import Plan
from dynst_core.planning.tolerance import forecast_tolerance
from dynst_core.runs.run import Run


def shown_layers(choice: Choice) -> tuple[str, ...]:
    """The layers on the screen."""
    return (choice.left,) if choice.right is None else (choice.left, choice.right)


def accepted_miss(run: Run, choice: Choice) -> float:
    """By how much a single forecast may miss, in units."""
    return choice.miss if choice.miss is not None else forecast_tolerance(run, choice.channel)


def moment_lead(run: Run, choice: Choice) -> int:
    """The lead time of a single forecast: the one chosen, the last where all are pooled."""
    return run.manifest.config.horizon - 1 if choice.lead is None else choice.lead


def layer_facts(run: Run, choice: Choice, plan: Plan, name: str) -> Facts:
    """What a layer shows, as far as it is known by now."""
    found = Facts(choice.lead, choice.channel, accepted_miss(run, choice))
    if name == map_layers.SERVED:
        return replace(found, served=cache.cached_areas_served(run, plan.mask))
    if name == map_layers.CHANGED and plan.edits:
        base, _ = cache.cached_plan(run, replace(choice, edits=()), plan.constraints.zone)
        known = None if base is None else forecasters.with_measured_error(run, base)
        before = None if known is None else known.rmse_by_site(choice.channel, choice.lead)
        return replace(found, before=before)
    what_if = forecasters.loaded_forecaster(run)
    if what_if is None or not plan.mask.n_active:
        return (
            replace(found, lead=moment_lead(run, choice)) if name in map_layers.MOMENTS else found
        )
    if name == map_layers.WITHIN:
        share = what_if.known_share(plan.mask, found.miss, choice.channel)
        return (
            found if share is None else replace(found, share=_share_over_leads(run, choice, share))
        )
    if name in map_layers.MOMENTS:
        lead = moment_lead(run, choice)
        snapshot = what_if.snapshot(plan.mask, choice.window, lead, choice.channel)
        low, high = what_if.value_range(choice.channel)
        time = local_time.local_time_words(run, snapshot.valid_time)
        moment = Moment(time, snapshot.forecast, snapshot.truth, low, high)
        return replace(found, lead=lead, moment=moment)
    return found


def _share_over_leads(run: Run, choice: Choice, share: np.ndarray) -> np.ndarray:
    """Shares (lead_time, s) at one lead time, or over all, each forecast counting once, (s,)."""
    if choice.lead is not None:
        return share[choice.lead]
    count = run.arrays.errors[0].count[:, :, choice.channel]
    total = count.sum(axis=0)
    within = (np.nan_to_num(share) * count).sum(axis=0)
    return np.where(total > 0, within / np.maximum(total, 1), np.nan)
