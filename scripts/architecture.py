"""Draw which package imports which, from the source, to docs/images/architecture.svg."""

from __future__ import annotations

import sys
import tomllib
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
WIDE, HIGH, BOX, GAP = 1080, 74, 34, 14
FONT = "font-family='system-ui, sans-serif'"


def layers(container: str) -> list[list[str]]:
    """The rows of a layers contract in pyproject.toml, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract.get("containers") == [container]:
            return [[name.strip() for name in row.split("|")] for row in contract["layers"]]
    raise LookupError(container)


def needed(graph: grimp.ImportGraph, container: str, names: list[str]) -> set[tuple[str, str]]:
    """Imports among packages that no chain of other imports already implies."""
    direct = {
        (a, b)
        for a in names
        for b in names
        if a != b
        and graph.direct_import_exists(
            importer=f"{container}.{a}", imported=f"{container}.{b}", as_packages=True
        )
    }
    reach = {a: {b for x, b in direct if x == a} for a in names}
    for a in reversed(names):  # names run from the top; what lies below is complete first
        reach[a] |= {c for b in reach[a] for c in reach[b]}
    return {
        (a, b) for a, b in direct if not any(b in reach[c] for x, c in direct if x == a and c != b)
    }


def draw() -> str:
    """The picture as SVG: a column of layers for the dashboard, and one for the engine."""
    graph = grimp.build_graph("dynst_core", "app", exclude_type_checking_imports=True)
    rows = {container: layers(container) for container in ("app", "dynst_core")}
    high = HIGH * max(map(len, rows.values())) + 90
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDE} {high}' role='img' "
        f"aria-label='Packages and what they import'>",
        f"<rect width='{WIDE}' height='{high}' fill='white'/>",
    ]
    for container, left, width in (("app", 20, 430), ("dynst_core", 490, 570)):
        parts += _column(graph, container, rows[container], left, width)
    return "\n".join([*parts, "</svg>", ""])


def _column(
    graph: grimp.ImportGraph, container: str, rows: list[list[str]], left: int, width: int
) -> list[str]:
    """One container: its title, its arrows, its boxes."""
    place = {}
    for row, names in enumerate(rows):
        each = (width - GAP * (len(names) - 1)) / len(names)
        for column, name in enumerate(names):
            place[name] = left + column * (each + GAP), 70 + row * HIGH, each
    parts = [f"<text x='{left}' y='40' {FONT} font-size='20' font-weight='600'>{container}/</text>"]
    for a, b in sorted(needed(graph, container, list(place))):
        (xa, ya, wa), (xb, yb, wb) = place[a], place[b]
        parts.append(
            f"<line x1='{xa + wa / 2:.0f}' y1='{ya + BOX}' x2='{xb + wb / 2:.0f}' y2='{yb}' "
            f"stroke='#9db2c8' stroke-width='1.5'/>"
        )
    for name, (x, y, wide) in place.items():
        parts.append(
            f"<rect x='{x:.0f}' y='{y}' width='{wide:.0f}' height='{BOX}' rx='6' "
            f"fill='#e8f0f9' stroke='#2b6cb0'/>"
            f"<text x='{x + wide / 2:.0f}' y='{y + 22}' {FONT} font-size='14' "
            f"text-anchor='middle'>{escape(name)}</text>"
        )
    return parts


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PICTURE.write_text(draw(), encoding="utf-8")
