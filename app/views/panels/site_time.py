"""One site over time on its card: observed, forecast with all sites and with the plan, a band."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.drawing import site_charts
from app.services import forecast_requests, forecasters
from app.services.forecast_requests import Ask
from app.state import choice as session
from app.state import session_state
from app.state.choice import Choice
from dynst_core.fields.time_axis import later_times
from dynst_core.planning import local_time
from dynst_core.planning import site_series as times
from dynst_core.planning.plan import Plan
from dynst_core.planning.site_series import Series, SiteBand, Stretch
from dynst_core.presentation import formatting, run_text
from dynst_core.runs.run import Run

HEIGHT = 170


def pick_stretch(run: Run, choice: Choice) -> None:
    """A box for the part of the test period that is shown, where it is long enough to be cut."""
    options = _stretches(run, _lead_time(run, choice))
    if len(options) == 1:
        return
    st.selectbox(
        "Test period shown",
        list(options),
        format_func=lambda i: _period(run, options[i]) if i else "Whole test period",
        key=session_state.bound_widget_key("stretch", run, _stretch(run, choice, options)),
        on_change=lambda: session_state.change_choice(
            run, stretch=session_state.shown_widget_value("stretch", run)
        ),
        filter_mode=None,
        label_visibility="collapsed",
    )


def show_site_series(run: Run, choice: Choice, plan: Plan, site: int) -> None:
    """The chart and what its band held, once the forecasts are there."""
    found = _known(run, plan, site, _lead_time(run, choice))
    if found is not None:
        _draw(run, choice, plan, site, found)


def series_requests(run: Run, choice: Choice, plan: Plan) -> list[Ask]:
    """What is to be forecast for the site that the screen shows over time, if it shows one."""
    site = session.site_on_card(run, choice)
    if site is None or site_series_view(run, choice) != session.OVER_TIME:
        return []
    return [forecast_requests.request_series(plan.mask, site, _lead_time(run, choice))]


def _draw(run: Run, choice: Choice, plan: Plan, site: int, found: Series) -> None:
    lead_time, channel = _lead_time(run, choice), choice.channel
    options = _stretches(run, lead_time)
    shown = options[_stretch(run, choice, options)].holds(found.valid_time)
    band = times.band_at(run, plan.level, found, site, lead_time, channel)
    st.plotly_chart(
        site_charts.site_series_chart(run, found, band, channel, shown, HEIGHT),
        key="site-series",
        config={"displayModeBar": False},
        alt=site_charts.site_series_description(run, site, lead_time, channel),
    )
    held = times.share_held(found, band, channel, shown)
    st.caption(f"{_ahead(run, choice)} {_reported(run, band, held, channel)}")


def site_series_view(run: Run, choice: Choice) -> str:
    """What the card draws: what was chosen, else the site over time where its data are at hand."""
    if choice.card is not None:
        return choice.card
    return (
        session.OVER_TIME if forecasters.data_source_at_hand(run).at_hand else session.BY_LEAD_TIME
    )


def _known(run: Run, plan: Plan, site: int, lead_time: int) -> Series | None:
    loaded = forecasters.loaded_forecaster(run)
    if loaded is None or not plan.mask.n_active:
        return None
    return loaded.known_series(plan.mask, site, lead_time)


def _lead_time(run: Run, choice: Choice) -> int:
    """The lead time chosen; the last where all are."""
    return run.manifest.config.horizon - 1 if choice.lead is None else choice.lead


def _stretches(run: Run, lead_time: int) -> dict[int, Stretch]:
    """The stretches that hold a time at a lead time, by their place in the list."""
    at = times.valid_times(run, lead_time)
    return {i: one for i, one in enumerate(times.series_stretches(run)) if one.holds(at).any()}


def _stretch(run: Run, choice: Choice, options: dict[int, Stretch]) -> int:
    for place in (choice.stretch, times.usual_series_stretch(run)):
        if place in options:
            return place
    return 0


def _period(run: Run, stretch: Stretch) -> str:
    """In words, to the end of its last step, so that a whole day is named by its date."""
    seconds = run.manifest.dataset.step_seconds
    step = np.timedelta64(round(seconds * 1e6), "us")
    end = later_times(stretch.last, np.array(1), step)
    first, last = (
        local_time.to_local(run, np.array(time)).astype("datetime64[us]").item()
        for time in (stretch.first, end)
    )
    return formatting.period(first, last)


def _ahead(run: Run, choice: Choice) -> str:
    lead_time = _lead_time(run, choice)
    last = ", the last lead time" if choice.lead is None and lead_time else ""
    clock = local_time.clock_name(run)
    zone = f" ({clock})" if clock else ""
    return f"{formatting.capital(run_text.lead_time_text(run, lead_time))}{last}{zone}."


def _reported(run: Run, band: SiteBand, held: float, channel: int) -> str:
    """What the band is, and what it held of the observations shown."""
    if held != held:
        return "Nothing was observed in the period shown."
    source = "from the selection period" if band.calibrated else "1.28 × its RMSE there"
    width = (
        f"±{formatting.number(band.half_width)} "
        f"{formatting.plain(run_text.variable_unit(run, channel))}"
    )
    share = f"{100 * band.share:.0f} % band"
    return f"{share}: {width} ({source}); held {100 * held:.0f} % of the observations shown."
