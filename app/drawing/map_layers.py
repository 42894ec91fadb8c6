"""What a map can show of a plan: each layer's colours, legend, words and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.drawing import map_stage
from dynst_core.constraints.constraints import FREE
from dynst_core.fields.metrics import LEAD_TIME
from dynst_core.planning.plan import Plan
from dynst_core.planning.service_areas import Served
from dynst_core.planning.service_areas import areas_served as served_areas
from dynst_core.presentation import formatting, map_styles, palette, run_text
from dynst_core.presentation.map_styles import MapStyle, Reading, Shape
from dynst_core.presentation.palette import Legend, Scale
from dynst_core.presentation.projection import unwrapped_for_drawing
from dynst_core.runs.run import Run

IMPORTANCE, ERROR = map_stage.IMPORTANCE, map_stage.ERROR
ADDED, CHANGED, WITHIN, SERVED = "added", "changed", "within", "served"
FORECAST, TRUTH, DIFFERENCE = "forecast", "truth", "difference"
LAYERS = (IMPORTANCE, ERROR, ADDED, CHANGED, WITHIN, SERVED, FORECAST, TRUTH, DIFFERENCE)
MOMENTS = (FORECAST, TRUTH, DIFFERENCE)
"""Layers that show one forecast, so that there is a time to choose."""

NEEDS_DATA = (WITHIN, *MOMENTS)
"""Layers that the saved run alone cannot show."""

LABELS = {
    IMPORTANCE: "Importance",
    ERROR: "Forecast error",
    ADDED: "Error added by the cut",
    CHANGED: "Change by your edits",
    WITHIN: "Forecasts close to the truth",
    SERVED: "Area served",
    FORECAST: "Forecast, played in time",
    TRUTH: "Truth, played in time",
    DIFFERENCE: "Forecast minus truth",
}


@dataclass(frozen=True, eq=False)
class Moment:
    """One forecast beside what came, for one lead time.

    Attributes:
        valid_time: in words.
        forecast: (s,), in units.
        truth: (s,), in units; NaN where nothing was observed.
        low, high: the range of the variable over the test period, in units.
    """

    valid_time: str
    forecast: np.ndarray
    truth: np.ndarray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Facts:
    """What layers show beyond the run and the plan; None where it is not known (yet).

    Attributes:
        lead: lead-time index, or None for all.
        channel: channel index.
        miss: by how much a single forecast may miss, in units.
        share: of forecasts that miss by no more, (s,), 0 to 1.
        served: areas of the kept sites; computed anew where not given.
        moment: one forecast.
        before: RMSE at each site before any site was switched by hand, (s,), in units.
    """

    lead: int | None
    channel: int
    miss: float
    share: np.ndarray | None = None
    served: Served | None = None
    moment: Moment | None = None
    before: np.ndarray | None = None


Draw = Callable[[Run, Plan, Facts], MapStyle]


def layer_style(name: str, run: Run, plan: Plan, facts: Facts) -> MapStyle:
    """One of the layers beyond importance and error, which `Picture.usual` draws.

    A layer whose facts are not known is grey and says so.
    """
    drawers: dict[str, Draw] = {
        ADDED: _added_error_style,
        CHANGED: _changed_error_style,
        WITHIN: _within_style,
        SERVED: _served_style,
    }
    draw = drawers[name] if name in drawers else _moment_style(name)
    return draw(run, plan, facts)


def undecided_style(name: str, run: Run, plan: Plan) -> MapStyle:
    """Any layer while no plan obeys: all sites grey, so that none appears kept or removed."""
    cell, pinned = run.grid is not None, plan.constraints.pin != FREE
    line = map_styles.outline_colours(run, np.zeros(len(run.sites), dtype=bool))
    line[pinned] = palette.PIN_OUTLINE
    pins = (palette.pin_swatch("pinned", cell=cell),) if pinned.any() else ()
    return MapStyle(
        LABELS[name],
        f"{run_text.NO_PLAN}: no {run_text.site_noun(run)} is kept or removed yet",
        np.full_like(line, palette.NO_DATA),
        line,
        Legend("", (), (palette.no_data_swatch("not decided", cell=cell), *pins)),
    )


def scale_of_added_error(run: Run, lead: int | None, channel: int) -> Scale:
    """The scale of the error added by a cut: one for all levels, 0 in its middle."""
    dense = run.rmse_by_site(0, lead, channel)
    levels = range(1, len(run.path.active))
    added = [np.abs(run.rmse_by_site(level, lead, channel) - dense) for level in levels]
    return palette.added_scale(palette.round_reach(np.concatenate(added) if added else dense * 0))


def _added_error_style(run: Run, plan: Plan, facts: Facts) -> MapStyle:
    noun, unit = run_text.site_noun(run), run_text.variable_unit(run, facts.channel)
    here = plan.rmse_by_site(facts.channel, facts.lead)
    known = here is not None
    dense = run.arrays.errors[0].at_lead_time(facts.lead).rmse(axis=LEAD_TIME)[:, facts.channel]
    added = here - dense if here is not None else np.full(len(dense), np.nan)
    scale = scale_of_added_error(run, facts.lead, facts.channel)
    reported = f"RMSE with this plan minus RMSE with all {noun}s, in {unit}, "
    return MapStyle(
        "Error added by the cut",
        reported + run_text.lead_time_text(run, facts.lead) if known else run_text.NOT_EVALUATED,
        scale.rgba(added),
        _layer_outline(run, plan),
        _layer_legend(run, scale, unit, signed=True, known=known),
        reading=Reading("Added by the cut", unit, formatting.digits(run.rmse(0)), added),
    )


def _changed_error_style(run: Run, plan: Plan, facts: Facts) -> MapStyle:
    noun, unit = run_text.site_noun(run), run_text.variable_unit(run, facts.channel)
    here, before = plan.rmse_by_site(facts.channel, facts.lead), facts.before
    change = np.full(len(run.sites), np.nan)
    if here is not None and before is not None:
        change = here - before
    known = here is not None and before is not None
    scale = palette.added_scale(palette.round_reach(change[np.isfinite(change) & (change != 0)]))
    reported = f"RMSE with what is switched by hand minus RMSE before, in {unit}, "
    if not plan.edits:
        reported = f"no {noun} is switched by hand"
    elif known:
        reported += run_text.lead_time_text(run, facts.lead)
    else:
        reported = run_text.NOT_EVALUATED
    line = _layer_outline(run, plan)
    line[map_styles.by_hand(run, plan)] = palette.BY_HAND
    return MapStyle(
        "Change by your edits",
        reported,
        scale.rgba(change),
        line,
        _layer_legend(run, scale, unit, signed=True, known=known),
        reading=Reading("Change by your edits", unit, formatting.digits(run.rmse(0)), change),
    )


def _within_style(run: Run, plan: Plan, facts: Facts) -> MapStyle:
    noun, unit = run_text.site_noun(run), run_text.variable_unit(run, facts.channel)
    share = facts.share if facts.share is not None else np.full(len(run.sites), np.nan)
    scale = palette.share_scale()
    reported = (
        f"share of forecasts that miss by at most {facts.miss:g} {unit}, "
        f"{run_text.lead_time_text(run, facts.lead)}, {run_text.test_period(run)}"
    )
    return MapStyle(
        f"Forecasts within {facts.miss:g} {unit}",
        reported if facts.share is not None else f"not yet forecast for this plan; in % by {noun}",
        scale.rgba(100 * share),
        _layer_outline(run, plan),
        _layer_legend(run, scale, "%", known=facts.share is not None),
        reading=Reading(f"Within {facts.miss:g} {unit}", "%", 1, 100 * share),
    )


def _served_style(run: Run, plan: Plan, facts: Facts) -> MapStyle:
    noun = run_text.site_noun(run)
    served = facts.served or served_areas(run.sites, run.grid, plan.mask)
    kept, cell = plan.mask.active, run.grid is not None
    areas, unit = (served.area_km2, "km²") if run.sites.geographic else _square_metres(served)
    low, high = 0.0, palette.round_reach(areas[kept])
    scale = palette.area_scale(low, high)
    fill, line = scale.rgba(areas), np.zeros((len(kept), 4), dtype=np.uint8)
    line[kept] = palette.PIN_OUTLINE
    if not cell:
        fill = np.where(kept[:, None], palette.INK, palette.WHITE).astype(np.uint8)
        line[:] = _layer_outline(run, plan)
    kept_site = palette.kept_swatch(f"kept {noun}", cell=cell)
    removed = () if cell else (palette.removed_swatch(f"removed {noun}", cell=False),)
    shapes = tuple(
        Shape(_ring_beside_site(run, site, ring), tuple(scale.rgba(areas[[site]])[0].tolist()))
        for site, ring in served.outlines
    )
    return MapStyle(
        "Area served",
        f"all places nearer to one kept {noun} than to any other; its size in {unit}",
        fill,
        line,
        Legend(scale.css(), _legend_ticks(scale, unit), (kept_site, *removed)),
        reading=Reading("Area of the nearest kept", unit, formatting.digits(high), areas),
        shapes=shapes,
    )


def _moment_style(name: str) -> Draw:
    """The drawer of a layer that shows one forecast."""

    def draw(run: Run, plan: Plan, facts: Facts) -> MapStyle:
        unit, variable = (
            f(run, facts.channel) for f in (run_text.variable_unit, run_text.variable_name)
        )
        moment, lead = facts.moment, run_text.lead_time_text(run, facts.lead)
        title = {
            FORECAST: f"Forecast of {variable}",
            TRUTH: f"{formatting.capital(variable)} as observed",
            DIFFERENCE: f"Forecast minus truth, {variable}",
        }[name]
        if name == DIFFERENCE:
            scale = palette.bias_scale(palette.round_reach(np.array([2 * run.rmse(0)])))
        else:
            scale = palette.value_scale(*((moment.low, moment.high) if moment else (0.0, 1.0)))
        values, label = np.full(len(run.sites), np.nan), LABELS[name].split(",")[0]
        if moment is not None:
            values = {
                FORECAST: moment.forecast,
                TRUTH: moment.truth,
                DIFFERENCE: moment.forecast - moment.truth,
            }[name]
        reported = "not yet forecast for this plan" if moment is None else f"{unit}, {lead}"
        return MapStyle(
            title,
            f"{reported}, valid {moment.valid_time}" if moment else reported,
            scale.rgba(values),
            _layer_outline(run, plan),
            _layer_legend(run, scale, unit, signed=name == DIFFERENCE, known=moment is not None),
            reading=Reading(label, unit, formatting.digits(scale.high), values),
        )

    return draw


def _square_metres(served: Served) -> tuple[np.ndarray, str]:
    return served.area_km2 * 1e6, "m²"


def _ring_beside_site(run: Run, site: int, ring: np.ndarray) -> np.ndarray:
    """A ring moved by whole turns to where its site is drawn."""
    if not run.sites.geographic:
        return ring
    moved = unwrapped_for_drawing(run.sites)[site] - run.sites.coordinates[site]
    return ring + moved


def _layer_outline(run: Run, plan: Plan) -> np.ndarray:
    """Outlines that tell kept from removed sensors; cells have none."""
    if run.grid is not None:
        return np.zeros((len(run.sites), 4), dtype=np.uint8)
    outlines = (palette.KEPT_OUTLINE, palette.GREY_OUTLINE)
    return np.where(plan.mask.active[:, None], *outlines).astype(np.uint8)


def _layer_legend(
    run: Run, scale: Scale, unit: str, *, signed: bool = False, known: bool = True
) -> Legend:
    cell = run.grid is not None
    if not known:
        return Legend(
            scale.css(),
            _legend_ticks(scale, unit, signed=signed),
            (palette.no_data_swatch("not yet known", cell=cell),),
        )
    removed = () if cell else (palette.rimmed_swatch(scale, run_text.REMOVED_RIM),)
    return Legend(scale.css(), _legend_ticks(scale, unit, signed=signed), removed)


def _legend_ticks(
    scale: Scale, unit: str, *, signed: bool = False
) -> tuple[tuple[float, str], ...]:
    """Round numbers along a scale; the ends say that values beyond them share their colour."""
    low, high = scale.low, scale.high
    step = palette.tick_step(high if signed else high - low)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    values = [round(i * step, 6) for i in range(first, math.floor(high / step + 1e-9) + 1)]
    if signed:
        values = [low, 0.0, high]
    elif len(values) > MOST_TICKS:
        values = [values[0], values[len(values) // 2], values[-1]]
    reported = []
    for value in values:
        sign = "+" if signed and value else ""
        text = f"{value:{sign},.{places}f}".replace("-", "\N{MINUS SIGN}")
        beyond = "≤ " if value == low and low != 0 else "≥ " if value == high else ""
        last = f" {unit}" if value == values[-1] else ""
        reported.append(
            ((value - low) / (high - low), f"{'' if unit == '%' else beyond}{text}{last}")
        )
    return tuple(reported)


MOST_TICKS = 4
"""More would touch each other where numbers are long; then the ends and the middle are reported."""
