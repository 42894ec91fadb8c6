"""Train: choose what to train, see what it will take, follow it, stop it, resume it."""

from __future__ import annotations

import streamlit as st

from app import training
from app.views import pages, train_form, train_watch


def show() -> None:
    """The choice on the left, the job that is watched on the right, all jobs below."""
    pages.show_head(pages.TRAIN, "Train")
    left, right = st.columns([1, 1.6], gap="medium")
    with left, st.container(border=True, key="train-form"):
        train_form.show()
    alive = any(not job.state.over for _, job in training.all_jobs().values())
    with right:
        train_watch.show(alive=alive)
