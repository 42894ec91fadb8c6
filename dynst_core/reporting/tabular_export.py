"""A plan as a table that others can open: CSV, GeoJSON, GeoPackage, GeoParquet.

Every file says where it came from in its metadata; a CSV has none, so that a second file beside
it says so. The CSV is in the order of work: what to remove, in that order, then what stays.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio

from dynst_core.constraints.zones import WGS84
from dynst_core.errors import DataError
from dynst_core.fields.gazetteer import nearest_place_names
from dynst_core.files.column_names import channel_columns, spelt_column_name
from dynst_core.planning.plan import Plan
from dynst_core.planning.summary import summarise_plan
from dynst_core.planning.tolerance import USUAL_GOAL
from dynst_core.presentation import run_text
from dynst_core.presentation.plan_figures import PlanFigures
from dynst_core.presentation.site_reasons import site_reasons
from dynst_core.reporting.column_titles import column_titles, titled
from dynst_core.runs.carried_data import last_readings_of_run
from dynst_core.runs.run import Run

LAYER = "plan"
METADATA_KEY = "dynst"
"""Under this name GeoParquet keeps the provenance, as JSON."""

NOT_EVALUATED = "not yet evaluated"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins so is run as a formula by some spreadsheet."""


def plan_table(run: Run, plan: Plan) -> geopandas.GeoDataFrame:
    """One row a site, in the run's order, as a point.

    Columns: site, coordinates, the place it is near to where any is, keep or remove, reason, rank,
    importance (with its lowest and highest over the seeds where there were several), and by channel
    the test RMSE over all lead times with this plan, empty where it is not yet evaluated, and the
    last reading with its time in UTC, where the run keeps it or carries its data. Where costs are
    stated: cost, what is paid under this plan, so 0 for a removed site, and saving, what is not, so
    0 for a kept one. A unit stands in its column's name.
    """
    sites, active = run.sites, plan.mask.active
    x, y = sites.coordinates.T
    place = ("longitude", "latitude") if sites.geographic else ("x_m", "y_m")
    columns: dict[str, object] = {
        "site": sites.site_id.astype(str),
        place[0]: x,
        place[1]: y,
        **near(run, np.arange(len(sites))),
        "decision": np.where(active, "keep", "remove"),
        "reason": site_reasons(run, plan),
        "rank": run.path.rank,
        "importance": np.round(run.path.importance, 6),
    }
    if run.arrays.members is not None:
        lowest, highest = np.round(run.arrays.members.importance, 6)
        columns |= {"importance_lowest": lowest, "importance_highest": highest}
    columns |= _errors(run, plan) | _last_readings(run)
    if plan.constraints.cost is not None:
        per_year = spelt_column_name("per_year", plan.constraints.currency)
        columns[f"cost_{per_year}"] = np.where(active, plan.constraints.cost, 0.0)
        columns[f"saving_{per_year}"] = np.where(active, 0.0, plan.constraints.cost)
    points = geopandas.points_from_xy((x + 180) % 360 - 180 if sites.geographic else x, y)
    return geopandas.GeoDataFrame(columns, geometry=points, crs=WGS84 if sites.geographic else None)


def near(run: Run, sites: np.ndarray) -> dict[str, np.ndarray]:
    """The place that each of some sites is near to, as a column; none where no site is near one."""
    names = nearest_place_names(run.sites, sites)
    return {"near": names} if (names != "").any() else {}


def _errors(run: Run, plan: Plan) -> dict[str, np.ndarray]:
    card, columns = run.manifest.dataset, {}
    for channel, named in enumerate(channel_columns(card.channels, card.units)):
        rmse = plan.rmse_by_site(channel)
        empty = np.full(len(run.sites), np.nan)
        columns[f"rmse_{named}"] = empty if rmse is None else significant_digits(rmse)
        if run.arrays.bands is not None and plan.level is not None:
            width = run.arrays.bands.half_width[plan.level, :, :, channel].mean(axis=0)
            share = f"{100 * run.arrays.bands.share:.0f}pct"
            columns[f"band_{share}_{named}"] = significant_digits(width)
    return columns


