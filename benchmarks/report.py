"""Write docs/benchmarks.md from the results there are. Never edit that page by hand.

python -m benchmarks.report
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product
from pathlib import Path
from string import ascii_lowercase

from benchmarks import heat, ledger, ratios, reasons, wanted
from benchmarks.ledger import Result, Row
from benchmarks.trainings import Book

DOCS = Path(__file__).parent.parent / "docs"
PAGE, HEAT = DOCS / "benchmarks.md", DOCS / "images" / "benchmarks-heat.svg"

EARLIER = wanted.BACKBONES[wanted.PLAIN]
"""Rows of the forecaster that was the usual one before."""
RESULTS = (
    ("Accuracy", "accuracy"),
    ("Against a dense forecaster", "opponent"),
    ("Six hours ahead", "horizon"),
    ("What missing values cost", "missing"),
    ("Speed and memory", "speed"),
    ("Speed and memory on a GPU", "speed_gpu"),
    ("A whole path over 16,000 sites", "large_path"),
    ("Twenty planners on one server", "sessions"),
    ("Accuracy without kriging", EARLIER),
)
SIGNS = ("🟢", "🟡", "🔴", "⚪")

HEAD = """# Benchmarks

Made by `python -m benchmarks.report` from `benchmarks/results/`; do not edit. `make bench` shows
in a quarter of an hour that every measurement runs, printing quick figures that are not kept, and
makes the ratios and this page anew from the measured lines. `make bench-full` goes on with what
is missing, for hours, and may be stopped and started again.

Every figure is a ratio of two things measured in the same way: read it beside its target. 🟢
reaches it, 🔴 misses it, for the reason that stands below its table, 🟡 reaches it so far, with
seeds or baselines still to be measured (each further baseline can only raise a ratio to the best of
them), ⚪ has no target or was not measured yet. An interval is the least and the greatest over
seeds, and of timings over repetitions. Nothing that these benchmarks measured is left out.
Accuracy rows are made from lines, one a training, of several days and machines: each states its
own commit, newer ones their machine too, and what stands above the tables is where the rows were
made. The few baselines of the bundled runs were trained apart and stand in results.md; one training
from other weights differs by as much as most of these ratios do from 1.

*Product* is the test error of the path at a level over that of the best baseline there: another
selector's mask, read by a forecaster trained for it alone, for at least as many gradient steps as
the path had taken by then. *Masks alone* is the same with such a forecaster for the path's own
mask too, and *the same ridge* with a ridge regression for every mask. Of nine baselines the three
whose masks serve that ridge best and random sites are trained for with every seed; the other five
are not on the two grids of more than a thousand cells (but for pruned masks at two levels), and
elsewhere get no further seed where they err over 5 % more than the best with the first. For what
the other names mean see [method](method.md); for what the figures do not say, [beware](beware.md).

**The accuracy rows are of two forecasters**: the usual one, `attention-kriging`, and `attention`,
which was the usual one until 26 November 2026 and does not start from kriging. What was measured
of engines before commit `ebf5335` is left out, and rows not measured since say so.

**All of them are of the engine before 30 November 2026.** Since then a level averages its forecast
with a ridge regression's, chooses its sites by stricter rules and averages its weights over more
steps ([tried](tried.md)); these ratios have not been measured anew.
"""

GLANCE = """## At a glance

Rows with a target, but for those of the forecaster before, which stand last: how many hold, hold so
far, are missed, and are still to be measured.
"""

ANALYSES = """## The paper's analyses on our data

