"""What kind of file something is, by its first bytes and never by its name."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import IO, cast

from dynst_core.errors import DataError

TEXT, SHEET, PARQUET, PLACES = "text", "spreadsheet", "parquet", "places"
GRIDDED, HDF5, ARRAYS, ZARR, R_DATA = "gridded", "hdf5", "arrays", "zarr", "r"
JSON = "json"
GHCN_DAYS, GHCN_PLACES = "ghcn-daily", "ghcn-stations"
ARCHIVE, PACKED = "archive", "packed"

HEAD = 4096
"""Bytes by which a file is known."""

CSV = "export the table as CSV"
FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"7z\xbc\xaf'\x1c", "a 7z archive", "unpack it and bring the files themselves"),
    (b"Rar!", "a RAR archive", "unpack it and bring the files themselves"),
    (b"%PDF", "a PDF document", f"{CSV} where it was made"),
    (b"\x89PNG", "a picture", "bring the numbers behind it"),
    (b"\xff\xd8\xff", "a picture", "bring the numbers behind it"),
    (b"II*\x00", "a TIFF picture", "convert it to NetCDF, for example with gdal_translate"),
    (b"MM\x00*", "a TIFF picture", "convert it to NetCDF, for example with gdal_translate"),
    (b"MATLAB 5.0", "a MATLAB file", "save it with `save -v7.3`, or as CSV"),
    (b"ARROW1", "a Feather file", "write it as Parquet, for example with pandas' `to_parquet`"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"version https://git-lfs", "a pointer of Git LFS", "fetch the file with `git lfs pull`"),
    (b"<!doctype html", "a page of the web", "fetch the file itself"),
    (b"<html", "a page of the web", "fetch the file itself"),
    (b"<?xml", "an XML file", f"{CSV}, or ask the service for CSV"),
    (b"{\\rtf", "a text document", f"{CSV} where it was made"),
)
"""How files begin that are not read, what they are, and what to do."""

BINARY: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"\x1f\x8b", b"BZh", b"\xfd7zXZ"), PACKED),
    ((b"PAR1",), PARQUET),
    ((b"SQLite format 3\0", b"\x00\x00\x27\x0a"), PLACES),
    ((b"CDF\x01", b"CDF\x02", b"CDF\x05", b"GRIB"), GRIDDED),
    ((b"\x89HDF",), HDF5),
    ((b"\x93NUMPY",), ARRAYS),
    ((b"RDX2", b"RDX3", b"RDA2", b"RDA3", b"X\n\0\0\0", b"A\n2\n", b"A\n3\n"), R_DATA),
)
"""How files begin that are read, and their kinds."""

DLY = re.compile(rb"[A-Z0-9_-]{11}\d{6}[A-Z0-9]{4}[- \d]{5}")
DLY_PLACES = re.compile(rb"[A-Z0-9_-]{11} +-?\d+\.\d{4} +-?\d+\.\d{4} ")


def kind_of(path: Path, name: str) -> str:
    """The kind of a file.

    Args:
        path: the file.
        name: what messages call it.
    Raises:
        DataError: it is empty, or of a kind that is not read; the message says what to do.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        raise DataError(f"{name}: expected data, found an empty file; fetch it again.")
    found = _binary(head, path, name)
    if found:
        return found
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for begin, what, advice in FOREIGN:
        if start.lower().startswith(begin.lower()):
            raise DataError(f"{name}: expected data, found {what}; {advice}.")
    if re.match(rb"\{\s*[\"}]|\[\s*[\[{\"\d\]]", start):
        return _json_kind(start, path, name)
    if DLY.match(start):
        return GHCN_DAYS
    if DLY_PLACES.match(start):
        return GHCN_PLACES
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\0" in head and not marked:
        raise DataError(
            f"{name}: expected a table, a grid or places, found bytes of no kind that is read; "
            f"export it as CSV, Parquet or NetCDF."
        )
    return TEXT


def _binary(head: bytes, path: Path, name: str) -> str:
    """The kind of a file that is no text; "" where it may be one."""
    if head.startswith(b"PK\x05\x06"):
        raise DataError(f"{name}: expected files in the archive, found none; pack it again.")
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path, name)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        _refuse_old_sheet(path, name)
    for begins, kind in BINARY:
        if head.startswith(begins):
            return kind
    if head[257:262] == b"ustar":
        return ARCHIVE
    if head[:4] in (b"\0\0\0P", b"P\0\0\0") and head[84:88] == head[:4]:
        raise DataError(
            f"{name}: expected data, found a SELAFIN file, as TELEMAC writes; convert it to "
            f"NetCDF, for example with the package xarray-selafin."
        )
    if b"\x89HDF" in (head[512:516], head[1024:1028], head[2048:2052]):
        return HDF5  # behind a block of the program that wrote it
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and b"." in head:
        raise DataError(
            f"{name}: expected data, found a Python pickle, which can run any program when it is "
            f"opened; write it as CSV, Parquet or NetCDF."
        )
    return ""


def _zipped(path: Path, name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{name}: expected a complete zip archive, found one that is cut off or damaged; fetch "
            f"or pack it again."
        ) from error
    if any(member.startswith("xl/") for member in members):
        if not any(member.startswith("xl/worksheets/") for member in members):
            raise DataError(f"{name}: expected sheets, found a workbook without any; {CSV}.")
        if any(member == "xl/workbook.bin" for member in members):
            raise DataError(f"{name}: expected XLSX, found XLSB; save it as XLSX, or {CSV}.")
        return SHEET
    if "mimetype" in members and "content.xml" in members:
        raise DataError(f"{name}: expected XLSX, found an OpenDocument file; save it as XLSX.")
    if members and all(member.endswith(".npy") for member in members):
        return ARRAYS
    return ARCHIVE


def _refuse_old_sheet(path: Path, name: str) -> None:
    with path.open("rb") as stream:
        content = stream.read(1 << 20)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise DataError(
            f"{name}: expected a spreadsheet that opens without a password, found a protected one; "
            f"save it without a password, or {CSV}."
        )
    raise DataError(f"{name}: expected XLSX, found an old Excel file (.xls); save it as XLSX.")


def _json_kind(start: bytes, path: Path, name: str) -> str:
    with path.open("rb") as stream:
        more = start + stream.read(1 << 16)
    if re.search(rb'"type"\s*:\s*"(Feature|FeatureCollection|GeometryCollection)"', more):
        return PLACES
    if b"TimeSeriesResponseType" in more or b"waterml" in more.lower():
        raise DataError(
            f"{name}: expected a table, found WaterML as JSON; ask the service for `format=rdb` "
            f"and bring what it sends."
        )
    return JSON


def packed_stream(path: Path) -> IO[bytes]:
    """What a file packed by gzip, bzip2 or xz holds, as a stream."""
    import bz2
    import gzip
    import lzma

    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    if head.startswith(b"BZh"):
        return bz2.open(path, "rb")
    return lzma.open(path, "rb")
