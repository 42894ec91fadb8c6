"""A plan for those who decide: one HTML file that stands alone and prints to a clean PDF."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dynst_core.constraints.constraints import Constraints
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import Tolerance
from dynst_core.presentation import formatting, map_styles, report_charts, run_text
from dynst_core.presentation.baseline_curves import Curve, path_label, selector_curves
from dynst_core.presentation.basemap import BaseMap
from dynst_core.presentation.plan_figures import PlanFigures
from dynst_core.presentation.static_maps import PAPER, map_png
from dynst_core.reporting.cautions import cautions_html
from dynst_core.reporting.main_cautions import main_cautions
from dynst_core.reporting.report_text import report_assumptions, report_verdict
from dynst_core.reporting.tabular_export import plan_provenance
from dynst_core.reporting.work_order import order_of_removal
from dynst_core.runs.run import Run

MOST_ORDERED = 600
"""Removed sites that the work order lists; longer ones are in the table and the workbook."""

MOST_LISTED = 400
"""Ids that a report lists in full; a longer list is what the exported table is for."""

MAP_CREDIT = "coastlines and borders: Natural Earth; places: GeoNames (CC BY 4.0)"
WIDE_MAP = (7.2, 2.35)
"""Inches of a map that has a row of its own."""

_templates = Environment(
    loader=PackageLoader("dynst_core"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_report(
    run: Run,
    plan: Plan,
    tolerance: Tolerance,
    lead: int | None = None,
    channel: int = 0,
    base_map: BaseMap | None = None,
    asked_removed: float | None = None,
) -> bytes:
    """The report of a plan as HTML in UTF-8; pictures lie within it and it asks for nothing else.

    Args:
        run: the plan's run.
        plan: what is reported; its error is stated only where it was measured.
        tolerance: the error accepted.
        lead: lead-time index that errors are for, or None for all.
        channel: channel index.
        base_map: land and borders, read from the package when None.
        asked_removed: the share removed that was asked for, where the plan is a level of the run;
            the report says so where the level is another.
    Raises:
        RunError: the ledger of baselines beside the run is damaged.
    """
    base_map = base_map or BaseMap.read()
    summary = summarise_plan(run, plan, tolerance, lead, channel)
    figures = PlanFigures(run, plan, summary, tolerance)
    reported = _stands_in(run, plan, asked_removed)
    verdict = report_verdict(run, plan, summary, tolerance, lead, channel)
    baselines = selector_curves(run, run.baselines, lead, channel)
    style, _, _ = _templates.loader.get_source(_templates, "report.css")  # type: ignore[union-attr]
    unit = run_text.variable_unit(run, channel)
    page = _templates.get_template("report.html").render(
        title=run.manifest.title,
        place=run.manifest.dataset.place,
        style=Markup(style),  # noqa: S704 - our own file
        about=run_text.run_description(run),
        noun=run_text.site_noun(run),
        unit=unit,
        lead=run_text.lead_time_text(run, lead),
        verdict=[formatting.unbroken(line, unit) for line in (*reported, *verdict)],
        warned=[
            formatting.unbroken(line, unit)
            for line in main_cautions(run, summary, tolerance, channel)
        ],
        figures=figures.on_paper(),
        more_figures=figures.more_on_paper(),
        **_curves(run, plan, summary.limit, lead, channel),
        baselines_words=_baselines_words(baselines),
        maps=_maps(run, plan, lead, channel, base_map),
        levels=_levels(run, plan, baselines, lead, channel),
        asked=constraints_in_report(run, plan.constraints) + list(plan.breaches),
        edits=plan.edits,
        listed=_listed(run, plan),
        order=_work_order(run, plan),
        assumptions=report_assumptions(run, summary, channel),
        cautions=cautions_html(run.manifest.dataset.name),
        provenance=_provenance(run, plan),
    )
    return page.encode()


def _curves(run: Run, plan: Plan, limit: float, lead: int | None, channel: int) -> dict[str, str]:
    """The error against the share removed, in words too, and by lead time."""
    curve = report_charts.trade_off_svg(run, plan, run.baselines, limit, lead, channel)
    return {
        "curve": _inline(curve, "svg+xml"),
        "curve_words": f"{run_text.curve_title(run, channel)}, "
        f"{run_text.lead_time_text(run, lead)}, over the test period {run_text.test_period(run)}.",
        "lead_times": _inline(report_charts.lead_times_svg(run, plan, channel), "svg+xml"),
    }


def _maps(
    run: Run, plan: Plan, lead: int | None, channel: int, base_map: BaseMap
) -> list[dict[str, str]]:
    """The map of importance, and that of errors where they were measured."""
    shown = [map_styles.importance_style(run, plan)]
    if plan.evaluated:
        scale = map_styles.error_scale_of_run(run, lead, channel, plan)
        shown.append(map_styles.error_style(run, plan, scale, lead, channel))
    size = PAPER if len(shown) > 1 else WIDE_MAP
    return [
        {
            "title": style.title,
            "subtitle": style.subtitle,
            "image": _inline(map_png(run, style, base_map, size=size), "png"),
        }
        for style in shown
    ]


def _stands_in(run: Run, plan: Plan, asked_removed: float | None) -> list[str]:
    """That the plan is another level than the one asked for, where it is."""
    if asked_removed is None or plan.level is None:
        return []
    other = run_text.other_level_text(run, plan.level, asked_removed)
    return [other] if other else []


def constraints_in_report(run: Run, constraints: Constraints) -> list[str]:
    """What a plan had to obey, a sentence each."""
    noun, ids, config = run_text.site_noun(run), run.sites.site_id.astype(str), run.manifest.config
    reported = []
    for words, trained in (("Always kept", config.always), ("Never kept", config.never)):
        if trained:
            reported.append(f"{words}, already in training: {', '.join(trained)}.")
    for words, named in (
        ("Always kept", constraints.always),
        ("Never kept", constraints.never),
    ):
        if named.any():
            reported.append(f"{words}: {', '.join(ids[named])}.")
    if constraints.min_distance_km > 0:
        reported.append(
            f"Kept {noun}s lie at least {formatting.ground(constraints.min_distance_km)} apart."
        )
    if constraints.max_cost is not None:
        most = formatting.money(constraints.max_cost, constraints.currency)
        reported.append(f"All kept {noun}s together cost at most {most} a year.")
    for limit in constraints.limits:
        most = "any number" if limit.at_most is None else f"{limit.at_most:,}"
        reported.append(f"Zone {limit.zone}: at least {limit.at_least:,}, at most {most}.")
    return reported


def _baselines_words(baselines: list[Curve]) -> str:
    if not baselines:
        return "No baseline was measured beside it."
    band = (
        "" if all(c.draws == 1 for c in baselines) else " A band spans the draws of random masks."
    )
    return (
        "Every baseline had a forecaster of the same kind trained for its mask alone, for as many "
        f"steps.{band}"
    )


def _levels(
    run: Run, plan: Plan, baselines: list[Curve], lead: int | None, channel: int
) -> dict[str, object]:
    """The table of all levels, the plan's own marked."""
    dense = run.rmse(0, lead, channel)
    rows = []
    for level, n_active in enumerate(run.path.n_active):
        here = run.rmse(level, lead, channel)
        cells = [
            run_text.level_label(run, level),
            f"{n_active:,}",
            formatting.number(here, dense),
            formatting.change(here, dense) if level else "",
            *(_baseline(curve, level, dense) for curve in baselines),
        ]
        rows.append({"here": level == plan.level, "cells": cells})
    head = [
        "Removed",
        "Kept",
        path_label(run),
        "Against all",
        *(curve.label for curve in baselines),
    ]
    return {"head": head, "rows": rows, "marked": plan.level is not None}