def _last_readings(run: Run) -> dict[str, np.ndarray]:
    """The last reading of each site and when it was, in UTC, by channel; empty where unknown."""
    last, card = last_readings_of_run(run), run.manifest.dataset
    if last is None:
        return {}
    columns: dict[str, np.ndarray] = {}
    for channel, named in enumerate(channel_columns(card.channels, card.units)):
        texts = np.datetime_as_string(last.time[:, channel], unit="m").astype(object)
        texts[np.isnat(last.time[:, channel])] = ""
        columns[f"last_{named}"] = significant_digits(last.value[:, channel])
        columns[f"last_{named}_at"] = np.array([f"{text}Z" if text else "" for text in texts])
    return columns


def significant_digits(values: np.ndarray) -> np.ndarray:
    """Values at the seven significant digits that they are stored with, however small they are."""
    return np.array([float(f"{value:.7g}") for value in values.tolist()])


def plan_provenance(run: Run, plan: Plan) -> dict[str, str]:
    """Where a plan came from, as texts by name."""
    manifest, card, split = run.manifest, run.manifest.dataset, run.manifest.split
    level, error = NOT_EVALUATED, NOT_EVALUATED
    if plan.level is not None:
        level = f"{run_text.level_label(run, plan.level)} removed"
        error = "test RMSE over all lead times"
    elif plan.evaluated:
        level = "none of the run's own levels"
        error = "test RMSE over all lead times, forecast again for this plan"
    return {
        "title": f"Sensor plan: {manifest.title}",
        "run": run.run_id,
        "data_fingerprint": card.fingerprint,
        "code_version": manifest.code_version,
        "level": level,
        "error": error,
        **_summary(run, plan),
        **({"edited_by_hand": _reported(plan)} if plan.edits else {}),
        "rank_order": f"0 for the first site to go, {len(run.sites) - 1} for the last to stay",
        "units": ", ".join(f"{c} {u}" for c, u in zip(card.channels, card.units, strict=True)),
        **_renamed(card.channels, card.units),
        "test_period": f"{split.test_start:%Y-%m-%dT%H:%MZ}/{split.test_end:%Y-%m-%dT%H:%MZ}",
        "kept": f"{plan.mask.n_active} of {len(run.sites)}",
        "constraints": " ".join(plan.breaches)
        or ("obeyed" if plan.constraints.n_asked else "none"),
        "data": f"{card.title}, {card.attribution} ({card.licence})",
    }


def _summary(run: Run, plan: Plan) -> dict[str, str]:
    """The plan's error over all sites, of each channel, and what it saves, as on the screen."""
    channels = run.manifest.dataset.channels
    made = [
        PlanFigures(run, plan, summarise_plan(run, plan, USUAL_GOAL, None, channel), USUAL_GOAL)
        for channel in range(len(channels))
    ]
    shown = {}
    if plan.evaluated:
        errors = [(figures.error(), name) for figures, name in zip(made, channels, strict=True)]
        shown["forecast_error"] = "; ".join(
            f"{name}: {figure.value}, {figure.printed}" for figure, name in errors
        )
    saved = made[0].saving()
    return shown if saved is None else shown | {"yearly_saving": f"{saved.value}, {saved.below}"}


def _renamed(channels: Sequence[str], units: Sequence[str]) -> dict[str, str]:
    """Which column is of which channel, where names alone would not say so."""
    columns = channel_columns(channels, units)
    pairs = list(zip(columns, channels, units, strict=True))
    if all(column == spelt_column_name(name, unit) for column, name, unit in pairs):
        return {}
    return {"columns": "; ".join(f"rmse_{column} is of {name!r}" for column, name, _ in pairs)}


