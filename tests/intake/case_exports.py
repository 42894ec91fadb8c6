"""Tables as loggers, archives and cities export them, unchanged."""

from __future__ import annotations

from tests.intake.cases import Case
from tests.intake.export_files import (
    commented,
    dwd,
    eea,
    hobo,
    incidents,
    influx,
    isd_lite,
    jma,
    meteo_france,
    pivot,
    toa5,
    uk_air,
)

EXPORT = "Exports of loggers, archives and cities"
THREE = r"read: 48 times of 3 sites \(north 55.75, south 65.75, east 75.75\)"
DWD = ("timezone=UTC", "value=TT_TU", "leading_zeros=ignore", "missing_value=-999")
ISD = ("timezone=UTC", "value=temperature [0.1 °C]", "missing_value=-9999")

CASES = (
    Case(EXPORT, "Campbell TOA5", toa5, THREE, ("timezone=UTC", "value=AirTC_Avg")),
    Case(EXPORT, "HOBO", hobo, THREE, ('value="Temp, °C"',)),
    Case(
        EXPORT,
        "DWD stations and their list",
        dwd,
        "asked: 3 ids of .* differ by zeros alone",
        ("timezone=UTC", "value=TT_TU"),
    ),
    Case(EXPORT, "the same, answered", dwd, "read: 48 times of 3 sites.*3 missing", DWD),
    Case(EXPORT, "NOAA ISD-Lite", isd_lite, r"read: 48 times of 3 sites \(103840 55", ISD),
    Case(
        EXPORT,
        "UK-AIR",
        uk_air,
        r"read: 48 times of 2 sites \(Bloomsbury 55.75, Marylebone Road 65.75\)",
        ("timezone=UTC",),
    ),
    Case(EXPORT, "JMA, without its encoding", jma, "refused: .*cp932", ("timezone=Asia/Tokyo",)),
    Case(
        EXPORT,
        "the same, answered",
        jma,
        r"read: 48 times of 2 sites \(東京 55.75, 横浜 65.75\)",
        ("timezone=Asia/Tokyo", "encoding=cp932"),
    ),
    Case(
        EXPORT,
        "Météo-France",
        meteo_france,
        "read: 48 times of 3 sites.*around Paris",
        ("timezone=UTC", "value=T"),
    ),
    Case(EXPORT, "EEA air quality", eea, f"{THREE}.*only=Validity:1", ()),
    Case(EXPORT, "the same, valid rows alone", eea, "read: 48.*3 missing", ("only=Validity:1",)),
    Case(EXPORT, "InfluxDB", influx, THREE, ()),
    Case(EXPORT, "a pivot table", pivot, f"{THREE}.*Gesamtergebnis", ("timezone=UTC",)),
    Case(EXPORT, "column names among the comments", commented, THREE, ("timezone=UTC",)),
    Case(
        EXPORT,
        "incidents, each at a place of its own",
        incidents,
        "refused: .*count or average them by area",
        ("timezone=UTC",),
    ),
)
