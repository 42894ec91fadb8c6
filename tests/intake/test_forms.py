"""The same record written in any form is read as the same data."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynst_core.intake.checking import check
from dynst_core.intake.choices import Choices, parsed_choices
from tests.intake.cases import HOURS, PLACES, SITES, put, value_of

TIMES = {
    "%Y-%m-%d %H:%M": (),
    "%Y-%m-%dT%H:%M:%SZ": (),
    "%d.%m.%Y %H:%M": (),
    "%d/%m/%Y %H:%M:%S": (),
    "%m/%d/%Y %I:%M %p": (),
    "%Y%m%d%H%M": (),
    "%d-%b-%Y %H:%M": (),
    "%Y/%m/%d %H:%M": (),
}


@settings(max_examples=40)
@given(
    form=st.sampled_from(sorted(TIMES)),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    layout=st.sampled_from(["long", "wide"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    packed=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    above=st.sampled_from(["", "# a comment\n", "Traffic counts\nof the city\n\n"]),
    shuffled=st.booleans(),
)
def test_a_table_is_read_alike_in_every_form(
    form: str,
    separator: str,
    decimal: str,
    layout: str,
    encoding: str,
    packed: bool,
    ending: str,
    above: str,
    shuffled: bool,
) -> None:
    if separator == "," == decimal:
        decimal = "."
    time = pd.date_range("2024-05-14", periods=HOURS, freq="h")
    frame = pd.DataFrame(
        {"time": np.repeat(time, 3), "site": SITES * HOURS}
        | {"speed": [value_of(h, s) for h in range(HOURS) for s in range(3)]}
    )
    if layout == "wide":
        frame = frame.pivot(index="time", columns="site", values="speed").reset_index()
    if shuffled:
        frame = frame.sample(frac=1, random_state=1)
    frame["time"] = frame["time"].dt.strftime(form)
    text = above + frame.to_csv(index=False, sep=separator, decimal=decimal)
    content = text.replace("\n", ending).encode(encoding)
    with TemporaryDirectory() as folder:
        name = "values.csv.gz" if packed else "values.csv"
        file = put(Path(folder), name, gzip.compress(content) if packed else content)
        verdict = check(
            [file, put(Path(folder), "sites.csv", PLACES)], parsed_choices(["timezone=UTC"])
        )
    field = verdict.field
    assert field is not None, verdict.questions or verdict.refusal
    assert field.sites.site_id.tolist() == list(SITES)
    assert (field.time == time.to_numpy()).all()
    wanted = np.array([[value_of(h, s) for s in range(3)] for h in range(HOURS)], dtype=np.float32)
    assert np.array_equal(field.dataset["values"].values[:, :, 0], wanted)


def test_choices_come_back_from_their_texts() -> None:
    choices = Choices(
        time=("date", "hour"), value=("a", "b"), timezone="+01:00", separator="\t", site="id"
    )
    assert parsed_choices([f"{k}={v}" for k, v in choices.stated().items()]) == choices


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15 min", 900), ("15min", 900), ("1h", 3600), ("2 hours", 7200), ("1 day", 86400)]
    + [("30s", 30), ("hour", 3600), ("0.5 h", 1800)],
)
def test_a_step_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    from dynst_core.intake.choices import step_ns

    assert step_ns(text) == seconds * 10**9