def titled_provenance(run: Run, plan: Plan) -> dict[str, str]:
    """`plan_provenance` of a table whose columns are titled in words and whose ranks begin at 1."""
    reported, card = plan_provenance(run, plan), run.manifest.dataset
    reported["rank_order"] = f"1 for the most important site, {len(run.sites)} for the first to go"
    if "columns" not in reported:
        return reported
    names = [f"rmse_{column}" for column in channel_columns(card.channels, card.units)]
    titles = zip(column_titles(run, plan, names), card.channels, strict=True)
    return reported | {"columns": "; ".join(f"{title} is of {name!r}" for title, name in titles)}


def _reported(plan: Plan) -> str:
    """The sites switched by hand, in order: "717446 off (road works)"."""
    reasons = (f" ({edit.reason})" if edit.reason else "" for edit in plan.edits)
    return "; ".join(
        f"{edit.site} {'on' if edit.active else 'off'}{reason}"
        for edit, reason in zip(plan.edits, reasons, strict=True)
    )


def plan_to_csv(run: Run, plan: Plan) -> bytes:
    """The table as CSV in UTF-8 that spreadsheets recognise, nothing in it run as a formula.

    The sites to remove stand first, numbered in the order to remove them; those that stay follow,
    the least important first. Columns are titled in a planner's words, with their units;
    `provenance_csv` says where the table came from.
    """
    removed = ~plan.mask.active
    rows = np.lexsort((run.path.rank, ~removed))
    table = pd.DataFrame(plan_table(run, plan).drop(columns="geometry")).iloc[rows]
    numbers = pd.array(np.arange(1, len(rows) + 1), dtype="Int64")
    numbers[~removed[rows]] = pd.NA
    table.insert(0, "order", numbers)
    return table_as_csv(titled(run, plan, table))


def provenance_csv(run: Run, plan: Plan) -> bytes:
    """Where a plan came from, as a CSV file of two columns: what, value."""
    reported = titled_provenance(run, plan)
    return table_as_csv(pd.DataFrame({"what": list(reported), "value": list(reported.values())}))


def table_as_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8 that spreadsheets recognise, no text in it run as a formula."""
    safe = table.copy()
    texts = [c for c in safe.columns if not pd.api.types.is_numeric_dtype(safe[c])]
    safe[texts] = safe[texts].map(spreadsheet_safe)
    safe.columns = [spreadsheet_safe(str(c)) for c in safe.columns]
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def spreadsheet_safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def plan_to_geojson(run: Run, plan: Plan) -> bytes:
    """The table as GeoJSON, its provenance as a member beside the features.

    Raises:
        DataError: the sites are in local metres, which GeoJSON cannot say.
    """
    if not run.sites.geographic:
        raise DataError(
            "Expected sites in longitude and latitude for GeoJSON, found local metres; take the "
            "GeoPackage or the CSV file."
        )
    collection = json.loads(plan_table(run, plan).to_json(drop_id=True, show_bbox=False))
    collection.pop("crs", None)  # GeoJSON is always WGS 84 and says no more about it
    content = {
        "type": collection.pop("type"),
        "provenance": plan_provenance(run, plan),
        **collection,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def plan_to_geopackage(run: Run, plan: Plan) -> bytes:
    """The table as a GeoPackage, its provenance in the layer's metadata."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plan.gpkg"
        pyogrio.write_dataframe(
            plan_table(run, plan), file, layer=LAYER, layer_metadata=plan_provenance(run, plan)
        )
        return file.read_bytes()


def plan_to_geoparquet(run: Run, plan: Plan) -> bytes:
    """The table as GeoParquet, its provenance as JSON under `dynst` in the file's metadata."""
    plain, reported = io.BytesIO(), io.BytesIO()
    plan_table(run, plan).to_parquet(plain, index=False)
    table = pq.read_table(plain)
    own = {METADATA_KEY.encode(): json.dumps(plan_provenance(run, plan)).encode()}
    pq.write_table(table.replace_schema_metadata((table.schema.metadata or {}) | own), reported)
    return reported.getvalue()
