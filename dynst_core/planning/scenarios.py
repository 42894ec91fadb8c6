"""Scenarios: plans saved under names beside their run, listed, changed, and moved as one file."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from dynst_core.errors import PlanError, RunError
from dynst_core.files.atomic import write_atomically
from dynst_core.planning.plan import Plan
from dynst_core.planning.plan_file import PlanCard, plan_card_of, plan_of_card
from dynst_core.runs.library import SCENARIOS, is_example_run
from dynst_core.runs.manifest import Card, Sealed, file_in_run, one_line, seal_json
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore, run_folders

FORMAT, FORMAT_VERSION = "dynst-scenarios", 1
NAME_LETTERS = 80
MOST = 200
"""Scenarios of one run, deleted ones included."""

HIDDEN = ".scenarios"
"""The folder in the first store with those of runs whose own folder is only to be read."""

MOST_BYTES = 200 << 20
"""Bytes that a run's scenarios may have together."""

Text = Annotated[str, StringConstraints(max_length=4000)]


class ScenarioCard(Card):
    """A plan under a name.

    Attributes:
        key: distinguishes it from others of the same name.
        name: what a planner calls it.
        saved: when it was saved or changed last, in UTC.
        screen: what the screen showed beside the plan, as the parts of a link.
        plan: the plan, with its measured error where it has one of its own.
        deleted: when it was deleted; None for one that is there.
    """

    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=NAME_LETTERS)]
    saved: datetime
    screen: Annotated[dict[Text, Text], Field(max_length=60)] = {}
    plan: PlanCard
    deleted: datetime | None = None


class ScenariosCard(Card):
    """Several scenarios in one file, beside a run or on their way to another machine."""

    format: Literal["dynst-scenarios"] = "dynst-scenarios"
    format_version: int = FORMAT_VERSION
    scenarios: Annotated[tuple[ScenarioCard, ...], Field(max_length=MOST)] = ()


SCENARIOS_FILE = Sealed(
    ScenariosCard,
    FORMAT,
    FORMAT_VERSION,
    "scenarios",
    "choose a file that the Scenarios view exported",
    "export the scenarios again",
    PlanError,
)


def scenarios_file(run: Run) -> Path:
    """Where the scenarios of a run lie: in its folder, or in the first store for an example."""
    if is_example_run(run.folder) or not os.access(run.folder, os.W_OK):
        return run_folders()[0] / HIDDEN / f"{run.run_id}.json"
    return run.folder / SCENARIOS


def read_scenarios(run: Run) -> tuple[ScenarioCard, ...]:
    """All scenarios of a run, deleted ones included, in the order saved.

    Raises:
        PlanError: their file is damaged.
    """
    file = scenarios_file(run)
    try:
        return SCENARIOS_FILE.read(file.read_bytes(), file_in_run(file)).scenarios
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise PlanError(
            f"{file_in_run(file)}: expected the scenarios of {run.run_id}, found "
            f"{one_line(error)}; see "
            f"that the file can be read."
        ) from error


def not_deleted(scenarios: Iterable[ScenarioCard]) -> tuple[ScenarioCard, ...]:
    """Those that are not deleted."""
    return tuple(one for one in scenarios if one.deleted is None)


def save_scenario(run: Run, plan: Plan, name: str, screen: dict[str, str]) -> ScenarioCard:
    """Save a plan under a name; what had the name before is deleted, and can be restored.

    Args:
        run: its run.
        plan: the plan, measured or not.
        name: 1 to 80 letters.
        screen: what the screen shows beside it, as the parts of a link.
    Returns:
        The scenario.
    Raises:
        PlanError: the name is none, or the plan keeps no site.
        RunError: the disk does not take it.
    """
    if not plan.mask.n_active:
        raise PlanError("Expected a plan that keeps a site, found one that keeps none; keep one.")
    made = ScenarioCard(
        key=uuid.uuid4().hex,
        name=_checked_scenario_name(name),
        saved=_now_of_scenario(),
        screen=screen,
        plan=plan_card_of(run, plan),
    )
    _change_scenarios(
        run, lambda old: (*(_without_taken_names(one, made.name) for one in old), made)
    )
    return made


def rename_scenario(run: Run, key: str, name: str) -> None:
    """Give a scenario another name.

    Raises:
        PlanError: the name is none or taken, or the scenario is gone.
        RunError: the disk does not take it.
    """
    wish = _checked_scenario_name(name)

    def renamed(old: tuple[ScenarioCard, ...]) -> tuple[ScenarioCard, ...]:
        _find_scenario(old, key)
        if any(_same_scenario_name(one.name, wish) and one.key != key for one in not_deleted(old)):
            raise PlanError(
                f"Expected a name that no other scenario of the run has, found {wish!r}; choose "
                f"another."
            )
        return tuple(_updated_now(one, name=wish) if one.key == key else one for one in old)

    _change_scenarios(run, renamed)


def duplicate_scenario(run: Run, key: str) -> ScenarioCard:
    """A copy of a scenario under the first free name like its own; errors as of renaming."""
    made: list[ScenarioCard] = []

    def copied(old: tuple[ScenarioCard, ...]) -> tuple[ScenarioCard, ...]:
        made.append(_fresh_scenario(_find_scenario(old, key), old))
        return (*old, made[0])

    _change_scenarios(run, copied)
    return made[0]


def delete_scenario(run: Run, key: str) -> None:
    """Take a scenario off the list; `restore_scenario` takes that back."""
    _change_scenarios(run, lambda old: _mark_scenario(old, key, _now_of_scenario()))


