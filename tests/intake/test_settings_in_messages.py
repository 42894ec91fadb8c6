"""Messages name settings as whoever reads them states one."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from app.views.data.understand import LABELS, worded
from dynst_core.intake.choices import Choices, parsed_choices
from dynst_core.intake.lists import joined
from tests.intake.cases import places, wide_rows, written
from tests.support.command_line import command


def test_the_page_has_words_for_every_setting() -> None:
    assert {one.name for one in fields(Choices)} <= set(LABELS)


def test_the_page_names_settings_by_its_own_words() -> None:
    text = worded("Expected times; state `timezone=Europe/Berlin`, or correct `site`.")
    assert "state “Time zone: Europe/Berlin”, or correct “Site id”." in text
    assert "State something else" in text
    assert worded("Nothing to state in `git lfs pull`.") == "Nothing to state in `git lfs pull`."


def test_the_command_line_names_them_as_options(tmp_path: Path) -> None:
    rows = wide_rows()
    rows[9][1] = "-999"
    files = [written(tmp_path, "values.csv", rows), places(tmp_path)]
    said = command("check", *files, "--set", "timezone=UTC")
    assert "`--set missing_value=-999`" in str(said)


@pytest.mark.parametrize(
    ("setting", "values"), [("value", ("Temp, °C", "RH")), ("time", ("Date, GMT+02:00", "hour"))]
)
def test_names_that_hold_the_dividing_sign_are_stated_in_quotation_marks(
    setting: str, values: tuple[str, ...]
) -> None:
    stated = parsed_choices([f"{setting}={joined(setting, values)}"])
    assert getattr(stated, setting) == values
    assert parsed_choices(f"{n}={v}" for n, v in stated.stated().items()) == stated
