"""From measured trainings to ratios: what is divided by what, and what it should reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks import ledger
from benchmarks.ledger import Row, row
from benchmarks.trainings import Book, Training
from benchmarks.wanted import (
    ALL_LEVELS,
    BACKBONE,
    BACKBONES,
    BASELINES,
    BEHIND,
    FAR,
    MASKS,
    N_EDITS,
    NINE_LEVELS,
    PATH_SECONDS,
    PATH_SETS,
    PICKED,
    PRODUCT,
    ROOM,
    SETS,
    SMOOTH,
    Books,
    baselines_of,
    books_of,
    levels_of,
    seeds_of,
)


def write_rows() -> list[Path]:
    """Make every row from the lines there are, and write them.

    Of the usual forecaster rows that were not measured yet stand there too.
    """
    files = []
    for backbone, name in BACKBONES.items():
        rows = rows_with(backbone)
        if backbone != BACKBONE:
            rows = [one for one in rows if one.value is not None]
        files.append(ledger.save(name, rows))
    return files


def rows_with(backbone: str) -> list[Row]:
    """All rows of one forecaster."""
    rows: list[Row] = []
    for dataset in SETS:
        books = books_of(dataset, backbone)
        against_baselines(rows, dataset, books)
        against_picked(rows, dataset, books)
        room(rows, dataset, books)
        same_ridge(rows, dataset, books)
        cost_of_the_cut(rows, dataset, books)
        if dataset == "metr-la-week":
            time_of_a_path(rows, dataset, books)
        if dataset in PATH_SETS:
            separate_trainings(rows, dataset, books)
            edits(rows, dataset, books)
    return rows


def _backbone(books: Books) -> str:
    return books[0].backbone if books else BACKBONE


def against_baselines(rows: list[Row], dataset: str, books: Books) -> None:
    """The path, and its masks alone, against the best baseline trained for its own mask."""
    far: dict[str, list[Row]] = {PRODUCT: [], MASKS: []}
    for level in levels_of(dataset):
        for name, kind in ((PRODUCT, "path"), (MASKS, "retrained")):
            own = {book.seed: book.find(kind, "dynst", level) for book in books}
            one = _against_best(name, own, dataset, books, level, ("at most", 1.0))
            rows.append(one)
            if one.value is not None and level >= FAR:
                far[name].append(one)
    for name, limit in ((PRODUCT, 0.95), (MASKS, 0.98)):
        complete = len(far[name]) == 3
        final = complete and all(
            _complete(dataset, books, x) for x in levels_of(dataset) if x >= FAR
        )
        note = "interval: least and greatest level" if complete else "not all levels yet"
        rows.append(
            row(
                f"{name}, mean over 80 to 95 %",
                dataset,
                _backbone(books),
                None,
                tuple(sorted({seed for one in far[name] for seed in one.seeds})),
                [one.value for one in far[name] if one.value is not None] if complete else [],
                ("at most", limit),
                note=note + ("; so far" if complete and not final else ""),
                final=final,
            )
        )


def _complete(dataset: str, books: Books, level: float) -> bool:
    """Whether all seeds and baselines were measured that the whole table asks for at a level."""
    if len(books) < len(seeds_of(dataset)):
        return False
    first, *others = books
    if len(_baselines_at(first, level)) < baselines_of(_n_sites(first)):
        return False
    wanted = _baselines_at(first, level).keys() - behind(first, level)
    return all(wanted <= _baselines_at(book, level).keys() for book in others)


def behind(first: Book, level: float) -> set[str]:
    """Baselines that are too far behind the best at a level to be trained with another seed.

    That is of the unlikely ones; the likely are trained with every seed. It saved 34 of the 110
    trainings that further seeds of the five would have taken on three data sets.

    Args:
        first: the book of the first seed.
        level: share of sites removed.
    """
    errors = {baseline: line.rmse for baseline, line in _baselines_at(first, level).items()}
    return {
        baseline for baseline, rmse in errors.items() if rmse > min(errors.values()) * (1 + BEHIND)
    }


def _n_sites(book: Book) -> int:
    dense = book.find("path", "dynst", 0.0)
    return dense.n_active if dense else 0


def _baselines_at(book: Book, level: float) -> dict[str, Training]:
    """Forecasters trained for baselines' masks at a level, by baseline."""
    found = {baseline: book.find("retrained", baseline, level) for baseline in BASELINES}
    return {baseline: line for baseline, line in found.items() if line is not None}


