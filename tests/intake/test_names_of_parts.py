"""Sites named by sheets of a workbook, or by folders of a data set in parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from tests.intake.test_number_and_time_forms import IDS, PLACES, TIMES, VALUES, values_of


def test_each_sheet_of_a_workbook_is_the_site_that_its_title_names(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for s, name in enumerate(IDS):
        sheet = book.create_sheet(name)
        sheet.append(["Datum", "Wert"])
        for t, moment in enumerate(TIMES):
            sheet.append([moment.to_pydatetime(), float(VALUES[t, s])])
    del book["Sheet"]
    book.save(tmp_path / "values.xlsx")
    (tmp_path / "places.csv").write_text(PLACES)
    files = [tmp_path / "values.xlsx", tmp_path / "places.csv"]
    assert np.allclose(values_of(check(files, parsed_choices(["timezone=UTC"]))), VALUES)


def test_each_folder_of_a_data_set_in_parts_is_the_site_that_it_names(tmp_path: Path) -> None:
    for s, name in enumerate(IDS):
        folder = tmp_path / "values" / f"station={name}"
        folder.mkdir(parents=True)
        part = pd.DataFrame({"time": TIMES, "flow": VALUES[:, s]})
        part.to_parquet(folder / "part-0.parquet")
    (tmp_path / "places.csv").write_text(PLACES)
    files = [tmp_path / "values", tmp_path / "places.csv"]
    assert np.allclose(values_of(check(files, parsed_choices(["timezone=UTC"]))), VALUES)
