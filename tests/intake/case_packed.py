"""Archives, spreadsheets, Parquet, places and arrays that are broken or odd."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pandas as pd
import xarray as xr

from tests.intake.case_texts import READ
from tests.intake.cases import (
    HOURS,
    SITES,
    ZONE,
    Case,
    as_bytes,
    csv_text,
    long_rows,
    places,
    put,
    value_of,
    wide_rows,
    with_places,
    written,
)

ARCHIVE, SHEET, PARQUET, SHAPES, ARRAYS, GRIDS = (
    "Archives",
    "Spreadsheets",
    "Parquet",
    "Places in files of their own",
    "Arrays",
    "Grids",
)
TEXT = csv_text(wide_rows())


def zipped(members: dict[str, bytes], name: str = "values.zip"):
    def make(folder: Path) -> list[Path]:
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return with_places(folder, folder / name)

    return make


def linked_tar(folder: Path) -> list[Path]:
    with tarfile.open(folder / "values.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("values.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return with_places(folder, folder / "values.tar.gz")


def tarred(folder: Path) -> list[Path]:
    with tarfile.open(folder / "values.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("in/values.csv")
        member.size = len(TEXT.encode())
        archive.addfile(member, io.BytesIO(TEXT.encode()))
    return with_places(folder, folder / "values.tar.gz")


def locked_zip() -> bytes:
    """An archive whose member says that it is encrypted."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("values.csv", TEXT)
    raw = bytearray(out.getvalue())
    raw[6] |= 1
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 8] |= 1
    return bytes(raw)


def nested(depth: int) -> bytes:
    content = TEXT.encode()
    name = "values.csv"
    for level in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(name, content)
        content, name = out.getvalue(), f"level{level}.zip"
    return content


def sparse(folder: Path) -> list[Path]:
    file = folder / "values.csv"
    with file.open("wb") as stream:
        stream.write(TEXT.encode())
        stream.truncate(10 << 30)
    return with_places(folder, file)


# -- spreadsheets ---------------------------------------------------------------------------------


def numbers(row: list[str]) -> list[object]:
    return [float(c) if c.replace(".", "").isdigit() else c for c in row]


def book(change=None, rows=None, name: str = "values.xlsx"):
    def make(folder: Path) -> list[Path]:
        made = openpyxl.Workbook()
        sheet = made.active
        for row in rows or wide_rows():
            sheet.append(numbers(row))
        if change:
            change(made, sheet)
        made.save(folder / name)
        return with_places(folder, folder / name)

    return make


def formula(_: object, sheet) -> None:
    sheet["B5"] = "=SUM(C5:D5)"


def totals(_: object, sheet) -> None:
    sheet.append([])
    sheet.append(["Total", 1, 2, 3])
    sheet.append(["Source: the city's own counters"])


def merged(_: object, sheet) -> None:
    sheet.merge_cells("B5:B9")


def merged_header(_: object, sheet) -> None:
    sheet.insert_rows(1)
    sheet["A1"], sheet["B1"] = "time", "speeds of all three"
    sheet["C1"], sheet["D1"] = "of", "Berlin"
    sheet.merge_cells("A1:A2")


def dates(_: object, sheet) -> None:
    for row in sheet.iter_rows(min_row=2, max_col=1):
        row[0].value = pd.Timestamp(row[0].value).to_pydatetime()


def both_sheets(folder: Path) -> list[Path]:
    made = openpyxl.Workbook()
    for row in wide_rows():
        made.active.append(numbers(row))
    other = made.create_sheet("places")
    for line in places(folder).read_text().splitlines():
        other.append(numbers(line.split(",")))
    made.save(folder / "all.xlsx")
    return [folder / "all.xlsx"]


def sheet_bytes(folder: Path) -> bytes:
    return book()(folder)[0].read_bytes()


