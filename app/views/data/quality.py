"""How good a planner's record is, before anything is trained on it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.drawing import data_charts
from app.services import cache
from dynst_core.intake.quality import Quality, period_in_words
from dynst_core.intake.surveying import Large, Survey, surveyed_blocks
from dynst_core.intake.verdict import Verdict
from dynst_core.presentation import formatting

_SURVEYS = "data-surveys"
MOST_HEIGHT = 520
"""Pixels of the heat map that are in sight at once."""

LISTED = 12
"""Ids listed of those without a partner in the other file."""


def show_quality(verdict: Verdict) -> None:
    """The map of sites, and what is known of the record."""
    sites, quality = verdict.sites, verdict.quality
    if verdict.large is not None:
        _show_large(verdict.large)
        return
    if sites is None:
        _show_unmatched(verdict)
        return
    with st.container(border=True, key="quality"):
        st.markdown(f"**{len(sites):,} sites**" + ("" if quality is None else _headline(quality)))
        coverage = None if quality is None else quality.coverage
        base_map = cache.cached_base_map() if sites.geographic else None
        if coverage is not None and len(coverage) != len(sites):
            coverage = None
        st.plotly_chart(data_charts.site_map_chart(sites, coverage, base_map), key="data-map")
        _show_unmatched(verdict)
        if quality is not None and verdict.field is not None:
            _show_channels(verdict, quality)
            for notice in quality.notices:
                st.markdown(f"- {formatting.plain(notice)}")
            st.markdown("**When there are values**, the sites with the fewest on top")
            figure = data_charts.coverage_chart(verdict.field.sites, quality)
            with st.container(
                height=MOST_HEIGHT if figure.layout.height > MOST_HEIGHT else "content"
            ):
                st.plotly_chart(figure, key="data-coverage")


def _show_large(large: Large) -> None:
    """The map and the figures of a record that is read block by block, once a session."""
    known = st.session_state.setdefault(_SURVEYS, {})
    with st.container(border=True, key="quality"):
        if large not in known:
            bar = st.progress(0.0, "Reads the record, block by block")
            for found in surveyed_blocks(large):
                share = f"Reads the record: {100 * found.done:.0f} %"
                bar.progress(found.done, share)
                known[large] = found
            bar.empty()
        survey: Survey = known[large]
        sites = survey.sites
        st.markdown(
            f"**{survey.n_sites:,} sites** · {survey.n_times:,} times · {survey.period} · "
            f"{100 * survey.missing:.1f} % of the values missing"
        )
        if sites is not None:
            base_map = cache.cached_base_map() if sites.geographic else None
            figure = data_charts.site_map_chart(sites, survey.coverage, base_map)
            st.plotly_chart(figure, key="data-map")
            if len(sites) > data_charts.MOST_DOTS:
                st.caption(f"{data_charts.MOST_DOTS:,} of the sites are drawn.")
        st.markdown(
            f"{formatting.plain(survey.channel)}: {survey.low:g} to {survey.high:g}, mean "
            f"{survey.mean:.4g} {formatting.plain(survey.unit)}; {100 * survey.zeros:.1f} % zeros"
        )


def _headline(quality: Quality) -> str:
    return (
        f" · {quality.n_times:,} times every {quality.step} · {period_in_words(quality)} · "
        f"{100 * quality.missing:.1f} % of the values missing"
    )


def _show_channels(verdict: Verdict, quality: Quality) -> None:
    field = verdict.field
    assert field is not None  # noqa: S101  asked for with its quality
    st.dataframe(
        {
            "Variable": list(field.channels),
            "Unit": list(field.units),
            "Lowest": quality.low.astype(float),
            "Mean": quality.mean.astype(float),
            "Highest": quality.high.astype(float),
            "Zeros, %": np.round(100 * quality.zeros.astype(float), 1),
        },
        hide_index=True,
        key="data-channels",
    )


def _show_unmatched(verdict: Verdict) -> None:
    """Ids that stand in one of two files alone."""
    for ids, words in (
        (verdict.unplaced, "with values and no place"),
        (verdict.unused, "with a place and no values"),
    ):
        if ids:
            shown = ", ".join(formatting.code(one) for one in ids[:LISTED])
            more = f" and {len(ids) - LISTED:,} more" if len(ids) > LISTED else ""
            st.markdown(f"{len(ids):,} sites {words}: {shown}{more}")
