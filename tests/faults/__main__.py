"""Try every fault, and print a table of tries and losses: `make test-faults`.

Words given are parts of faults' names: `python -m tests.faults "app:" clock`. Two faults at once
are tried, unless DYNST_FAULTS_AT_ONCE says another number.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy and torch are loaded

from rich.console import Console
from rich.table import Table

from tests.faults.rows import Row, names, tried

SHORT, AS_JSON = "--short", "--json"


def main() -> int:
    """Try the faults that are asked for; 1 where anything was lost."""
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    short, console = SHORT in sys.argv, Console(stderr=AS_JSON in sys.argv)
    began, rows = time.monotonic(), []
    at_once = int(os.environ.get("DYNST_FAULTS_AT_ONCE", "2"))
    pool = ProcessPoolExecutor(at_once, mp_context=get_context("fork"))
    with tempfile.TemporaryDirectory(prefix="dynst-faults-") as folder, pool:
        waiting = [pool.submit(tried, name, Path(folder), short) for name in names(words)]
        for one in waiting:
            rows.append(one.result())
            console.print(rows[-1].line(), markup=False, highlight=False)
    if AS_JSON in sys.argv:
        print(json.dumps([asdict(row) for row in rows]))  # noqa: T201  read by a test
    console.print(table(rows))
    console.print(f"{time.monotonic() - began:.0f} s together.")
    return int(any(row.losses for row in rows))


def table(rows: list[Row]) -> Table:
    """Tries and losses of every fault."""
    made = Table("Fault", "Tries", "Losses", "Seconds", "The first loss, or why it was not tried")
    for row in rows:
        reason = row.skipped or (row.losses or [""])[0]
        tries = "skipped" if row.skipped else str(row.tries)
        made.add_row(row.name, tries, str(len(row.losses)), f"{row.seconds:.0f}", reason)
    return made


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