def cut_sheet(folder: Path) -> list[Path]:
    content = sheet_bytes(folder)
    return with_places(folder, put(folder, "values.xlsx", content[: len(content) // 2]))


def sheet_as_csv(folder: Path) -> list[Path]:
    return with_places(folder, put(folder, "values.csv", sheet_bytes(folder)))


def huge_sheet(folder: Path) -> list[Path]:
    (file, where) = book()(folder)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b" " * (80 << 20))
    return [file, where]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


# -- Parquet and places ---------------------------------------------------------------------------


def parquet(folder: Path) -> Path:
    frame = pd.DataFrame(long_rows()[1:], columns=long_rows()[0])
    frame["time"] = pd.to_datetime(frame["time"])
    frame["speed"] = frame["speed"].astype(float)
    frame.to_parquet(folder / "values.parquet", index=False)
    return folder / "values.parquet"


def cut_parquet(folder: Path) -> list[Path]:
    content = parquet(folder).read_bytes()
    return with_places(folder, put(folder, "values.parquet", content[: len(content) // 2]))


def empty_parquet(folder: Path) -> list[Path]:
    pd.DataFrame({"time": [], "site": [], "speed": []}).to_parquet(folder / "values.parquet")
    return with_places(folder, folder / "values.parquet")


def shapes(driver: str, name: str, crs: str = "EPSG:25833", grow: float = 0.0):
    def make(folder: Path) -> list[Path]:
        import geopandas

        points = geopandas.points_from_xy([391500, 392500, 395500], [5822000, 5818000, 5820000])
        table = geopandas.GeoDataFrame({"station": SITES}, geometry=points, crs="EPSG:25833")
        if grow:
            table = table.set_geometry(table.buffer(grow))
        table.to_crs(crs).to_file(folder / name, driver=driver)
        return [parquet(folder), folder / name]

    return make


def shapefile_without(ending: str):
    def make(folder: Path) -> list[Path]:
        values, shape = shapes("ESRI Shapefile", "sites.shp")(folder)
        shape.with_suffix(ending).unlink()
        return [values, shape]

    return make


def database(folder: Path) -> list[Path]:
    import sqlite3

    with sqlite3.connect(folder / "sites.gpkg") as made:
        made.execute("create table sites (id text)")
    made.close()
    return [parquet(folder), folder / "sites.gpkg"]


def deep_geojson(folder: Path) -> list[Path]:
    text = '{"type": "FeatureCollection", "features": ' + "[" * 500 + "]" * 500 + "}"
    return [parquet(folder), put(folder, "sites.geojson", text)]


def broken_geojson(folder: Path) -> list[Path]:
    return [
        parquet(folder),
        put(folder, "sites.geojson", '{"type": "FeatureCollection", "features": [{'),
    ]


# -- arrays and grids -----------------------------------------------------------------------------


def array() -> np.ndarray:
    return np.array([[value_of(h, s) for s in range(3)] for h in range(HOURS)])


def saved(name: str, **arrays: np.ndarray):
    def make(folder: Path) -> list[Path]:
        np.savez(folder / name, **arrays)
        return [folder / name]

    return make


def objects(folder: Path) -> list[Path]:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (117 - len(header)) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\x80\x04."
    return [put(folder, "values.npy", content)]


def huge_npy(folder: Path) -> list[Path]:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }"
    header += b" " * (117 - len(header)) + b"\n"
    return [
        put(
            folder,
            "values.npy",
            b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(80),
        )
    ]


def grid(folder: Path, name: str = "grid.nc", change=None, **more: xr.Variable) -> Path:
    time = np.arange(HOURS)
    values = 280 + np.arange(12).reshape(3, 4) + np.sin(time)[:, None, None]
    attrs = {"units": "K"}
    made = xr.Dataset(
        {"t2m": (("time", "lat", "lon"), values.astype(np.float32), attrs), **more},
        coords={
            "time": ("time", time, {"units": "hours since 2024-05-14", "standard_name": "time"}),
            "lat": ("lat", [50.0, 51, 52], {"units": "degrees_north"}),
            "lon": ("lon", [4.0, 5, 6, 7], {"units": "degrees_east"}),
        },
    )
    made = change(made) if change else made
    made.to_netcdf(folder / name, engine="netcdf4")
    return folder / name


def gridded(change=None, name: str = "grid.nc", **more: xr.Variable):
    return lambda folder: [grid(folder, name, change, **more)]


def cut_grid(folder: Path) -> list[Path]:
    content = grid(folder).read_bytes()
    return [put(folder, "grid.nc", content[: len(content) // 2])]


def zarr_store(version: int, packed: bool):
    def make(folder: Path) -> list[Path]:
        xr.open_dataset(grid(folder)).to_zarr(
            folder / "grid.zarr", zarr_format=version, consolidated=False
        )
        if not packed:
            return [folder / "grid.zarr"]
        with zipfile.ZipFile(folder / "grid.zarr.zip", "w") as archive:
            for file in sorted((folder / "grid.zarr").rglob("*")):
                if file.is_file():
                    archive.write(file, file.relative_to(folder / "grid.zarr").as_posix())
        return [folder / "grid.zarr.zip"]

    return make


def outside(folder: Path) -> list[Path]:
    with h5py.File(folder / "values.h5", "w") as made:
        made["data"] = h5py.ExternalLink("other.h5", "/data")
    return [folder / "values.h5"]


def bare_hdf5(folder: Path) -> list[Path]:
    with h5py.File(folder / "values.h5", "w") as made:
        made["data"] = array()
    return [folder / "values.h5"]


def frame_hdf5(folder: Path) -> list[Path]:
    """A frame as pandas writes it, by h5py alone."""
    with h5py.File(folder / "values.h5", "w") as made:
        group = made.create_group("df")
        group.attrs["pandas_type"] = b"frame"
        group["axis0"] = group["block0_items"] = np.array([s.encode() for s in SITES])
        time = pd.date_range("2024-05-14", periods=HOURS, freq="h").as_unit("ns")
        group["axis1"] = time.astype("int64").to_numpy()
        group["axis1"].attrs["kind"] = b"datetime64"
        group["block0_values"] = array()
    return with_places(folder, folder / "values.h5")


def city(folder: Path) -> list[Path]:
    with h5py.File(folder / "flow.h5", "w") as made:
        values = np.arange(HOURS * 2 * 3 * 4).reshape(HOURS, 2, 3, 4) % 97
        made["data"] = values.astype(float)
        made["date"] = np.array(
            [f"201404{1 + h // 24:02d}{h % 24 + 1:02d}".encode() for h in range(HOURS)]
        )
    return [folder / "flow.h5"]


def levels(made: xr.Dataset) -> xr.Dataset:
    return made.expand_dims(level=[500.0, 850.0]).transpose("time", "level", "lat", "lon")


def projected(folder: Path) -> list[Path]:
    values = 20 + np.arange(4).reshape(2, 2) + np.sin(np.arange(HOURS))[:, None, None]
    made = xr.Dataset(
        {"no2": (("time", "y", "x"), values, {"units": "ug m-3"})},
        coords={
            "time": pd.date_range("2024-05-14", periods=HOURS, freq="h"),
            "y": [5.80e6, 5.81e6],
            "x": [3.9e5, 4.0e5],
        },
    )
    made.to_netcdf(folder / "grid.nc", engine="netcdf4")
    return [folder / "grid.nc"]


def r_frame(name: str):
    def make(folder: Path) -> list[Path]:
        import rdata

        hours = np.repeat(np.arange(HOURS), 3)
        frame = pd.DataFrame(
            {
                "sec": 1715644800.0 + 3600 * hours,
                "site": np.tile([1, 2, 3], HOURS),
                "speed": [value_of(h, s) for h in range(HOURS) for s in range(3)],
                "lat": np.tile([52.5, 52.6, 52.7], HOURS),
                "lon": np.tile([13.4, 13.5, 13.6], HOURS),
            }
        )
        if name.endswith("rds"):
            rdata.write_rds(folder / name, frame)
        else:
            rdata.write_rda(folder / name, {"frame": frame, "n": np.arange(3)})
        return [folder / name]

    return make


R_TIME = ("time=sec", "time_format=seconds since 1970-01-01", "value=speed")
GRID_READ = "read: 48 times of 12 sites"

CASES = (
    Case(ARCHIVE, "a table in a zip archive", zipped({"data/values.csv": TEXT.encode()}), READ),
    Case(
        ARCHIVE,
        "a table packed by gzip",
        lambda f: with_places(f, put(f, "values.csv.gz", gzip.compress(TEXT.encode()))),
        READ,
    ),
    Case(
        ARCHIVE,
        "the same without its ending",
        lambda f: with_places(f, put(f, "values.csv", gzip.compress(TEXT.encode()))),
        READ,
    ),
    Case(
        ARCHIVE,
        "a table packed by bzip2",
        lambda f: with_places(f, put(f, "values.csv.bz2", bz2.compress(TEXT.encode()))),
        READ,
    ),
    Case(ARCHIVE, "a table in a tar archive", tarred, READ),
    Case(
        ARCHIVE,
        "a zip archive that unpacks to a thousand times its size",
        zipped({"values.csv": b"0" * (60 << 20)}),
        "refused: .*unpacks to at most",
    ),
    Case(
        ARCHIVE,
        "a gzip file that does",
        lambda f: with_places(f, put(f, "values.csv.gz", gzip.compress(b"0" * (60 << 20)))),
        "refused: .*unpacks to at most",
    ),
    Case(
        ARCHIVE,
        "a path that leads out of the archive",
        zipped({"../values.csv": TEXT.encode()}),
        "refused: .*stay inside",
    ),
    Case(
        ARCHIVE,
        "an absolute path",
        zipped({"/tmp/values.csv": TEXT.encode()}),
        "refused: .*stay inside",
    ),
    Case(ARCHIVE, "a link in a tar archive", linked_tar, "refused: .*stay inside"),
    Case(
        ARCHIVE,
        "an archive with a password",
        as_bytes(locked_zip(), "values.zip"),
        "refused: .*password",
    ),
    Case(
        ARCHIVE,
        "an archive that is cut off",
        as_bytes(nested(1)[:200], "values.zip"),
        "refused: .*cut off or damaged",
    ),
    Case(
        ARCHIVE,
        "a gzip file that is cut off",
        as_bytes(gzip.compress(TEXT.encode())[:200], "values.csv.gz"),
        "refused: .*cut off or damaged",
    ),
    Case(
        ARCHIVE,
        "archives within archives",
        as_bytes(nested(6), "values.zip"),
        "refused: .*archives within archives",
    ),
    Case(
        ARCHIVE,
        "an archive without any file",
        as_bytes(b"PK\x05\x06" + bytes(18), "values.zip"),
        "refused: .*found none",
    ),
    Case(
        ARCHIVE,
        "a readme alone",
        lambda f: [zipped({"readme.txt": b"about"})(f)[0]],
        "refused: .*found none",
    ),
    Case(
        ARCHIVE,
        "a 7z archive",
        as_bytes(b"7z\xbc\xaf'\x1c" + bytes(64), "values.7z"),
        "refused: .*7z archive",
    ),
    Case(ARCHIVE, "10 GB of text", sparse, "refused: .*at most 2 GB|refused: .*no kind"),
    Case(
        ARCHIVE,
        "a path that is not there",
        lambda f: [f / "nothing.csv"],
        "refused: .*check the path",
    ),
    Case(SHEET, "numbers and times as text", book(), READ),
    Case(SHEET, "dates as such", book(dates), READ),
    Case(SHEET, "values and places in two sheets", both_sheets, READ),
    Case(SHEET, "XLSX called .csv", sheet_as_csv, READ),
    Case(
        SHEET, "totals and a source below the table", book(totals), READ + ".*Rows below the table"
    ),
    Case(
        SHEET,
        "a formula that was never computed",
        book(formula),
        "refused: .*formula without its result in cell B5",
    ),
    Case(SHEET, "merged cells in the table", book(merged), "refused: .*merged in rows 5 to 9"),
    Case(SHEET, "column names in two rows", book(merged_header), "refused: "),
    Case(SHEET, "no rows", book(rows=[["time", "north"]]), "refused: "),
    Case(SHEET, "a file that is cut off", cut_sheet, "refused: .*cut off or damaged"),
    Case(SHEET, "80 MB of blanks in a small file", huge_sheet, "refused: .*unpacks to at most"),
    Case(
        SHEET,
        "a password",
        as_bytes(OLE + "EncryptedPackage".encode("utf-16-le"), "values.xlsx"),
        "refused: .*without a password",
    ),
    Case(SHEET, "the old .xls", as_bytes(OLE, "values.xls"), "refused: .*old Excel"),
    Case(PARQUET, "times, sites and speeds", lambda f: with_places(f, parquet(f)), READ),
    Case(PARQUET, "a file that is cut off", cut_parquet, "refused: .*cut off or damaged"),
    Case(PARQUET, "no rows", empty_parquet, "refused: .*found none"),
    Case(PARQUET, "text called .parquet", as_bytes(TEXT.encode(), "values.parquet"), READ),
    Case(SHAPES, "a GeoPackage in a projection", shapes("GPKG", "sites.gpkg"), READ),
    Case(SHAPES, "GeoJSON", shapes("GeoJSON", "sites.geojson", "EPSG:4326"), READ),
    Case(SHAPES, "a Shapefile", shapes("ESRI Shapefile", "sites.shp"), READ),
    Case(SHAPES, "polygons", shapes("GPKG", "sites.gpkg", grow=50), READ + ".*at their centre"),
    Case(SHAPES, "a Shapefile without its table", shapefile_without(".dbf"), "refused: .*no .dbf"),
    Case(
        SHAPES,
        "a Shapefile without its projection",
        shapefile_without(".prj"),
        "asked: In which projection",
    ),
    Case(SHAPES, "another database", database, "refused: .*another SQLite"),
    Case(SHAPES, "GeoJSON nested 500 deep", deep_geojson, "refused: .*nested at most"),
    Case(SHAPES, "GeoJSON that is cut off", broken_geojson, "refused: .*cut off"),
    Case(
        ARRAYS,
        "npz on (time, node, channel), nothing else",
        saved("values.npz", data=array()[:, :, None]),
        "asked: .*what is the first time",
        (),
    ),
    Case(
        ARRAYS,
        "the same, answered",
        saved("values.npz", data=array()[:, :, None]),
        "read: 48 times of 3 sites \\(0 55.75",
        ("start=2024-05-14", "step=1 h", "timezone=UTC", "places=rows"),
    ),
    Case(ARRAYS, "Python objects", objects, "refused: .*Python objects"),
    Case(ARRAYS, "a header that promises 80 GB", huge_npy, "refused: "),
    Case(
        ARRAYS,
        "an axis too many",
        saved("values.npz", data=np.zeros((10, 2, 32, 32))),
        "asked: .*axes=time,channel,row,column",
    ),
    Case(ARRAYS, "a data frame of R (.rds)", r_frame("v.rds"), "read: 48 times of 3 sites", R_TIME),
    Case(ARRAYS, "a data frame in .rda", r_frame("v.rda"), "read: 48 times of 3 sites", R_TIME),
    Case(
        ARRAYS,
        "an R file that is damaged",
        as_bytes(b"X\n\0\0\0\x03junk", "v.rds"),
        "refused: .*write.csv",
    ),
    Case(
        ARRAYS,
        "a Python pickle",
        as_bytes(b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.", "values.pkl"),
        "refused: .*pickle",
    ),
    Case(ARRAYS, "a frame of pandas in HDF5", frame_hdf5, READ),
    Case(ARRAYS, "HDF5 without axes", bare_hdf5, "refused: .*without axes"),
    Case(ARRAYS, "HDF5 that links to another file", outside, "refused: .*another file"),
    Case(ARRAYS, "a city grid in the layout of DeepST", city, "asked: On which clocks", ()),
    Case(
        ARRAYS,
        "the same, answered",
        city,
        "read: 48 times of 12 sites",
        ("timezone=Asia/Shanghai", "box=116,39,117,40"),
    ),
    Case(GRIDS, "NetCDF", gridded(), GRID_READ, ()),
    Case(GRIDS, "NetCDF called .csv", gridded(name="grid.csv"), GRID_READ, ()),
    Case(GRIDS, "Zarr of version 2", zarr_store(2, packed=False), GRID_READ, ()),
    Case(GRIDS, "Zarr of version 3", zarr_store(3, packed=False), GRID_READ, ()),
    Case(GRIDS, "Zarr in a zip archive", zarr_store(2, packed=True), GRID_READ, ()),
    Case(GRIDS, "a file that is cut off", cut_grid, "refused: .*cut off or damaged", ()),
    Case(GRIDS, "y and x without a projection", projected, "asked: .*crs=local", ()),
    Case(GRIDS, "the same, answered", projected, r"read: 48 times of 4 sites", ("crs=EPSG:25833",)),
    Case(
        GRIDS,
        "two variables",
        gridded(lambda d: d.assign(u10=d.t2m * 2)),
        "asked: Which of the variables",
        (),
    ),
    Case(GRIDS, "two levels", gridded(levels), "asked: .*select=level", ()),
    Case(GRIDS, "the same, answered", gridded(levels), GRID_READ, ("select=level:500",)),
    Case(
        GRIDS,
        "times without units",
        gridded(lambda d: d.assign_coords(time=("time", np.arange(HOURS)))),
        "asked|refused",
        (),
    ),
    Case(
        GRIDS,
        "no times",
        gridded(lambda d: d.isel(time=0, drop=True)),
        "asked: Expected a time axis",
        (),
    ),
    Case(
        GRIDS,
        "a calendar of 360 days",
        gridded(
            lambda d: d.assign_coords(
                time=(
                    "time",
                    np.arange(HOURS),
                    {"units": "days since 2024-01-01", "calendar": "360_day"},
                )
            )
        ),
        "read: ",
        (),
    ),
    Case(
        GRIDS,
        "cells that are never measured",
        gridded(lambda d: d.where(d.lat > 50.5)),
        "read: 48 times of 8 sites.*4 cells",
        (),
    ),
    Case(
        GRIDS,
        "1e20 without saying so",
        gridded(lambda d: d.where((d.lat > 50.5) | (d.time > 4), 1e20)),
        "refused: .*1e\\+20|asked",
        (),
    ),
)


def geojson(rows: list[tuple[str, float, float]]) -> str:
    """Points as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": i},
            "geometry": {"type": "Point", "coordinates": [x, y]},
        }
        for i, x, y in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


__all__ = ["CASES", "ZONE", "written"]
