"""A page as one would write it first: a slider over two stock pydeck maps of polygons.

Run by `slider_latency`, to be measured beside the dashboard:

    streamlit run benchmarks/plain_polygons.py -- FOLDER RUN
"""

from __future__ import annotations

import sys
from pathlib import Path

import pydeck as pdk
import streamlit as st

from dynst_core.planning.plan import Plan
from dynst_core.presentation import map_styles
from dynst_core.presentation.projection import cell_borders, cell_corners
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore


@st.cache_resource
def open_run(folder: str, run_id: str) -> tuple[Run, list[list[list[float]]]]:
    """The run and the corners of its cells."""
    run = RunStore(Path(folder)).open(run_id)
    return run, cell_corners(*cell_borders(run)).tolist()


def main() -> None:
    """Draw the page."""
    st.set_page_config(layout="wide")
    run, corners = open_run(*sys.argv[1:3])
    level = st.select_slider("Removed", range(len(run.path.active)))
    plan = Plan.at_level(run, level)
    scale = map_styles.error_scale_of_run(run, None, 0)
    shown = (
        map_styles.importance_style(run, plan),
        map_styles.error_style(run, plan, scale, None, 0),
    )
    for column, look in zip(st.columns(2), shown, strict=True):
        rows = [
            {"polygon": polygon, "fill": fill}
            for polygon, fill in zip(corners, look.fill.tolist(), strict=True)
        ]
        layer = pdk.Layer(
            "PolygonLayer", rows, get_polygon="polygon", get_fill_color="fill", pickable=True
        )
        view = pdk.ViewState(longitude=-4, latitude=54, zoom=4)
        deck = pdk.Deck([layer], initial_view_state=view, map_provider=None)
        column.pydeck_chart(deck, height=400)


main()
