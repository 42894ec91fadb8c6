"""What to train: data set, effort and details, with what it will take before it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from app import messages
from app.drawing import training_text
from app.services import training_jobs
from app.services.training_jobs import Facts
from app.state import history, session_state
from app.views.shared import page_head
from dynst_core.backbones.registry import BACKBONES, ON_GRIDS, ON_NETWORKS, USUAL_BACKBONE
from dynst_core.datasets.catalogue import Entry, load_catalogue
from dynst_core.errors import DynSTError
from dynst_core.fields.mask import usual_levels
from dynst_core.jobs.cost_model import estimate_correction, estimate_training, free_memory
from dynst_core.presentation import formatting, run_text
from dynst_core.training.request import PRESETS, TrainRequest, lead_range

PAGE = "train"
"""What the keys of this page's widgets carry."""

KEPT = "train-choice"
DATA, PRESET, JOB = "data", "preset", "job"
FIRST_DATA, FIRST_PRESET, OWN = "tunnel-fire", "quick", "own"
MOST_SEEDS = 10


@dataclass(frozen=True)
class TrainChoice:
    """What the form shows; None and nothing stand for the data set's usual values."""

    dataset: str
    preset: str
    channels: tuple[str, ...]
    history: int
    horizon: int
    backbone: str
    levels: str
    effort: float
    seeds: int
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    stuck: Literal["remove", "keep"] = "remove"
    leads: str = ""
    name: str = ""


def first_training_choice(dataset: str, preset: str) -> TrainChoice:
    """A data set's usual values with a preset's effort."""
    entry = load_catalogue()[dataset]
    chosen = PRESETS[preset]
    return TrainChoice(
        dataset,
        preset,
        tuple(channel.name for channel in entry.channels),
        entry.history,
        entry.horizon,
        USUAL_BACKBONE,
        training_text.levels_text(chosen.levels),
        chosen.effort,
        chosen.seeds,
    )


def request_of(choice: TrainChoice) -> TrainRequest:
    """The request that a choice makes; what is usual is left unsaid.

    Raises:
        ConfigError: its levels are no rising percents, or its lead times no range.
    """
    entry = load_catalogue()[choice.dataset]
    everything = tuple(channel.name for channel in entry.channels)
    return TrainRequest(
        dataset=choice.dataset,
        channels=() if set(choice.channels) >= set(everything) else choice.channels,
        history=None if choice.history == entry.history else choice.history,
        horizon=None if choice.horizon == entry.horizon else choice.horizon,
        backbone=choice.backbone,
        levels=training_text.levels_of(choice.levels),
        effort=choice.effort,
        seeds=choice.seeds,
        always=choice.always,
        never=choice.never,
        stuck=choice.stuck,
        leads=lead_range(choice.leads) if choice.leads.strip() else None,
    )


def show_training_form() -> None:
    """The form, what the training will take, and the button."""
    choice = _training_choice()
    _write_link(choice)
    catalogue = load_catalogue()
    entry = catalogue[choice.dataset]
    st.selectbox(
        "Data set",
        [n for n in catalogue if n == choice.dataset or catalogue[n].found()],
        format_func=lambda name: training_text.dataset_label(catalogue[name]),
        key=session_state.bound_widget_key("dataset", PAGE, choice.dataset),
        on_change=_take_dataset,
        filter_mode=None,
    )
    for fault in catalogue.faults.values():
        st.warning(messages.as_markdown(fault), icon=":material/warning:")
    if not _show_data(entry):
        return
    _pick_preset(choice)
    try:
        facts = training_jobs.dataset_facts(choice.dataset, choice.channels)
    except DynSTError as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return
    for notice in facts.notices:
        (st.caption if facts.gridded else st.warning)(messages.as_markdown(on_page(notice)))
    with st.expander("Details", icon=":material/tune:", expanded=choice.preset == OWN):
        _pick_details(choice, entry, facts)
    _show_estimate_and_button(_training_choice(), facts)


def _write_link(choice: TrainChoice) -> None:
    """Put data set and preset into the address bar; a bare one stands for the usual ones."""
    wanted = {DATA: choice.dataset, PRESET: choice.preset}
    here = {name: st.query_params.get(name) for name in wanted}
    bare = not any(here.values()) and wanted == {DATA: FIRST_DATA, PRESET: FIRST_PRESET}
    history.remember_page_link(page_head.TRAIN, {} if bare else wanted)
    if not bare and here != wanted:
        st.query_params.update(wanted)