def _baseline(curve: Curve, level: int, dense: float) -> str:
    """A baseline's error at a level, with its range where there were several draws."""
    if level == 0 or level not in curve.levels:
        return ""
    at = curve.levels.index(level)
    mean, low, high = (
        formatting.number(part[at], dense) for part in (curve.mean, curve.low, curve.high)
    )
    return f"{mean} ({low} to {high})" if low != high else mean


def _listed(run: Run, plan: Plan) -> dict[str, str] | None:
    """Ids of the fewer of kept and removed sites, where the list can be read."""
    kept = plan.mask.active
    removed = (~kept).sum() <= kept.sum()
    chosen = ~kept if removed else kept
    if not 0 < chosen.sum() <= MOST_LISTED:
        return None
    noun, ids = run_text.site_noun(run), run.sites.site_id.astype(str)[chosen]
    words = "removed; all others stay" if removed else "kept; all others go"
    count = int(chosen.sum())
    return {
        "title": f"The {count:,} {noun}{'s' if count > 1 else ''} {words}",
        "ids": ", ".join(ids),
    }


def _work_order(run: Run, plan: Plan) -> list[str]:
    """Ids of the removed sites in the order to remove them, where the list can be read."""
    sites = order_of_removal(run, plan)
    return run.sites.site_id[sites].astype(str).tolist() if len(sites) <= MOST_ORDERED else []


def _provenance(run: Run, plan: Plan) -> dict[str, str]:
    manifest = run.manifest
    reported = plan_provenance(run, plan)
    noticed = {"Noticed": " ".join(run.arrays.notices)} if run.arrays.notices else {}
    return noticed | {
        "Run": f"{reported['run']}, trained {manifest.created:%d %b %Y}",
        "Command": manifest.command,
        "Engine": f"DynST Planner {manifest.code_version}, forecaster {manifest.config.backbone}, "
        f"seed {manifest.config.seed}",
        "Data": reported["data"],
        "Source": manifest.dataset.source,
        "Data fingerprint": reported["data_fingerprint"],
        "Test period": reported["test_period"],
        "Plan": f"{reported['kept']} kept, {reported['level']}; "
        f"constraints: {reported['constraints']}",
        **(
            {"Map": "coastlines: Natural Earth; places: GeoNames (CC BY 4.0)"}
            if run.sites.geographic
            else {}
        ),
        "Method": "after DynST, arXiv 2403.02914; what is ours is described in docs/method.md",
        "Written": f"{datetime.now(UTC):%d %b %Y, %H:%M} UTC",
    }


def _inline(picture: bytes, kind: str) -> str:
    """A picture as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