def room(rows: list[Row], dataset: str, books: Books) -> None:
    """What the path reaches by reading every site, against the best baseline at a level.

    A control: where it is near 1, sites are hardly what is lacking. It is no bound, since on a
    short record a forecaster of fewer inputs can err less.
    """
    for level in levels_of(dataset):
        own = {book.seed: book.find("path", "dynst", 0.0) for book in books}
        rows.append(_against_best(ROOM, own, dataset, books, level, None))


def _against_best(
    name: str,
    measured: Mapping[int, Training | None],
    dataset: str,
    books: Books,
    level: float,
    target: tuple[str, float] | None,
) -> Row:
    """One row: ours, by seed, over the best baseline at a level."""
    own = {seed: line for seed, line in measured.items() if line is not None}
    baselines: dict[str, dict[int, Training]] = {}
    for book in books:
        if book.seed in own:
            for baseline, line in _baselines_at(book, level).items():
                baselines.setdefault(baseline, {})[book.seed] = line
    if not own or not baselines:
        return row(name, dataset, _backbone(books), level, (), [], target, note="not measured yet")

    def over(baseline: str) -> float:
        """Ours over a baseline's, over the seeds that the baseline has."""
        return _mean(own[seed] for seed in baselines[baseline]) / _mean(
            baselines[baseline].values()
        )

    best = max(baselines, key=over)
    shared, value = sorted(baselines[best]), over(best)
    each = [own[seed].rmse / baselines[best][seed].rmse for seed in shared]
    wanted, seeds = baselines_of(_n_sites(books[0])), len(seeds_of(dataset))
    note = f"best of {len(baselines)} baseline{'s' * (len(baselines) > 1)}: {best}; interval: seeds"
    if len(shared) < seeds:
        note += f"; {len(shared)} of {seeds} seeds so far"
    if len(baselines) < wanted:
        note += f"; {len(baselines)} of {wanted} baselines so far"
    elif dropped := sum(len(lines) == 1 for lines in baselines.values() if len(own) > 1):
        note += f"; {dropped} with seed 0 alone"
    final = len(shared) == seeds and _complete(dataset, books, level)
    return row(
        name,
        dataset,
        _backbone(books),
        level,
        tuple(shared),
        each,
        target,
        value,
        note,
        final=final,
    )


def path_over(selector: str, books: Books, level: float) -> Iterator[float]:
    """The path's error over that of training for a selector's mask, for each seed that has both."""
    for book in books:
        own, other = book.find("path", "dynst", level), book.find("retrained", selector, level)
        if own and other:
            yield own.rmse / other.rmse


def against_picked(rows: list[Row], dataset: str, books: Books) -> None:
    """The path against the baseline that selection windows would pick, as a planner would have to.

    A control: the best baseline by its test error is one that nobody could have picked beforehand.
    """
    for level in levels_of(dataset):
        each, picked, seeds = [], [], []
        for book in books:
            own = book.find("path", "dynst", level)
            found = list(_baselines_at(book, level).values())
            found = [line for line in found if line.selection_error is not None]
            if own is None or not found:
                continue
            line = min(found, key=lambda line: line.selection_error or np.inf)
            each.append(own.rmse / line.rmse)
            picked.append(line.selector)
            seeds.append(book.seed)
        note = f"picked: {', '.join(picked)}; interval: seeds" if each else "not measured yet"
        rows.append(row(PICKED, dataset, _backbone(books), level, tuple(seeds), each, note=note))


def same_ridge(rows: list[Row], dataset: str, books: Books) -> None:
    """The path's masks against others', each read by the same ridge forecaster refitted."""
    for level in ALL_LEVELS:
        groups = {
            "best of the others": tuple(r for r in BASELINES if r != "greedy_forecast"),
            "greedy_forecast": ("greedy_forecast",),
        }
        for words, names in groups.items():
            limit = 0.97 if len(names) > 1 else (1.0 if level >= 0.9 else None)
            pairs = [
                (book, own, [line for n in names if (line := book.find("ridge", n, level))])
                for book in books
                if (own := book.find("ridge", "dynst", level))
            ]
            pairs = [(book, own, others) for book, own, others in pairs if len(others)]
            each = [own.rmse / min(line.rmse for line in others) for _, own, others in pairs]
            short = any(len(others) < len(names) for _, _, others in pairs)
            note = _seeds_note(dataset, len(pairs)) + ("; not all baselines yet" if short else "")
            rows.append(
                row(
                    f"masks under the same ridge / {words}",
                    dataset,
                    "ridge",
                    level,
                    tuple(book.seed for book, _, _ in pairs),
                    each,
                    None if limit is None else ("at most", limit),
                    note=note if each else "not measured yet",
                    final=not short and len(pairs) == len(seeds_of(dataset)),
                )
            )


