"""Entries of the catalogue whose files are read as `dynst add` reads a planner's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.datasets.brought_files import FilesSettings
from dynst_core.datasets.catalogue import Entry, load_catalogue, load_entry, load_field
from dynst_core.errors import DataError
from dynst_core.intake import store
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices
from tests.support.berlin_files import PLACES, VALUES, flow, is_missing, write_berlin

BERLIN = "berlin-traffic-2024-08"
ANSWERS = ("value=q_kfz_mq_hr", "timezone=Europe/Berlin", "unit=vehicles/h")


def entry_of(name: str, **changes: object) -> Entry:
    """An entry of the catalogue that takes files of any hash."""
    entry = load_catalogue()[name]
    return entry.model_copy(update={"files": (), "folder": "", **changes})


def test_berlins_two_files_are_read_as_they_are_downloaded(tmp_path: Path) -> None:
    write_berlin(tmp_path)
    field = load_entry(entry_of(BERLIN), tmp_path / VALUES)
    assert field.sites.site_id.tolist() == list(PLACES)[:-1]
    places = np.array(list(PLACES.values())[:-1])
    np.testing.assert_allclose(field.sites.coordinates, places, atol=1e-6)
    assert (field.channels, field.units) == (("flow",), ("vehicles/h",))
    assert str(field.time[0]) == "2024-07-31T22:00:00.000000000" and field.n_times == 96
    values = field.dataset["values"].values[:, :, 0]
    expected = [
        [np.nan if is_missing(site, hour) else flow(site, hour) for site in range(3)]
        for hour in range(96)
    ]
    np.testing.assert_array_equal(values, np.array(expected, dtype=np.float32))


def test_berlin_keeps_its_licence_and_credit_with_the_field(tmp_path: Path) -> None:
    write_berlin(tmp_path)
    about = load_entry(entry_of(BERLIN), tmp_path / VALUES).about
    assert (about.name, about.place, about.licence) == (BERLIN, "Berlin", "CC BY 4.0")
    assert "Digitale Plattform Stadtverkehr" in about.attribution


def test_an_entry_makes_the_field_that_add_makes_of_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DYNST_HOME", str(tmp_path / "home"))
    files = write_berlin(tmp_path)
    store.keep_dataset(check(files, parsed_choices(ANSWERS)), "mine")
    added, entry = load_field("mine"), load_entry(entry_of(BERLIN), files[0])
    assert entry.fingerprint() == added.fingerprint()
    assert entry.units == added.units and entry.notes == added.notes


def test_berlin_itself_is_188_sites_of_744_hours_with_a_third_missing() -> None:
    if not load_catalogue()[BERLIN].at_hand():
        pytest.skip("the sample lies beside the checkout")
    field = load_field(BERLIN)
    assert (len(field.sites), field.n_times, field.step) == (188, 744, np.timedelta64(1, "h"))
    values = field.dataset["values"].values
    assert int(np.isfinite(values).sum()) == 94_850
    assert (np.nanmin(values), np.nanmax(values)) == (0, 4062)
    assert np.nanmean(values, dtype=float) == pytest.approx(393.95, abs=0.01)
    assert field.sites.geographic and field.units == ("vehicles/h",)


def test_a_missing_companion_is_named(tmp_path: Path) -> None:
    values, detectors = write_berlin(tmp_path)
    detectors.unlink()
    with pytest.raises(DataError, match=r"Stammdaten_.*\.xlsx, found none"):
        load_entry(entry_of(BERLIN), values)


def test_settings_that_leave_something_open_say_what_is_asked(tmp_path: Path) -> None:
    values, detectors = write_berlin(tmp_path)
    loader = FilesSettings(beside=(detectors.name,), settings={"value": "q_kfz_mq_hr"})
    with pytest.raises(DataError, match="State `timezone`"):
        load_entry(entry_of(BERLIN, loader=loader), values)


def test_another_number_of_channels_than_the_entry_names_is_refused(tmp_path: Path) -> None:
    values, detectors = write_berlin(tmp_path)
    settings = {"value": "q_kfz_mq_hr,v_kfz_mq_hr", "timezone": "Europe/Berlin"}
    loader = FilesSettings(beside=(detectors.name,), settings=settings)
    with pytest.raises(DataError, match="a unit for each of q_kfz_mq_hr, v_kfz_mq_hr, found 1"):
        load_entry(entry_of(BERLIN, loader=loader), values)
