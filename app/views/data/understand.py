"""What files are taken for, with reasons; what they do not say is asked."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.services.brought_files import Bringing
from app.views.data.answers import ONE_ANSWER, option_in_words, own_setting_unsaid
from dynst_core.intake.choices import FIXED, SEVERAL, Question, answer_text
from dynst_core.intake.naming import with_settings
from dynst_core.intake.verdict import Verdict
from dynst_core.presentation import formatting

LABELS = {
    "values": "File of values",
    "sheet": "Sheet",
    "places": "File of places",
    "layout": "Layout",
    "time": "Time",
    "time_format": "Format of times",
    "timezone": "Time zone",
    "hours": "Hours run from 1 to 24: each names its",
    "start": "First time",
    "step": "Time step",
    "resample": "Within one step take the",
    "repeats": "Of repeated values take the",
    "issued": "Column of times of issue",
    "site": "Site id",
    "value": "Values",
    "unit": "Unit",
    "unit_column": "Column of units",
    "names": "Called",
    "missing_value": "Missing values are written as",
    "measured_values": "Measured, though written like missing",
    "place_id": "Site id in the file of places",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "x": "x",
    "y": "y",
    "crs": "Projection of x and y",
    "box": "Bounding box (west, south, east, north)",
    "only": "Rows to read (COLUMN:TEXT)",
    "without": "Sites to leave out",
    "counter": "Of a counter that rises take the",
    "direction": "Directions in degrees are read as",
    "leading_zeros": "Zeros that ids begin with",
    "match": "Ids are the same by their",
    "convert_units": "Convert to the unit stated",
    "valid_range": "Keep to the range that the file states",
    "moved": "A site that moved stands where it was",
    "unplaced": "Sites without a place",
    "separator": "Separator",
    "decimal": "Decimal sign",
    "thousands": "Thousands sign",
    "encoding": "Encoding",
    "header": "Line of the column names",
    "select": "Along further dimensions take",
    "axes": "Axes",
    "cell": "Sides of a cell in metres",
    "first_row": "The first row is the",
    "coarsen": "Rows and columns that become one",
    "begin": "Read from (UTC)",
    "until": "Read until (UTC)",
    "links": "File of links",
    "ids": "File of ids",
    "time_units": "Times count",
    "group": "Group in the file",
    "title": "Title",
    "place": "Place",
    "licence": "Licence",
    "attribution": "Attribution",
    "source": "Source",
}
"""Words for each setting; several values are divided by commas, columns of time by +."""

WHERE = "(What stands in “ ” is stated in the table below, or under “State something else”.)"

ROW_PIXELS = 35
"""Height of a row of a table of Streamlit."""


def worded(text: str) -> str:
    """A sentence of the engine with each setting by the name that this page gives it."""

    def form(setting: str, value: str) -> str:
        label = LABELS.get(setting, setting)
        return f"“{label}: {value}”" if value else f"“{label}”"

    said = with_settings(text, form)
    return said if said == text else f"{said} {WHERE}"


def question_label(question: Question) -> str:
    """A question as it stands above its box, whose options say what can be answered."""
    text = worded(own_setting_unsaid(question)).removesuffix(WHERE).strip()
    return formatting.plain(text) + ("" if question.required else " (optional)")


def show_data_questions(found: Bringing, verdict: Verdict) -> None:
    """A box for each question, those that must be answered first."""
    if not verdict.questions:
        return
    with st.container(border=True, key="questions-data"):
        required = len(verdict.required)
        st.markdown(
            f"**{required} question{'s' * (required != 1)} the files do not answer**"
            if required
            else "**May be left open**"
        )
        for question in verdict.questions:
            _ask(found, question)


def _ask(found: Bringing, question: Question) -> None:
    label = question_label(question)
    key = f"answer-{found.key}-{question.setting}"

    def take() -> None:
        answer = st.session_state[key] or ""
        options = [answer] if isinstance(answer, str) else answer
        found.state(question.setting, answer_text(question.setting, *filter(None, options)))

    if question.options and question.setting in SEVERAL and question.setting not in ONE_ANSWER:
        st.multiselect(
            label,
            question.options,
            key=key,
            on_change=take,
            accept_new_options=True,
            placeholder="choose one or several",
        )
    elif question.options:
        st.selectbox(
            label,
            question.options,
            index=None,
            format_func=lambda option: option_in_words(question.setting, option),
            key=key,
            on_change=take,
            accept_new_options=question.setting not in FIXED,
            placeholder="choose" if question.setting in FIXED else "choose or type",
        )
    else:
        st.text_input(label, key=key, on_change=take)


def show_proposals(found: Bringing, verdict: Verdict) -> None:
    """A table of settings that can be corrected in place."""
    st.markdown("**What the files are taken for**; double-click a value to correct it")
    rows = [
        {
            "setting": one.setting,
            "What": LABELS.get(one.setting, one.setting),
            "Value": one.value,
            "Why": "as you stated" if one.stated else one.reason,
        }
        for one in verdict.proposals
    ]
    _edit(found, pd.DataFrame(rows, columns=["setting", "What", "Value", "Why"]))
    _add(found, {one.setting for one in verdict.proposals})


def show_stated(found: Bringing) -> None:
    """What was stated by now, to be taken back or corrected, where the files cannot be read."""
    rows = [
        {"setting": name, "What": LABELS.get(name, name), "Value": value, "Why": "as you stated"}
        for name, value in found.stated.items()
    ]
    if rows:
        _edit(found, pd.DataFrame(rows))
    _add(found, set(found.stated))


def _edit(found: Bringing, table: pd.DataFrame) -> None:
    key = f"proposals-{found.key}-{len(found.stated)}-{hash(tuple(found.stated.items()))}"

    def take() -> None:
        for row, changes in st.session_state[key]["edited_rows"].items():
            if "Value" in changes:
                found.state(str(table["setting"].iloc[row]), str(changes["Value"] or ""))

    st.data_editor(
        table,
        key=key,
        on_change=take,
        hide_index=True,
        disabled=["What", "Why"],
        column_order=["What", "Value", "Why"],
        column_config={"Why": st.column_config.TextColumn(width="large")},
        width="stretch",
        height=ROW_PIXELS * (len(table) + 1) + 3,
    )


def _add(found: Bringing, there: set[str]) -> None:
    """A setting that nothing was proposed for."""
    with st.expander("State something else", icon=":material/tune:"):
        name = st.selectbox(
            "Setting",
            [name for name in LABELS if name not in there],
            format_func=lambda name: LABELS[name],
            key="state-name",
        )
        key = f"state-value-{name}-{len(found.stated)}"
        value = st.text_input("Value", key=key)
        st.button(
            "Apply",
            key="state-apply",
            disabled=not value.strip(),
            on_click=lambda: found.state(name, str(st.session_state[key])),
        )


def show_previews(verdict: Verdict) -> None:
    """The first rows of each file."""
    for at, preview in enumerate(verdict.previews):
        with st.expander(f"{formatting.plain(preview.name)} ({preview.kind})", expanded=at == 0):
            names = pd.Series(preview.columns, dtype=str)
            repeated = names.groupby(names).cumcount()
            names = names.where(repeated == 0, names + " (" + (repeated + 1).astype(str) + ")")
            st.dataframe(pd.DataFrame(preview.rows, columns=list(names)), hide_index=True)
