"""Why each site stays or goes: no two statements about one site contradict each other."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints
from dynst_core.fields.mask import Mask, SparsityPath
from dynst_core.planning.plan import Edit, Plan
from dynst_core.presentation import site_reasons as words
from dynst_core.presentation.site_reasons import level_history, site_reasons
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.planning.test_plan import first_out, free, pinned
from tests.support.factories import make_arrays, network_sites, save_run
from tests.support.places import ROOT

BUNDLED = RunStore(ROOT / "data" / "runs")


@pytest.fixture(params=["metr-la-week", "era5-uk-t2m", "crossing"])
def any_run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """A bundled run, or one whose path leaves many sites out and takes them back."""
    if request.param != "crossing":
        return BUNDLED.open(request.param)
    arrays, rng = make_arrays(network_sites()), np.random.default_rng(3)
    active = arrays.path.active.copy()
    for level in range(1, len(active)):
        drop, grow = rng.choice(np.flatnonzero(active[level])), rng.choice(40)
        if not active[level, grow]:
            active[level, [drop, grow]] = False, True
    path = SparsityPath(active, arrays.path.rank)
    return save_run(tmp_path / "runs", "crossing", replace(arrays, path=path))


def test_a_reason_never_contradicts_the_ranks_or_the_levels(any_run: Run) -> None:
    rank = any_run.path.rank
    for level, n_active in enumerate(any_run.path.n_active):
        plan = Plan.at_level(any_run, level)
        active = plan.mask.active
        for site, reason in enumerate(site_reasons(any_run, plan)):
            if reason == words.MOST_IMPORTANT:
                assert active[site] and rank[site] >= len(rank) - n_active
            elif reason == words.LESS_IMPORTANT:
                assert not active[site] and rank[site] < rank[active].min()
            elif reason == words.EXCHANGED_IN:
                assert active[site] and rank[site] < len(rank) - n_active
            else:
                assert reason.startswith(words.EXCHANGED_OUT)
                assert not active[site] and rank[site] > rank[active].min()
                back = any_run.path.active[level + 1 :, site].any()
                assert ("kept again" in reason) == back


def test_a_history_says_at_which_levels_a_site_goes(any_run: Run) -> None:
    shares = [f"{100 * level:g} %" for level in any_run.manifest.config.levels]
    for site, active in enumerate(any_run.path.active.T):
        reported = level_history(any_run, site)
        assert (reported == "Kept at every level.") == active.all()
        if active.all():
            continue
        last = int(np.flatnonzero(active)[-1])
        removed = [shares[level] for level in np.flatnonzero(~active[:last])]
        if last + 1 < len(active):
            assert reported.startswith(f"Dropped when {shares[last + 1]} is removed")
            removed.append(shares[last + 1])
        assert sorted(re.findall(r"[\d.]+ %", reported)) == sorted(removed)


def test_a_removed_sensor_of_the_bundled_run_that_ranks_high_says_why_it_goes() -> None:
    """It was "less important than those kept", "above 96 %" and "kept at every level" at once."""
    run = BUNDLED.open("metr-la-week")
    removed = ~run.path.active
    out_of_order = removed & (run.path.rank >= removed.sum(axis=1, keepdims=True))
    level, site = (int(index) for index in np.argwhere(out_of_order)[0])
    reason = site_reasons(run, Plan.at_level(run, level))[site]
    assert reason.startswith("left out by an exchange that lowered the forecast error at this cut")
    assert level_history(run, site) != "Kept at every level."


def test_an_edit_explains_itself_and_leaves_the_other_reasons_as_they_are(any_run: Run) -> None:
    for level in range(len(any_run.path.active)):
        plan = Plan.at_level(any_run, level)
        site = int(plan.mask.kept[0])
        name = str(any_run.sites.site_id[site])
        edited = plan.edited(any_run, Edit(name, active=False, reason=""))
        before, after = site_reasons(any_run, plan), site_reasons(any_run, edited)
        assert after[site] == "switched by hand"
        assert after[:site] + after[site + 1 :] == before[:site] + before[site + 1 :]


def test_without_constraints_nothing_is_done_to_obey_them(any_run: Run) -> None:
    rng = np.random.default_rng(0)
    n = len(any_run.sites)
    masks = [any_run.path.active[1], rng.random(n) < 0.5]
    for active in masks:
        plan = Plan.of(any_run, Mask(active))
        ids = any_run.sites.site_id[rng.choice(n, 5, replace=False)]
        for one in (plan, plan.edited(any_run, *(Edit(str(i), True, "") for i in ids))):
            assert not [reason for reason in site_reasons(any_run, one) if "obey" in reason]


def test_every_site_has_a_reason(network_run: Run) -> None:
    site = first_out(network_run, 2)
    top = str(network_run.sites.site_id[network_run.path.rank.argmax()])
    plan = Plan.at_level(network_run, 2, pinned(network_run, **{site: ALWAYS, top: NEVER}))
    ids = network_run.sites.site_id.tolist()
    reported = dict(zip(ids, site_reasons(network_run, plan), strict=True))
    assert reported[site] == "pinned: always keep" and reported[top] == "pinned: never keep"
    others = {reported[i] for i in ids if i not in (site, top)}
    assert others == {"among the most important", "less important than those kept"}
    other = next(i for i in ids if reported[i] == "less important than those kept")
    edited = plan.edited(network_run, Edit(other, active=True, reason="new school"))
    assert dict(zip(ids, site_reasons(network_run, edited), strict=True))[other] == "new school"


def test_a_site_moved_by_a_distance_says_so(network_run: Run) -> None:
    asked = replace(free(network_run), min_distance_km=3.0)
    plan = Plan.at_level(network_run, 1, asked)
    reported, own = np.array(site_reasons(network_run, plan)), network_run.path.active[1]
    assert (own & ~plan.mask.active).any()
    assert (reported[own & ~plan.mask.active] == "removed to obey the constraints").all()
    assert (reported[~own & plan.mask.active] == "kept to obey the constraints").all()
    assert (reported[own & plan.mask.active] == "among the most important").all()


def test_a_number_that_is_no_level_is_explained_by_rank(network_run: Run) -> None:
    plan = Plan.solved(network_run, 17, Constraints.none(40))
    reported = np.array(site_reasons(network_run, plan))
    assert set(reported[plan.mask.active]) == {"among the most important"}
    assert set(reported[~plan.mask.active]) == {"less important than those kept"}


def test_a_silent_sensor_says_why_it_goes(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites())
    out = np.zeros(40, dtype=bool)
    out[int(arrays.path.rank.argmin())] = True
    run = save_run(tmp_path / "runs", "faulty", replace(arrays, left_out=out))
    site = int(np.flatnonzero(out)[0])
    assert site_reasons(run, Plan.at_level(run, 2))[site] == words.OUT_OF_ORDER
    assert site_reasons(run, Plan.at_level(run, 0))[site] == words.STILL_THERE
