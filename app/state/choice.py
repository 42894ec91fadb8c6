"""What a planner has chosen of one run: all that the screen shows, in one frozen value.

Each part is declared once, in `Choice`: how it stands in a link, whether it decides which sites
stay and how it follows from a plan, whether Undo takes it back. Links, the session and the keys of
caches follow from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field, fields
from typing import Any

import numpy as np

from app.drawing import map_layers
from app.state import link_parts
from app.state.link_parts import LinkPart
from dynst_core.constraints.constraints import ALWAYS, MOST_COST, NEVER, Constraints, ZoneLimit
from dynst_core.planning.answer import suggested_level
from dynst_core.planning.plan import Edit, Plan
from dynst_core.planning.tolerance import USUAL_GOAL, Tolerance
from dynst_core.runs.run import Run

FIRST_TOLERANCE = USUAL_GOAL
FIRST_CURRENCY = "EUR"
CURRENCY_LETTERS = 12

CURVE, HORIZON, SITE_CARD, CONSTRAINTS, EXPORT = "curve", "horizon", "site", "constraints", "export"
TABLE, WHAT_IF = "table", "what-if"
PANELS = (TABLE, CURVE, HORIZON, SITE_CARD, WHAT_IF, CONSTRAINTS, EXPORT)
"""What the panel beside the maps shows, in this order; the first one opens first."""

OVER_TIME, BY_LEAD_TIME = "time", "lead"
CARDS = (OVER_TIME, BY_LEAD_TIME)
"""What a site's card draws."""

REASON_LETTERS = 200
"""Letters of an edit's reason."""

OfPlan = Callable[[Run, Plan], Any]


@dataclass(frozen=True)
class Part:
    """What the parts of the app need to know of one part of a choice.

    Attributes:
        link: how it stands in a link; None: no link carries it.
        of_plan: its value for a plan read from a file. A part that has one decides which sites
            stay, or what they cost.
        insists: whether any value but the first makes the plan more than a level of the run.
        undo: whether Undo and Redo change it.
    """

    link: LinkPart[Any] | None
    of_plan: OfPlan | None = None
    insists: bool = False
    undo: bool = False


def _declared_part(
    link: LinkPart[Any] | None,
    of_plan: OfPlan | None = None,
    *,
    insists: bool = False,
    undo: bool = False,
) -> dict[str, Part]:
    """The declaration of one part, as metadata of its field."""
    return {"part": Part(link, of_plan, insists, undo)}


def _level_of_plan(run: Run, plan: Plan) -> int:
    return run.level_near(1 - plan.n_wanted / len(run.sites))


def _one_cost(run: Run, plan: Plan) -> float | None:
    """The cost of each site where all cost alike, else None."""
    cost = plan.constraints.cost
    return None if cost is None or len(np.unique(cost)) != 1 else float(cost[0])


def _costs_by_site(run: Run, plan: Plan) -> tuple[float, ...] | None:
    """The cost of each site where costs differ, else None."""
    cost = plan.constraints.cost
    return None if cost is None or len(np.unique(cost)) == 1 else tuple(cost.tolist())


def _always_of(run: Run, plan: Plan) -> tuple[str, ...]:
    return tuple(run.sites.site_id[plan.constraints.always].tolist())


def _never_of(run: Run, plan: Plan) -> tuple[str, ...]:
    return tuple(run.sites.site_id[plan.constraints.never].tolist())


