"""City grids in HDF5, in the layout of DeepST."""

from __future__ import annotations

from dynst_core.datasets.grids.deepst import Box, DeepstSettings, read_deepst
from dynst_core.fields.field import Field
from dynst_core.intake.choices import Choices
from dynst_core.intake.extents import box_of
from dynst_core.intake.files.bringing import Source
from dynst_core.intake.gridded import numbers_of
from dynst_core.intake.naming import about_of
from dynst_core.intake.roles.found import UNSTATED_UNIT, Roles


def propose_city(source: Source, found: Roles) -> None:
    """Propose and ask what a grid in the layout of DeepST leaves open."""
    import h5py

    with h5py.File(source.path, "r") as file:
        shape = file["data"].shape
    rows, columns = shape[2:]
    found.propose(
        "value",
        tuple(("inflow", "outflow")[: shape[1]])
        if shape[1] <= 2
        else tuple(f"channel {i}" for i in range(shape[1])),
        "the layout of DeepST holds inflow and outflow",
    )
    found.ask(
        "unit",
        "In which unit are the counts? Without an answer they are shown as 'units'.",
        required=False,
    )
    found.ask(
        "timezone",
        "On which clocks were the slots counted?",
        "Asia/Shanghai",
        "America/New_York",
        "UTC",
    )
    found.ask(
        "box",
        f"What does the grid of {rows} by {columns} cells span? The file does not say: state "
        f"`box=west,south,east,north` in degrees, or leave it open to have cells of 1 km.",
        required=False,
    )


def read_city(source: Source, choices: Choices) -> Field:
    """A grid in the layout of DeepST."""
    box = None
    if choices.box:
        west, south, east, north = box_of(choices.box)
        box = Box(west=west, south=south, east=east, north=north)
    settings = DeepstSettings(
        timezone=choices.timezone,
        box=box,
        missing_value=tuple(numbers_of(choices.missing_value)) or None,
        measured_values=tuple(float(text) for text in choices.measured_values),
    )
    units = choices.unit or tuple(UNSTATED_UNIT for _ in choices.value)
    return read_deepst(
        source.path, settings, about=about_of(choices), channels=choices.value, units=units
    )
