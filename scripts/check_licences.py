"""Check that every package of the lock file has a licence that the project may be used with.

Quick: it reads what pip installed and asks nobody. `python scripts/check_licences.py`
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

ALLOWED = re.compile(
    r"apache|\bbsd|0bsd|\bmit\b|isc\b|python software foundation|\bpsf|\bmpl|mozilla|zlib|"
    r"unlicense|cc0|public domain|hpnd|historical permission|boost|zpl|"
    r"lgpl|lesser general public|nvidia|cnri|curl|openssl|dual license|expat",
    re.IGNORECASE,
)
REFUSED = re.compile(r"(?<!l)(?<!lesser )\bA?GPL|affero|general public license", re.IGNORECASE)
LESSER = re.compile(r"lgpl|lesser|library general|exception", re.IGNORECASE)

KNOWN = {
    "axe-playwright-python": "MIT",
    "eccodeslib": "Apache-2.0",
    "eckitlib": "Apache-2.0",
}
"""Licences of packages that state none in their metadata, read in their sources."""


def locked(lock: Path) -> list[str]:
    """Names of the packages in a lock file."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.partition("==")[0].strip() for line in lines if "==" in line]


def stated(package: Distribution) -> str:
    """What a package's metadata say of its licence."""
    meta = package.metadata
    classes = [c for c in meta.get_all("Classifier") or [] if c.startswith("License")]
    first = (meta.get("License") or "").strip().split("\n")[0]
    return "; ".join(filter(None, [meta.get("License-Expression"), *classes, first]))


def fault(name: str) -> str:
    """Why a package's licence is not accepted; empty where it is, or it is not installed."""
    try:
        text = KNOWN.get(name) or stated(distribution(name))
    except PackageNotFoundError:
        return ""  # of another system
    choices = re.split(r"\bor\b|;", text, flags=re.IGNORECASE)
    barred = [c for c in choices if REFUSED.search(c) and not LESSER.search(c)]
    if any(ALLOWED.search(c) for c in choices if c not in barred):
        return ""
    return f"{name}: expected a licence of the list, found {text or 'none stated'}"


def main() -> None:
    """Print what is wrong and end with an error, or say how many packages were read."""
    names = locked(ROOT / "requirements-dev.txt")
    faults = [one for one in map(fault, names) if one]
    if faults:
        sys.exit(
            "\n".join(faults) + "\nRead the licence, then extend scripts/check_licences.py or "
            "take another package."
        )
    print(f"Licences of {len(names)} packages: accepted")


if __name__ == "__main__":
    main()