@dataclass(frozen=True)
class Choice:
    """What the screen shows of one run, and what the planner insists on.

    Attributes:
        level: index into the run's levels.
        lead: lead-time index, or None for all.
        channel: channel index.
        tolerance: the forecast error accepted.
        cost: of keeping one site for a year, left out where it is `too_dear`; None: not stated.
        currency: of the cost.
        max_cost: the most that all kept sites may cost in a year; None: no limit.
        always: ids of sites to keep whatever happens.
        never: ids of sites to remove whatever happens.
        min_distance_km: least distance between two kept sites; 0: none.
        limits: by zone; no link carries them, since they need the zones' file.
        panel: one of PANELS.
        site: id of the selected site, or None.
        costs: of keeping each site for a year, (s,), from a file, in place of `cost`; None: no
            file. No link carries them.
        edits: sites switched by hand, in order, each at most once.
        group: ids of several sites selected together, in place of `site`.
        left, right: layers of the two maps; no right one where one map stands alone.
        swipe: both layers on one map, parted by a divider, where there is a right one.
        miss: by how much a single forecast may miss, in units; None: the usual amount.
        window: which forecast of the test period is shown, by index.
        card: one of CARDS; None: over time where the data are at hand.
        stretch: which part of the test period a card shows, 0 for the whole; None: the usual one.
        present: whether the answer, the slider and the map stand alone, for a meeting.
    """

    level: int = field(metadata=_declared_part(link_parts.LEVEL, _level_of_plan))
    lead: int | None = field(metadata=_declared_part(link_parts.LEAD_TIME))
    channel: int = field(metadata=_declared_part(link_parts.VARIABLE))
    tolerance: Tolerance = field(default=FIRST_TOLERANCE, metadata=_declared_part(link_parts.GOAL))
    cost: float | None = field(
        default=None, metadata=_declared_part(link_parts.amount_part("cost"), _one_cost)
    )
    currency: str = field(
        default=FIRST_CURRENCY,
        metadata=_declared_part(
            link_parts.text_part("currency", FIRST_CURRENCY, CURRENCY_LETTERS, beside="cost"),
            lambda _, plan: plan.constraints.currency or FIRST_CURRENCY,
        ),
    )
    max_cost: float | None = field(
        default=None,
        metadata=_declared_part(
            link_parts.amount_part("spend", beside="cost"),
            lambda _, plan: plan.constraints.max_cost,
            insists=True,
        ),
    )
    always: tuple[str, ...] = field(
        default=(),
        metadata=_declared_part(link_parts.sites_part("keep"), _always_of, insists=True, undo=True),
    )
    never: tuple[str, ...] = field(
        default=(),
        metadata=_declared_part(
            link_parts.sites_part("drop", but="keep"), _never_of, insists=True, undo=True
        ),
    )
    min_distance_km: float = field(
        default=0.0,
        metadata=_declared_part(
            link_parts.distance_part("apart"),
            lambda _, plan: plan.constraints.min_distance_km,
            insists=True,
        ),
    )
    limits: tuple[ZoneLimit, ...] = field(
        default=(),
        metadata=_declared_part(None, lambda _, plan: plan.constraints.limits, insists=True),
    )
    costs: tuple[float, ...] | None = field(
        default=None, metadata=_declared_part(None, _costs_by_site)
    )
    group: tuple[str, ...] = field(
        default=(), metadata=_declared_part(link_parts.sites_part("sites"))
    )
    edits: tuple[Edit, ...] = field(
        default=(),
        metadata=_declared_part(
            link_parts.edits_part("edit", REASON_LETTERS),
            lambda _, plan: plan.edits,
            insists=True,
            undo=True,
        ),
    )
    panel: str = field(
        default=TABLE,
        metadata=_declared_part(link_parts.panel_part("panel", PANELS, TABLE, before=CURVE)),
    )
    site: str | None = field(default=None, metadata=_declared_part(link_parts.site_part("site")))
    card: str | None = field(
        default=None, metadata=_declared_part(link_parts.named_part("card", CARDS))
    )
    stretch: int | None = field(
        default=None, metadata=_declared_part(link_parts.index_part("period"))
    )
    left: str = field(
        default=map_layers.IMPORTANCE,
        metadata=_declared_part(
            link_parts.named_part("left", map_layers.LAYERS, map_layers.IMPORTANCE)
        ),
    )
    right: str | None = field(
        default=None, metadata=_declared_part(link_parts.right_map_part("right"))
    )
    swipe: bool = field(default=False, metadata=_declared_part(link_parts.flag_part("swipe")))
    miss: float | None = field(
        default=None, metadata=_declared_part(link_parts.amount_part("miss"))
    )
    window: int = field(default=0, metadata=_declared_part(link_parts.window_part("forecast")))
    present: bool = field(default=False, metadata=_declared_part(link_parts.flag_part("present")))

    @property
    def decided(self) -> bool:
        """Whether the plan may be more than a level of the run: something is insisted on."""
        return any(
            getattr(self, one.name) != one.default for one in PARTS if _choice_part(one).insists
        )

    @property
    def decisive(self) -> tuple[Any, ...]:
        """What decides which sites stay and what they cost: equal where the plan is the same."""
        return tuple(getattr(self, one.name) for one in PARTS if _choice_part(one).of_plan)

    @property
    def undoable(self) -> dict[str, Any]:
        """What Undo takes back, by part."""
        return {one.name: getattr(self, one.name) for one in PARTS if _choice_part(one).undo}

    @property
    def picked(self) -> tuple[str, ...]:
        """The selected sites, one or several."""
        return self.group or (() if self.site is None else (self.site,))

    @property
    def priced(self) -> bool:
        """Whether costs are stated, by one number or by site."""
        return self.costs is not None or not (self.cost is None or self.too_dear)

    @property
    def too_dear(self) -> bool:
        """Whether the one cost stated is above all that a site may cost."""
        return self.costs is None and self.cost is not None and self.cost > MOST_COST

    def constraints(self, run: Run, zone: np.ndarray | None) -> Constraints:
        """What is insisted on, by site of the run; `zone` (s,) comes with the zones' file."""
        ids, n = run.sites.site_id, len(run.sites)
        pin = np.zeros(n, dtype=np.int8)
        pin[np.isin(ids, self.never)] = NEVER
        pin[np.isin(ids, self.always)] = ALWAYS
        return Constraints(
            pin=pin,
            cost=self._costs(n),
            currency=self.currency,
            max_cost=self.max_cost if self.priced else None,
            min_distance_km=self.min_distance_km,
            zone=zone,
            limits=() if zone is None else self.limits,
        )

    def _costs(self, n_sites: int) -> np.ndarray | None:
        if self.costs is not None:
            return np.array(self.costs)
        return np.full(n_sites, self.cost) if self.priced else None


