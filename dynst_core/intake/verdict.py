"""The verdict on a planner's files: proposals with reasons, questions and quality.

`check` reads files and says what it makes of them; nothing is written. Where nothing required is
left open, the verdict holds the data as a Field that `store.keep` puts away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dynst_core.errors import DataError
from dynst_core.fields.field import About, Field, make_field
from dynst_core.fields.sites import SiteSet, some
from dynst_core.fields.time_axis import duration
from dynst_core.intake import roles
from dynst_core.intake.choices import Choices, Proposal, Question
from dynst_core.intake.files import kinds
from dynst_core.intake.files.bringing import (
    Brought,
    Fault,
    Original,
    Source,
    brought,
    left_out,
    originals,
)
from dynst_core.intake.files.sheets import Table, tables_of
from dynst_core.intake.quality import Quality, quality_of
from dynst_core.intake.records import (
    Records,
    pivoted,
    read_records,
    sites_share_times,
    suggested_steps,
    usual_interval,
)
from dynst_core.intake.siting import Located, find_places, located, separated

PREVIEW_ROWS = 5


@dataclass(frozen=True)
class Preview:
    """The first rows of a file as they are read.

    Attributes:
        name: of the file, with its sheet.
        kind: what it was recognised as.
        columns: their names.
        rows: five rows of text.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What files were found to be.

    Attributes:
        originals: the files as they were named, with their hashes; empty until they are read whole.
        previews: the first rows of each.
        proposals: what columns and files are taken for, with reasons.
        questions: what is not known; those that are required come first.
        notes: what reading left out, changed or noticed, one sentence each.
        refusal: why the data cannot be read though nothing is asked; "" where they can.
        choices: what was stated and what is proposed, together; the same again reads the same.
        sites: the sites with a place, to be drawn; None where they are not known yet.
        field: the data; None where something is asked or refused.
        quality: of these data; None with them.
        unplaced, unused: ids of values without a place, and of places without values.
        moved: sites that moved, and how many places each has.
    """

    originals: tuple[Original, ...]
    previews: tuple[Preview, ...]
    proposals: tuple[Proposal, ...]
    questions: tuple[Question, ...]
    notes: tuple[str, ...]
    refusal: str
    choices: Choices
    sites: SiteSet | None = None
    field: Field | None = None
    quality: Quality | None = None
    unplaced: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    moved: tuple[tuple[str, int], ...] = ()

    @property
    def required(self) -> tuple[Question, ...]:
        """The questions that must be answered before anything is read."""
        return tuple(question for question in self.questions if question.required)

    @property
    def ready(self) -> bool:
        """Whether the data can be kept."""
        return self.field is not None and not self.refusal


def check(paths: Sequence[Path | str], choices: Choices | None = None) -> Verdict:
    """Say what files hold, what is proposed and what is asked; nothing is written.

    Args:
        paths: files, folders and archives that belong together.
        choices: what the planner states; nothing by default.
    Raises:
        DataError: a file cannot be read at all, or holds nothing to plan.
    """
    stated = choices or Choices()
    files = [Path(path) for path in paths]
    if not files:
        raise DataError("Expected files to check, found none; name a table, a grid or a folder.")
    with brought(files) as found, TemporaryDirectory(prefix="dynst-intake-") as folder:
        grids = [source for source in found.sources if _is_grid(source)]
        if grids:
            from dynst_core.intake.gridded_verdict import check_grids

            return check_grids(files, found, grids, stated)
        tables, notes = _all_tables(found, stated, Path(folder))
        return check_tables(files, replace(found, notes=(*found.notes, *notes)), tables, stated)


def _all_tables(found: Brought, stated: Choices, folder: Path) -> tuple[list[Table], list[str]]:
    """The tables of all files, and notes on files of folders that hold none."""
    tables: list[Table] = []
    faults: list[Fault] = []
    endings = set()
    for source in found.sources:
        try:
            tables += _tables(source, stated, folder)
            endings.add(source.ending)
        except DataError as error:
            if source.named:
                raise
            faults.append(Fault(source.name, source.ending, error))
    return tables, left_out(faults, endings)


def _is_grid(source: Source) -> bool:
    """Whether a file states its own axes."""
    if source.kind == kinds.HDF5:
        from dynst_core.intake.files.array_files import hdf5_layout

        return hdf5_layout(source) in ("gridded", "deepst")
    return source.kind in (kinds.GRIDDED, kinds.ZARR)


def _tables(source: Source, choices: Choices, folder: Path) -> list[Table]:
    if source.kind == kinds.PLACES:
        from dynst_core.intake.files.place_layers import place_table

        return [place_table(source)]
    if source.kind == kinds.R_DATA:
        from dynst_core.intake.files.r_files import r_tables

        return r_tables(source)
    if source.kind == kinds.ARRAYS:
        from dynst_core.intake.files.array_files import array_tables

        return array_tables(source, choices)
    if source.kind == kinds.HDF5:
        from dynst_core.intake.files.array_files import frame_tables, hdf5_layout

        if hdf5_layout(source) == "arrays":
            raise DataError(
                f"{source.name}: expected NetCDF, a table of pandas or a city grid in HDF5, found "
                f"arrays without axes; save them as .npz, or as NetCDF with named dimensions."
            )
        return frame_tables(source)
    return tables_of(source, choices, folder)


def preview_of(table: Table, kind: str) -> Preview:
    """The first rows of a table."""
    rows = table.sample.head(PREVIEW_ROWS).astype(object).itertuples(index=False)
    texts = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Preview(table.name, kind, table.columns, texts)


@dataclass
class Draft:
    """A verdict in the making."""

    found: roles.Roles
    previews: tuple[Preview, ...]
    notes: list[str]

    def verdict(self, **more: object) -> Verdict:
        """What is known by now."""
        asked = sorted(self.found.questions, key=lambda question: not question.required)
        notes = tuple(dict.fromkeys([*self.notes, *self.found.notes]))
        given: dict[str, object] = {"originals": (), "refusal": "", **more}
        return Verdict(
            previews=self.previews,
            proposals=tuple(self.found.proposals),
            questions=tuple(asked),
            notes=notes,
            choices=self.found.resolved,
            **given,  # type: ignore[arg-type]
        )

    @property
    def open(self) -> bool:
        """Whether something required is not known."""
        return any(question.required for question in self.found.questions)


def check_tables(
    files: list[Path], brought_files: Brought, tables: list[Table], stated: Choices
) -> Verdict:
    """The verdict on files that are all tables."""
    found = roles.Roles(stated)
    kind_of = {source.name: source.kind for source in brought_files.sources}
    shown = [preview_of(t, kind_of.get(t.path.name, kinds.TEXT)) for t in tables[:12]]
    draft = Draft(
        found, tuple(shown), [*brought_files.notes, *(n for t in tables for n in t.notes)]
    )
    _propose_form(tables, found)
    values, places = roles.split(roles.grouped(tables, stated), found)
    roles.find_times(values, found)
    roles.find_sites_and_values(values, places, found)
    find_places(values, places, found)
    if draft.open:
        return draft.verdict()
    own = places is None and stated.places != roles.ROWS
    resolved = found.resolved
    pair = (resolved.longitude or resolved.x, resolved.latitude or resolved.y) if own else None
    records = read_records(values, resolved, pair)
    draft.notes += records.notes
    if own and resolved.moved == "separate":
        records = separated(records, bool(resolved.longitude))
    where = located(records, values, places, found)
    draft.notes += where.notes
    _ask_step(records, found)
    more = {
        "sites": where.sites,
        "unplaced": where.unplaced,
        "unused": where.unused,
        "moved": where.moved,
    }
    if draft.open:
        return draft.verdict(**more)
    return _with_field(files, records, where, draft, more)


def _propose_form(tables: list[Table], found: roles.Roles) -> None:
    """How text is written, where it is not as usual or not alike."""
    forms: dict[tuple[str, str], str] = {}
    for table in tables:
        for setting, (value, reason) in table.form.items():
            usual = {"separator": ",", "decimal": "."}.get(setting)
            if value != usual:
                forms.setdefault((setting, value), f"{table.name}: {reason}")
    for (setting, value), reason in forms.items():
        found.proposals.append(
            Proposal(setting, value, reason, bool(getattr(found.choices, setting, "")))
        )


def _ask_step(records: Records, found: roles.Roles) -> None:
    """Ask for a step where sites were not measured at the same, regular times."""
    choices = found.resolved
    if choices.start and not choices.time:
        return
    regular = sites_share_times(records)
    if not regular and not choices.step:
        interval = usual_interval(records)
        usual = f"about every {duration(interval / 1e9)}" if np.isfinite(interval) else "once"
        found.ask(
            "step",
            f"The times are irregular or differ from site to site ({len(records.moments):,} times; "
            f"each site is measured {usual}): to which step shall values be resampled?",
            *suggested_steps(interval),
        )
    if choices.step and not choices.resample:
        found.ask(
            "resample",
            f"How do values within one step of {choices.step} become one: their `mean` (speeds, "
            f"temperatures, concentrations), their `sum` (counts, amounts) or the `last`?",
            "mean",
            "sum",
            "last",
        )
    elif not regular and not choices.resample:
        found.ask("resample", "How do values within one step become one?", "mean", "sum", "last")
    for setting in ("step", "resample"):
        if found.stated(setting):
            found.propose(setting, "", "")


def _with_field(
    files: list[Path], records: Records, where: Located, draft: Draft, more: dict[str, object]
) -> Verdict:
    choices = draft.found.resolved
    whole = pivoted(records, choices)
    draft.notes += whole.notes
    if whole.differing and not choices.repeats:
        draft.found.ask(
            "repeats",
            f"{whole.repeats:,} values stand again for one time and site, {whole.differing:,} of "
            f"them with other numbers: take the `first`, the `last`, their `mean` or their `sum`?",
            "mean",
            "last",
            "first",
            "sum",
        )
        return draft.verdict(**more)
    values = whole.values[:, where.order]
    seen = np.isfinite(values).any(axis=(0, 2))
    sites = where.sites
    if not seen.any():
        raise DataError("Expected values at some site, found none that is a number; check `value`.")
    if not seen.all():
        ids = sites.site_id[~seen]
        draft.notes.append(f"Sites without any value were left out: {len(ids):,} ({some(ids, 5)}).")
        sites = SiteSet(sites.site_id[seen], sites.coordinates[seen], sites.geographic)
        values = values[:, seen]
    channels, units = channels_of(choices)
    measured = tuple(float(text) for text in choices.measured_values)
    try:
        field = make_field(
            values,
            whole.time,
            sites,
            channels=channels,
            units=units,
            about=about_of(choices),
            notes=tuple(dict.fromkeys(draft.notes)),
            measured_values=measured,
        )
    except DataError as error:
        return draft.verdict(refusal=own_words(str(error)), **more)
    draft.notes[:] = field.notes
    more["sites"] = field.sites
    return with_quality(files, field, draft, more)


def with_quality(files: list[Path], field: Field, draft: Draft, more: dict[str, object]) -> Verdict:
    """The verdict on data that are read."""
    quality = quality_of(field)
    refusal = ""
    if len(field.sites) < 2:
        refusal = (
            f"Expected several sites, found one ({str(field.sites.site_id[0])!r}); a single site "
            f"is no network to plan, so bring the records of others too."
        )
    return draft.verdict(
        field=field, quality=quality, refusal=refusal, originals=originals(files), **more
    )


def channels_of(choices: Choices) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units of the channels."""
    from dynst_core.intake.columns import UNIT

    names = choices.value if choices.layout == "long" else ("value",)
    if choices.layout != "long":
        names = ("value",)
    units = choices.unit or tuple(roles.UNSTATED_UNIT for _ in names)
    if len(units) != len(names):
        raise DataError(
            f"Expected a unit for each of {', '.join(names)}, found {len(units)}: "
            f"{', '.join(units)}; state as many, divided by commas."
        )
    spoken = [UNIT.sub("", name).strip() or name for name in names]
    return tuple(spoken if len(set(spoken)) == len(spoken) else names), units


def about_of(choices: Choices) -> About:
    """The words for headings and credits."""
    what = choices.title or ", ".join(channels_of(choices)[0])
    return About(
        "own data",
        what,
        choices.place or "own data",
        choices.licence or "not stated",
        choices.attribution or "own data",
        choices.source or "own files",
    )


def own_words(message: str) -> str:
    """A reader's message in the terms of `Choices`: settings are stated as `name=value`."""
    import re

    message = message.replace("in the data set's loader settings set ", "state ")
    message = message.replace("in the loader settings ", "").replace(
        " in the data set's loader settings", ""
    )
    message = re.sub(
        r"`(\w+)` to \[([^\]]*)\]", lambda m: f"`{m[1]}={m[2].replace(', ', ',')}`", message
    )
    message = re.sub(r"`(\w+) = \{ (\w+) = \"?([^\"`}]*?)\"? \}`", r"`\1=\2:\3`", message)
    return re.sub(r'`(\w+) = "?([^"`]*)"?`', r"`\1=\2`", message)