def _training_choice() -> TrainChoice:
    if KEPT not in st.session_state:
        data = st.query_params.get(DATA, FIRST_DATA)
        preset = st.query_params.get(PRESET, FIRST_PRESET)
        known = data if data in load_catalogue() else next(iter(load_catalogue()))
        st.session_state[KEPT] = first_training_choice(
            known, preset if preset in PRESETS else FIRST_PRESET
        )
    return st.session_state[KEPT]


def _take_training_detail(name: str) -> None:
    """Put what a widget of the details shows into the choice."""
    value: Any = session_state.shown_widget_value(name, PAGE)
    value = tuple(value) if isinstance(value, list) else value
    changes: dict[str, Any] = {name: value}
    if name in ("levels", "effort", "seeds"):
        changes["preset"] = OWN
    if name in ("always", "never"):  # the last word counts
        other = "never" if name == "always" else "always"
        changes[other] = tuple(s for s in getattr(_training_choice(), other) if s not in value)
    st.session_state[KEPT] = replace(_training_choice(), **changes)


def _take_dataset() -> None:
    preset = _training_choice().preset
    st.session_state[KEPT] = first_training_choice(
        session_state.shown_widget_value("dataset", PAGE),
        preset if preset in PRESETS else FIRST_PRESET,
    )


def _take_preset() -> None:
    preset = session_state.shown_widget_value("preset", PAGE) or _training_choice().preset
    changes: dict[str, Any] = {"preset": preset}
    if preset in PRESETS:
        chosen = PRESETS[preset]
        levels = training_text.levels_text(chosen.levels)
        changes |= {"levels": levels, "effort": chosen.effort, "seeds": chosen.seeds}
    st.session_state[KEPT] = replace(_training_choice(), **changes)


def _show_data(entry: Entry) -> bool:
    """Whether the data are at hand; where they are not, the offer to fetch them."""
    try:
        here = training_jobs.dataset_at_hand(entry)
    except DynSTError as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return False
    needs = " Computed when asked for: needs no download." if entry.simulated else ""
    st.caption(f"{formatting.plain(entry.place)}.{needs}")
    if not here and entry.by_hand:
        st.info(
            f"The data are not on this machine, and users fetch them themselves. "
            f"{formatting.plain(entry.get)} Terms: {formatting.plain(entry.licence)}.",
            icon=":material/folder_open:",
        )
        return False
    if not here:
        weight = training_text.size_text(training_text.download_bytes(entry))
        st.info(
            f"The data are not on this machine. They are {weight}, fetched from the addresses in "
            f"the catalogue and checked against their hashes. Terms: "
            f"{formatting.plain(entry.licence)}.",
            icon=":material/cloud_download:",
        )
        if st.button(f"Download {weight}", key="train-download", icon=":material/download:"):
            _download_data(entry)
        return False
    return True


def _download_data(entry: Entry) -> None:
    try:
        with st.spinner(f"Downloads {formatting.plain(entry.name)}"):
            training_jobs.download_dataset(entry)
    except (DynSTError, OSError) as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return
    st.rerun()


def _pick_preset(choice: TrainChoice) -> None:
    labels = {name: preset.label for name, preset in PRESETS.items()} | {OWN: "Own"}
    st.segmented_control(
        "Effort",
        list(labels),
        format_func=labels.__getitem__,
        required=True,
        key=session_state.bound_widget_key("preset", PAGE, choice.preset),
        on_change=_take_preset,
    )
    about = PRESETS[choice.preset].about if choice.preset in PRESETS else "as in the details"
    st.caption(f"{formatting.capital(about)}.")


