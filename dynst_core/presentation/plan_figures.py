"""The figures of a plan in words: the same on the screen, in the report and in exported tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dynst_core.fields import gazetteer
from dynst_core.planning.answer import Standing
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import Summary
from dynst_core.planning.tolerance import Tolerance, better_level
from dynst_core.presentation import formatting, run_text
from dynst_core.presentation.answer_text import goal_words
from dynst_core.runs.run import Run

UNKNOWN = "–"
HURTS = "Hurts most"
WHY_UNKNOWN = (
    "This plan is none of the run's own levels, whose errors were measured. Its error is unknown "
    "until it has been forecast again."
)

FAR_BETTER = 0.05
"""By which share another cut must err less than all sites do to be said on the card itself, which
has room for one line: less than that two trainings differ by."""


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        label: its name.
        value: its value, with its unit.
        below: what stands below it, in one line.
        explained: what it means, for those who ask.
        printed: what stands below it on paper, where nobody can ask; as `below` where empty.
    """

    label: str
    value: str
    below: str = ""
    explained: str = ""
    printed: str = ""


@dataclass(frozen=True, eq=False)
class PlanFigures:
    """The figures of one plan.

    Attributes:
        run: the plan's run.
        plan: the plan.
        summary: its numbers.
        tolerance: the error accepted.
        quote: what makes text of files and persons safe where the figures are shown.
    """

    run: Run
    plan: Plan
    summary: Summary
    tolerance: Tolerance
    quote: Callable[[str], str] = str

    def on_screen(self) -> list[Figure]:
        """The figures below the answer; what was not measured says so."""
        if self.summary.answer.standing is Standing.NO_PLAN:
            nothing, why = run_text.NO_PLAN, run_text.WHY_NO_PLAN
            labels = (self._kept_label(), *self._error_labels())
            return [Figure(label, UNKNOWN, nothing, why) for label in labels]
        if self.summary.rmse is None:
            nothing, why = run_text.NOT_EVALUATED, WHY_UNKNOWN
            unknown = [Figure(name, UNKNOWN, nothing, why) for name in self._error_labels()]
            return [self.kept(), *unknown]
        return [self.kept(), self.error(), self.hardest_hit(), self.within(), self.speed()]

    def on_paper(self) -> list[Figure]:
        """The figures that a plan is decided by, for a report's first page."""
        if self.summary.rmse is None:
            unknown = Figure(self._error_label(), UNKNOWN, run_text.NOT_EVALUATED)
            shown = [self.kept(), unknown, self.accepted()]
        else:
            shown = [self.kept(), self.error(), self.accepted(), self.hardest_hit()]
        saved = self.saving()
        return shown if saved is None else [*shown, saved]

    def more_on_paper(self) -> list[Figure]:
        """The other figures, for those who read on."""
        shown = []
        if self.summary.rmse is not None:
            if self.summary.worst is not None:
                shown.append(self.worst())
            if self.summary.within is not None:
                shown.append(self.within())
            shown.append(self.band())
            if self.summary.seeds is not None:
                low, high = (self._amount(value) for value in self.summary.seeds)
                shown.append(Figure("Over several trainings", f"{low} to {high}"))
            still = self._amount(self.summary.persistence)
            last = f"every {run_text.site_noun(self.run)}'s last reading"
            shown.append(Figure("Persistence", still, last))
        if self.summary.speed_up is not None:
            shown.append(self.speed())
        return shown

    def kept(self) -> Figure:
        """How many sites stay, and whether as many as were asked for."""
        noun = run_text.site_noun(self.run)
        removed = f"{self.summary.n_sites - self.summary.n_kept:,} removed"
        below = ""  # how many are removed stands in the answer
        if self.plan.edits:
            below = f"{len(self.plan.edits):,} switched by hand"
        elif self.summary.n_kept < self.plan.n_wanted:
            below = self._room()
        return Figure(
            self._kept_label(),
            f"{self.summary.n_kept:,} of {self.summary.n_sites:,}",
            below,
            f"Removed {noun}s are hidden from the forecaster; their places are still forecast "
            "and their error counts.",
            f"{removed}; {below}" if below else removed,
        )

    def _kept_label(self) -> str:
        return f"{formatting.capital(run_text.site_noun(self.run))}s kept"

    def _room(self) -> str:
        """How many of those asked for are kept, and whether it is certain that no more could be."""
        fitting = f"{self.plan.mask.n_active:,} of {self.plan.n_wanted:,}"
        return f"at most {fitting} fit" if self.plan.most else f"found room for {fitting}"

    def error(self) -> Figure:
        """The error over all sites, beside that with all of them; of a plan that was evaluated."""
        here, noun = self.summary.rmse or 0.0, run_text.site_noun(self.run)
        lead, channel = self.summary.lead, self.summary.channel
        dense = f"{formatting.number(self.summary.dense)} {self._unit()}"
        again, below = "", f"with all {noun}s {dense}"
        best = run_text.error_against_best(self.run, here, lead, channel)
        beside = f" Beside the run's other cuts: {best}." if best else ""
        if best and better_level(self.run, lead, channel, FAR_BETTER) is not None:
            below += f"; {best}"
        if here > self.summary.persistence:
            below += "; persistence errs less"
        if self.plan.level is None:
            again = " This plan was forecast again over the same test period, not trained anew."
        return Figure(
            self._error_label(),
            self._amount(here),
            below,
            f"Root mean squared error over all {noun}s, kept and removed, in the test period "
            f"{run_text.test_period(self.run)}, {self._lead(lead)}. "
            f"With all {noun}s: {dense}. Repeating every {noun}'s last reading (persistence): "
            f"{self._amount(self.summary.persistence)}.{beside}{again}",
            f"{formatting.change(here, self.summary.dense)} against all {noun}s",
        )

    def band(self) -> Figure:
        """How far off single forecasts usually are."""
        label, found = "Band of single forecasts", self.summary.band
        if found is None:
            return Figure(label, "not measured", "by this run")
        held = (
            f"made to hold {100 * found.share:.0f} %, held {100 * found.coverage:.0f} % in the test"
        )
        return Figure(label, f"± {self._amount(found.half_width)}", held)

    def accepted(self) -> Figure:
        """The error accepted, and whether the plan keeps to it."""
        found = self.summary.answer
        met = {Standing.WITHIN: "met", Standing.BEYOND: "not met"}.get(found.standing, "")
        excess = found.excess
        if excess is not None and excess.lead not in (None, self.summary.lead):
            met += f" {self._lead(excess.lead)}"
        return Figure("Accepted error", self._amount(self.summary.limit), met)

    def worst(self) -> Figure:
        """The place that is forecast worst."""
        noun, unit, found = run_text.site_noun(self.run), self._unit(), self.summary.worst
        label = f"Worst {noun}'s error"
        if found is None:
            return Figure(label, "no data", "", "Nothing was observed in the test period.")
        before = f"{formatting.number(found.dense, found.rmse)} {unit}"
        site = self.quote(str(self.run.sites.site_id[found.site]))
        return Figure(
            label,
            f"{formatting.number(found.rmse)} {unit}",
            f"with all {noun}s {before}",
            f"The largest error of any one place: {noun} {site}. A mean hides "
            f"places; look at the error map too.",
            f"{noun} {site}; that one's with all: {before}",
        )

    def hardest_hit(self) -> Figure:
        """Where the plan costs most: the site whose error rises most, and the worst of all."""
        noun, unit, found = run_text.site_noun(self.run), self._unit(), self.summary.hardest_hit
        worst = self.worst()
        beside = f" {worst.label}: {worst.value} ({worst.printed or worst.below})."
        if found is None:
            below = f"no {noun}'s error rises"
            return Figure(HURTS, "nowhere", below, beside.strip())
        dense, least = self.summary.dense, 10.0 ** -formatting.digits(self.summary.dense)
        added = formatting.number(max(found.rmse - found.dense, least), dense)
        site = self.quote(str(self.run.sites.site_id[found.site]))
        near = gazetteer.nearest_place_name(self.run.sites, found.site)
        where = site + (f", near {self.quote(near)}" if near else "")
        before, now = (formatting.number(e, dense) for e in (found.dense, found.rmse))
        return Figure(
            HURTS,
            f"+{added} {unit}",
            f"at {where}",
            f"The place whose error rises most: {noun} {where}, from {before} to {now} {unit}."
            f"{beside}",
        )

    def within(self) -> Figure:
        """How much of the place stays within the tolerance."""
        noun = run_text.site_noun(self.run)
        compared = "its own error with all of them"
        if self.tolerance.kind == "absolute":
            compared = "the accepted error"
        sites = formatting.percent(self.summary.within or 0.0)
        area = formatting.percent(self.summary.within_area or 0.0)
        value, below = sites, f"{area} of the area"
        stands = f" For the area, each {noun} stands for all places nearest to it."
        if self.run.grid is not None:
            value, below, stands = area, f"{sites} of {noun}s", ""
        return Figure(
            self._within_label(),
            value,
            below,
            f"Where the error stays within the tolerance, each {noun} compared with "
            f"{compared}.{stands}",
        )

    def _within_label(self) -> str:
        """What is within what: "Sensors within your 5 %"."""
        what = "Area" if self.run.grid is not None else f"{run_text.site_noun(self.run)}s"
        goal = goal_words(self.run, self.tolerance, self.summary.channel)
        return f"{formatting.capital(what)} within your {self.quote(goal)}"

    def speed(self) -> Figure:
        """How many times faster a forecast from the kept sites is."""
        label, noun = "Computing speed", run_text.site_noun(self.run)
        if self.summary.speed_up is None or self.plan.level is None:
            why = "Speed was measured for the run's own levels only."
            return Figure(label, UNKNOWN, "not timed for this plan", why)
        return Figure(
            label,
            formatting.speed_up(self.summary.speed_up),
            "",
            f"Measured: the time of one forecast of the whole field from the kept {noun}s, "
            f"{formatting.milliseconds(self.run.manifest.forecast_seconds[self.plan.level])}, "
            f"against all {noun}s.",
        )

    def saving(self) -> Figure | None:
        """What the removed sites would have cost in a year; None where no cost is stated."""
        if self.summary.cost is None or self.summary.saving is None:
            return None
        saved, spent = (
            formatting.money(value, self.plan.constraints.currency)
            for value in (self.summary.saving, self.summary.cost)
        )
        return Figure("Yearly saving", saved, f"{spent} still spent")

    def _error_label(self) -> str:
        ahead = "" if self.summary.lead is None else f", {self._lead(self.summary.lead)}"
        return f"Forecast error{ahead}"

    def _lead(self, lead: int | None) -> str:
        return run_text.lead_time_text(self.run, lead)

    def _error_labels(self) -> tuple[str, ...]:
        """Names of the figures that need an evaluated plan."""
        return self._error_label(), HURTS, self._within_label(), "Computing speed"

    def _unit(self) -> str:
        return self.quote(run_text.variable_unit(self.run, self.summary.channel))

    def _amount(self, value: float) -> str:
        """An error with its unit, to the digits of that with all sites."""
        return f"{formatting.number(value, self.summary.dense)} {self._unit()}"