PARTS: tuple[Field[Any], ...] = fields(Choice)


def _choice_part(declared: Field[Any]) -> Part:
    found: Part = declared.metadata["part"]
    return found


NO_CONSTRAINTS: dict[str, Any] = {
    one.name: one.default for one in PARTS if _choice_part(one).insists and one.name != "edits"
}
"""The parts of a choice without any constraint; edits are no constraints."""


def linked_parts() -> dict[str, LinkPart[Any]]:
    """The parts that a link carries, by name, in the order in which it does."""
    return {one.name: link for one in PARTS if (link := _choice_part(one).link) is not None}


def choice_in_link(run: Run, choice: Choice) -> dict[str, str]:
    """What a link says of a choice of a run; what is as it was at first is left out."""
    wanted: dict[str, str] = {}
    for name, link in linked_parts().items():
        if link.beside is None or getattr(choice, link.beside) is not None:
            wanted |= link.write(getattr(choice, name), run)
    return wanted


def choice_fits_link(run: Run, choice: Choice) -> bool:
    """Whether a link can carry all that decides which sites stay and what they cost."""
    for one in PARTS:
        part, value = _choice_part(one), getattr(choice, one.name)
        if part.of_plan is None or value == one.default:
            continue
        if part.link is None or not (part.link.beside or part.link.write(value, run)):
            return False
    return True


def choice_of_plan(run: Run, plan: Plan) -> dict[str, Any]:
    """The parts of a choice that a plan of a run states: all that decide which sites stay."""
    return {
        one.name: make(run, plan)
        for one in PARTS
        if (make := _choice_part(one).of_plan) is not None
    }


def first_plan_choice(run: Run) -> Choice:
    """The screen when the link says nothing: the largest cut within the goal, all lead times."""
    return Choice(suggested_level(run, FIRST_TOLERANCE), None, 0)


def site_on_card(run: Run, choice: Choice) -> int | None:
    """Index of the site whose card is open, or None."""
    if choice.panel != SITE_CARD or choice.site is None:
        return None
    return int(np.flatnonzero(run.sites.site_id == choice.site)[0])
