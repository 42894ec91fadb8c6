"""The tables of the bundled runs in docs/results.md, written anew by this script."""

from __future__ import annotations

import numpy as np

from dynst_core.presentation.report_charts import selector_curves
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.browser.harness import ROOT

PAGE = ROOT / "docs" / "results.md"
BEGIN, END = "<!-- tables: python -m scripts.result_tables -->\n", "<!-- end of tables -->\n"


def table(run: Run) -> str:
    """One run: its test error at every level beside all that was measured of others."""
    data, split, config = run.manifest.dataset, run.manifest.split, run.manifest.config
    unit, members = data.units[0], run.arrays.members
    names = [curve.selector for curve in selector_curves(run, run.baselines, None, 0)]
    seeds = f"Seed {config.seed}"
    if members is not None:
        seeds += f", the best of {len(members.rmse)} on selection windows"
    if config.averaged:
        seeds += (
            f"; forecasts are\nthe mean of all {len(config.averaged)}, baselines one training each"
        )
    lines = [
        f"**{data.title}, {data.place}** (`{run.run_id}`, {len(run.sites):,} sites): RMSE in "
        f"{unit} over {split.n_test_windows} test\nforecasts of {config.horizon} steps, all sites "
        f"and lead times, kept and removed. Persistence, reading all sites:\n"
        f"{run.persistence_rmse():.3f} {unit}. {seeds}. In brackets: lowest and highest\nof "
        f"several draws, or of the trainings by themselves.\n",
        "| " + " | ".join(["removed", "kept", "path", *names, "speed-up"]) + " |",
        "|" + "---|" * (4 + len(names)),
    ]
    for level, n_active in enumerate(run.path.n_active):
        cells = [
            f"{100 * config.levels[level]:g} %",
            f"{n_active:,}",
            _spread(_of_seeds(run, level), run.rmse(level)),
            *(_spread([row.rmse[0] for row in run.baselines.find(n, level)]) for n in names),
            f"{run.speed_up(level):.1f} ×",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _of_seeds(run: Run, level: int) -> list[float]:
    members = run.arrays.members
    return [] if members is None else members.rmse[:, level, 0].tolist()


def _spread(values: list[float], shown: float | None = None) -> str:
    """The value shown, or the mean, with the lowest and highest where there are several."""
    if not values and shown is None:
        return ""
    text = f"{float(np.mean(values)) if shown is None else shown:.3f}"
    return f"{text} ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else text


def written(text: str, store: RunStore) -> str:
    """The page with the tables of a store's runs in their place."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    runs = [store.open(name) for name in sorted(store.ids(), reverse=True)]
    return before + BEGIN + "\n" + "\n".join(map(table, runs)) + "\n" + END + after


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text("utf-8"), RunStore(ROOT / "data" / "runs")), "utf-8")


if __name__ == "__main__":
    main()
