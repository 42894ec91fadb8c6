"""What a planner has chosen of one run: all that the screen shows, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.drawing import map_layers
from dynst_core.constraints.constraints import ALWAYS, MOST_COST, NEVER, Constraints, ZoneLimit
from dynst_core.planning.answer import suggested_level
from dynst_core.planning.plan import Edit
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

    level: int
    lead: int | None
    channel: int
    tolerance: Tolerance = FIRST_TOLERANCE
    cost: float | None = None
    currency: str = FIRST_CURRENCY
    max_cost: float | None = None
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    min_distance_km: float = 0.0
    limits: tuple[ZoneLimit, ...] = ()
    panel: str = TABLE
    site: str | None = None
    costs: tuple[float, ...] | None = None
    edits: tuple[Edit, ...] = ()
    group: tuple[str, ...] = ()
    left: str = map_layers.IMPORTANCE
    right: str | None = None
    swipe: bool = False
    miss: float | None = None
    window: int = 0
    card: str | None = None
    stretch: int | None = None
    present: bool = False

    @property
    def decided(self) -> bool:
        """Whether the plan may be more than a level of the run: something is insisted on."""
        asked = (self.always, self.never, self.edits, self.limits, self.min_distance_km)
        return any(map(bool, asked)) or self.max_cost is not None

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


def first_choice(run: Run) -> Choice:
    """The screen when the link says nothing: the largest cut within the goal, all lead times."""
    return Choice(suggested_level(run, FIRST_TOLERANCE), None, 0)


def site_on_card(run: Run, choice: Choice) -> int | None:
    """Index of the site whose card is open, or None."""
    if choice.panel != SITE_CARD or choice.site is None:
        return None
    return int(np.flatnonzero(run.sites.site_id == choice.site)[0])
