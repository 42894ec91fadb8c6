"""The verdict on a planner's files: proposals with reasons, questions and quality.

`check` reads files and says what it makes of them; nothing is written. Where nothing required is
left open, the verdict holds the data as a Field that `store.keep` puts away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dynst_core.errors import DataError
from dynst_core.fields.field import Field, make_field
from dynst_core.fields.sites import SiteSet, some_ids
from dynst_core.fields.time_axis import duration
from dynst_core.intake.amounts import (
    check_amount_choices,
    counts_between,
    directions_apart,
    sites_left_out,
)
from dynst_core.intake.choices import Choices, Proposal, Question
from dynst_core.intake.files import kinds
from dynst_core.intake.files.bringing import (
    Brought,
    Original,
    original_files,
)
from dynst_core.intake.files.sheets import Table
from dynst_core.intake.linking import take_links, with_link_table
from dynst_core.intake.moving import moving_sites_separated
from dynst_core.intake.naming import about_of, channels_of, own_words
from dynst_core.intake.pivoting import (
    pivoted_channels,
    sites_share_times,
    suggested_steps,
    usual_interval,
)
from dynst_core.intake.quality import Quality, quality_of
from dynst_core.intake.records import Records, read_records
from dynst_core.intake.roles.found import ROWS, Roles
from dynst_core.intake.roles.groups import grouped_tables
from dynst_core.intake.roles.named_sites import named_by_sites
from dynst_core.intake.roles.sites import find_sites_and_values
from dynst_core.intake.roles.split import split_values_and_places
from dynst_core.intake.roles.times import find_times
from dynst_core.intake.siting import Located, find_places, located_sites
from dynst_core.intake.surveying import Large
from dynst_core.intake.whereabouts import ask_about_order, contradiction, lies_around

PREVIEW_ROWS = 5
MOST_ALIKE = 2
"""Files of which the same is said one by one."""


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
        large: what can be surveyed although it is too large to be read; None for others.
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
    large: Large | None = None

    @property
    def required(self) -> tuple[Question, ...]:
        """The questions that must be answered before anything is read."""
        return tuple(question for question in self.questions if question.required)

    @property
    def ready(self) -> bool:
        """Whether the data can be kept."""
        return self.field is not None and not self.refusal


def preview_of(table: Table, kind: str) -> Preview:
    """The first rows of a table."""
    rows = table.sample.head(PREVIEW_ROWS).astype(object).itertuples(index=False)
    texts = tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)
    return Preview(table.name, kind, table.columns, texts)


@dataclass
class Draft:
    """A verdict in the making."""

    found: Roles
    previews: tuple[Preview, ...]
    notes: list[str]

    def verdict(self, **more: object) -> Verdict:
        """What is known by now."""
        asked = sorted(self.found.questions, key=lambda question: not question.required)
        notes = tuple(dict.fromkeys(map(own_words, [*self.notes, *self.found.notes])))
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
    found = Roles(stated)
    kind_of = {source.name: source.kind for source in brought_files.sources}
    shown = [preview_of(t, kind_of.get(t.path.name, kinds.TEXT)) for t in tables[:12]]
    draft = Draft(found, tuple(shown), [*brought_files.notes, *notes_of(tables)])
    _propose_form(tables, found)
    links, tables = take_links(tables, found)
    values, places = split_values_and_places(grouped_tables(tables, stated), found)
    values = named_by_sites(values, places, found)
    find_times(values, found)
    find_sites_and_values(values, places, found)
    find_places(values, places, found)
    if draft.open:
        return draft.verdict()
    own = places is None and stated.places != ROWS
    resolved = found.resolved
    pair = (resolved.longitude or resolved.x, resolved.latitude or resolved.y) if own else None
    records = read_records(values, resolved, pair)
    draft.notes += records.notes
    if own and resolved.moved == "separate":
        records = moving_sites_separated(records, bool(resolved.longitude))
    where = located_sites(records, values, places, found)
    draft.notes += where.notes
    if links is not None:
        sites, said = with_link_table(where.sites, records.names, where.order, links)
        where, draft.notes = replace(where, sites=sites), [*draft.notes, *said]
    ask_about_order(where.sites, found)
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


def notes_of(tables: list[Table]) -> list[str]:
    """The notes of tables; what is said of many of them is said once."""
    alike: dict[str, list[str]] = {}
    for table in tables:
        for note in table.notes:
            alike.setdefault(note.replace(table.name, ""), []).append(note)
    return [
        note
        for notes in alike.values()
        for note in (
            notes
            if len(notes) <= MOST_ALIKE
            else [f"{notes[0].rstrip('.')}; and likewise in {len(notes) - 1:,} more files."]
        )
    ]


def _propose_form(tables: list[Table], found: Roles) -> None:
    """How text is written, where it is not as usual or not alike."""
    unclear = [t.name for t in tables if t.form.get("decimal", (".", ""))[0] == ""]
    if unclear:
        reason = next(t.form["decimal"][1] for t in tables if t.name == unclear[0])
        found.ask(
            "decimal",
            f"In the numbers of {some_ids(unclear, 3)} {reason}: which sign stands before "
            "decimals, "
            f"the comma (`decimal=,`) or the point (`decimal=.`)? The other one then stands "
            f"between thousands.",
            ",",
            ".",
        )
    forms: dict[tuple[str, str], str] = {}
    for table in tables:
        for setting, (value, reason) in table.form.items():
            usual = {"separator": ",", "decimal": "."}.get(setting)
            if value not in (usual, ""):
                forms.setdefault((setting, value), f"{table.name}: {reason}")
    for (setting, value), reason in forms.items():
        found.proposals.append(
            Proposal(
                setting,
                {" ": "blank"}.get(value, value),
                reason,
                bool(getattr(found.choices, setting, "")),
            )
        )


def _ask_step(records: Records, found: Roles) -> None:
    """Ask for a step where sites were not measured at the same, regular times."""
    choices = found.resolved
    if choices.start and not choices.time:
        return
    regular = sites_share_times(records)
    if choices.resample and not choices.step:
        interval = usual_interval(records)
        text = f"To which step are values to be brought by their {choices.resample}?"
        found.ask("step", text, *suggested_steps(interval))
        return
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
    channels, units = channels_of(choices)
    records, channels, units = directions_apart(records, channels, units, draft.found)
    check_amount_choices(choices, channels)
    whole = pivoted_channels(records, choices)
    if not whole.differing or choices.repeats:
        whole = counts_between(whole, channels, draft.found)
    draft.notes += whole.notes
    if whole.differing and not choices.repeats:
        draft.found.ask(
            "repeats",
            f"{whole.repeats:,} values stand again for one time and site, {whole.differing:,} of "
            f"them with other numbers: take the `first`, the `last`, their `mean` or their `sum`? "
            f"Where a column says what they are, read some with `only=COLUMN:TEXT`.",
            "mean",
            "last",
            "first",
            "sum",
        )
        return draft.verdict(**more)
    values = whole.values[:, where.order]
    sites = where.sites
    out = sites_left_out(values, sites.site_id.tolist(), draft.found)
    if draft.open:
        return draft.verdict(**more)
    sites, values = (sites.only(~out), values[:, ~out]) if out.any() else (sites, values)
    seen = np.isfinite(values).any(axis=(0, 2))
    if not seen.any():
        raise DataError("Expected values at some site, found none that is a number; check `value`.")
    if not seen.all():
        ids = sites.site_id[~seen]
        draft.notes.append(
            f"Sites without any value were left out: {len(ids):,} ({some_ids(ids, 5)})."
        )
        sites, values = sites.only(seen), values[:, seen]
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
    try:
        field = _renamed(field, draft.found)
    except DataError as error:
        return draft.verdict(refusal=str(error), **more)
    quality = quality_of(field)
    zone = draft.found.resolved.timezone
    where = [lies_around(field.sites), contradiction(field.sites, zone)]
    draft.notes[:0] = [text for text in where if text]
    refusal = ""
    if len(field.sites) < 2:
        refusal = (
            f"Expected several sites, found one ({str(field.sites.site_id[0])!r}); a single site "
            f"is no network to plan, so bring the records of others too."
        )
    return draft.verdict(
        field=field, quality=quality, refusal=refusal, originals=original_files(files), **more
    )


def _renamed(field: Field, found: Roles) -> Field:
    """A field whose channels bear the names that are stated for them."""
    names = found.choices.names
    if not names:
        return field
    if len(names) != len(field.channels):
        raise DataError(
            f"Expected a name for each of {', '.join(field.channels)}, found {len(names)}: "
            f"{', '.join(names)}; state as many, divided by commas."
        )
    found.propose("names", names, "")
    return replace(field, dataset=field.dataset.assign_coords(channel=list(names)))


def field_of(verdict: Verdict) -> Field:
    """The data of a verdict that leaves nothing open.

    Raises:
        DataError: what is asked first, or why the data are refused.
    """
    if verdict.field is not None and verdict.ready:
        return verdict.field
    if verdict.refusal:
        raise DataError(verdict.refusal)
    asked = verdict.required
    first = asked[0]
    options = f", for example `{first.setting}={first.options[0]}`" if first.options else ""
    more = f" ({len(asked) - 1} more questions follow)" if len(asked) > 1 else ""
    raise DataError(
        f"Expected an answer before anything is kept: {first.text} State "
        f"`{first.setting}`{options}{more}."
    )
