"""A saved run is complete or absent, and anything else is reported in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dynst_core.errors import RunError
from dynst_core.fields.network import Network
from dynst_core.fields.sites import SiteSet
from dynst_core.runs import manifest, run
from dynst_core.runs import store as runs
from dynst_core.runs.arrays import RunArrays
from dynst_core.runs.manifest import DatasetCard
from dynst_core.runs.run import Run
from dynst_core.runs.store import RunStore
from tests.support.factories import (
    LEVELS,
    RUN_FILES,
    content,
    grid_sites,
    make_arrays,
    make_manifest,
    network_sites,
    save_run,
    with_seeds,
)

SUMS = ("squared", "absolute", "signed", "half_width")


def network_with_edges() -> RunArrays:
    sites = network_sites()
    edges = sites.nearest_neighbours(2)
    lengths = np.random.default_rng(2).uniform(size=len(edges))
    network = Network(edges[::-1].copy(), lengths)
    return make_arrays(SiteSet(sites.site_id, sites.coordinates, True, edges, network))


def assert_same(found: object, expected: object, where: str = "") -> None:
    """Every field equal, arrays to the precision that a run keeps (error: 12 bits)."""
    assert type(found) is type(expected), where
    if isinstance(expected, np.ndarray):
        assert found.shape == expected.shape, where
        if expected.dtype.kind == "f":
            kept = 2**-13 if where in SUMS else 1e-12
            np.testing.assert_allclose(found, expected, rtol=kept, err_msg=where)
        else:
            np.testing.assert_array_equal(found, expected, err_msg=where)
    elif is_dataclass(expected):
        for each in fields(expected):
            assert_same(getattr(found, each.name), getattr(expected, each.name), each.name)
    elif isinstance(expected, tuple):
        assert len(found) == len(expected), where
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, where)
    else:
        assert found == expected, where


# -- a round trip ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arrays",
    [
        pytest.param(make_arrays(network_sites()), id="network"),
        pytest.param(network_with_edges(), id="network with edges"),
        pytest.param(make_arrays(*grid_sites()), id="grid on the sphere"),
        pytest.param(make_arrays(*grid_sites(geographic=False)), id="grid in local metres"),
        pytest.param(make_arrays(network_sites(n=1)), id="a single site"),
        pytest.param(with_seeds(make_arrays(network_sites())), id="bands and several seeds"),
    ],
)
def test_every_array_survives_saving_and_opening(tmp_path: Path, arrays: RunArrays) -> None:
    save_run(tmp_path, "run", arrays)
    assert_same(RunStore(tmp_path).open("run").arrays, arrays)


def test_saving_an_opened_run_again_changes_nothing_more(tmp_path: Path) -> None:
    first = save_run(tmp_path, "first", make_arrays(network_sites())).arrays
    again = save_run(tmp_path, "again", first).arrays
    for one, other in zip(first.errors, again.errors, strict=True):
        for name in SUMS[:3]:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_the_manifest_survives_saving_and_opening(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites())
    plain = make_manifest("run", arrays, title="Temperature, °C, Ærø")
    pinned = plain.config.model_copy(update={"always": ("r1, c2", "Ærø"), "never": ("b",)})
    manifest = plain.model_copy(update={"config": pinned})
    weights = {level: {"w": np.zeros(1, np.float16)} for level in range(len(LEVELS))}
    RunStore(tmp_path).save(manifest, arrays, weights)
    opened = RunStore(tmp_path).open("run").manifest
    assert set(opened.files) == {"path.nc", "weights.safetensors"}
    assert opened.model_copy(update={"files": {}}) == manifest
    assert (opened.config.always, opened.config.never) == (("r1, c2", "Ærø"), ("b",))


def test_weights_come_back_by_level_name_and_type(tmp_path: Path) -> None:
    arrays = make_arrays(network_sites())
    rng = np.random.default_rng(3)
    weights = {
        level: {
            "door.weight": rng.normal(size=(3, 4)).astype(np.float16),
            "door.bias": np.full(3, level, np.float32).T,
            "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        }
        for level in range(len(LEVELS))
    }
    RunStore(tmp_path).save(make_manifest("run", arrays), arrays, weights)
    opened = RunStore(tmp_path).open("run")
    for level, parameters in weights.items():
        found = opened.weights(level)
        assert found.keys() == parameters.keys()
        for name, value in parameters.items():
            assert found[name].dtype == value.dtype
            np.testing.assert_array_equal(found[name], value)


def test_a_level_without_weights_is_refused_by_number(network_run: Run) -> None:
    with pytest.raises(RunError, match="expected weights of level 9, found 4 levels"):
        network_run.weights(9)


def test_the_figures_are_those_of_the_statistics(network_run: Run) -> None:
    statistics = network_run.arrays.errors[2]
    pooled = np.sqrt(statistics.squared.sum() / statistics.count.sum())
    assert network_run.rmse(2) == pytest.approx(pooled)
    second_lead = np.sqrt(statistics.squared[1].sum() / statistics.count[1].sum())
    assert network_run.rmse(2, lead_time=1) == pytest.approx(second_lead)
    by_site = np.sqrt(statistics.squared[:, 5].sum() / statistics.count[:, 5].sum())
    assert network_run.rmse_by_site(2)[5] == pytest.approx(by_site)
    assert network_run.speed_up(0) == 1.0
    assert network_run.speed_up(3) == pytest.approx(4.0)


def test_a_level_is_found_by_what_was_asked_before_its_own_share(tmp_path: Path) -> None:
    """Of 3 sites, 30 % and 60 % removed are 1 and 2: a third and two thirds."""
    run = save_run(tmp_path, "run", make_arrays(network_sites(3)))
    assert run.path.sparsity.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert [run.level_near(share) for share in (0, 0.3, 0.6, 0.9)] == [0, 1, 2, 3]
    assert run.manifest.config.levels == pytest.approx((0, 1 / 3, 2 / 3, 2 / 3))
    assert [run.level_near(share) for share in (0.1, 0.45, 0.55, 1)] == [0, 1, 2, 2]


# -- the store ------------------------------------------------------------------------------


def test_a_store_lists_its_runs_by_name_and_nothing_else(tmp_path: Path) -> None:
    assert RunStore(tmp_path / "absent").ids() == []
    arrays = make_arrays(network_sites())
    for name in ("b", "a"):
        save_run(tmp_path, name, arrays)
    (tmp_path / "notes").mkdir()
    shutil.copytree(tmp_path / "a", tmp_path / ".a-half-written")
    assert RunStore(tmp_path).ids() == ["a", "b"]


def test_a_taken_id_is_refused_and_the_first_run_kept(tmp_path: Path) -> None:
    save_run(tmp_path, "run", make_arrays(network_sites()), title="The first")
    with pytest.raises(RunError, match="Expected a run's name that is free"):
        save_run(tmp_path, "run", make_arrays(network_sites()), title="The second")
    assert RunStore(tmp_path).open("run").manifest.title == "The first"
    assert content(tmp_path) == ["run"]


def test_an_id_taken_while_writing_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = make_arrays(network_sites())
    serialize = runs.serialize

    def slow_serialize(flat: dict[str, np.ndarray]) -> bytes:
        if not (tmp_path / "run").exists():
            with monkeypatch.context() as other:
                other.setattr(runs, "serialize", serialize)
                save_run(tmp_path, "run", arrays, title="The faster")
        return serialize(flat)

    monkeypatch.setattr(runs, "serialize", slow_serialize)
    with pytest.raises(RunError, match="Expected a run's name that is free"):
        save_run(tmp_path, "run", arrays, title="The slower")
    assert RunStore(tmp_path).open("run").manifest.title == "The faster"
    assert content(tmp_path) == ["run"]


@pytest.mark.parametrize("fault", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["write_run_arrays", "serialize", "seal_json", "move_into_place"])
def test_a_save_that_fails_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(runs, step, fail)
    reported = KeyboardInterrupt if isinstance(fault, KeyboardInterrupt) else RunError
    with pytest.raises(
        reported, match="found disk full; make room" if reported is RunError else None
    ):
        save_run(tmp_path, "run", make_arrays(network_sites()))
    assert content(tmp_path) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e40])
def test_a_run_whose_errors_are_not_finite_is_refused_by_site_and_leaves_nothing(
    tmp_path: Path, value: float
) -> None:
    arrays = make_arrays(network_sites())
    arrays.errors[1].squared[0, 3, 0] = value
    with pytest.raises(RunError, match=r"found others at 1 of 40 \(the first is 's3'\)"):
        save_run(tmp_path, "run", arrays)
    assert content(tmp_path) == []


def test_a_folder_that_cannot_hold_runs_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(RunError, match="Expected a folder of runs that can be written to"):
        RunStore(tmp_path / "file" / "runs").check_writable()
    RunStore(tmp_path / "new").check_writable()
    assert list((tmp_path / "new").iterdir()) == []


def test_a_run_in_a_folder_of_another_name_is_refused(network_run: Run) -> None:
    shutil.copytree(network_run.folder, network_run.folder.parent / "copied")
    with pytest.raises(RunError, match="expected run 'copied' as the folder says, found run"):
        RunStore(network_run.folder.parent).open("copied")


@pytest.mark.parametrize("run_id", ["../elsewhere", "a/b", "", ".hidden", "..", "a b", "a\n"])
def test_an_id_that_is_no_folder_name_is_refused(tmp_path: Path, run_id: str) -> None:
    store = tmp_path / "store"
    with pytest.raises(RunError, match="Expected a run id of letters"):
        RunStore(store).open(run_id)
    with pytest.raises(RunError, match="Expected a run's name of letters"):
        save_run(store, run_id, make_arrays(network_sites()))
    assert content(tmp_path) == []


# -- faults ---------------------------------------------------------------------------------


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x01
    file.write_bytes(content)


def replace_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


FAULTS: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "truncated": truncate,
    "flipped": flip_a_byte,
    "foreign text": lambda file: file.write_text("Dear diary"),
    "foreign bytes": lambda file: file.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe"),
    "foreign JSON object": lambda file: file.write_text('{"name": "package"}'),
    "foreign JSON list": lambda file: file.write_text("[1, 2]"),
    "a folder": replace_by_a_folder,
    "missing": Path.unlink,
}


def open_whole(folder: Path) -> None:
    """Touch everything a run holds: files that are read late must be checked then."""
    run = RunStore(folder.parent).open(folder.name)
    run.weights(0)
    assert run.baselines.run_id == run.run_id


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", RUN_FILES)
def test_a_damaged_file_is_named_in_one_line(network_run: Run, name: str, fault: str) -> None:
    open_whole(network_run.folder)
    file = network_run.folder / name
    FAULTS[fault](file)
    if (name, fault) == ("baselines.json", "missing"):
        open_whole(network_run.folder)  # a run before its baselines were measured
        return
    with pytest.raises(RunError) as caught:
        open_whole(network_run.folder)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"network/{name}: expected")
    assert "found" in message and str(network_run.folder.parent) not in message


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"absent/manifest\.json: expected the manifest of a run"):
        RunStore(tmp_path).open("absent")


def reseal(folder: Path, **changes: object) -> None:
    """Change the manifest as a newer or another writer would, checksum included."""
    file = folder / "manifest.json"
    content = json.loads(file.read_bytes()) | changes
    content.pop("checksum")
    file.write_text(json.dumps(content | {"checksum": manifest.checksum_of(content)}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"format_version": 6}, "found format 6; update DynST Planner"),
        ({"format_version": 6, "shape": "unknown yet"}, "found format 6; update DynST Planner"),
        ({"format": "other-run"}, "expected the manifest of a run of DynST"),
        ({"surprise": 1}, "extra inputs are not permitted at surprise"),
        ({"mean": ["warm"]}, "at mean.0"),
        ({"files": {}}, "expected the SHA-256"),
        ({"forecast_seconds": [0.01]}, "found 4 levels where 1 forecasts are timed"),
    ],
)
def test_a_manifest_of_another_kind_is_refused_by_what_differs(
    network_run: Run, changes: dict[str, object], fault: str
) -> None:
    reseal(network_run.folder, **changes)
    with pytest.raises(RunError) as caught:
        open_whole(network_run.folder)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_from_before_pins_were_stored_opens_without_any(network_run: Run) -> None:
    config = network_run.manifest.config.model_dump(mode="json")
    assert config.pop("always") == config.pop("never") == []
    reseal(network_run.folder, format_version=2, config=config)
    open_whole(network_run.folder)
    opened = RunStore(network_run.folder.parent).open(network_run.run_id).manifest
    assert (opened.config.always, opened.config.never) == ((), ())
    assert opened.config == network_run.manifest.config


def test_arrays_of_another_kind_are_refused_though_their_hash_is_right(network_run: Run) -> None:
    file = network_run.folder / "path.nc"
    shutil.copy(network_run.folder / "weights.safetensors", file)
    reseal(network_run.folder, files=network_run.manifest.files | {"path.nc": run.sha256_of(file)})
    with pytest.raises(RunError, match=r"path\.nc: expected the arrays of a run"):
        open_whole(network_run.folder)


@given(place=st.integers(min_value=0), change=st.integers(min_value=1, max_value=255))
def test_a_changed_byte_in_the_manifest_is_noticed_or_harmless(
    run_for_bytes: Run, place: int, change: int
) -> None:
    file = run_for_bytes.folder / "manifest.json"
    whole = file.read_bytes()
    damaged = bytearray(whole)
    damaged[place % len(whole)] ^= change
    file.write_bytes(damaged)
    try:
        assert RunStore(file.parent.parent).open("run").manifest == run_for_bytes.manifest
    except RunError as error:
        assert str(error).startswith("run/manifest.json: expected")
        assert "\n" not in str(error)
    finally:
        file.write_bytes(whole)


@pytest.fixture(scope="module")
def run_for_bytes(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return save_run(tmp_path_factory.mktemp("runs"), "run", make_arrays(network_sites(n=3)))


def test_a_record_refuses_numbers_that_are_none(tmp_path: Path) -> None:
    card = make_manifest("run", make_arrays(network_sites())).dataset
    with pytest.raises(ValidationError):
        DatasetCard(**card.model_dump() | {"step_seconds": float("nan")})
