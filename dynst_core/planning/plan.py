"""A plan: which sites stay, what was insisted on, and what is known of its forecast error."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from dynst_core.constraints.constraints import FREE, NEVER, Constraints
from dynst_core.constraints.money import total_amount
from dynst_core.constraints.solver import solve
from dynst_core.constraints.verification import verify
from dynst_core.errors import ConstraintError
from dynst_core.fields.mask import Mask
from dynst_core.fields.metrics import LEAD_TIME, SITE, ErrorStatistics
from dynst_core.runs.run import Run


@dataclass(frozen=True)
class Edit:
    """A planner's own decision about one site."""

    site: str
    active: bool
    reason: str


@dataclass(frozen=True, eq=False)
class Plan:
    """Which sites of a run stay on.

    Attributes:
        run_id: the run that it was made from.
        mask: the sites kept.
        constraints: what was insisted on.
        n_wanted: sites asked for; fewer are kept where the constraints leave no room.
        level: the run's level whose mask this is; None when it is none of them.
        errors: test error, (lead_time, s, c) in units; None: not yet evaluated.
        breaches: constraints that the mask breaks, as sentences; empty for a valid plan.
        edits: the planner's own decisions, in order.
        most: whether it is certain that no choice that obeys keeps more of the number wanted.
    """

    run_id: str
    mask: Mask
    constraints: Constraints
    n_wanted: int
    level: int | None
    errors: ErrorStatistics | None
    breaches: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    most: bool = False

    @classmethod
    def of(
        cls,
        run: Run,
        mask: Mask,
        constraints: Constraints | None = None,
        n_wanted: int | None = None,
        edits: tuple[Edit, ...] = (),
    ) -> Plan:
        """A mask as a plan of a run, verified; its error is known if it is a level's own mask."""
        asked = constraints or Constraints.none(len(run.sites))
        wanted = mask.n_active if n_wanted is None else n_wanted
        breaches = verify(mask, run.sites, asked, n_wanted)
        return replace(cls._verified(run, mask, asked, wanted), breaches=breaches, edits=edits)

    @classmethod
    def _verified(cls, run: Run, mask: Mask, constraints: Constraints, n_wanted: int) -> Plan:
        """A mask that is known to obey its constraints as a plan of a run."""
        same = np.flatnonzero((run.path.active == mask.active).all(axis=1))
        level = int(same[0]) if len(same) else None
        return cls(
            run_id=run.run_id,
            mask=mask,
            constraints=constraints,
            n_wanted=n_wanted,
            level=level,
            errors=None if level is None else run.arrays.errors[level],
            breaches=(),
        )

    @classmethod
    def at_level(cls, run: Run, level: int, constraints: Constraints | None = None) -> Plan:
        """The run's own mask at a level where it obeys the constraints, else the nearest that does.

        Nearest: as many sites as the level keeps, if they fit; its own come first, the others
        follow by rank.

        Raises:
            ConstraintError: no choice of so many sites obeys the constraints.
        """
        asked = constraints or Constraints.none(len(run.sites))
        own = run.path.mask(level)
        if not verify(own, run.sites, asked, own.n_active):
            return cls._verified(run, own, asked, own.n_active)
        order = np.lexsort((run.path.rank, own.active))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return cls._solved(run, rank, asked, own.n_active)

    @classmethod
    def solved(cls, run: Run, n_active: int, constraints: Constraints) -> Plan:
        """As many sites as obey the constraints, `n_active` at most, by rank.

        Raises:
            ConstraintError: no choice of so many sites obeys them.
        """
        return cls._solved(run, run.path.rank, constraints, n_active)

    @classmethod
    def _solved(cls, run: Run, rank: np.ndarray, constraints: Constraints, n_active: int) -> Plan:
        """The solver's choice; sites that were silent or stuck in training only where none else do.

        They stay where nearly all sites are wanted, where a planner pins them, and where no other
        choice obeys.
        """
        out = run.arrays.left_out
        faulty = np.zeros(len(rank), dtype=bool) if out is None else out & (constraints.pin == FREE)
        if faulty.any() and n_active <= len(rank) - faulty.sum():
            healthy = replace(constraints, pin=np.where(faulty, NEVER, constraints.pin))
            with suppress(ConstraintError):
                mask = solve(rank, run.sites, healthy, n_active).mask
                most = mask.n_active == n_active
                return replace(cls._verified(run, mask, constraints, n_active), most=most)
        found = solve(rank, run.sites, constraints, n_active)
        return replace(cls._verified(run, found.mask, constraints, n_active), most=found.most)

    def edited(self, run: Run, *edits: Edit) -> Plan:
        """The plan with sites switched by hand, one after another, verified anew.

        Raises:
            ConstraintError: the run has no such site.
        """
        place = {str(site): index for index, site in enumerate(run.sites.site_id)}
        active = self.mask.active.copy()
        for edit in edits:
            if edit.site not in place:
                raise ConstraintError(
                    f"Expected a site of run {run.run_id!r}, found {edit.site!r}; check the id."
                )
            active[place[edit.site]] = edit.active
        plan = Plan.of(run, Mask(active), self.constraints, None, (*self.edits, *edits))
        return replace(plan, n_wanted=self.n_wanted)

    def measured(self, errors: ErrorStatistics) -> Plan:
        """The same plan with its error forecast again over the run's own test windows.

        Args:
            errors: of this plan's mask, (lead_time, s, c), in units.
        """
        return self if self.evaluated else replace(self, errors=errors)

    @property
    def valid(self) -> bool:
        """Whether no constraint is broken."""
        return not self.breaches

    @property
    def evaluated(self) -> bool:
        """Whether the forecast error of this very mask was measured."""
        return self.errors is not None

    def rmse_by_lead_time(self, channel: int = 0) -> np.ndarray | None:
        """Expected test RMSE at each lead time, (lead_time,), in units; None if not evaluated."""
        if self.errors is None:
            return None
        return self.errors.rmse(axis=SITE)[:, channel]

    def rmse(self, lead_time: int | None = None, channel: int = 0) -> float | None:
        """Test RMSE over all sites, in units, at one lead-time index or all; None if unknown."""
        if self.errors is None:
            return None
        return float(self.errors.at_lead_time(lead_time).rmse(axis=(LEAD_TIME, SITE))[channel])

    def rmse_by_site(self, channel: int = 0, lead_time: int | None = None) -> np.ndarray | None:
        """Test RMSE at each site, (s,), in units, at one lead-time index or all, or None."""
        if self.errors is None:
            return None
        return self.errors.at_lead_time(lead_time).rmse(axis=LEAD_TIME)[:, channel]

    @property
    def yearly_cost(self) -> float | None:
        """What the kept sites cost in a year; None where no cost is stated."""
        if self.constraints.cost is None:
            return None
        return total_amount(self.constraints.cost, self.mask.active)

    @property
    def yearly_saving(self) -> float | None:
        """What the removed sites would have cost in a year; None where no cost is stated."""
        if self.constraints.cost is None:
            return None
        return total_amount(self.constraints.cost, ~self.mask.active)
