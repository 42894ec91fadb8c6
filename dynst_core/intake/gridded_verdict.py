"""The verdict on files that state their own axes."""

from __future__ import annotations

from pathlib import Path

from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.fields.sites import some_ids
from dynst_core.intake.choices import Choices
from dynst_core.intake.city_grids import propose_city, read_city
from dynst_core.intake.files import kinds
from dynst_core.intake.files.array_files import hdf5_layout
from dynst_core.intake.files.bringing import Brought, Source
from dynst_core.intake.grid_proposals import mesh_alone, propose_gridded
from dynst_core.intake.gridded import axis_names, preview_rows, read_grids
from dynst_core.intake.naming import own_words
from dynst_core.intake.roles.found import Roles
from dynst_core.intake.surveying import Large
from dynst_core.intake.verdict import Draft, Preview, Verdict, with_quality
from dynst_core.intake.whereabouts import why_grid_exchanged


def check_grids(
    files: list[Path], brought_files: Brought, grids: list[Source], stated: Choices
) -> Verdict:
    """The verdict on grids; other files beside them are not used, which is noted."""
    found = Roles(stated)
    notes = list(brought_files.notes)
    others = [source.name for source in brought_files.sources if source not in grids]
    if others:
        notes.append(f"Not used beside a grid, which states its own places: {some_ids(others, 6)}.")
    city = [s for s in grids if s.kind == kinds.HDF5 and hdf5_layout(s) == "deepst"]
    columns = ("variable", "axes", "unit")
    shown = tuple(Preview(s.name, s.kind, columns, preview_rows(s.path)) for s in grids[:3])
    draft = Draft(found, shown, notes)
    if city and len(grids) > 1:
        raise DataError(
            f"Expected one city grid, found {len(grids)} files "
            f"({some_ids([s.name for s in grids], 4)}); "
            f"add each as a data set of its own."
        )
    mesh, grids = (None, grids) if city else _apart(grids, found)
    holders: dict[str, list[Source]] = {}
    if city:
        propose_city(city[0], found)
    else:
        holders = propose_gridded(grids, mesh, found)
    if draft.open:
        return draft.verdict(large=_large(grids, draft))
    try:
        choices = found.resolved
        field = (
            read_city(city[0], choices)
            if city
            else read_grids(grids, holders, mesh, choices, found, notes)
        )
    except DataError as error:
        return draft.verdict(refusal=own_words(str(error)))
    if field is None:
        return draft.verdict()
    draft.notes += field.notes
    if not city:
        _ask_about_exchanged(grids[0], field, found)
    if draft.open:
        return draft.verdict(sites=field.sites)
    return with_quality(files, field, draft, {"sites": field.sites})


def _ask_about_exchanged(source: Source, field: Field, found: Roles) -> None:
    """Ask which axis of a grid is the latitude, where its cells would better lie exchanged."""
    if field.grid is None or found.stated("axes"):
        return
    why = why_grid_exchanged(field.sites)
    if not why:
        return
    y, x = axis_names(source, found.resolved)
    found.ask(
        "axes",
        f"Which axis of {source.name} is the latitude? With {y!r} {why}.",
        f"latitude:{x},longitude:{y}",
        f"latitude:{y},longitude:{x}",
    )


def _apart(grids: list[Source], found: Roles) -> tuple[Path | None, list[Source]]:
    """The file of the mesh, where it is one of its own, and those of the values."""
    alone = [source for source in grids if mesh_alone(source)] if len(grids) > 1 else []
    if len(alone) != 1:
        return None, grids
    found.propose("places", alone[0].name, "it holds the nodes of the mesh and no values over time")
    return alone[0].path, [source for source in grids if source is not alone[0]]


def _large(grids: list[Source], draft: Draft) -> Large | None:
    """The file, where nothing is asked but how to read more values than fit in memory."""
    asked = {question.setting for question in draft.found.questions if question.required}
    stays = grids[0].path == grids[0].original.expanduser()
    if asked != {"coarsen"} or len(grids) > 1 or not stays:
        return None
    return Large(grids[0].path, draft.found.resolved)
