"""A plan as one JSON file that opens again on another machine, beside the same run's sites."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from pydantic import NonNegativeInt, SerializerFunctionWrapHandler, model_serializer

from dynst_core.constraints.constraints import ALWAYS, NEVER, NO_ZONE, Constraints, ZoneLimit
from dynst_core.errors import ConstraintError, PlanError
from dynst_core.fields.mask import Mask
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.planning.measured_errors import MeasuredCard, errors_of, measured_card
from dynst_core.planning.plan import Edit, Plan
from dynst_core.runs.manifest import Card, Sealed, one_line, seal_json
from dynst_core.runs.run import Run

FORMAT, FORMAT_VERSION = "dynst-plan", 1


class LimitCard(Card):
    """How many sites of one zone may stay."""

    zone: str
    at_least: NonNegativeInt = 0
    at_most: NonNegativeInt | None = None


class EditCard(Card):
    """A planner's own decision about one site."""

    site: str
    active: bool
    reason: str


class PlanCard(Card):
    """A plan in site ids, with all that was insisted on."""

    format: Literal["dynst-plan"]
    format_version: int
    run_id: str
    title: str
    data_fingerprint: str
    code_version: str
    created: datetime
    n_sites: int
    sites_sha256: str
    """SHA-256 of the ids and coordinates of all sites, in order."""
    n_wanted: NonNegativeInt
    kept: tuple[str, ...]
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    min_distance_km: float = 0.0
    zones: dict[str, str] = {}
    """Zone by site, of the sites that lie in one."""
    limits: tuple[LimitCard, ...] = ()
    cost: tuple[float, ...] | None = None
    """Cost of each site in a year, in the order of the sites."""
    currency: str = ""
    max_cost: float | None = None
    edits: tuple[EditCard, ...] = ()
    measured: MeasuredCard | None = None
    """The errors of a plan that is none of the run's levels, where they were measured."""

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `measured` where nothing was, so that earlier versions can read it."""
        content: dict[str, Any] = handler(self)
        if content.get("measured") is None:
            content.pop("measured", None)
        return content


PLAN_FILE = Sealed(
    PlanCard,
    FORMAT,
    FORMAT_VERSION,
    "a plan",
    "choose a file that the Export panel wrote as a plan file",
    "export the plan again",
    PlanError,
)


def write_plan(run: Run, plan: Plan) -> bytes:
    """The plan file of a plan."""
    return seal_json(plan_card_of(run, plan)).encode()


def plan_card_of(run: Run, plan: Plan) -> PlanCard:
    """A plan as a record; an error that was measured for it alone is part of that."""
    now = datetime.now(UTC).replace(microsecond=0)
    own = plan.errors if plan.level is None else None
    ids, asked = run.sites.site_id.astype(str), plan.constraints
    zone = np.full(len(ids), NO_ZONE) if asked.zone is None else asked.zone
    inside = zone != NO_ZONE
    return PlanCard(
        format="dynst-plan",
        format_version=FORMAT_VERSION,
        run_id=run.run_id,
        title=run.manifest.title,
        data_fingerprint=run.manifest.dataset.fingerprint,
        code_version=run.manifest.code_version,
        created=now,
        n_sites=len(ids),
        sites_sha256=sites_sha256(run.sites),
        n_wanted=plan.n_wanted,
        kept=tuple(ids[plan.mask.active].tolist()),
        always=tuple(ids[asked.always].tolist()),
        never=tuple(ids[asked.never].tolist()),
        min_distance_km=asked.min_distance_km,
        zones=dict(zip(ids[inside].tolist(), zone[inside].tolist(), strict=True)),
        limits=tuple(
            LimitCard(zone=limit.zone, at_least=limit.at_least, at_most=limit.at_most)
            for limit in asked.limits
        ),
        cost=None if asked.cost is None else tuple(asked.cost.tolist()),
        currency=asked.currency,
        max_cost=asked.max_cost,
        edits=tuple(EditCard(site=e.site, active=e.active, reason=e.reason) for e in plan.edits),
        measured=None if own is None else measured_card(run, own, now),
    )


def read_plan_card(raw: bytes, name: str = "plan file") -> PlanCard:
    """What a plan file says, checked, before its run is opened.

    Args:
        raw: the file's content.
        name: what errors call it.
    Raises:
        PlanError: the content is foreign, damaged or from a newer version.
    """
    return PLAN_FILE.read(raw, name)


def plan_of_card(card: PlanCard, run: Run, name: str = "plan file") -> Plan:
    """The plan that a card describes, beside a run of the same sites, verified anew.

    Its error is read from the run where the mask is one of the run's levels; else from the card,
    where this very training measured it.

    Raises:
        PlanError: the plan is for other sites than the run's, or contradicts itself.
    """
    if card.sites_sha256 != sites_sha256(run.sites):
        raise PlanError(
            f"{name}: expected a plan for the {len(run.sites)} sites of run {run.run_id!r}, found "
            f"one for {card.n_sites} other sites of run {card.run_id!r}; open that run first."
        )
    fault = next(_plan_contradictions(card, run.sites), None)
    if fault is not None:
        raise PlanError(
            f"{name}: expected a plan that agrees with itself, found {fault}; export the plan "
            f"again from the Plan view."
        )
    try:
        plan = Plan.of(
            run,
            Mask(_named_site_mask(run.sites, card.kept)),
            _constraints_of_card(card, run.sites),
            None if card.edits else card.n_wanted,  # by hand, more or fewer may be kept
            tuple(Edit(e.site, e.active, e.reason) for e in card.edits),
        )
    except (ConstraintError, KeyError) as error:
        raise PlanError(
            f"{name}: expected a plan that fits its own sites, found {one_line(error)}; export the "
            f"plan again."
        ) from error
    plan = replace(plan, n_wanted=card.n_wanted)
    errors = (
        None if card.measured is None or plan.evaluated else errors_of(card.measured, run, name)
    )
    return plan if errors is None else plan.measured(errors)


def _plan_contradictions(card: PlanCard, sites: SiteSet) -> Iterator[str]:
    """What a plan says that cannot all be true, each as the middle of a sentence."""
    known, kept = set(sites.site_id.astype(str).tolist()), set(card.kept)
    if card.n_sites != len(sites):
        yield f"{card.n_sites:,} sites where the sites it names are {len(sites):,}"
    if not kept:
        yield "no site that is kept"
    if len(kept) < len(card.kept):
        yield f"{some_ids(_repeated_plan_ids(card.kept))} kept twice"
    edits = {edit.site: edit.active for edit in card.edits}  # the last word on each site
    strange = [site for site in (*card.kept, *edits) if site not in known]
    if strange:
        yield f"{some_ids(strange)} that is none of the sites"
    wrong = [site for site, active in edits.items() if active != (site in kept)]
    if wrong:
        done = "on" if edits[wrong[0]] else "off"
        yield f"{wrong[0]} switched {done} by hand and {'not ' if done == 'on' else ''}kept"
    if not 1 <= card.n_wanted <= len(sites):
        yield f"{card.n_wanted:,} sites wanted out of {len(sites):,}"
    by_hand = sum(edits.values())
    if len(kept) > card.n_wanted + by_hand:
        yield (
            f"{len(kept):,} sites kept where {card.n_wanted:,} were wanted and {by_hand:,} were "
            f"switched on by hand"
        )
    both = set(card.always) & set(card.never)
    if both:
        yield f"{some_ids(sorted(both))} both always and never to be kept"


def _repeated_plan_ids(ids: tuple[str, ...]) -> list[str]:
    return [site for site, count in Counter(ids).items() if count > 1]


def sites_sha256(sites: SiteSet) -> str:
    """A fingerprint of ids and places, in order."""
    digest = hashlib.sha256("\0".join(map(str, sites.site_id)).encode())
    digest.update(np.ascontiguousarray(sites.coordinates, dtype="<f8").tobytes())
    return digest.hexdigest()


def _constraints_of_card(card: PlanCard, sites: SiteSet) -> Constraints:
    pin = np.zeros(len(sites), dtype=np.int8)
    pin[_named_site_mask(sites, card.always)] = ALWAYS
    pin[_named_site_mask(sites, card.never)] = NEVER
    zone = None
    if card.zones:
        _named_site_mask(sites, tuple(card.zones))
        zone = np.array([card.zones.get(str(site), NO_ZONE) for site in sites.site_id])
    return Constraints(
        pin=pin,
        cost=None if card.cost is None else np.array(card.cost),
        currency=card.currency,
        max_cost=card.max_cost,
        min_distance_km=card.min_distance_km,
        zone=zone,
        limits=tuple(ZoneLimit(c.zone, c.at_least, c.at_most) for c in card.limits),
    )


def _named_site_mask(sites: SiteSet, ids: tuple[str, ...]) -> np.ndarray:
    """Which sites are named, (s,), bool; KeyError for a name that is no site."""
    index = {str(site): i for i, site in enumerate(sites.site_id)}
    marked = np.zeros(len(sites), dtype=bool)
    marked[[index[site] for site in ids]] = True
    return marked
