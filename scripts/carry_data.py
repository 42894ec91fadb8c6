"""Put the data of bundled runs beside them, where the licence allows it.

    python -m scripts.carry_data                     # every run in data/runs
    python -m scripts.carry_data era5-uk-t2m

To be run after a bundled run was trained anew. With its data a run answers "what if" on any
machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from dynst_core.datasets.catalogue import load_field
from dynst_core.errors import RunError
from dynst_core.runs.carried_data import write_carried_data
from dynst_core.runs.store import RunStore

RUNS = Path(__file__).resolve().parents[1] / "data" / "runs"


def main() -> None:
    """Write the data of each run, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*")
    parser.add_argument("--folder", type=Path, default=RUNS)
    options = parser.parse_args()
    store = RunStore(options.folder)
    names = options.runs or sorted(p.parent.name for p in options.folder.glob("*/manifest.json"))
    for name in names:
        run = store.open(name)
        card = run.manifest.dataset
        try:
            size = write_carried_data(run, load_field(card.name).only(card.channels))
            print(f"{name}: {size / 1e6:.2f} MB")
        except RunError as error:
            print(error)


if __name__ == "__main__":
    main()