Test RMSE in the data's own unit, mean over the seeds measured. *One-shot* and *iterative* are our
reading of pruning once and of pruning in rounds without regrowth, each retrained for its masks;
*dynamic* is the path. SSIM and PSNR are of the path's forecasts, on grids. These are not the
paper's figures: its data and tables are not at hand.
"""


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield HEAD
    yield from at_a_glance()
    for title, name in RESULTS:
        result = ledger.load(name)
        yield f"## {title}\n"
        if result is None:
            yield "Not measured yet.\n"
            continue
        yield f"{summary(result)}\n"
        yield from tables(result)
    yield from by_baseline()
    yield from analyses()
    yield reasons.MISSED.rstrip()


def summary(result: Result) -> str:
    """Where, when, and how many rows hold."""
    held = sum(one.holds is True for one in result.rows)
    missed = sum(one.holds is False for one in result.rows)
    so_far = sum(map(reaches_so_far, result.rows))
    return (
        f"Measured {result.date} at commit `{result.commit}` on {result.machine}. "
        f"{held} rows reach their target, {missed} miss it"
        f"{f', {so_far} reach it so far' if so_far else ''}."
    )


def reaches_so_far(one: Row) -> bool:
    """Whether a row would hold if nothing more were measured, which it asks for."""
    return one.holds is None and one.target != "" and one.value is not None


def at_a_glance() -> Iterator[str]:
    """How many rows of each ratio reach their target, data set by data set."""
    yield GLANCE
    yield f"| ratio | target | data | backbone | least to greatest | {' | '.join(SIGNS)} |"
    yield f"|---|---|---|---|---|{'---|' * len(SIGNS)}"
    for title, name in RESULTS:
        result = ledger.load(name)
        if result is None or name == EARLIER:
            continue
        wanted = [one for one in result.rows if one.target]
        for group, of_it in groupby(sorted(wanted, key=_group), key=_group):
            rows = list(of_it)
            ratio, *data = group
            about = f"[{ratio}](#{_anchor(title)})"
            targets = _targets(rows)
            found = [one.value for one in rows if one.value is not None]
            ends = dict.fromkeys((f"{min(found):.3f}", f"{max(found):.3f}") if found else ())
            signs = [sign_of(one) for one in rows]
            counts = [str(signs.count(sign) or "") for sign in SIGNS]
            cells = (about, targets, *data, " to ".join(ends), *counts)
            yield f"| {' | '.join(cells)} |"
    yield ""


def _group(one: Row) -> tuple[str, str, str]:
    return one.name, one.dataset, one.backbone


def _targets(rows: Sequence[Row]) -> str:
    """What rows should reach, numbers of one direction together."""
    found: dict[str, dict[str, None]] = {}
    for one in rows:
        direction, number = one.target.rsplit(maxsplit=1)
        found.setdefault(direction, {})[number] = None
    return "; ".join(f"{direction} {', '.join(numbers)}" for direction, numbers in found.items())


def _anchor(title: str) -> str:
    """Where a heading of the page is linked to."""
    return title.lower().replace(" ", "-").replace(",", "")


def tables(result: Result) -> Iterator[str]:
    """One table for each name, and below it why rows are missed."""
    for name, of_it in groupby(sorted(result.rows, key=lambda r: r.name), key=lambda r: r.name):
        rows = list(of_it)
        why = list(dict.fromkeys(reasons.why(one) for one in rows if one.holds is False))
        yield f"### {name[:1].upper()}{name[1:]}\n"
        yield "| data | backbone | removed | ratio | interval | target | | seeds | note |"
        yield "|---|---|---|---|---|---|---|---|---|"
        yield from (table_row(one, why) for one in rows)
        yield ""
        for letter, reason in zip(ascii_lowercase, why, strict=False):
            yield f"🔴 {letter}: {reason}.\n"


def table_row(one: Row, why: Sequence[str]) -> str:
    """One row of a table.

    Args:
        one: the row.
        why: reasons that are reported below the table, that of this row among them if it is missed.
    """
    missed = one.holds is False
    cells = (
        one.dataset,
        one.backbone,
        "" if one.sparsity is None else f"{100 * one.sparsity:g} %",
        "" if one.value is None else f"{one.value:.3f}",
        one.interval(),
        one.target,
        sign_of(one) + (f" {ascii_lowercase[why.index(reasons.why(one))]}" if missed else ""),
        ", ".join(map(str, one.seeds)),
        one.note,
    )
    return f"| {' | '.join(cells)} |"


def sign_of(one: Row) -> str:
    """Whether a row reaches its target, at a glance."""
    if reaches_so_far(one):
        return "🟡"
    return {True: "🟢", False: "🔴", None: "⚪"}[one.holds]


BASELINES_HEAD = """## The path against each selector

The path's test RMSE over that of a forecaster trained for the selector's mask, in the mean over the
seeds measured: below 1 the path errs less. `dynst` is the path's own mask, trained for alone.
"""


def by_baseline() -> Iterator[str]:
    """Every selector's ratio at every level: no target, to see which baseline is near."""
    yield BASELINES_HEAD
    for dataset, backbone in product(wanted.SETS, wanted.BACKBONES):
        books, levels = wanted.books_of(dataset, backbone), wanted.levels_of(dataset)
        if not any(line for book in books for line in book.all("retrained")):
            continue
        yield f"### {dataset}, {backbone}\n"
        yield f"| selector | {' | '.join(f'{100 * level:g} %' for level in levels)} |"
        yield f"|---|{'---|' * len(levels)}"
        for selector in ("dynst", *wanted.BASELINES):
            cells = [_mean(list(ratios.path_over(selector, books, level))) for level in levels]
            if any(cells):
                yield f"| {selector} | {' | '.join(cells)} |"
        yield ""


def analyses() -> Iterator[str]:
    """The DynST paper's own questions, asked of our data: no ratio and no target."""
    yield ANALYSES
    yield f"![Error by sparsity and lead time]({HEAT.relative_to(DOCS)})\n"
    for dataset in wanted.SETS:
        books = wanted.books_of(dataset)
        if books:
            yield f"### {dataset}\n"
            yield from against_sparsity(books)
            yield ""
            yield "Sparsity against lead time (path, RMSE; 1 is the first step ahead):\n"
            yield from by_lead(books)
            yield ""


def against_sparsity(books: list[Book]) -> Iterator[str]:
    """Error and likeness against sparsity."""
    yield "| removed | dynamic | iterative | one-shot | SSIM | PSNR, dB |"
    yield "|---|---|---|---|---|---|"
    for level in (0.0, *wanted.ALL_LEVELS):
        path = [book.find("path", "dynst", level) for book in books]
        cells = [_mean([one.rmse for one in path if one])]
        for selector in ("iterative", "one_shot"):
            found = [book.find("retrained", selector, level) for book in books]
            cells.append(_mean([one.rmse for one in found if one]))
        cells.append(_mean([one.ssim for one in path if one and one.ssim is not None]))
        cells.append(_mean([one.psnr_db for one in path if one and one.psnr_db is not None]))
        yield f"| {100 * level:g} % | {' | '.join(cells)} |"


def by_lead(books: list[Book]) -> Iterator[str]:
    """Error of the path by level and lead time, some lead times."""
    horizon = len(next(iter(books[0].all("path"))).rmse_by_lead)
    leads = sorted({0, horizon // 4, horizon // 2, 3 * horizon // 4, horizon - 1})
    yield f"| removed | {' | '.join(str(lead + 1) for lead in leads)} |"
    yield f"|---|{'---|' * len(leads)}"
    for level in (0.0, *wanted.ALL_LEVELS):
        found = [one for book in books if (one := book.find("path", "dynst", level))]
        cells = [_mean([one.rmse_by_lead[lead] for one in found]) for lead in leads]
        yield f"| {100 * level:g} % | {' | '.join(cells)} |"


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else ""


def main() -> None:
    """Write the page and its picture."""
    heat.draw(HEAT)
    PAGE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