def restore_scenario(run: Run, key: str) -> str:
    """Take a deletion back, under the same name or the first free one like it; gives the name."""
    found: list[str] = []

    def restored(old: tuple[ScenarioCard, ...]) -> tuple[ScenarioCard, ...]:
        found.append(_free_scenario_name(_find_scenario(old, key).name, old))
        back = _mark_scenario(old, key, None)
        return tuple(_updated_now(one, name=found[0]) if one.key == key else one for one in back)

    _change_scenarios(run, restored)
    return found[0]


def forget_scenario(run: Run, key: str) -> None:
    """Remove a deleted scenario for good."""
    _change_scenarios(
        run, lambda old: tuple(one for one in old if one.key != key or one.deleted is None)
    )


def add_scenarios(run: Run, cards: Iterable[ScenarioCard]) -> tuple[str, ...]:
    """Put scenarios out of a file beside a run, each under a free name; gives the names.

    Raises:
        PlanError: one is of other sites than the run's or contradicts itself; none is kept then.
        RunError: the disk does not take them.
    """
    coming = tuple(cards)
    for one in coming:
        plan_of_card(one.plan, run, one.name)
    added: list[str] = []

    def more(old: tuple[ScenarioCard, ...]) -> tuple[ScenarioCard, ...]:
        kept = old
        for one in coming:
            kept = (*kept, _fresh_scenario(one, kept, same_name=True))
            added.append(kept[-1].name)
        return kept

    _change_scenarios(run, more)
    return tuple(added)


def pack_scenarios(cards: Iterable[ScenarioCard]) -> bytes:
    """Scenarios, of one run or of several, as one file."""
    return seal_json(ScenariosCard(scenarios=tuple(cards))).encode()


def unpack_scenarios(raw: bytes, name: str = "scenarios file") -> tuple[ScenarioCard, ...]:
    """The scenarios in a file, checked, before any run is opened.

    Args:
        raw: the file's content.
        name: what errors call it.
    Raises:
        PlanError: the content is foreign, damaged, empty or from a newer version.
    """
    found = not_deleted(SCENARIOS_FILE.read(raw, name).scenarios)
    if not found:
        raise PlanError(f"{name}: expected at least one scenario, found none; export some again.")
    return found


def _change_scenarios(
    run: Run, change: Callable[[tuple[ScenarioCard, ...]], tuple[ScenarioCard, ...]]
) -> None:
    """Replace the scenarios of a run by what a change makes of them, one change at a time."""
    file = scenarios_file(run)
    store = RunStore(run.folder.parent if file.parent == run.folder else file.parent.parent)
    with store.changing():
        kept = change(read_scenarios(run))
        if len(kept) > MOST:
            raise PlanError(
                f"Expected at most {MOST} scenarios of a run, found {len(kept)}; remove deleted "
                f"ones for good."
            )
        content = pack_scenarios(kept)
        if len(content) > MOST_BYTES:
            raise PlanError(
                f"Expected at most {MOST_BYTES >> 20} MB of scenarios of a run, found "
                f"{len(content) / 2**20:,.0f} MB; export some and remove them for good."
            )
        try:
            file.parent.mkdir(exist_ok=True)
            write_atomically(file, content)
        except OSError as error:
            raise RunError(
                f"{run.run_id}: expected room for a scenario, found {one_line(error)}; make room, "
                f"or see that the folder of runs can be written to."
            ) from error


def _checked_scenario_name(name: str) -> str:
    words = " ".join(name.split())
    if not 1 <= len(words) <= NAME_LETTERS:
        raise PlanError(
            f"Expected a scenario's name of 1 to {NAME_LETTERS} letters, found {len(words)}; "
            f"choose another."
        )
    return words


def _same_scenario_name(first: str, second: str) -> bool:
    return first.casefold() == second.casefold()


def _without_taken_names(one: ScenarioCard, name: str) -> ScenarioCard:
    """Deleted where it has a name that is wanted for another."""
    if one.deleted is None and _same_scenario_name(one.name, name):
        return _updated_now(one, deleted=_now_of_scenario())
    return one


def _find_scenario(cards: tuple[ScenarioCard, ...], key: str) -> ScenarioCard:
    found = next((one for one in cards if one.key == key), None)
    if found is None:
        raise PlanError(
            "Expected a scenario of this run, found none; it may have been removed meanwhile."
        )
    return found


def _mark_scenario(
    cards: tuple[ScenarioCard, ...], key: str, deleted: datetime | None
) -> tuple[ScenarioCard, ...]:
    _find_scenario(cards, key)
    return tuple(_updated_now(one, deleted=deleted) if one.key == key else one for one in cards)


def _fresh_scenario(
    card: ScenarioCard, others: tuple[ScenarioCard, ...], *, same_name: bool = False
) -> ScenarioCard:
    """A copy with a key of its own and a free name; its own name where that is free and asked."""
    name = _free_scenario_name(card.name, others if same_name else (*others, card))
    return _updated_now(card, key=uuid.uuid4().hex, name=name, deleted=None)


def _free_scenario_name(name: str, cards: tuple[ScenarioCard, ...]) -> str:
    """A name like this that is not taken: "North", "North (2)", "North (3)"."""
    taken = {one.name.casefold() for one in not_deleted(cards)}
    if name.casefold() not in taken:
        return name
    stem = re.sub(r" \(\d+\)$", "", name)
    for count in range(2, MOST + 3):
        ending = f" ({count})"
        wish = stem[: NAME_LETTERS - len(ending)] + ending
        if wish.casefold() not in taken:
            return wish
    return name


def _updated_now(card: ScenarioCard, **changes: object) -> ScenarioCard:
    return card.model_copy(update=changes)


def _now_of_scenario() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
