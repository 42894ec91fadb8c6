"""Where tests find what they read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The top folder of the source."""

SAMPLES = ROOT.parent / "shared" / "data"
"""Real samples beside the source; tests that read them are skipped where there are none."""
