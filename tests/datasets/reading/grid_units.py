"""The unit that a gridded file states beside the one of the entry."""

from __future__ import annotations

from tests.datasets.reading.case import Case
from tests.datasets.reading.planted import PLAIN, from_file, grid

KIND = "Gridded files: units"


def first_value(field) -> str:  # type: ignore[no-untyped-def]
    value = float(field.dataset["values"].values[0, 0, 0])
    return f"{value:.2f} {field.units[0]}. {'; '.join(field.notes)}"


CASES = (
    *(
        Case(
            KIND,
            f"{found!r} in the file, {wanted!r} in the entry",
            from_file(lambda found=found: grid(units=found), unit=wanted),  # type: ignore[misc]
            read=PLAIN,
        )
        for found, wanted in (
            ("kelvin", "K"),
            ("degC", "°C"),
            ("celsius", "degC"),
            ("deg C", "Celsius"),
            ("m s-1", "m/s"),
            ("m s**-1", "m/s"),
            ("kg.m-2.s-1", "kg m-2 s-1"),
            ("mbar", "hPa"),
            ("µg/m³", "ug m-3"),
            ("psu", "1e-3"),
            ("veh/h", "veh/h"),
            ("unknown", "K"),
            ("", "K"),
        )
    ),
    Case(
        KIND,
        "'K' in the file, '°C' in the entry",
        from_file(grid, unit="°C"),
        refused=r"Expected 't' in °C as the entry states, found 'K' .* `unit = \"K\"` .* "
        "`convert_units = true`",
    ),
    Case(
        KIND,
        "'K' in the file, '°C' in the entry, with `convert_units = true`",
        from_file(grid, ", convert_units = true", unit="°C", shown=first_value),
        read="-20.65 °C. 't' is converted from K to °C.",
    ),
    Case(
        KIND,
        "'degF' in the file, '°C' in the entry, with `convert_units = true`",
        from_file(
            lambda: grid(units="degF"), ", convert_units = true", unit="°C", shown=first_value
        ),
        read="122.50 °C. 't' is converted from degF to °C.",
    ),
    Case(
        KIND,
        "'m' in the file, 'mm' in the entry",
        from_file(lambda: grid(units="m"), unit="mm"),
        refused="Expected 't' in mm as the entry states, found 'm'",
    ),
    Case(
        KIND,
        "'m of water equivalent' in the file, 'mm' in the entry, converted",
        from_file(
            lambda: grid(units="m of water equivalent"),
            ", convert_units = true",
            unit="mm",
            shown=first_value,
        ),
        read="252500.00 mm. 't' is converted from m of water equivalent to mm.",
    ),
    Case(
        KIND,
        "rain in kg m-2 by its standard name, 'mm' in the entry",
        from_file(lambda: grid(units="kg m-2", standard_name="precipitation_amount"), unit="mm"),
        read=PLAIN,
    ),
    Case(
        KIND,
        "dust in kg m-2 by its standard name, 'mm' in the entry",
        from_file(
            lambda: grid(units="kg m-2", standard_name="atmosphere_mass_content_of_dust"),
            unit="mm",
        ),
        refused="which measures something else",
    ),
    Case(
        KIND,
        "rain in kg m-2 s-1, 'mm/h' in the entry, converted",
        from_file(
            lambda: grid(units="kg m-2 s-1", standard_name="precipitation_flux"),
            ", convert_units = true",
            unit="mm/h",
            shown=first_value,
        ),
        read="909000.00 mm/h. 't' is converted from kg m-2 s-1 to mm/h.",
    ),
    Case(
        KIND,
        "an anomaly in 'K', '°C' in the entry",
        from_file(lambda: grid(standard_name="air_temperature_anomaly"), unit="°C"),
        read=PLAIN,
    ),
    Case(
        KIND,
        "a wave period in 'seconds', '°C' in the entry",
        from_file(lambda: grid(units="seconds"), unit="°C"),
        refused="found 'seconds' .* measures something else; correct the channel's `unit`",
    ),
    Case(
        KIND,
        "a unit that is not understood",
        from_file(lambda: grid(units="trips"), unit="trips/h"),
        read=f"{PLAIN}. grid.nc states 'trips' as the unit of 't', which could not be compared "
        f"with the entry's 'trips/h'; the numbers are kept as they are",
    ),
)
