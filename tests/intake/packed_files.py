"""Archives, spreadsheets, Parquet and places, as tests write them."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd

from tests.intake.cases import (
    SITES,
    csv_text,
    long_rows,
    places,
    put,
    wide_rows,
    with_places,
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
