"""The jobs: one watched as it trains, and the list of all."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from app import messages
from app.drawing import training_charts, training_text
from app.services import cache, training_jobs
from app.state import link_parts, rerun
from app.views.shared import page_head
from app.views.train.form import JOB
from dynst_core import commands
from dynst_core.cli.resume_command import kept_elsewhere
from dynst_core.errors import DynSTError
from dynst_core.jobs.folder import Job, JobFolder
from dynst_core.presentation import formatting

EVERY_SECONDS = 1.0
Jobs = dict[str, tuple[JobFolder, Job]]


def show_training_progress(*, alive: bool) -> None:
    """The watched job and the list; drawn anew every second while any job is under way."""
    st.fragment(_show_jobs, run_every=EVERY_SECONDS if alive else None)(alive)


def _show_jobs(alive: bool) -> None:
    jobs = training_jobs.all_training_jobs()
    if not jobs:
        with st.container(border=True):
            st.markdown("##### No training yet")
            st.markdown(
                "Choose a data set and an effort, read what it will take, and press *Train*. It "
                "goes on when you leave this page or close the browser."
            )
        return
    if alive and all(job.state.over for _, job in jobs.values()):
        rerun.rerun_page()  # once more, and then it is left alone
    job_id = _watched_job(jobs)
    with st.container(border=True, key="job"):
        _show_job(*jobs[job_id], jobs)
    _show_job_list(jobs, job_id)


def _watched_job(jobs: Jobs) -> str:
    """The job that the link names, else the one at work, else the newest."""
    named = st.query_params.get(JOB)
    at_work = (i for i, (_, job) in jobs.items() if job.state.name in ("running", "stopping"))
    job_id = named if named in jobs else next(at_work, next(iter(jobs)))
    if named not in (None, job_id):
        words = formatting.plain(f"There is no training {named[:80]!r} here; this is {job_id}.")
        st.toast(words, icon=":material/link_off:", duration="long")
    if named not in (None, job_id):
        st.query_params[JOB] = job_id
    return job_id


def _show_job(folder: JobFolder, job: Job, jobs: Jobs) -> None:
    state = job.state
    before = training_text.queue_place_text(job, [other for _, other in jobs.values()])
    st.markdown(
        f"**{formatting.plain(training_text.job_title(job))}** · {training_text.ICONS[state.name]} "
        f"{training_text.job_state_text(job, before)}"
    )
    if state.name in ("running", "stopping"):
        st.progress(
            min(1.0, job.share_done), text=formatting.plain(training_text.job_progress_text(job))
        )
    if state.name == "failed":
        st.error(
            messages.as_markdown(f"{state.sentence} {state.next_step}"), icon=":material/error:"
        )
    elif state.name != "running":
        st.caption(messages.as_markdown(f"{state.sentence} {state.next_step}"))
    if state.resumable and kept_elsewhere(folder):
        line = formatting.code(commands.command_here("resume", folder.path.name))
        st.caption(
            f"The folder of runs had no room when this training began: its levels are kept in the "
            f"fallback folder. *Resume* goes on with it, as does {line} in a terminal."
        )
    with st.container(horizontal=True, gap="small", key="job-buttons"):
        _show_job_buttons(folder, job)
    if job.state.name == "running":
        st.caption(training_text.stop_text(job))
    _show_job_pictures(folder, job)
    st.caption(formatting.code(commands.command_here(*job.card.request.words())))


def _show_job_buttons(folder: JobFolder, job: Job) -> None:
    name = job.state.name
    if name in ("running", "queued"):
        label = "Stop" if name == "running" else "Take out of the queue"
        stop = st.button(label, key="job-stop", icon=":material/stop:")
        _act_on_job(stop, folder.ask_to_stop)
    if job.state.run_id is not None and job.state.run_id in cache.find_runs().folders:
        st.page_link(
            page_head.plan_page(),
            label="Open the plan",
            icon=":material/map:",
            query_params={link_parts.RUN: job.state.run_id},
        )
    if name in ("stopped", "failed"):
        again = st.button("Resume", key="job-resume", icon=":material/play_arrow:")
        _act_on_job(again, lambda: training_jobs.training_queue().resume(folder))
    if job.state.over:
        gone = st.button("Take off the list", key="job-delete", icon=":material/close:")
        _act_on_job(gone, folder.delete)


def _act_on_job(asked: bool, act: Callable[[], None]) -> None:
    """Act on a button and draw the whole page anew; say why where that cannot be."""
    if not asked:
        return
    try:
        act()
    except (DynSTError, OSError) as error:
        st.error(messages.as_markdown(error), icon=":material/error:")
        return
    st.rerun()


def _show_job_pictures(folder: JobFolder, job: Job) -> None:
    place, progress, losses = folder.place(), job.progress, folder.losses()
    if place is None or progress is None:
        return
    mask = job.mask(len(place.coordinates))
    if mask is not None:
        kept, total = mask.n_active, len(mask.active)
        when = "The last mask" if job.state.over else "The mask now"
        st.markdown(f"**{when}**: {kept:,} of {total:,} kept (blue), the others white")
        figure = training_charts.mask_map_chart(place, mask.active, cache.cached_base_map())
        _job_chart(figure, "map", f"Map of {total:,} sites, {kept:,} of them kept.")
    left, right = st.columns(2, gap="small")
    with left:
        st.markdown("**Training loss**")
        if losses:
            _job_chart(training_charts.loss_chart(losses), "loss", f"Loss now {losses[-1][1]:.3f}.")
        else:
            st.caption("No step taken yet.")
    with right:
        st.markdown("**Error against sites removed**, on selection windows")
        if progress.levels:
            last = progress.levels[-1]
            words = f"{len(progress.levels)} levels; the last: {formatting.number(last.error)}."
            figure = training_charts.level_chart(progress.levels, place.error_unit)
            _job_chart(figure, "levels", words)
        else:
            st.caption("No level finished yet.")


def _job_chart(figure: object, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=f"job-{key}", config={"displayModeBar": False}, alt=alt)


def _show_job_list(jobs: Jobs, watched: str) -> None:
    everything = [job for _, job in jobs.values()]
    if len(jobs) > 1:
        st.selectbox(
            "Watch",
            list(jobs),
            index=list(jobs).index(watched),
            format_func=lambda i: (
                f"{training_text.job_title(jobs[i][1])} · {jobs[i][1].state.name}"
            ),
            key="job-watched",
            on_change=lambda: st.query_params.update({JOB: st.session_state["job-watched"]}),
            filter_mode=None,
        )
    rows = [
        {
            "training": training_text.job_title(job),
            "state": training_text.job_state_text(
                job, training_text.queue_place_text(job, everything)
            ),
            "asked for (UTC)": f"{job.card.created:%d %b %H:%M}",
            "run": job.state.run_id or "",
        }
        for job in everything
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="jobs-table")
