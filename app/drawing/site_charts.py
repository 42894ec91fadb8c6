"""Charts of one site's card: observed and forecast over time, and error by lead time."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.drawing.charts import by_lead_time
from dynst_core.fields.metrics import ErrorStatistics
from dynst_core.planning import local_time
from dynst_core.planning.site_series import Series, SiteBand
from dynst_core.presentation import formatting, palette, run_text
from dynst_core.runs.run import Run

BAND_FILL = "rgba(42, 120, 197, 0.2)"
MOST_MARKED = 60
"""Observations that are marked one by one; more of them are a line."""


def site_series_chart(
    run: Run, series: Series, band: SiteBand, channel: int, shown: np.ndarray, height: int
) -> go.Figure:
    """What one site measured, and its forecasts with all sites and with the plan's, in units.

    Args:
        run: the run.
        series: the site over the test period.
        band: around the plan's forecast; none is drawn where its width is unknown.
        channel: channel index.
        shown: which times are drawn, (n,), bool.
        height: pixels.
    """
    utc = series.valid_time[shown]
    time = local_time.to_local(run, utc)
    stamps = [local_time.utc_words(one) for one in utc] if run.sites.geographic else None
    observed, dense, plan = (
        values[shown, channel] for values in (series.observed, series.dense, series.plan)
    )
    figure = go.Figure()
    if np.isfinite(band.half_width):
        _add_forecast_band(figure, time, plan, band)
    every = f"all {run_text.site_noun(run)}s"
    lines = (
        (every, dense, palette.RANDOM_LINE, {"width": 2, "dash": "dash"}),
        ("this plan", plan, palette.PATH_LINE, {"width": 2.5}),
        ("observed", observed, palette.OBSERVED_LINE, {"width": 1.5}),
    )
    decimals = formatting.digits(_value_size(observed, plan))
    unit = formatting.in_chart(run_text.variable_unit(run, channel))
    for name, values, colour, line in lines:
        marked = name == "observed" and len(time) <= MOST_MARKED
        figure.add_scatter(
            x=time,
            y=values,
            name=name,
            mode="lines+markers" if marked else "lines",
            marker={"size": 4},
            line={"color": colour, **line},
            connectgaps=False,
            customdata=stamps if name == "observed" else None,
            hovertemplate=f"%{{y:.{decimals}f}} {unit}"
            + ("<br>%{customdata}" if stamps and name == "observed" else ""),
        )
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 8, "t": 4, "b": 4},
        hovermode="x unified",
        dragmode=False,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": None},
        xaxis={"fixedrange": True, "nticks": 6},
        yaxis={
            "title": {"text": unit, "standoff": 8},
            "fixedrange": True,
            "nticks": 5,
            "automargin": True,
        },
    )
    return figure


def site_series_description(run: Run, site: int, lead_time: int, channel: int) -> str:
    """The chart in one sentence, for those who cannot see it."""
    noun = run_text.site_noun(run)
    return (
        f"{formatting.capital(run_text.variable_name(run, channel))} "
        f"at {noun} {run.sites.site_id[site]} "
        f"over time: observed, forecast {run_text.lead_time_text(run, lead_time)} with all "
        f"{noun}s and "
        f"with this plan's, and a band."
    )


def site_lead_time_chart(
    run: Run,
    site: int,
    level: int | None,
    channel: int,
    height: int,
    own: ErrorStatistics | None = None,
) -> go.Figure:
    """The error of one site by lead time, as `charts.lead_times` for all."""
    noun = run_text.site_noun(run)

    def errors(statistics: ErrorStatistics) -> list[float]:
        return statistics.rmse(axis=())[:, site, channel].tolist()

    lines = {
        "persistence": errors(run.arrays.persistence),
        f"all {noun}s": errors(run.arrays.errors[0]),
    }
    if level is not None and level > 0:
        name = f"{run_text.level_label(run, level)} removed"
        lines[name] = errors(run.arrays.errors[level])
    elif level is None and own is not None:
        lines["this plan"] = errors(own)
    return by_lead_time(run, lines, channel, height)


def _add_forecast_band(
    figure: go.Figure, time: np.ndarray, plan: np.ndarray, band: SiteBand
) -> None:
    quiet = {"hoverinfo": "skip", "line": {"width": 0}, "mode": "lines", "showlegend": False}
    low, high = plan - band.half_width, plan + band.half_width
    fill = {"fill": "tonexty", "fillcolor": BAND_FILL}
    figure.add_scatter(x=time, y=low, name="band, lowest", **quiet)
    figure.add_scatter(x=time, y=high, name="band, highest", **quiet, **fill)


def _value_size(observed: np.ndarray, plan: np.ndarray) -> float:
    """About how large the values are, for their decimals."""
    seen = observed[np.isfinite(observed)]
    return float(np.abs(seen if len(seen) else plan).max(initial=0.0))
