"""A plan's mask, and the masks and errors of its run, as NetCDF or Zarr after CF conventions."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import xarray as xr

from dynst_core.files.column_names import channel_variables
from dynst_core.planning.plan import Plan
from dynst_core.reporting.tabular_export import plan_provenance
from dynst_core.runs.run import Run

FLAGS = {
    "flag_values": np.array([0, 1], dtype=np.int8),
    "flag_meanings": "removed kept",
}


def run_to_netcdf(run: Run, plan: Plan) -> bytes:
    """The file that `cf_dataset` describes, compressed."""
    dataset = cf_dataset(run, plan)
    encoding = {
        name: {"zlib": True, "complevel": 4, "shuffle": True}
        for name, variable in dataset.data_vars.items()
        if variable.dtype.kind in "fi" and variable.ndim
    }
    with TemporaryDirectory() as folder:
        file = Path(folder) / "plan.nc"
        dataset.to_netcdf(file, engine="netcdf4", encoding=encoding)
        return file.read_bytes()


def run_to_zarr(run: Run, plan: Plan) -> bytes:
    """The same fields as one zip file that holds a Zarr group, its chunks compressed.

    `xarray.open_zarr(zarr.storage.ZipStore(file, mode="r"))` opens it. Zarr of format 2, which more
    programs read than 3 and whose texts and joint metadata are part of the format.
    """
    with TemporaryDirectory() as folder:
        group, file = Path(folder) / "plan.zarr", Path(folder) / "plan.zip"
        cf_dataset(run, plan).to_zarr(group, mode="w", zarr_format=2, consolidated=True)
        with ZipFile(file, "w", ZIP_STORED) as packed:
            for part in sorted(path for path in group.rglob("*") if path.is_file()):
                packed.write(part, part.relative_to(group).as_posix())
        return file.read_bytes()


def cf_dataset(run: Run, plan: Plan) -> xr.Dataset:
    """Masks, importance and test errors with coordinates and units.

    A grid's fields lie on (latitude, longitude), or on (y, x) in metres; a network's on `site`. The
    errors are those of the run's own levels, and of the plan where it is none of them and was
    forecast again; `kept` is the plan.
    """
    path, manifest = run.path, run.manifest
    data = {
        "kept": _field(run, plan.mask.active.astype(np.int8), "whether the plan keeps the site"),
        "kept_at_level": _field(
            run, path.active.astype(np.int8), "whether the level keeps the site", "level"
        ),
        "rank": _field(run, path.rank.astype(np.int32), "rank: 0 for the first site to go"),
        "importance": _field(
            run, path.importance.astype(np.float32), "share of sites that go no later than this one"
        ),
    }
    for name in ("kept", "kept_at_level"):
        data[name].attrs |= FLAGS
    for name in ("rank", "importance"):
        data[name].attrs["units"] = "1"
    card = manifest.dataset
    variables = channel_variables(card.channels)
    for channel, (variable, name, unit) in enumerate(
        zip(variables, card.channels, card.units, strict=True)
    ):
        rmse = np.stack([e.rmse(axis=())[:, :, channel] for e in run.arrays.errors])
        title = f"root mean squared error of the forecast of {name.replace('_', ' ')}"
        field = _field(run, rmse.astype(np.float32), title, "level", "lead_time")
        field.attrs |= {"units": unit, "channel": name, "cell_methods": "time: root_mean_square"}
        data[f"rmse_{variable}"] = field
        if plan.level is None and plan.errors is not None:
            own = plan.errors.rmse(axis=())[:, :, channel].astype(np.float32)
            data[f"rmse_plan_{variable}"] = _field(run, own, title, "lead_time")
            data[f"rmse_plan_{variable}"].attrs |= field.attrs | {
                "long_name": f"{title}, this plan"
            }
    reported = plan_provenance(run, plan)
    attrs = {
        "Conventions": "CF-1.11",
        "title": reported.pop("title"),
        "source": f"DynST Planner {manifest.code_version}, run {run.run_id}",
        "history": f"{manifest.created:%Y-%m-%dT%H:%M:%SZ} {manifest.command}",
        "references": "arXiv 2403.02914",
        "comment": "Errors are over the test period, at kept and removed sites alike.",
        **({"featureType": "point"} if run.grid is None and run.sites.geographic else {}),
        **reported,
    }
    return xr.Dataset(data, _coordinates(run), attrs)


def _field(run: Run, values: np.ndarray, long_name: str, *before: str) -> xr.DataArray:
    """Values (..., s) on the run's own axes."""
    if run.grid is not None:
        values = values.reshape(*values.shape[:-1], *run.grid.shape)
    field = xr.DataArray(values, dims=(*before, *_axes(run)), attrs={"long_name": long_name})
    if run.grid is None and run.sites.geographic:
        field.attrs["coordinates"] = "longitude latitude site_id"
    return field


def _axes(run: Run) -> tuple[str, ...]:
    if run.grid is None:
        return ("site",)
    return ("latitude", "longitude") if run.sites.geographic else ("y", "x")


def _coordinates(run: Run) -> dict[str, xr.DataArray]:
    seconds = run.manifest.dataset.step_seconds
    leads = (np.arange(run.manifest.config.horizon) + 1) * seconds
    levels = run.manifest.config.levels[: len(run.path.active)]
    reported = {"standard_name": "forecast_period", "units": "seconds", "long_name": "lead time"}
    share = {"units": "1", "long_name": "share of sites removed"}
    coordinates = {
        "lead_time": xr.DataArray(leads, dims="lead_time", attrs=reported),
        "level": xr.DataArray(np.array(levels), dims="level", attrs=share),
    }
    north = ("latitude", "degrees_north") if run.sites.geographic else ("y", "m")
    east = ("longitude", "degrees_east") if run.sites.geographic else ("x", "m")
    for axis, (name, unit) in enumerate((east, north)):
        values, dim = run.sites.coordinates[:, axis], "site"
        if run.grid is not None:
            values, dim = (run.grid.x, run.grid.y)[axis], name
        standard = name if run.sites.geographic else f"projection_{name}_coordinate"
        attrs = {"standard_name": standard, "units": unit, "axis": "XY"[axis]}
        if dim == "site":
            del attrs["axis"]
        coordinates[name] = xr.DataArray(values, dims=dim, attrs=attrs)
    if run.grid is None:
        ids = run.sites.site_id.astype(object)
        coordinates["site_id"] = xr.DataArray(
            ids, dims="site", attrs={"cf_role": "timeseries_id", "long_name": "site id"}
        )
    return coordinates
