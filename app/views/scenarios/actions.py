"""What can be done with scenarios: open, rename, duplicate, delete and undo, export, import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from app import messages, uploads
from app.services import open_plan, scenarios
from app.services.cache import Shelf
from app.services.scenarios import Scenario
from app.state import link_parts, session_state
from app.views.shared import page_head
from dynst_core.errors import DynSTError
from dynst_core.planning import scenarios as saved
from dynst_core.planning.scenarios import ScenarioCard
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

REPORTED, GO = "scenarios-reported", "scenarios-go"


@dataclass(frozen=True, eq=False)
class Reported:
    """What became of an action, and what takes it back."""

    text: str
    good: bool = True
    undo: Callable[[], None] | None = None


def show_scenario_message() -> None:
    """What the last action came to, with a button to undo a deletion."""
    found: Reported | None = st.session_state.get(REPORTED)
    if found is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="scenarios-message"):
        (st.success if found.good else st.error)(
            messages.as_markdown(found.text),
            icon=":material/check:" if found.good else ":material/error:",
        )
        if found.undo is not None:
            st.button("Undo", key="scenarios-undo", icon=":material/undo:", on_click=found.undo)


def show_scenario_buttons(picked: Sequence[Scenario], found: Sequence[Scenario]) -> None:
    """Buttons for the selected scenarios; export takes all where none is selected."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", key="scenario-actions"
    ):
        if len(picked) == 1:
            _show_scenario_buttons(picked[0])
        if picked:
            st.button(
                "Delete" if len(picked) == 1 else f"Delete {len(picked)}",
                key="scenario-delete",
                icon=":material/delete:",
                on_click=_delete_scenario,
                args=(list(picked),),
            )
        some = picked or found
        st.download_button(
            f"Export {len(picked)} as one file" if picked else "Export all as one file",
            data=lambda: saved.pack_scenarios(_portable_scenario(one) for one in some),
            file_name="scenarios.dynst.json",
            mime="application/json",
            key="scenario-export",
            icon=":material/download:",
            on_click="ignore",
        )


def _portable_scenario(one: Scenario) -> ScenarioCard:
    """A scenario with all that is known of it by now, also an error measured in this session."""
    if one.card.plan.measured is None and one.plan.level is None and one.plan.evaluated:
        from dynst_core.planning.plan_file import plan_card_of

        return one.card.model_copy(update={"plan": plan_card_of(one.run, one.plan)})
    return one.card


def _show_scenario_buttons(one: Scenario) -> None:
    known = one.plan.evaluated
    st.button(
        "Open in the Plan view" if known else "Open and measure its error",
        key="scenario-open",
        type="primary",
        icon=":material/map:" if known else ":material/play_arrow:",
        on_click=_open_scenario,
        args=(one,),
        help=None
        if known
        else "The plan is forecast again over the test period; save it under the same name to "
        "keep its error.",
    )
    if st.session_state.pop(GO, False):
        st.switch_page(page_head.plan_page(), query_params={link_parts.RUN: one.run.run_id})
    key = f"scenario-name-{one.card.key}-{one.card.name}"
    st.session_state.setdefault(key, one.card.name)
    st.text_input("Name", key=key, max_chars=saved.NAME_LETTERS, width=220)
    st.button(
        "Rename",
        key="scenario-rename",
        icon=":material/edit:",
        on_click=lambda: _rename_scenario(one, st.session_state[key]),
    )
    st.button(
        "Duplicate",
        key="scenario-duplicate",
        icon=":material/content_copy:",
        on_click=_attempt_on_scenario,
        args=(lambda: f"Saved {saved.duplicate_scenario(one.run, one.card.key).name}.",),
    )


def _open_scenario(one: Scenario) -> None:
    open_plan.show_opened_plan(one.run, one.plan, one.card.name, one.card.screen)
    if not one.plan.evaluated:
        session_state.ask_forecast(one.run, one.plan)
    st.session_state["run"] = one.run.run_id
    st.session_state[GO] = True


def _rename_scenario(one: Scenario, name: str) -> None:
    def renamed() -> str:
        saved.rename_scenario(one.run, one.card.key, name)
        return f"{one.card.name} is now {' '.join(name.split())}."

    _attempt_on_scenario(renamed)


def _delete_scenario(picked: list[Scenario]) -> None:
    def deleted() -> str:
        for one in picked:
            saved.delete_scenario(one.run, one.card.key)
        return f"Deleted {', '.join(one.card.name for one in picked)}."

    def undo() -> None:
        _attempt_on_scenario(lambda: "Back: " + ", ".join(map(_restore_scenario, picked)) + ".")

    _attempt_on_scenario(deleted, undo)


def _restore_scenario(one: Scenario) -> str:
    return saved.restore_scenario(one.run, one.card.key)


def _attempt_on_scenario(act: Callable[[], str], undo: Callable[[], None] | None = None) -> None:
    """Do something, and remember what to say about it."""
    try:
        st.session_state[REPORTED] = Reported(act(), undo=undo)
    except (DynSTError, OSError) as error:
        st.session_state[REPORTED] = Reported(messages.error_sentence(error), good=False)


def show_scenario_import(shelf: Shelf) -> None:
    """A box that takes a file of scenarios, and says beneath it what became of that."""
    with st.expander("Import scenarios", icon=":material/upload_file:", key="scenarios-import"):
        st.file_uploader(
            "A file that this view exported, here or on another machine",
            type=["json"],
            key="scenarios-file",
            on_change=lambda: _import_scenarios(shelf),
            max_upload_size=uploads.SCENARIOS_MB,
        )
        found: Reported | None = st.session_state.get("scenarios-imported")
        if found is not None:
            (st.success if found.good else st.error)(
                messages.as_markdown(found.text),
                icon=":material/check:" if found.good else ":material/error:",
            )


def _import_scenarios(shelf: Shelf) -> None:
    file = st.session_state["scenarios-file"]
    st.session_state["scenarios-imported"] = None
    if file is None:
        return
    try:
        raw = uploads.upload_content(file, uploads.SCENARIOS_MB)
        names = scenarios.take_scenarios(shelf, saved.unpack_scenarios(raw, file.name), file.name)
    except (DynSTError, OSError) as error:
        st.session_state["scenarios-imported"] = Reported(
            messages.error_sentence(error), good=False
        )
        return
    st.session_state["scenarios-imported"] = Reported(f"Imported {', '.join(names)}.")


def show_deleted_scenarios(deleted: Sequence[tuple[Run, ScenarioCard]]) -> None:
    """Deleted scenarios, to be restored or removed for good."""
    if not deleted:
        return
    with st.expander(f"Deleted scenarios ({len(deleted)})", key="scenarios-deleted"):
        for run, card in reversed(deleted):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"{formatting.plain(card.name)}, of {formatting.code(run.run_id)} "
                    f"({card.plan.n_sites - len(card.plan.kept):,} "
                    f"{run_text.site_noun(run)}s removed)"
                )
                st.button(
                    "Restore",
                    key=f"scenario-restore-{card.key}",
                    icon=":material/undo:",
                    on_click=_attempt_on_scenario,
                    args=(lambda r=run, c=card: f"Back: {saved.restore_scenario(r, c.key)}.",),
                )
                st.button(
                    "Remove for good",
                    key=f"scenario-forget-{card.key}",
                    icon=":material/delete_forever:",
                    on_click=_attempt_on_scenario,
                    args=(lambda r=run, c=card: _forget_scenario(r, c),),
                )


def _forget_scenario(run: Run, card: ScenarioCard) -> str:
    saved.forget_scenario(run, card.key)
    return f"Removed {card.name} for good."
