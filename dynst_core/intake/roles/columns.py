"""What the columns of a table hold, by their names and a sample of their cells."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dynst_core.datasets.reading.cell_numbers import NOTHING, SAME_SIGNS
from dynst_core.datasets.reading.settings import number_of_text
from dynst_core.datasets.reading.table_reading import id_text
from dynst_core.intake.files.clock_texts import TimeForm, form_of, time_part_of_name
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.files.time_counts import counted_since
from dynst_core.intake.files.unit_texts import ending_unit

START, END = r"(?:^|[\W_\d])", r"(?:$|[\W_\d])"


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(f"{START}(?:{'|'.join(words)}){END}", re.IGNORECASE)


TIME_NAME = re.compile(
    r"time|date(?!n)|datum|zeit|stamp|uhr|stunde|fecha|heure|^ts$|^t$|^dt$|^tag$|^day$|^hour$|"
    r"^data$|data.?ora|^ora$|tijd|czas|время|дата|日時|年月日|日期|时间|時刻|시간|일시|^tid|aika"
    r"|^(aaaa|yyyy|jjjj)_?mm|^year$|^month$|^jahr$|^monat$|^minute$|^hora$|^jour$|^hr$|^utc$|^period|^m?jd$|julian|datenum|^beginn|^von$|^start"
    r"|since[ _]\d{4}-",
    re.IGNORECASE,
)
LATITUDE = re.compile(
    r"^(lat|latitude|latitud|breite|breitengrad|geo_?breite|lat_?deg|dec_lat_va|lat_dd|y_?wgs84"
    r"|wgs84_?(lat|y)|stop_lat)$|^lat[\W_]|[\W_]lat$|[\W_]lat[\W_]|latitude|^breite\b"
    r"|geogr?\.? ?breite|^(latitudine|szerokość( geogr\w*)?|breedtegraad|bredde(grad)?|breddgrad"
    r"|leveysaste|широта|緯度|北緯|纬度|위도)",
    re.IGNORECASE,
)
LONGITUDE = re.compile(
    r"^(lon|lng|long|longitude|longitud|l[äa]e?nge|l[äa]e?ngengrad|geo_?l[äa]e?nge|dec_long_va"
    r"|lon_dd|x_?wgs84|wgs84_?(lon|x)|stop_lon)$|^(lon|lng|long)[\W_]|[\W_](lon|lng|long)$"
    r"|[\W_](lon|lng|long)[\W_]|longitude|^l[äa]e?nge\b|geogr?\.? ?l[äa]e?nge"
    r"|^(longitudine|długość( geogr\w*)?|lengtegraad|længde(grad)?|lengdegrad|längdgrad"
    r"|pituusaste|долгота|経度|東経|经度|경도)",
    re.IGNORECASE,
)
EAST = re.compile(
    r"^(x|x_m|x_?coord(inate)?|easting|rechtswert|ostwert|x_?utm|utm_?x|utm_?e(ast)?|e|rw"
    r"|geometry x|point_x|x_?gk\d?|x_.*|koord_?x)$",
    re.IGNORECASE,
)
NORTH = re.compile(
    r"^(y|y_m|y_?coord(inate)?|northing|hochwert|nordwert|y_?utm|utm_?y|utm_?n(orth)?|n"
    r"|hw|geometry y|point_y|y_?gk\d?|y_.*|koord_?y)$",
    re.IGNORECASE,
)
SITE_NAME = _words(
    "id",
    "ids",
    "sensor",
    "sensor_?id",
    "station",
    "station_?id",
    "site",
    "site_?id",
    "site_?no",
    "detector",
    "detector_?id",
    "det_?id",
    "device",
    "device_?id",
    "node",
    "node_?id",
    "gauge",
    "name",
    "code",
    "messstelle",
    "mess_?stelle",
    "stelle",
    "kennung",
    "zaehlstelle",
    "zählstelle",
    "mq",
    "mq_?name",
    "standort",
    "location",
    "location_?id",
    "locationid",
    "counter",
    "stationsnummer",
    "stations_?id",
    "probe",
    "logger",
    "point",
    "zone",
    "link",
    "segment",
    "sensorid",
    "stationid",
    "siteid",
    "estacion",
    "capteur",
)
NOT_VALUE = _words(
    "id",
    "ids",
    "flag",
    "flags",
    "quality",
    "qualitaet",
    "qualität",
    "qual",
    "qc",
    "qf",
    "status",
    "validity",
    "verification",
    "品質情報",
    "均質番号",
    "code",
    "cd",
    "index",
    "record",
    "rec",
    "no",
    "nr",
    "number",
    "elevation",
    "elev",
    "altitude",
    "alt",
    "height_?m",
    "row",
    "version",
    "valid",
    "error",
    "weekday",
    "dow",
    "holiday",
    "lane",
    "direction_id",
    "year",
    "month",
    "day",
    "hour",
)
GROUPED = re.compile(r"[-+]?\d{1,3}([,. ']\d{3})+([.,]\d+)?")
"""Numbers that may have signs between thousands."""

UNIT = re.compile(r"[\[(]\s*([^\[\]()]{1,16}?)\s*[\])]\s*$")


@dataclass(frozen=True, eq=False)
class Column:
    """What a column holds.

    Attributes:
        name: as it is written.
        texts: the cells of the sample, as text, those that hold no value aside.
        filled: share of cells that hold a value.
        numeric: share of these that are numbers.
        numbers: those, (k,).
        distinct: how many different texts there are.
        time: how it writes times, None where it holds none.
        stated_unit: what a row below the names states; "" where none does.
    """

    name: str
    texts: tuple[str, ...]
    filled: float
    numeric: float
    numbers: np.ndarray
    distinct: int
    time: TimeForm | None
    stated_unit: str = ""

    @property
    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        return len(self.numbers) > 0 and bool((self.numbers == np.round(self.numbers)).all())

    def within(self, low: float, high: float) -> bool:
        """Whether it holds numbers within these alone."""
        return (
            len(self.numbers) > 0
            and self.numeric > 0.95
            and bool((self.numbers >= low).all() and (self.numbers <= high).all())
        )

    @property
    def unit(self) -> str:
        """The unit that a row below the names or its own name states; "" where none does."""
        if self.stated_unit:
            return self.stated_unit
        found = UNIT.search(self.name)
        return (
            found[1]
            if found and not re.fullmatch(r"wgs ?84|utc|local|\d+", found[1], re.IGNORECASE)
            else ending_unit(self.name)
        )


def columns_of(table: Table, decimal: str, missing: tuple[str, ...]) -> dict[str, Column]:
    """The columns of a table by name."""
    found = {
        name: _column(name, table.sample[name], decimal, missing, table.units.get(name.strip(), ""))
        for name in table.columns
    }
    return {
        name: replace(column, stated_unit=table.units.get(name.strip(), ""))
        for name, column in found.items()
    }


def _column(
    name: str, cells: pd.Series, decimal: str, missing: tuple[str, ...], unit: str = ""
) -> Column:
    if cells.dtype.kind == "M" or isinstance(cells.dtype, pd.DatetimeTZDtype):
        texts = tuple(str(cell) for cell in cells.dropna())
        zoned = isinstance(cells.dtype, pd.DatetimeTZDtype)
        form: TimeForm | None = TimeForm(
            "year first", texts[0] if texts else "", dates_only=False, with_offset=zoned
        )
        return Column(
            name, texts, len(texts) / max(1, len(cells)), 0.0, np.empty(0), len(set(texts)), form
        )
    empty = NOTHING | {text.lower() for text in missing}
    texts = tuple(text for text in map(id_text, cells) if text.lower() not in empty)
    plain = [_plain(text, decimal) for text in texts]
    numbers = np.array([n for n in (number_of_text(text) for text in plain) if n is not None])
    marks = [n for n in (number_of_text(m) for m in missing) if n is not None]
    numeric = len(numbers) / len(texts) if texts else 0.0
    numbers = numbers[~np.isin(numbers, marks)] if marks else numbers
    distinct = list(dict.fromkeys(texts))
    likely = TIME_NAME.search(name) is not None or counted_since(unit) is not None
    form = (
        form_of(distinct, likely_time=likely, name=f"{name} {unit}".strip())
        if not time_part_of_name(name) or likely
        else None
    )
    return Column(
        name, texts, len(texts) / max(1, len(cells)), numeric, numbers, len(distinct), form
    )


def _plain(text: str, decimal: str) -> str:
    """A number without signs between thousands and with a point before decimals."""
    text = text.translate(SAME_SIGNS)
    simple = text.replace(",", ".") if decimal == "," and "." not in text else text
    if number_of_text(simple) is not None or not GROUPED.fullmatch(text):
        return simple
    last = max(text.rfind(","), text.rfind("."))
    whole, rest = (text[:last], text[last + 1 :]) if len(text) - last - 1 != 3 else (text, "")
    return re.sub(r"[,. ']", "", whole) + (f".{rest}" if rest else "")


def columns_that_differ(table: Table, site: str | None, names: list[str]) -> set[str]:
    """Which columns differ within some site, or at all where there is no column of sites.

    A column that never does describes the site: its height, its street, its number.
    """
    sample = table.sample
    if not names:
        return set()
    texts = sample[names].map(id_text)
    if site is None or site not in sample:
        return {name for name in names if texts[name].nunique() > 1}
    groups = texts.groupby(sample[site].map(id_text).to_numpy())
    counts = groups.nunique()
    return {name for name in names if (counts[name] > 1).any()}
