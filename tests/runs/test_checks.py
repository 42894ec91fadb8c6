"""Runs whose hashes hold and whose content does not: refused in a sentence, others untouched."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import h5py
import numpy as np
import pytest
import xarray as xr
from rich.console import Console
from safetensors.numpy import save as serialize

from dynst_core.cli import tables
from dynst_core.errors import RunError
from dynst_core.runs.archive import pack_run, unpack_run
from dynst_core.runs.manifest import checksum_of
from dynst_core.runs.store import RunStore
from tests.support.factories import content, grid_sites, make_arrays, save_run, with_seeds

PICKLED = b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01x\x94K\x01s."
"""A dictionary as Python pickles it."""

Changed = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a good run over a grid, with several seeds."""
    root = tmp_path_factory.mktemp("good")
    run = save_run(root, "good", with_seeds(make_arrays(*grid_sites())))
    with ZipFile(io.BytesIO(pack_run(run))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def crafted(
    files: dict[str, bytes],
    manifest: Changed | None = None,
    arrays: Callable[[xr.Dataset], xr.Dataset] | None = None,
    raw: bytes | None = None,
    weights: bytes | None = None,
) -> io.BytesIO:
    """A run file with right hashes and checksum around changed content."""
    content = json.loads(files["manifest.json"])
    content.pop("checksum")
    nc = files["path.nc"]
    if arrays is not None:
        nc = _rewritten(nc, arrays)
    nc = nc if raw is None else raw
    own = files["weights.safetensors"] if weights is None else weights
    if manifest is not None:
        manifest(content)
    content["files"] = {
        "path.nc": hashlib.sha256(nc).hexdigest(),
        "weights.safetensors": hashlib.sha256(own).hexdigest(),
    }
    content["checksum"] = checksum_of(content)
    made = io.BytesIO()
    with ZipFile(made, "w") as archive:
        archive.writestr("manifest.json", json.dumps(content))
        archive.writestr("path.nc", nc)
        archive.writestr("weights.safetensors", own)
    return made


def _rewritten(nc: bytes, change: Callable[[xr.Dataset], xr.Dataset]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "path.nc"
        file.write_bytes(nc)
        with xr.open_dataset(file, engine="netcdf4") as opened:
            dataset = change(opened.load())
        for name in dataset.variables:
            dataset[name].encoding = {}
        file.unlink()
        dataset.to_netcdf(file, engine="netcdf4")
        return file.read_bytes()


def put(*path: str, value: Any) -> Changed:
    """A change of one entry of the manifest."""

    def change(content: dict[str, Any]) -> None:
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = value

    return change


MANIFESTS: dict[str, Changed] = {
    "too few levels": put("config", "levels", value=[0.0]),
    "no levels": put("config", "levels", value=[]),
    "odd levels": put("config", "levels", value=[0.0, -5.0, 1e300, 0.9]),
    "levels that fall": put("config", "levels", value=[0.0, 0.6, 0.3, 0.9]),
    "a forecast in no time": put("forecast_seconds", value=[0, 0, 0, 0]),
    "too few times of forecasts": put("forecast_seconds", value=[0.1]),
    "two channels": lambda m: m["dataset"].update(channels=["a", "b"], units=["x", "y"]),
    "no channels": lambda m: m["dataset"].update(channels=[], units=[]),
    "no units": put("dataset", "units", value=[]),
    "horizon 0": put("config", "horizon", value=0),
    "horizon -3": put("config", "horizon", value=-3),
    "horizon 9": put("config", "horizon", value=9),
    "horizon 1e9": put("config", "horizon", value=10**9),
    "history 0": put("config", "history", value=0),
    "history 1e9": put("config", "history", value=10**9),
    "no test windows": put("split", "n_test_windows", value=0),
    "1e9 test windows": put("split", "n_test_windows", value=10**9),
    "step 0": put("dataset", "step_seconds", value=0),
    "step -1": put("dataset", "step_seconds", value=-1),
    "step 1e300": put("dataset", "step_seconds", value=1e300),
    "no steps": put("steps", value=[]),
    "no scale": put("std", value=[]),
    "training of -1 s": put("training_seconds", value=-1),
    "training of 1e308 s": put("training_seconds", value=1e308),
    "created in the year 9999": put("created", value="9999-12-31T23:59:59"),
    "created in the year 1": put("created", value="0001-01-01T00:00:00Z"),
    "end before start": lambda m: m["dataset"].update(
        start="2030-01-01T00:00:00Z", end="2000-01-01T00:00:00"
    ),
    "-1 times": put("dataset", "n_times", value=-1),
    "seed of 400 digits": put("config", "seed", value=10**400),
    "run id that climbs": put("run_id", value="../../evil"),
    "run id of a device": put("run_id", value="CON"),
    "run id of 300 letters": put("run_id", value="a" * 300),
    "hidden run id": put("run_id", value=".jobs"),
    "title of a megabyte": put("title", value="T" * 1_000_000),
    "version as text": put("format_version", value="x"),
}

ARRAYS: dict[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "negative ranks": lambda d: d.assign(rank=d["rank"] - 1000),
    "equal ranks": lambda d: d.assign(rank=d["rank"] * 0),
    "ranks of other size": lambda d: d.drop_vars("rank").assign(rank=("s2", np.arange(5))),
    "all sites off": lambda d: d.assign(active=d["active"] * 0),
    "levels upside down": lambda d: d.assign(active=(d["active"].dims, d["active"].values[::-1])),
    "small grid": lambda d: d.drop_vars("grid_y").assign(grid_y=("row2", np.arange(2.0))),
    "grid of equal rows": lambda d: d.assign(grid_y=d["grid_y"] * 0),
    "places at infinity": lambda d: d.assign(coordinates=d["coordinates"] * 1e300),
    "no attributes": lambda d: d.drop_attrs(),
    "negative counts": lambda d: d.assign(count=d["count"] * 0 - 5),
    "errors that are NaN": lambda d: d.assign(squared=d["squared"] * np.nan),
    "infinite errors": lambda d: d.assign(squared=d["squared"] * 0 + np.inf),
    "negative errors": lambda d: d.assign(squared=-d["squared"]),
    "band share as text": lambda d: d.assign_attrs(band_share="x"),
    "equal ranks of halves": lambda d: d.assign(half_rank=d["half_rank"] * 0),
    "last readings of other sites": lambda d: d.assign(
        last_reading=(("a", "b"), np.zeros((2, 1))), last_reading_at=(("a", "b"), np.zeros((2, 1)))
    ),
    "last readings beyond the calendar": lambda d: d.assign(
        last_reading=(("site", "channel"), np.zeros((d.sizes["site"], 1))),
        last_reading_at=(("site", "channel"), np.full((d.sizes["site"], 1), -(2**63) + 1)),
    ),
    "last readings without times": lambda d: d.drop_vars("last_reading_at"),
    "links to nowhere": lambda d: d.assign(
        edges=(("edge", "end"), np.array([[0, 10**6], [-7, 3]]))
    ),
    "links without length": lambda d: d.assign(
        link=(("ln", "end"), np.array([[0, 10**6], [-7, 3]])),
        link_length=(("ln",), np.array([np.nan, -1.0])),
    ),
    "no site": lambda d: d.isel(site=[]),
    "one site of a grid": lambda d: d.isel(site=[0]),
    "turned errors": lambda d: d.assign(squared=d["squared"].transpose(..., "channel", "site")),
    "members of other size": lambda d: d.drop_vars("member_rank").assign(
        member_rank=(("member", "s3"), np.zeros((3, 5), dtype="i4"))
    ),
    "no member": lambda d: d.isel(member=[]),
    "ids that repeat": lambda d: d.assign_coords(site=["x"] * d.sizes["site"]),
}

FILES: dict[str, dict[str, bytes]] = {
    "weights of other names": {"weights": serialize({"noslash": np.zeros(3, "f4")})},
    "weights without levels": {"weights": serialize({"level_zz/x": np.zeros(3, "f4")})},
    "weights as a pickle": {"weights": PICKLED},
    "arrays as a pickle": {"raw": PICKLED},
    "arrays as classic netCDF": {"raw": b"CDF\x01" + bytes(28)},
    "no arrays": {"raw": b""},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """A store with one good run, which what is refused must leave as it was."""
    root = tmp_path_factory.mktemp("runs")
    save_run(root, "neighbour", make_arrays(*grid_sites()))
    return RunStore(root)


def refused(file: io.BytesIO, store: RunStore) -> str:
    """What is said of a run file that must leave a store with one good run as it was."""
    root = store.root
    with pytest.raises(RunError) as reported:
        unpack_run(file, store, "mine.zip")
    assert content(root) == ["neighbour"]
    out = io.StringIO()
    Console(file=out, width=200).print(tables.run_table(store))
    assert "neighbour" in out.getvalue()
    message = str(reported.value)
    assert "\n" not in message and str(root) not in message and len(message) < 700
    return message


def test_a_good_run_comes_in(packed: dict[str, bytes], tmp_path: Path) -> None:
    assert unpack_run(crafted(packed), RunStore(tmp_path)) == "good"


@pytest.mark.parametrize("case", MANIFESTS)
def test_a_manifest_that_contradicts_itself_or_the_arrays_is_refused(
    packed: dict[str, bytes], store: RunStore, case: str
) -> None:
    assert "expected" in refused(crafted(packed, manifest=MANIFESTS[case]), store).lower()


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_that_contradict_each_other_are_refused(
    packed: dict[str, bytes], store: RunStore, case: str
) -> None:
    assert "mine.zip: " in refused(crafted(packed, arrays=ARRAYS[case]), store)


@pytest.mark.parametrize("case", FILES)
def test_files_of_another_kind_are_refused(
    packed: dict[str, bytes], store: RunStore, case: str
) -> None:
    assert "mine.zip: " in refused(crafted(packed, **FILES[case]), store)


def test_a_bad_run_that_was_copied_by_hand_hides_no_other(
    packed: dict[str, bytes], tmp_path: Path
) -> None:
    save_run(tmp_path, "neighbour", make_arrays(*grid_sites()))
    with ZipFile(crafted(packed, manifest=MANIFESTS["no units"])) as archive:
        archive.extractall(tmp_path / "good")
    out = io.StringIO()
    Console(file=out, width=250).print(tables.run_table(RunStore(tmp_path)))
    assert "neighbour" in out.getvalue()
    assert "cannot be opened" in out.getvalue()


# -- HDF5 that reads other files or asks for all memory ---------------------------------------


def with_array(nc: bytes, change: Callable[[h5py.File], None], folder: Path) -> bytes:
    file = folder / "changed.nc"
    file.write_bytes(nc)
    with h5py.File(file, "a") as opened:
        change(opened)
    return file.read_bytes()


def _external(opened: h5py.File) -> None:
    shape, kind = opened["rank"].shape, opened["rank"].dtype
    del opened["rank"]
    opened.create_dataset("rank", shape, kind, external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])


def _external_link(opened: h5py.File) -> None:
    del opened["rank"]
    opened["rank"] = h5py.ExternalLink("/tmp/other.h5", "/secret")


def _soft_link(opened: h5py.File) -> None:
    del opened["rank"]
    opened["rank"] = h5py.SoftLink("/count")


def _virtual(opened: h5py.File) -> None:
    shape = opened["rank"].shape
    del opened["rank"]
    layout = h5py.VirtualLayout(shape, dtype="i4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "secret", shape=shape)
    opened.create_virtual_dataset("rank", layout)


def _huge(opened: h5py.File) -> None:
    opened.create_dataset("huge", (1 << 16, 1 << 16), "f4", chunks=(64, 64), compression="gzip")


def _compound(opened: h5py.File) -> None:
    opened.create_dataset("own", (3,), np.dtype([("a", "i4"), ("b", "f4")]))


def _named_type(opened: h5py.File) -> None:
    opened["own"] = np.dtype("i4")


def _group(opened: h5py.File) -> None:
    opened.create_group("inner")


def _own_filter(opened: h5py.File) -> None:
    opened.create_dataset("own", (300,), "f4", chunks=(100,), compression="lzf")


def _reference(opened: h5py.File) -> None:
    opened.create_dataset("own", (2,), h5py.ref_dtype)


@pytest.mark.parametrize(
    "change",
    [
        _external, _external_link, _soft_link, _virtual, _huge, _compound, _named_type, _group,
        _own_filter, _reference,
    ],
)  # fmt: skip
def test_arrays_that_are_more_than_plain_numbers_are_refused_unread(
    packed: dict[str, bytes],
    store: RunStore,
    tmp_path: Path,
    change: Callable[[h5py.File], None],
) -> None:
    nc = with_array(packed["path.nc"], change, tmp_path)
    message = refused(crafted(packed, raw=nc), store)
    assert "expected the arrays of a run, found a file that cannot be read" in message
    assert "hostname" not in message and "/tmp" not in message
