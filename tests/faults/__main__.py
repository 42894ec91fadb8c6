"""Try every fault, and print a table of tries and losses: `make test-faults`."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults import stores, trainings

if __name__ == "__main__":
    chosen = sys.argv[1:]
    table = Table("Fault", "Tries", "Losses", "Seconds", "The first loss")
    lost = 0
    with tempfile.TemporaryDirectory(prefix="dynst-faults-") as folder:
        for name, (tries, case) in (stores.CASES | trainings.CASES).items():
            if chosen and not any(word in name for word in chosen):
                continue
            began, losses = time.monotonic(), []
            for number in range(tries):
                fault = case(Path(folder) / "runs", random.Random(number))
                losses += [f"try {number}: {fault}"] * bool(fault)
            seconds = f"{time.monotonic() - began:.0f}"
            table.add_row(name, str(tries), str(len(losses)), seconds, (losses or [""])[0])
            Console().print(f"{name}: {len(losses)} of {tries} lost")
            lost += len(losses)
    Console().print(table)
    sys.exit(bool(lost))