def cost_of_the_cut(rows: list[Row], dataset: str, books: Books) -> None:
    """Error at 60 % against the path's own error with all sites."""
    pairs = [
        (book.seed, cut.rmse / dense.rmse)
        for book in books
        if (cut := book.find("path", "dynst", 0.6)) and (dense := book.find("path", "dynst", 0.0))
    ]
    limit = 1.01 if dataset in SMOOTH else 1.05 if dataset == "metr-la-week" else None
    rows.append(
        row(
            "error at 60 % / own dense error",
            dataset,
            _backbone(books),
            0.6,
            tuple(seed for seed, _ in pairs),
            [ratio for _, ratio in pairs],
            None if limit is None else ("at most", limit),
            note=_seeds_note(dataset, len(pairs)) if pairs else "not measured yet",
            final=len(pairs) == len(seeds_of(dataset)),
        )
    )


def _seeds_note(dataset: str, found: int) -> str:
    wanted = len(seeds_of(dataset))
    return "interval: seeds" + (f"; {found} of {wanted} so far" if found < wanted else "")


def time_of_a_path(rows: list[Row], dataset: str, books: Books) -> None:
    """Processor time of training a whole path, choosing sites included, against five minutes."""
    trained = [list(book.all("path")) for book in books]
    each = [sum(line.seconds for line in lines) / PATH_SECONDS for lines in trained]
    rows.append(
        row(
            "time of a whole path / 5 minutes",
            dataset,
            _backbone(books),
            None,
            tuple(book.seed for book in books),
            each,
            ("at most", 1.0),
            note=f"processor time of one thread; {_seeds_note(dataset, len(books))}"
            if books
            else "not measured yet",
            final=len(books) == len(seeds_of(dataset)),
        )
    )


def separate_trainings(rows: list[Row], dataset: str, books: Books) -> None:
    """What nine trainings from scratch cost against one path, in time and in error."""
    cost: dict[int, float] = {}
    error: dict[int, float] = {}
    for book in books:
        alone = [line for x in NINE_LEVELS if (line := book.find("retrained", "dynst", x))]
        path = [line for x in NINE_LEVELS if (line := book.find("path", "dynst", x))]
        if len(alone) < len(NINE_LEVELS) or len(path) < len(NINE_LEVELS):
            continue
        pairs = zip(path, alone, strict=True)
        error[book.seed] = float(np.mean([one.rmse / other.rmse for one, other in pairs]))
        whole = list(book.all("path clocked")) or list(book.all("path"))
        if len({line.place for line in alone + whole}) == 1:
            cost[book.seed] = sum(x.seconds for x in alone) / sum(x.seconds for x in whole)
    like = "its own masks; each as many steps as the path by then"
    for name, each, target, note in (
        ("cost of 9 separate trainings / one path", cost, ("at least", 5.0), f"seconds; {like}"),
        ("error of the path / 9 separate trainings", error, ("at most", 1.02), f"RMSE; {like}"),
    ):
        rows.append(
            row(
                name,
                dataset,
                _backbone(books),
                None,
                tuple(each),
                list(each.values()),
                target,
                note=note if each else "not measured yet",
            )
        )


def edits(rows: list[Row], dataset: str, books: Books) -> None:
    """Forecast again after an edit, against training anew for it."""
    each: list[float] = []
    for book in books:
        for line in book.all("edit"):
            anew = book.find("edit retrained", "dynst", line.level, line.draw)
            if anew is not None:
                each.append(line.rmse / anew.rmse)
    rows.append(
        row(
            "re-forecast after an edit / retrained for it",
            dataset,
            _backbone(books),
            0.6,
            (0,) if each else (),
            each,
            ("at most", 1.03),
            value=max(each) if each else None,
            note=f"greatest of {len(each)} edits of 5 % of the sites (of {N_EDITS} asked for)"
            if each
            else "not measured yet",
            final=len(each) >= N_EDITS,
        )
    )


def _mean(lines: Iterable[Training]) -> float:
    return float(np.mean([line.rmse for line in lines]))
