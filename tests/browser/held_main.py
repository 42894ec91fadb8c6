"""The dashboard with a forecaster that stops half-way until the file named first is there."""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from dynst_core.inference.what_if import WhatIf  # noqa: E402

LET_GO = Path(sys.argv[1])


def held(self: WhatIf, mask: Any, level: Any, windows: Any, tell: Any, *rest: Any) -> Iterator[Any]:
    """Some windows at a time, as ever; then a long wait, unless it is only a first look."""
    for made in unhurried(self, mask, level, windows, tell, *rest):
        yield made
        while windows is not self.first_windows and not LET_GO.exists():
            time.sleep(0.02)
            tell(0.5)


unhurried = getattr(WhatIf, "unhurried", WhatIf.pieces)  # this file is run for every page
WhatIf.unhurried, WhatIf.pieces = unhurried, held
runpy.run_path(str(ROOT / "app" / "main.py"), run_name="__main__")
