"""The scenarios of all runs that the dashboard shows, opened beside their runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app import messages
from app.services import cache, forecasters
from app.services.cache import Shelf
from dynst_core.errors import DynSTError, PlanError
from dynst_core.planning.measured_errors import run_fingerprint
from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import plan_of_card, sites_sha256
from dynst_core.planning.scenarios import ScenarioCard, add_scenarios, read_scenarios
from dynst_core.runs.run import Run


@dataclass(frozen=True, eq=False)
class Scenario:
    """A scenario beside its run: what it is called, its plan, and what is known of that."""

    run: Run
    card: ScenarioCard
    plan: Plan


@dataclass(frozen=True, eq=False)
class Listing:
    """What was found.

    Attributes:
        found: scenarios, run by run, in the order saved.
        deleted: of those deleted, the run and the record.
        faults: why others cannot be shown, in sentences.
    """

    found: tuple[Scenario, ...]
    deleted: tuple[tuple[Run, ScenarioCard], ...]
    faults: tuple[str, ...]


def find_scenarios(shelf: Shelf) -> Listing:
    """The scenarios of every run that can be opened."""
    found: list[Scenario] = []
    deleted: list[tuple[Run, ScenarioCard]] = []
    faults: list[str] = []
    for folder in shelf.folders.values():
        try:
            run = cache.cached_run(folder)
            cards = read_scenarios(run)
        except PlanError as error:
            faults.append(messages.error_sentence(error))
            continue
        except DynSTError:  # the Runs view names runs that cannot be opened
            continue
        for card in cards:
            if card.deleted is not None:
                deleted.append((run, card))
                continue
            try:
                plan = forecasters.with_measured_error(run, plan_of_card(card.plan, run, card.name))
                found.append(Scenario(run, card, plan))
            except PlanError as error:
                faults.append(messages.error_sentence(error))
    return Listing(tuple(found), tuple(deleted), tuple(faults))


def scenario_provenance(one: Scenario) -> str:
    """Where a scenario's error comes from, in a few words; "not yet evaluated" where none is."""
    if one.plan.level is not None:
        return "the run's own level"
    measured = one.card.plan.measured
    if measured is not None and measured.run_fingerprint == run_fingerprint(one.run):
        return f"measured {measured.measured:%d %b %Y}, training {measured.run_fingerprint[:8]}"
    if one.plan.evaluated:
        return "measured in this session; save it to keep"
    return "not yet evaluated" + (" with this training" if measured is not None else "")


def take_scenarios(shelf: Shelf, cards: Iterable[ScenarioCard], name: str) -> list[str]:
    """Put scenarios out of a file beside the runs they belong to; gives what became of them.

    Args:
        shelf: the runs there are.
        cards: the scenarios.
        name: what errors call the file.
    Raises:
        DynSTError: one belongs to no run here, so that none is kept; or the disk refuses them.
    """
    runs = []
    for folder in shelf.folders.values():
        try:
            runs.append(cache.cached_run(folder))
        except DynSTError:
            continue
    by_run: dict[str, list[ScenarioCard]] = {}
    for card in cards:
        by_run.setdefault(_home_run_of_scenario(runs, card, name).run_id, []).append(card)
    known = {run.run_id: run for run in runs}
    for run_id, some in by_run.items():  # all are checked before the first is kept
        for one in some:
            plan_of_card(one.plan, known[run_id], f"{name}: {one.name}")
    return [
        f"{new} beside {run_id}"
        for run_id, some in by_run.items()
        for new in add_scenarios(known[run_id], some)
    ]


def _home_run_of_scenario(runs: list[Run], card: ScenarioCard, name: str) -> Run:
    """The run that a scenario belongs to: of the same sites, and of its training or name if any."""
    same = [run for run in runs if sites_sha256(run.sites) == card.plan.sites_sha256]
    measured = card.plan.measured
    if not same:
        raise PlanError(
            f"{name}: expected scenarios of runs that are here, found {card.name!r} of run "
            f"{card.plan.run_id!r} with {card.plan.n_sites:,} other sites; import that run in the "
            f"Runs view first."
        )
    order = sorted(
        same,
        key=lambda run: (
            measured is None or run_fingerprint(run) != measured.run_fingerprint,
            run.manifest.dataset.fingerprint != card.plan.data_fingerprint,
            run.run_id != card.plan.run_id,
        ),
    )
    return order[0]
