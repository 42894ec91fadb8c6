"""Tables as loggers, archives and cities export them, small and with known values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl

from tests.intake.cases import HOURS, SITES, places, put, value_of

BEGIN = datetime(2024, 5, 14)


def at(hour: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return (BEGIN + timedelta(hours=hour)).strftime(form)


def in_folder(folder: Path, files: Iterable[tuple[str, Sequence[str]]]) -> Path:
    inside = folder / "files"
    inside.mkdir()
    for name, lines in files:
        put(inside, name, "\n".join(lines) + "\n")
    return inside


def each(hour_line: Callable[[int, int], str]) -> Callable[[int], list[str]]:
    return lambda site: [hour_line(hour, site) for hour in range(HOURS)]


def toa5(folder: Path) -> list[Path]:
    """Campbell loggers: names in the second line, units and processing below."""
    rows = each(lambda h, s: f'"{at(h)}",{1000 + h},12.{h % 9},{value_of(h, s):g}')
    files = (
        (
            f"{name}_Hourly.dat",
            [
                f'"TOA5","{name}","CR1000","12345","CR1000.Std.27","CPU:met.CR1","4521","Hourly"',
                '"TIMESTAMP","RECORD","BattV_Min","AirTC_Avg"',
                '"TS","RN","Volts","Deg C"',
                '"","","Min","Avg"',
                *rows(s),
            ],
        )
        for s, name in enumerate(SITES)
    )
    return [in_folder(folder, files), places(folder)]


def hobo(folder: Path) -> list[Path]:
    """HOBO loggers: "#" as a name, and serial numbers in the others, which differ by file."""
    rows = each(
        lambda h, s: f"{h + 1},{at(h, '%m/%d/%y %I:%M:%S %p')},{value_of(h, s):.3f},{h % 7}.0,"
    )
    files = (
        (
            f"{name}.csv",
            [
                f'"Plot Title: {name}"',
                f'"#","Date Time, GMT+02:00","Temp, °C (LGR S/N: 1{s}, SEN S/N: 1{s})",'
                f'"Intensity, Lux (LGR S/N: 1{s}, SEN S/N: 1{s})","End Of File (LGR S/N: 1{s})"',
                *rows(s),
            ],
        )
        for s, name in enumerate(SITES)
    )
    return [in_folder(folder, files), places(folder)]


STATIONS = """\
Stations_id von_datum bis_datum Stationshoehe geoBreite geoLaenge Stationsname         Bundesland
----------- --------- --------- ------------- --------- --------- -------------------- ----------
00044 20070401 20241231             44     52.9336    8.2370 Großenkneten         Niedersachsen
00433 19480101 20241231             48     52.4676   13.4020 Berlin Tempelhof     Berlin
03987 18930101 20241231             81     52.3813   13.0622 Potsdam (alt)        Brandenburg
"""


def dwd(folder: Path) -> list[Path]:
    """The German weather service: padded numbers, -999, and a list of stations with a ruler."""
    numbers = (44, 433, 3987)
    rows = each(
        lambda h, s: (
            f"{numbers[s]:11d};{at(h, '%Y%m%d%H')};    3;"
            f"{-999 if h == 5 else value_of(h, s) - 40:6.1f};{60 + h % 20:5.1f};eor"
        )
    )
    files = (
        (
            f"produkt_tu_stunde_20240514_20240515_{number:05d}.txt",
            ["STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor", *rows(s)],
        )
        for s, number in enumerate(numbers)
    )
    listed = put(folder, "TU_Stundenwerte_Beschreibung_Stationen.txt", STATIONS.encode("latin-1"))
    return [in_folder(folder, files), listed]


def isd_lite(folder: Path) -> list[Path]:
    """NOAA's ISD-Lite: no names at all, tenths of degrees, -9999."""
    numbers = ("103840", "103850", "103790")
    rows = each(
        lambda h, s: (
            f"{at(h, '%Y %m %d %H')} {-9999 if h == 3 else round(10 * value_of(h, s)):5d} "
            f"{100 + h:5d} {10150 + h:5d} {h % 36:5d} {30 + h % 9:5d} {-9999:5d} {-9999:5d} {0:5d}"
        )
    )
    files = ((f"{n}-99999-2024", rows(s)) for s, n in enumerate(numbers))
    where = ("+52.473,+13.404", "+52.380,+13.523", "+52.383,+13.067")
    lines = [f'"{n}","99999",{place}' for n, place in zip(numbers, where, strict=True)]
    listed = put(folder, "isd-history.csv", "\n".join(["USAF,WBAN,LAT,LON", *lines]))
    return [in_folder(folder, files), listed]


LONDON = "Site Name,Latitude,Longitude\nBloomsbury,51.52,-0.13\nMarylebone Road,51.523,-0.155\n"


