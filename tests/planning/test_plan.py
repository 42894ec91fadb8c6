"""Plans: a level's own mask where it will do, the nearest that obeys where not, and their error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dynst_core.constraints.constraints import ALWAYS, NEVER, Constraints, ZoneLimit
from dynst_core.errors import ConstraintError
from dynst_core.fields.mask import Mask
from dynst_core.planning.plan import Edit, Plan
from dynst_core.runs.run import Run
from tests.support.factories import make_arrays, network_sites, save_run


def free(run: Run) -> Constraints:
    return Constraints.none(len(run.sites))


def pinned(run: Run, **pins: int) -> Constraints:
    pin = np.zeros(len(run.sites), dtype=np.int8)
    for site, value in pins.items():
        pin[run.sites.site_id == site] = value
    return Constraints(pin)


def first_out(run: Run, level: int) -> str:
    """The most important site that a level removes."""
    removed = np.flatnonzero(~run.path.active[level])
    return str(run.sites.site_id[removed[run.path.rank[removed].argmax()]])


@pytest.mark.parametrize("level", range(4))
def test_without_constraints_a_plan_is_the_run_s_own_level(network_run: Run, level: int) -> None:
    plan = Plan.at_level(network_run, level)
    assert (plan.mask.active == network_run.path.active[level]).all()
    assert plan.valid and plan.evaluated and plan.level == level
    by_lead = plan.rmse_by_lead_time()
    assert by_lead is not None
    np.testing.assert_allclose(by_lead, [network_run.rmse(level, lead) for lead in range(3)])
    np.testing.assert_allclose(plan.rmse_by_site(), network_run.rmse_by_site(level))


def test_constraints_that_a_level_obeys_leave_it_and_its_measured_error(network_run: Run) -> None:
    kept = str(network_run.sites.site_id[network_run.path.rank.argmax()])
    plan = Plan.at_level(network_run, 2, pinned(network_run, **{kept: ALWAYS}))
    assert plan.level == 2 and plan.evaluated


def test_a_pin_that_a_level_breaks_moves_one_site_and_leaves_the_error_unknown(
    network_run: Run,
) -> None:
    site = first_out(network_run, 2)
    plan = Plan.at_level(network_run, 2, pinned(network_run, **{site: ALWAYS}))
    assert plan.valid and not plan.evaluated and plan.level is None
    assert plan.rmse_by_lead_time() is None and plan.rmse_by_site() is None
    assert plan.mask.n_active == 16
    assert (plan.mask.active != network_run.path.active[2]).sum() == 2


def test_the_nearest_plan_keeps_a_level_s_own_sites_before_higher_ranks(network_run: Run) -> None:
    # A level that keeps the lowest rank: it must not lose it to a higher-ranked site.
    path = network_run.path
    own = path.active[2].copy()
    lowest, weakest = path.rank.argmin(), np.flatnonzero(own)[path.rank[own].argmin()]
    own[[lowest, weakest]] = True, False
    odd = replace(path, active=np.stack([path.active[0], path.active[1], own, path.active[3]]))
    run = replace(network_run, arrays=replace(network_run.arrays, path=odd))
    site = str(run.sites.site_id[path.rank.argmax()])
    plan = Plan.at_level(run, 2, pinned(run, **{site: NEVER}))
    assert plan.mask.active[lowest]
    assert plan.mask.active[weakest], "the place that came free goes to the best of the rest"


def test_a_solved_plan_takes_the_highest_ranks(network_run: Run) -> None:
    plan = Plan.solved(network_run, 7, free(network_run))
    assert (plan.mask.active == (network_run.path.rank >= 33)).all()
    assert not plan.evaluated, "no level keeps seven"


def test_clashing_constraints_make_no_plan(network_run: Run) -> None:
    with pytest.raises(ConstraintError, match="cannot hold together"):
        Plan.at_level(network_run, 3, Constraints(np.ones(40, dtype=np.int8)))


def test_a_mask_that_breaks_a_constraint_is_never_valid(network_run: Run) -> None:
    asked = pinned(network_run, s0=NEVER)
    plan = Plan.of(network_run, Mask.all_on(40), asked)
    assert not plan.valid
    assert plan.breaches == ("Site s0 must never be kept and is kept.",)


def test_an_edit_is_kept_with_its_reason_verified_and_not_yet_evaluated(network_run: Run) -> None:
    site = first_out(network_run, 1)
    plan = Plan.at_level(network_run, 1, pinned(network_run, **{site: NEVER}))
    edited = plan.edited(network_run, Edit(site, active=True, reason="school"))
    assert edited.edits == (Edit(site, active=True, reason="school"),)
    assert edited.mask.n_active == plan.mask.n_active + 1
    assert not edited.evaluated and not edited.valid
    assert plan.edits == () and plan.valid, "the plan before the edit stays as it was"
    back = edited.edited(network_run, Edit(site, active=False, reason=""))
    assert back.evaluated and back.valid and len(back.edits) == 2


def test_an_edit_of_an_unknown_site_is_refused(network_run: Run) -> None:
    with pytest.raises(ConstraintError, match="found 'nowhere'; check the id"):
        Plan.at_level(network_run, 1).edited(network_run, Edit("nowhere", active=True, reason=""))


def test_cost_and_saving_share_out_the_whole(network_run: Run) -> None:
    assert Plan.at_level(network_run, 2).yearly_cost is None
    assert Plan.at_level(network_run, 2).yearly_saving is None
    asked = replace(free(network_run), cost=np.arange(40.0))
    plan = Plan.at_level(network_run, 2, asked)
    assert plan.yearly_cost == np.arange(40)[plan.mask.active].sum()
    assert plan.yearly_cost + plan.yearly_saving == 780


def test_a_silent_sensor_is_kept_only_where_no_other_choice_obeys(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites())
    out = np.zeros(40, dtype=bool)
    out[[3, 5]] = True
    run = save_run(tmp_path / "runs", "faulty", replace(arrays, left_out=out))
    zone = np.array(["here" if i in (3, 5) else "" for i in range(40)])
    far = replace(free(run), min_distance_km=1.0)
    for n_active in range(1, 39):
        assert not (Plan.solved(run, n_active, far).mask.active & out).any()
    needed = replace(free(run), zone=zone, limits=(ZoneLimit("here", 1),))
    plan = Plan.solved(run, 10, needed)
    assert (plan.mask.active & out).sum() == 1 and plan.valid
    assert Plan.solved(run, 40, free(run)).mask.n_active == 40
    pinned_one = replace(free(run), pin=np.where(np.arange(40) == 3, ALWAYS, 0).astype(np.int8))
    assert Plan.solved(run, 10, pinned_one).mask.active[3]