def _pick_details(choice: TrainChoice, entry: Entry, facts: Facts) -> None:
    def shared(name: str) -> dict[str, Any]:
        value = getattr(choice, name)
        value = list(value) if isinstance(value, tuple) else value
        return {
            "key": session_state.bound_widget_key(name, PAGE, value),
            "on_change": _take_training_detail,
            "args": (name,),
        }

    step = run_text.duration(facts.step_seconds)
    if len(entry.channels) > 1:
        names = [channel.name for channel in entry.channels]
        st.multiselect("Variables", names, help="None stands for all.", **shared("channels"))
    read, ahead = st.columns(2)
    read.number_input(f"History (steps of {step})", min_value=1, **shared("history"))
    ahead.number_input(f"Horizon (steps of {step})", min_value=1, **shared("horizon"))
    st.selectbox(
        "Forecaster",
        forecaster_names(facts),
        format_func=lambda name: f"{name}: {BACKBONES[name].about}",
        filter_mode=None,
        **shared("backbone"),
    )
    usual = training_text.levels_text(usual_levels(facts.size.n_sites))
    st.text_input("Levels (% removed)", placeholder=f"the usual: {usual}", **shared("levels"))
    st.text_input(
        f"Lead times that count (steps of {step})",
        placeholder="all; for example 1-3",
        help="Sensors are chosen, and errors weighed, for these. The others are still forecast, "
        "with a tenth of the weight.",
        **shared("leads"),
    )
    _pick_effort_and_seeds(shared)
    for name, label in (("always", "Always keep"), ("never", "Remove first")):
        st.multiselect(
            label, facts.site_ids, placeholder="site ids", select_all=False, **shared(name)
        )
    labels = {"remove": "removed before the others", "keep": "ranked like the others"}
    st.selectbox(
        "Sensors that stand still are",
        list(labels),
        format_func=labels.__getitem__,
        filter_mode=None,
        **shared("stuck"),
    )
    name = training_jobs.name_of_run_to_come(choice.dataset)
    st.text_input("Name of the run", placeholder=name, **shared("name"))


def _pick_effort_and_seeds(shared: Callable[[str], dict[str, Any]]) -> None:
    """How long is trained, and how often; `shared` gives a widget's key and callback by name."""
    effort, seeds = st.columns(2)
    effort.number_input(
        "Training steps (× standard)",
        min_value=0.01,
        max_value=10.0,
        step=0.1,
        format="%g",
        **shared("effort"),
    )
    seeds.number_input(
        "Trainings (seeds)",
        min_value=1,
        max_value=MOST_SEEDS,
        help="The best training's masks; the forecast is the mean of all, which errs less than one "
        "by itself and takes several times as long.",
        **shared("seeds"),
    )


ON_PAGE = {
    "`--stuck keep` ranks": "the choice under Details can rank",
    "Pin one with --always": "Name one in Always keep, under Details,",
    "in --never": "in Remove first, under Details,",
}
"""What options of the command line are called here."""


def on_page(notice: str) -> str:
    """A notice with this page's controls in place of the command line's options."""
    for option, control in ON_PAGE.items():
        notice = notice.replace(option, control)
    return notice


def forecaster_names(facts: Facts) -> list[str]:
    """Names of the forecasters that a data set's sites allow."""
    barred = (() if facts.gridded else ON_GRIDS) + (() if facts.networked else ON_NETWORKS)
    return [name for name in BACKBONES if name not in barred]


def _show_estimate_and_button(choice: TrainChoice, facts: Facts) -> None:
    queue = training_jobs.training_queue()
    size = replace(facts.size, history=choice.history, horizon=choice.horizon)
    try:
        request = request_of(choice)
        what = estimate_training(request, size)
    except DynSTError as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return
    jobs = [job for _, job in training_jobs.all_training_jobs().values()]
    times, n_finished = estimate_correction(jobs, request.backbone)
    free = None if queue.scheduler else free_memory()
    st.markdown(training_text.expected_training_text(what, free, times, n_finished))
    refusal = training_text.too_large_text(what, free)
    if refusal:
        st.error(formatting.plain(refusal), icon=":material/block:")
    waiting = sum(not job.state.over for job in jobs)
    if waiting:
        under_way = "One training is" if waiting == 1 else f"{waiting} trainings are"
        st.caption(f"{under_way} under way or waiting; a new one takes its turn after that.")
    if st.button(
        "Train",
        type="primary",
        key="train-start",
        icon=":material/play_arrow:",
        disabled=refusal is not None,
    ):
        _start_training(choice, request, what.seconds)


def _start_training(choice: TrainChoice, request: TrainRequest, model_seconds: float) -> None:
    try:
        with st.spinner("Hands it to the worker"):
            folder = training_jobs.training_queue().submit(
                request, choice.name or None, model_seconds
            )
    except (DynSTError, OSError) as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return
    st.query_params[JOB] = folder.path.name
    st.rerun()
