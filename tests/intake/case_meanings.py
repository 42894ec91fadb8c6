"""Tables whose values, times or ids are not what they seem."""

from __future__ import annotations

from tests.intake.cases import SITES, Case, stamp
from tests.intake.meaning_files import (
    clocks,
    counted,
    counted_by_day,
    dated,
    each_site,
    issued_anew,
    late_unit,
    long_table,
    numbered,
    own_clocks,
    simple,
    two_units,
    unit_column,
    value,
    with_totals,
)

UNITS, TIMES, SITE, AMOUNTS = "Units in cells", "Moments", "Ids by number", "What values are"
THREE = "read: 48 times of 3 sites"
READ = rf"{THREE} \(north 55.75, south 65.75, east 75.75\), 0 missing"
UTC = ("timezone=UTC",)

DATES = {
    "German": ("{d}. {m} 2024 {h:02d}:00", "Mai"),
    "French": ("{d:02d}-{m}-2024 {h:02d}h00", "mai"),
    "Spanish": ("{d} de {m} de 2024 {h:02d}:00", "mayo"),
    "Italian": ("{d} {m} 2024, {h:02d}:00", "maggio"),
    "Polish": ("{d} {m} 2024 {h:02d}:00", "maja"),
    "Czech": ("{d}. {m} 2024 {h:02d}:00", "května"),
    "Finnish": ("{d}. {m} 2024 {h:02d}.00", "toukokuuta"),
    "Russian": ("{d} {m} 2024 г. {h:02d}:00", "мая"),
    "Japanese": ("2024年{m}月{d}日 {h}時00分", "5"),
}

CASES = (
    Case(UNITS, "50 km/h", simple(lambda v: f"{v} km/h"), f"{READ}.*'speed' in km/h", UTC),
    Case(
        UNITS,
        "12,5 µg/m³ between semicolons",
        simple(lambda v: f"{v} µg/m³".replace(".", ","), ";"),
        f"{READ}.*'speed' in µg/m³",
        UTC,
    ),
    Case(UNITS, "55%", simple(lambda v: f"{v}%"), f"{READ}.*'speed' in %", UTC),
    Case(UNITS, "km/h and mph", two_units, r"refused: .*one unit.*km/h \(96\), mph \(48\)", UTC),
    Case(UNITS, "mph once, km/h else", late_unit, "refused: .*mph", UTC),
    Case(
        UNITS,
        "one file a site, one of them in another unit",
        each_site(lambda s: f"temp (°{'FCC'[s]})", lambda s, v: v),
        "refused: .*one unit.*°C.*°F",
        UTC,
    ),
    Case(
        UNITS,
        "one file a site, one of them with decimal commas",
        each_site(lambda s: "speed", lambda s, v: f"{float(v):.2f}".replace(".", ".,."[s])),
        READ,
        UTC,
    ),
    *(
        Case(TIMES, f"a month by name, {language}", dated(form, month), READ, UTC)
        for language, (form, month) in DATES.items()
    ),
    Case(TIMES, "CET and CEST in a column of their own", clocks, READ, ()),
    Case(
        TIMES,
        "IST, which three zones use",
        long_table("time,site,speed", lambda h, s: [[f"{stamp(h)} IST", SITES[s], value(h, s)]]),
        "asked: .*IST.*several",
        (),
    ),
    Case(
        TIMES,
        "when a row was stored before when it was measured",
        long_table(
            "stored_at,measured_at,site,speed",
            lambda h, s: [[stamp(h).replace(":00", ":07"), stamp(h), SITES[s], value(h, s)]],
        ),
        f"{READ}.*Times are those of 'measured_at'",
        UTC,
    ),
    Case(
        TIMES,
        "the end of an interval before its beginning",
        long_table(
            "time_to,time_from,site,speed",
            lambda h, s: [[stamp(h).replace(":00", ":30"), stamp(h), SITES[s], value(h, s)]],
        ),
        f"{READ}.*Times are those of 'time_from'",
        UTC,
    ),
    Case(TIMES, "Europe/Berlin and Europe/London in a column of zones", own_clocks, READ, ()),
    Case(TIMES, "forecasts issued anew for the same hours", issued_anew, "asked: .*'issued'", UTC),
    Case(TIMES, "the same, the last that were issued", issued_anew, READ, (*UTC, "repeats=last")),
    Case(UNITS, "°C and °F in a column of units", unit_column, "asked: .*°C, °F", UTC),
    Case(UNITS, "the same, converted to °C", unit_column, READ, (*UTC, "unit=°C")),
    Case(SITE, "DETB003 and 3", numbered("DETB{:03d}", "{}"), "asked: No id .*'DETB001' and '1'"),
    Case(
        SITE,
        "the same, answered",
        numbered("DETB{:03d}", "{}"),
        rf"{THREE} \(1 55.75, 2 65.75, 3 75.75\)",
        (*UTC, "match=number"),
    ),
    Case(SITE, "003 and DETB003", numbered("{:03d}", "DETB{:03d}"), "asked: No id of the values"),
    Case(AMOUNTS, "a total among sites", with_totals, "asked: .*'Total' are the sum"),
    Case(
        AMOUNTS,
        "the same, answered",
        with_totals,
        READ,
        (*UTC, "without=Total"),
    ),
    Case(
        AMOUNTS,
        "a counter that only rises",
        long_table("time,site,count", counted),
        "asked: The values of count only rise",
    ),
    Case(
        AMOUNTS,
        "the same, answered",
        long_table("time,site,count", counted),
        rf"{THREE} \(north 21.\d+, south 31.\d+, east 41.\d+\), 3 missing",
        (*UTC, "counter=difference"),
    ),
    Case(
        AMOUNTS,
        "a counter that begins anew each day, differences asked for",
        long_table("time,site,count", counted_by_day),
        rf"{THREE} \(north 21.\d+, south 31.\d+, east 41.\d+\), 3 missing",
        (*UTC, "counter=difference"),
    ),
    Case(
        AMOUNTS,
        "wind directions in degrees",
        long_table(
            "time,site,wind_direction",
            lambda h, s: [[stamp(h), SITES[s], str((350 + 37 * h) % 360)]],
        ),
        "asked: wind_direction holds directions",
        UTC,
    ),
    Case(
        AMOUNTS,
        "the same as sine and cosine, averaged",
        long_table(
            "time,site,wind_direction",
            lambda h, s: [[stamp(h), SITES[s], str((350, 10, 200, 160)[h % 4])]],
        ),
        r"read: 24 times of 3 sites \(north 0.01128",
        (*UTC, "direction=components", "step=2 h", "resample=mean"),
    ),
    Case(
        AMOUNTS,
        "the same in degrees, averaged",
        long_table(
            "time,site,wind_direction",
            lambda h, s: [[stamp(h), SITES[s], str((350, 10, 200, 160)[h % 4])]],
        ),
        "refused: .*direction=components",
        (*UTC, "direction=degrees", "step=2 h", "resample=mean"),
    ),
    Case(
        AMOUNTS,
        "forecasts below measurements",
        long_table(
            "time,site,speed,type",
            lambda h, s: [[stamp(h), SITES[s], value(h, s), "measured" if h < 40 else "forecast"]],
        ),
        "asked: Rows differ by column 'type'",
        UTC,
    ),
)
