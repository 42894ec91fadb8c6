"""Train: choose what to train, see what it will take, follow it, stop it, resume it."""

from __future__ import annotations

import streamlit as st

from app.services import training_jobs
from app.views.shared import page_head
from app.views.train import form, progress


def show_train_view() -> None:
    """The choice on the left, the job that is watched on the right, all jobs below."""
    page_head.show_head(page_head.TRAIN, "Train")
    left, right = st.columns([1, 1.6], gap="medium")
    with left, st.container(border=True, key="train-form"):
        form.show_training_form()
    alive = any(not job.state.over for _, job in training_jobs.all_training_jobs().values())
    with right:
        progress.show_training_progress(alive=alive)
