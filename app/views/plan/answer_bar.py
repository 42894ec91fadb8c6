"""The answer on top of the page, and the button to the largest cut beside it."""

from __future__ import annotations

from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.state.choice import Choice
from app.views.plan import largest_cut, present, save_scenario
from dynst_core.planning.answer import Answer
from dynst_core.planning.plan import Plan
from dynst_core.presentation import run_text
from dynst_core.presentation.answer_text import AnswerText, answer_text
from dynst_core.runs.run import Run


def place_answer_bar() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where the answer and the button will stand: above the controls, yet drawn after the maps."""
    with st.container(horizontal=True, vertical_alignment="center", key="verdict", gap="medium"):
        return st.container(key="verdict-words"), st.container(
            key="verdict-button", width="content"
        )


def show_answer(
    run: Run,
    choice: Choice,
    plan: Plan,
    found: Answer,
    places: tuple[DeltaGenerator, DeltaGenerator],
    *,
    valid: bool,
) -> None:
    """Say what the plan comes to beside the goal, green within it and red beyond.

    Args:
        run: the run.
        choice: goal, lead time and channel.
        plan: what is shown.
        found: how that stands to the goal.
        places: of the words and of the button; see `place_answer_bar`.
        valid: whether any plan obeys the constraints.
    """
    text = answer_text(run, found, choice.tolerance, choice.channel)
    with places[0]:
        if run.quick_look:
            st.warning(run_text.quick_look_caution(run), icon=":material/timer:")
        st.html(as_html(found, text))
    if choice.present:
        return
    with places[1]:
        if not run.quick_look:
            largest_cut.show_button(run, choice)
        with st.container(horizontal=True, gap="small", key="answer-actions"):
            save_scenario.show_save_scenario(run, choice, plan, valid=valid)
            present.show_button(run)


def as_html(found: Answer, text: AnswerText) -> str:
    """The answer as HTML; whatever a file or a person named in it is escaped."""
    tone = "good" if found.good else "bad" if found.bad else "open"
    sign = {"good": "✓", "bad": "✕", "open": "?"}[tone]  # the colour alone tells not everyone
    more = f"<p>{escape(' '.join(text.more))}</p>" if text.more else ""
    return (
        f'<div class="answer {tone}" role="status"><span class="sign" aria-hidden="true">{sign}'
        f'</span><div><p class="main">{escape(text.main)}</p>{more}</div></div>'
    )
