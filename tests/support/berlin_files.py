"""Files in the form of Berlin's traffic detection, made by code: values and detectors."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import openpyxl

VALUES = "mq_hr_2024_08.csv.gz"
DETECTORS = "Stammdaten_Verkehrsdetektion_2022_07_20(1).xlsx"
HEADER = (
    "mq_name;tag;stunde;qualitaet;q_kfz_mq_hr;v_kfz_mq_hr;q_pkw_mq_hr;v_pkw_mq_hr;q_lkw_mq_hr;"
    "v_lkw_mq_hr"
)
PLACES = {
    "TE001": (13.19257786, 52.43386833),
    "TE002": (13.19260001, 52.43390002),
    "TE005": (13.40127, 52.51962),
    "TE999": (13.5, 52.5),
}
"""Longitude and latitude of cross-sections; the last one has no values."""

COLUMNS = (
    "MQ_KURZNAME",
    "DET_NAME_ALT",
    "DET_NAME_NEU",
    "DET_ID15",
    "MQ_ID15",
    "STRASSE",
    "POSITION",
    "POS_DETAIL",
    "RICHTUNG",
    "SPUR",
    "annotation",
    "LÄNGE (WGS84)",
    "BREITE (WGS84)",
    "INBETRIEBNAHME",
    "ABBAUDATUM",
    "DEINSTALLIERT",
    "KOMMENTAR",
)


def flow(site: int, hour: int) -> int:
    """Vehicles in an hour of the record."""
    return 100 * (site + 1) + (7 * hour) % 24


def is_missing(site: int, hour: int) -> bool:
    """Whether a detector of the cross-section was silent in that hour, which then has no row."""
    return site == 1 and 30 <= hour < 40


def write_berlin(folder: Path, days: int = 4) -> tuple[Path, Path]:
    """Write both files; two detectors stand at each cross-section."""
    lines = [HEADER]
    for site, name in enumerate(list(PLACES)[:-1]):
        for hour in range(24 * days):
            if not is_missing(site, hour):
                day = f"{1 + hour // 24:02d}.08.2024"
                numbers = f"{flow(site, hour)};57;446;56;22;73"
                lines.append(f"{name};{day};{hour % 24};1.0;{numbers}")
    values, detectors = folder / VALUES, folder / DETECTORS
    values.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Stammdaten_TEU_20220720"
    sheet.append(COLUMNS)
    for number, (name, (longitude, latitude)) in enumerate(PLACES.items()):
        for lane in (1, 2):
            key = 100101010000000 + 100 * number
            words = ("A115", "AS Spanische Allee", "AK Zehlendorf", "Südwest", "HF_R", "rechts")
            places = (longitude, latitude, datetime(2003, 2, 18), None, None, None)
            old, new = f"TEU{number:05d}_Det{lane}", f"{name}_Det_HF{lane}"
            sheet.append((name, old, new, key + lane, key + 10**12, *words, *places))
    book.save(detectors)
    return values, detectors
