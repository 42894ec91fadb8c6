"""Berlin's two files as downloaded: semicolons, a date and an hour, places in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.datasets.catalogue import load_catalogue, load_field
from dynst_core.intake import store
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from dynst_core.intake.verdict import Verdict
from tests.support.places import SAMPLES

FOLDER = SAMPLES / "berlin-traffic-2024-08"
FILES = sorted(p for p in FOLDER.glob("*") if p.suffix in (".gz", ".xlsx"))
ANSWERS = ("value=q_kfz_mq_hr", "timezone=Europe/Berlin", "unit=vehicles/h")

pytestmark = pytest.mark.skipif(not FILES, reason="the sample lies beside the checkout")


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return check(FILES, parsed_choices(ANSWERS))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DYNST_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_only_the_zone_and_the_column_of_values_must_be_reported() -> None:
    found = check(FILES)
    assert {question.setting for question in found.required} == {"timezone", "value"}
    proposed = {p.setting: p.value for p in found.proposals}
    assert proposed["time"] == "tag+stunde"
    assert proposed["site"] == "mq_name" and proposed["place_id"] == "MQ_KURZNAME"
    assert (proposed["longitude"], proposed["latitude"]) == ("LÄNGE (WGS84)", "BREITE (WGS84)")
    assert all(p.reason for p in found.proposals)
    assert not found.ready


def test_the_values_are_those_of_a_conversion_by_hand(verdict: Verdict) -> None:
    field = verdict.field
    assert field is not None and verdict.quality is not None
    assert (len(field.sites), field.n_times) == (188, 744)
    assert str(field.time[0]) == "2024-07-31T22:00:00.000000000"
    values = field.dataset["values"]
    at = field.sites.site_id.tolist().index("TE001")
    assert values[:3, at, 0].values.tolist() == [468, 161, 119]
    assert field.sites.coordinates[at] == pytest.approx([13.19257786, 52.43386833])
    assert int(np.isfinite(values.values).sum()) == 94_850
    assert verdict.quality.missing == pytest.approx(1 - 94_850 / (188 * 744))
    assert len(verdict.unused) == 104 and not verdict.unplaced


def test_what_is_kept_is_listed_and_loads_the_same(verdict: Verdict, home: Path) -> None:
    store.keep_dataset(verdict, "berlin")
    assert "berlin" in load_catalogue()
    again = load_field("berlin")
    assert verdict.field is not None
    assert again.fingerprint() == verdict.field.fingerprint()
    assert again.units == ("vehicles/h",) and again.notes == verdict.field.notes
