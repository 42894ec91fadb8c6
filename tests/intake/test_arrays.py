"""Arrays without coordinates: axes, channels, meshes, grids, ids and links."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dynst_core.errors import DataError
from dynst_core.fields.field import Field
from dynst_core.intake.checking import check
from dynst_core.intake.choices import parsed_choices, step_ns
from dynst_core.intake.verdict import Verdict, field_of
from tests.support.array_files import write_eagle, write_edges, write_pems, write_samples
from tests.support.places import SAMPLES

TIMES = ("start=2018-01-01", "step=5 min", "timezone=UTC")


def asked(verdict: Verdict) -> set[str]:
    return {question.setting for question in verdict.required}


def read(paths: list[Path], *settings: str) -> Field:
    return field_of(check(paths, parsed_choices(settings)))


def test_the_features_of_an_array_are_channels_of_which_one_or_several_are_chosen(
    tmp_path: Path,
) -> None:
    file = write_pems(tmp_path, "PEMS04.npz")
    found = check([file])
    assert asked(found) == {"value", "start", "step", "timezone", "places"}
    field = read([file], *TIMES, "places=rows", "value=data 0,data 2", "unit=vehicles,mph")
    data = np.load(file)["data"]
    np.testing.assert_array_equal(field.dataset["values"].values, data[..., [0, 2]].astype("f4"))
    assert field.channels == ("data 0", "data 2") and field.units == ("vehicles", "mph")
    assert str(field.time[1]) == "2018-01-01T00:05:00.000000000"


def test_links_by_the_numbers_of_nodes_become_the_network(tmp_path: Path) -> None:
    file = write_pems(tmp_path, "PEMS04.npz")
    edges = write_edges(tmp_path, "PEMS04.csv", [str(i) for i in range(6)])
    field = read([file, edges], *TIMES, "places=rows", "value=data 0")
    network = field.sites.network
    assert network is not None
    assert network.links.tolist() == [[i, (i + 1) % 6] for i in range(6)]
    assert network.lengths.tolist() == [100.5 + i for i in range(6)]
    assert field.sites.edges is not None and len(field.sites.edges) == 6


def test_nodes_take_the_ids_of_a_list_and_links_follow_them(tmp_path: Path) -> None:
    ids = ["317842", "318711", "313344", "318085", "317975", "312350"]
    file = write_pems(tmp_path, "PEMS03.npz")
    (tmp_path / "PEMS03.txt").write_text("\n".join(ids) + "\n")
    edges = write_edges(tmp_path, "PEMS03.csv", [*reversed(ids)], "distance")
    settings = (*TIMES, "places=rows", "value=data 0", "ids=PEMS03.txt")
    field = read([file, tmp_path / "PEMS03.txt", edges], *settings)
    assert field.sites.site_id.tolist() == ids
    assert field.sites.network is not None
    assert field.sites.network.links[0].tolist() == [5, 4]
    (tmp_path / "PEMS03.txt").write_text("\n".join(ids[1:]) + "\n")
    found = check([file, tmp_path / "PEMS03.txt", edges], parsed_choices(settings))
    assert "expected 6 ids" in found.refusal


def test_links_of_other_sites_are_refused(tmp_path: Path) -> None:
    file = write_pems(tmp_path, "PEMS04.npz")
    edges = write_edges(tmp_path, "PEMS04.csv", [f"road-{i}" for i in range(6)])
    found = check([file, edges], parsed_choices([*TIMES, "places=rows", "value=data 0"]))
    assert "as the ends of PEMS04.csv" in found.refusal and "`ids=FILE`" in found.refusal


def test_nodes_of_a_simulation_that_move_stand_where_the_planner_says(tmp_path: Path) -> None:
    sim = write_eagle(tmp_path)
    files = [sim, tmp_path / "triangles.npy"]
    assert asked(check(files)) == {"value", "start", "step", "timezone", "crs", "moved"}
    settings = ("start=2000-01-01", "step=33.3333 ms", "timezone=UTC", "crs=local", "value=VX,PG")
    first = read(files, *settings, "moved=first")
    mean = read(files, *settings, "moved=mean")
    assert first.sites.coordinates[:2].tolist() == [[0, 1], [1, 1]]
    assert mean.sites.coordinates[0].tolist() == pytest.approx([0.39, 1.0])
    assert first.channels == ("VX", "PG")


def test_walls_are_no_sites_and_a_node_is_unseen_while_it_is_disabled(tmp_path: Path) -> None:
    write_eagle(tmp_path)
    files = [tmp_path / "sim.npz", tmp_path / "triangles.npy"]
    settings = ("start=2000-01-01", "step=1 s", "timezone=UTC", "crs=local", "value=VX")
    field = read(files, *settings, "moved=first")
    assert field.sites.site_id.tolist() == [str(i) for i in range(6, 30)]
    observed = field.dataset["observed"].values[:, :, 0]
    assert not observed[:20, 0].any() and observed[20:, 0].all() and observed[:, 1:].all()


def test_triangles_are_links_along_their_edges(tmp_path: Path) -> None:
    write_eagle(tmp_path)
    files = [tmp_path / "sim.npz", tmp_path / "triangles.npy"]
    settings = ("start=2000-01-01", "step=1 s", "timezone=UTC", "crs=local", "value=VX")
    sites = read(files, *settings, "moved=first").sites
    assert sites.network is not None and sites.triangles is not None
    assert len(sites.triangles) == 3 * 5 * 2  # without those at the wall
    lengths = np.linalg.norm(np.diff(sites.coordinates[sites.network.links], axis=1)[:, 0], axis=1)
    assert sites.network.lengths * 1000 == pytest.approx(lengths)
    assert set(np.round(lengths, 3)) == {1.0, round(2**0.5, 3)}


def test_samples_that_overlap_are_one_record(tmp_path: Path) -> None:
    file = write_samples(tmp_path, "train_input_data_reshaped.npy", stride=1)
    axes = "axes=sample,time,channel,row,column"
    name = "train_input_data_reshaped"
    field = read([file], *TIMES, axes, f"value={name} 0", "cell=500")
    samples = np.load(file)
    assert field.n_times == 5 - 1 + 4 and field.grid is not None and field.grid.shape == (8, 8)
    shown = field.dataset["values"].values[:, :, 0].reshape(-1, 8, 8)
    record = np.concatenate([samples[:, 0, 0], samples[-1, 1:, 0]])
    np.testing.assert_array_equal(shown, record[:, ::-1])  # the first row is the uppermost
    assert any("overlap, each 1 later" in note for note in field.notes)


def test_samples_that_do_not_overlap_stand_apart(tmp_path: Path) -> None:
    file = write_samples(tmp_path, "train.npy", stride=4)
    field = read([file], *TIMES, "axes=sample,time,channel,row,column", "value=train 1", "cell=1")
    assert field.n_times == 5 * 5 - 1
    missing = ~field.dataset["observed"].values.any(axis=(1, 2))
    assert np.flatnonzero(missing).tolist() == [4, 9, 14, 19]


def test_cells_become_the_means_of_blocks(tmp_path: Path) -> None:
    file = write_samples(tmp_path, "train.npy")
    settings = (*TIMES, "axes=sample,time,channel,row,column", "value=train 0", "cell=500")
    field = read([file], *settings, "coarsen=4", "first_row=bottom")
    assert field.grid is not None and field.grid.y.tolist() == [1000, 3000]
    block = np.load(file)[0, 0, 0, :4, :4]
    assert field.dataset["values"].values[0, 0, 0] == pytest.approx(block.mean())
    found = check([file], parsed_choices([*settings, "coarsen=3"]))
    assert "divides 8 rows and 8 columns" in found.refusal


def test_a_fire_in_local_metres_says_its_cells_and_its_lowest_row(tmp_path: Path) -> None:
    values = 20 + np.arange(40 * 19 * 25).reshape(40, 19, 25) % 977
    np.savez(tmp_path / "tunnel.npz", T=values.astype(float))
    assert "axes" in asked(check([tmp_path / "tunnel.npz"]))
    settings = ("start=2000-01-01", "step=1 s", "timezone=UTC", "axes=time,row,column")
    field = read([tmp_path / "tunnel.npz"], *settings, "cell=0.4,0.4", "first_row=bottom")
    assert field.grid is not None and field.grid.shape == (19, 25)
    assert field.grid.y[:2].tolist() == pytest.approx([0.2, 0.6])
    np.testing.assert_array_equal(
        field.dataset["values"].values.reshape(40, 19, 25), values.astype("f4")
    )


def a_space(folder: Path) -> tuple[Path, np.ndarray]:
    """Temperatures over (time, x, y, z) with the places along x and z."""
    values = 20 + np.arange(30 * 6 * 3 * 4).reshape(30, 6, 3, 4) % 977
    x, z = np.linspace(0, 10, 6), np.array([2.0, 1.5, 1.0, 0.5])
    np.savez(folder / "space.npz", T=values.astype(float), x=x, z=z)
    return folder / "space.npz", values


def test_of_x_y_and_z_one_is_asked_for_and_the_others_are_the_plane(tmp_path: Path) -> None:
    file, values = a_space(tmp_path)
    settings = ("start=2000-01-01", "step=1 s", "timezone=UTC", "axes=time,x,y,z")
    (question,) = check([file], parsed_choices(settings)).required
    assert question.setting == "select" and question.options == ("z:2", "z:0", "y:1")
    field = read([file], *settings, "select=y:1")
    assert field.grid is not None
    assert field.grid.y.tolist() == [0.5, 1, 1.5, 2] and field.grid.x.tolist() == [
        0,
        2,
        4,
        6,
        8,
        10,
    ]
    upright = values[:, :, 1, ::-1].transpose(0, 2, 1)  # z falls in the file
    read_values = field.dataset["values"].values.reshape(30, 4, 6)
    np.testing.assert_array_equal(read_values, upright.astype("f4"))


def test_a_plane_without_places_has_cells_and_counts_upward(tmp_path: Path) -> None:
    file, values = a_space(tmp_path)
    settings = ("start=2000-01-01", "step=1 s", "timezone=UTC", "axes=time,x,y,z", "select=z:2")
    field = read([file], *settings, "cell=2,0.5")
    assert field.grid is not None and field.grid.y.tolist() == [0.25, 0.75, 1.25]
    first = values[:, :, :, 2].transpose(0, 2, 1)
    np.testing.assert_array_equal(
        field.dataset["values"].values.reshape(30, 3, 6), first.astype("f4")
    )
    with pytest.raises(DataError, match="a number below its length .* found 'z:9'"):
        check([file], parsed_choices([*settings[:-1], "select=z:9"]))


@pytest.mark.parametrize(
    "axes",
    ["time,site", "time,time,row", "time,row,site", "row,column,channel", "time,site,colour"],
)
def test_axes_that_cannot_be_meant_are_refused(tmp_path: Path, axes: str) -> None:
    np.save(tmp_path / "v.npy", np.zeros((10, 20, 30)))
    with pytest.raises(DataError, match="the roles of the 3 axes"):
        check([tmp_path / "v.npy"], parsed_choices([f"axes={axes}"]))


def test_the_flame_on_a_mesh_is_read_whole() -> None:
    file = SAMPLES / "mesh-flame" / "train.npz"
    if not file.exists():
        pytest.skip("the sample lies beside the checkout")
    settings = ("start=2000-01-01", "step=1 s", "timezone=UTC", "crs=local", "unit=°C")
    field = read([file], *settings)
    arrays = np.load(file)
    inside = arrays["node_type"].ravel() == 0
    assert len(field.sites) == int(inside.sum()) and field.n_times == 200
    values = field.dataset["values"].values[:, :, 0]
    np.testing.assert_array_equal(values, arrays["temperature"][:, inside, 0])
    assert field.channels == ("temperature",) and field.sites.triangles is not None


def test_the_taxis_of_shenzhen_are_read_whole() -> None:
    file = SAMPLES / "sz-taxi-pems-layout-npz" / "SZ_taxi.npz"
    if not file.exists():
        pytest.skip("the sample lies beside the checkout")
    settings = ("start=2015-01-01", "step=15 min", "timezone=Asia/Shanghai", "places=rows")
    field = read([file], *settings, "missing_value=0", "unit=km/h")
    data = np.load(file)["data"][..., 0]
    observed = field.dataset["observed"].values[:, :, 0]
    kept = (data != 0).any(axis=0)
    np.testing.assert_array_equal(observed, (data != 0)[:, kept])
    assert field.n_times == 2976 and str(field.time[0]) == "2014-12-31T16:00:00.000000000"


@pytest.mark.parametrize(
    ("text", "ns"),
    [("33.5 ms", 33_500_000), ("s", 10**9), ("15 mins", 9 * 10**11), ("2 m", 12 * 10**10)],
)
def test_a_step_is_read_in_its_own_unit(text: str, ns: int) -> None:
    assert step_ns(text) == ns
