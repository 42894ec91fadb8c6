"""Files that a planner brings to the page: no name leads out of their folder, no path past it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services import brought_files
from dynst_core.errors import DataError


class Upload(io.BytesIO):
    """What the page's box gives: bytes with a name."""

    def __init__(self, name: str, content: bytes = b"a") -> None:
        super().__init__(content)
        self.name, self.size, self.file_id = name, len(content), name


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("values.csv", "values.csv"),
        ("folder/day 1.csv", "folder/day 1.csv"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\data\\a.csv", "C:/data/a.csv"),
        ("..\\..\\a.csv", "a.csv"),
        (".hidden", "hidden"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_an_upload_lies_below_its_folder(tmp_path: Path, name: str, place: str) -> None:
    brought_files.write_uploads([Upload(name)], tmp_path)
    assert (tmp_path / place).read_bytes() == b"a"


@given(name=st.text(max_size=30))
def test_no_name_leads_out(name: str) -> None:
    place = (Path("/x") / brought_files.safe_name(name)).resolve()
    assert place.is_relative_to("/x") and place != Path("/x")


def test_a_path_on_the_server_lies_in_a_folder_of_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "data", tmp_path / "secret.csv"
    inside.mkdir()
    (inside / "a.csv").write_text("a")
    outside.write_text("b")
    (inside / "link.csv").symlink_to(outside)
    monkeypatch.setenv("DYNST_DATA", str(inside))
    assert brought_files.allowed_place("a.csv") == inside / "a.csv"
    assert brought_files.allowed_place(str(inside / "a.csv")) == inside / "a.csv"
    for wish in (str(outside), "../secret.csv", "link.csv", "gone.csv", "/etc/passwd", "~"):
        with pytest.raises(DataError, match="within those that DYNST_DATA names"):
            brought_files.allowed_place(wish)
