"""JSON as services and open-data portals send it."""

from __future__ import annotations

from tests.intake.cases import Case
from tests.intake.service_files import (
    each_alone,
    features,
    lines,
    records,
    sent,
    split_frame,
    stations,
    two_lists,
)

JSON = "JSON of services"
READ = r"read: 48 times of 3 sites \(north 55.75, south 65.75, east 75.75\), 0 missing"

CASES = (
    Case(JSON, "a record for each time and sensor", sent(records), READ),
    Case(JSON, "the same, an object a line", lines, READ),
    Case(JSON, "the same below `data`", sent(lambda: {"data": records()}), READ),
    Case(
        JSON,
        "the same below `result.records`, as of CKAN",
        sent(lambda: {"success": True, "result": {"total": 144, "records": records()}}),
        READ,
    ),
    Case(JSON, "stations with their values within", sent(stations), READ),
    Case(
        JSON,
        "one file a place, lists of one length and their units",
        each_alone,
        r"read: 48 times of 3 sites \(east 75.75, north 55.75, south 65.75\)",
    ),
    Case(JSON, "GeoJSON, a feature for each time and sensor", sent(features), READ),
    Case(JSON, "a frame of pandas, split", sent(split_frame), READ),
    Case(
        JSON,
        "numbers as text with decimal commas",
        sent(lambda: [{**r, "value": str(r["value"]).replace(".", ",")} for r in records()]),
        READ,
    ),
    Case(JSON, "two lists of records", sent(two_lists), "refused: .*found several .cars, bikes"),
    Case(JSON, "no records", sent(lambda: {"values": [1, 2]}), "refused: .*found none; ask"),
    Case(JSON, "an empty list", sent(list), "refused: .*found none; ask"),
)