def uk_air(folder: Path) -> list[Path]:
    """UK-AIR: the sites above the names, each with a status beside."""
    lines = [
        '"Data supplied by UK-AIR"',
        ',,"Bloomsbury",,"Marylebone Road",',
        '"Date","time","Nitrogen dioxide","status","Nitrogen dioxide","status"',
        *(
            f"{at(h, '%d-%m-%Y')},{at(h, '%H:00')},{value_of(h, 0)},R,{value_of(h, 1)},P"
            for h in range(HOURS)
        ),
    ]
    return [put(folder, "air.csv", "\n".join(lines)), places(folder, LONDON)]


def jma(folder: Path) -> list[Path]:
    """The Japanese weather service: names in three rows, Shift JIS, flags beside values."""
    lines = [
        "ダウンロードした時刻：2024/05/20 10:00:00",
        ",東京,東京,横浜,横浜",
        "年月日時,気温(℃),気温(℃),気温(℃),気温(℃)",
        ",,品質情報,,品質情報",
        *(
            f"{at(h, '%Y/%m/%d %H:00:00')},{value_of(h, 0)},8,{value_of(h, 1)},8"
            for h in range(HOURS)
        ),
    ]
    return [
        put(folder, "data.csv", "\r\n".join(lines).encode("cp932")),
        places(folder, "地点,緯度,経度\n東京,35.69,139.75\n横浜,35.44,139.65\n"),
    ]


def meteo_france(folder: Path) -> list[Path]:
    """Météo-France: hours in one number, places beside the values."""
    names = ("LUXEMBOURG", "MONTSOURIS", "TOUR EIFFEL")
    where = ("48.844;2.338", "48.822;2.338", "48.858;2.295")
    lines = [
        f"7511{s}001;{names[s]};{where[s]};{at(h, '%Y%m%d%H')};{value_of(h, s)};1"
        for s in range(3)
        for h in range(HOURS)
    ]
    header = "NUM_POSTE;NOM_USUEL;LAT;LON;AAAAMMJJHH;T;QT"
    return [put(folder, "H_75.csv", "\n".join([header, *lines]))]


def eea(folder: Path) -> list[Path]:
    """The European archive of air quality: validity and unit in columns of their own."""
    header = "AirQualityStation,AirPollutant,Concentration,UnitOfMeasurement,DatetimeBegin,Validity"
    lines = [
        f"{name},NO2,{value_of(h, s)},µg/m3,{at(h)} +01:00,{-1 if h == 7 else 1}"
        for s, name in enumerate(SITES)
        for h in range(HOURS)
    ]
    return [put(folder, "NO2.csv", "\n".join([header, *lines])), places(folder)]


def influx(folder: Path) -> list[Path]:
    """InfluxDB: annotations above the names, as wide as the table."""
    lines = [
        f",,{s},{at(h, '%Y-%m-%dT%H:%M:%SZ')},{value_of(h, s)},{name}"
        for s, name in enumerate(SITES)
        for h in range(HOURS)
    ]
    above = [
        "#group,false,false,false,false,true",
        "#datatype,string,long,dateTime:RFC3339,double,string",
        ",result,table,_time,_value,sensor",
    ]
    return [put(folder, "influx.csv", "\n".join([*above, *lines])), places(folder)]


def pivot(folder: Path) -> list[Path]:
    """A pivot table of a spreadsheet, with totals to the right and below."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Summe von Kfz", "Spaltenbeschriftungen"])
    sheet.append(["Zeilenbeschriftungen", *SITES, "Gesamtergebnis"])
    for h in range(HOURS):
        row = [value_of(h, s) for s in range(3)]
        sheet.append([BEGIN + timedelta(hours=h), *row, sum(row)])
    sheet.append(["Gesamtergebnis", 1.0, 2.0, 3.0, 6.0])
    book.save(folder / "pivot.xlsx")
    return [folder / "pivot.xlsx", places(folder)]


def commented(folder: Path) -> list[Path]:
    """Column names in the last line of the comments."""
    lines = [
        f"{at(h)},{name},{value_of(h, s)}" for h in range(HOURS) for s, name in enumerate(SITES)
    ]
    head = ["# from the gateway", "# time,site,level [cm]"]
    return [put(folder, "log.csv", "\n".join([*head, *lines])), places(folder)]


def incidents(folder: Path) -> list[Path]:
    """Calls of a fire brigade, each at a place of its own."""
    lines = [
        f"{1000 + h};{at(h)};{52.5 + h / 1000:.4f};{13.4 + h / 700:.4f};{5 + h % 30}"
        for h in range(HOURS)
    ]
    header = "Einsatznummer;Alarmzeit;Breite;Länge;Dauer (min)"
    return [put(folder, "einsaetze.csv", "\n".join([header, *lines]))]
