"""Settings of a table: what they must be, and what they may be."""

import pytest
from pydantic import ValidationError

from dynst_core.datasets.tables.table_settings import TableSettings
from tests.datasets.test_sensor_tables import read, written


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "2020-01-01T00:00"},
        {"step_minutes": 5},
        {"timezon": "UTC"},
        {"encoding": "klingon"},
        {"encoding": "base64"},
        {"time_format": "days since yesterday"},
        {"missing_value": True},
        {"missing_value": [-999, False]},
        {"measured_values": True},
        {"decimal": ";"},
        {"decimal": ",", "thousands": ","},
        {"adjacency_kind": "nearness"},
        {"timezone": "Mars/Olympus"},
        {"timezone": ""},
        {"timezone": " "},
        {"timezone": "Europe"},
        {"timezone": "../UTC"},
        {"timezone": "+1"},
        {"timezone": "+25:00"},
        {"timezone": "+01:75"},
    ],
)
def test_settings_that_make_no_sense_are_refused(changes):
    with pytest.raises(ValidationError):
        TableSettings.model_validate({"locations": "places.csv", **changes})


@pytest.mark.parametrize("zone", ["UTC", "utc", "+01:00", "-0330", "UTC+05:45", "Asia/Tokyo"])
def test_zones_have_names_or_are_offsets(tmp_path, zone):
    assert read(written(tmp_path), timezone=zone).n_times


def test_marks_may_be_one_or_many_numbers_or_texts():
    def marks(value: object) -> tuple[float | str, ...]:
        options = TableSettings.model_validate({"locations": "p.csv", "missing_value": value})
        return options.missing_marks

    assert marks(None) == ()
    assert marks(-999) == (-999.0,)
    assert marks("---") == ("---",)
    assert marks([-999, "M"]) == (-999.0, "M")
    options = TableSettings.model_validate({"locations": "p.csv", "measured_values": -999})
    assert options.measured_values == (-999.0,)
