"""JSON as services send it, small and with known values."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.intake.cases import HOURS, SITES, places, put, stamp, value_of

WHERE = {"north": (13.40, 52.54), "south": (13.41, 52.47), "east": (13.47, 52.51)}


def times() -> list[str]:
    return [stamp(h, "{y}-{m:02d}-{d:02d}T{h:02d}:00Z") for h in range(HOURS)]


def records() -> list[dict[str, Any]]:
    """A record for each time and site."""
    return [
        {"time": time, "sensor": name, "value": value_of(h, s)}
        for h, time in enumerate(times())
        for s, name in enumerate(SITES)
    ]


def sent(content: Callable[[], Any], name: str = "values.json") -> Callable[[Path], list[Path]]:
    """A file of JSON, and the places."""
    return lambda folder: [put(folder, name, json.dumps(content())), places(folder)]


def lines(folder: Path) -> list[Path]:
    """An object a line."""
    return [put(folder, "values.jsonl", "\n".join(map(json.dumps, records()))), places(folder)]


def stations() -> list[dict[str, Any]]:
    """A record for each station, with its place and its values within."""
    return [
        {
            "id": name,
            "position": {"lat": WHERE[name][1], "lon": WHERE[name][0]},
            "measurements": [
                {"t": t, "v": value_of(h, s), "unit": "km/h"} for h, t in enumerate(times())
            ],
        }
        for s, name in enumerate(SITES)
    ]


def each_alone(folder: Path) -> list[Path]:
    """One file a place, its values in lists of one length, their units beside them."""
    return [
        put(
            folder,
            f"{name}.json",
            json.dumps(
                {
                    "latitude": WHERE[name][1],
                    "longitude": WHERE[name][0],
                    "hourly_units": {"time": "iso8601", "temperature": "°C"},
                    "hourly": {
                        "time": times(),
                        "temperature": [value_of(h, s) for h in range(HOURS)],
                    },
                }
            ),
        )
        for s, name in enumerate(SITES)
    ]


def features() -> dict[str, Any]:
    """GeoJSON with a feature for each time and site."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": WHERE[record["sensor"]]},
                "properties": record,
            }
            for record in records()
        ],
    }


def split_frame() -> dict[str, Any]:
    """As pandas writes a frame with orient="split"."""
    data = [[value_of(h, s) for s in range(3)] for h in range(HOURS)]
    return {"columns": SITES, "index": times(), "data": data}


def two_lists() -> dict[str, Any]:
    return {"cars": records(), "bikes": records()}
