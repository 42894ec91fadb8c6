"""Files and Zarr stores at web addresses, fetched before they are read."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import numpy as np

from dynst_core.errors import DataError
from dynst_core.files import public_http
from dynst_core.intake.choices import Choices

HOSTS_VARIABLE = "DYNST_DATA_HOSTS"
"""Names of hosts, parted by commas, from which the Data view may fetch."""

MOST_BYTES = 2 << 30
"""What is fetched from one address."""

TIMEOUT_SECONDS = 30
METADATA = (".zmetadata", ".zgroup", ".zattrs")


def is_address(text: str) -> bool:
    """Whether a path is a web address."""
    return text.lower().startswith(("http://", "https://"))


def is_store(url: str) -> bool:
    """Whether an address is that of a Zarr store."""
    return urlsplit(url).path.rstrip("/").lower().endswith(".zarr")


def allowed_hosts() -> tuple[str, ...]:
    """The hosts that the Data view may fetch from; none unless whoever starts it names some."""
    named = os.environ.get(HOSTS_VARIABLE, "").split(",")
    return tuple(host.strip().lower() for host in named if host.strip())


@contextmanager
def fetched_addresses(
    paths: Sequence[Path | str], choices: Choices, hosts: Collection[str] | None = None
) -> Iterator[list[Path]]:
    """Paths with files in place of addresses; what was fetched is removed at the end.

    Args:
        paths: files, folders and addresses.
        choices: of a store, the variables and the stretch of time that are read, and thus fetched.
        hosts: where addresses may lead, redirects too; None for every public one.
    Raises:
        DataError: nothing can be fetched from an address, or too much.
    """
    with TemporaryDirectory(prefix="dynst-intake-") as folder:
        yield [
            fetch_address(str(path), Path(folder) / str(number), choices, hosts)
            if is_address(str(path))
            else Path(path)
            for number, path in enumerate(paths)
        ]


def fetch_address(url: str, folder: Path, choices: Choices, hosts: Collection[str] | None) -> Path:
    """What an address holds, as a file or as the folder of a store.

    Raises:
        DataError: as of `fetched_addresses`.
    """
    folder.mkdir(parents=True)
    parts = urlsplit(url)
    name = PurePosixPath(unquote(parts.path)).name.strip(".") or "download"
    if is_store(url):
        return _Store(url.rstrip("/"), folder / name, hosts).fetched(choices)
    target = folder / name
    _get(url, target, hosts, MOST_BYTES)
    return target


def _get(url: str, target: Path, hosts: Collection[str] | None, most: int) -> None:
    try:
        public_http.fetch_public_file(
            url, target, most, TIMEOUT_SECONDS, lambda _: None, hosts, meant=False
        )
    except public_http.AddressError as error:
        raise DataError(f"{url}: {error}.") from error
    except public_http.SizeError as error:
        raise DataError(
            f"{url}: expected at most {most / 2**30:.1f} GB, found more; fetch it yourself and "
            f"name the file."
        ) from error
    except OSError as error:  # every failure of requests is an OSError
        status = getattr(getattr(error, "response", None), "status_code", None)
        why = f"the answer {status}" if status else type(error).__name__
        raise DataError(
            f"{url}: expected a file, found {why}; check the address and the network, or fetch it "
            f"yourself and name the file."
        ) from error


@dataclass
class _Store:
    """A Zarr store of version 2 at an address, of which a part is copied."""

    url: str
    folder: Path
    hosts: Collection[str] | None

    def fetched(self, choices: Choices) -> Path:
        """A copy with the metadata, the coordinates and what will be read of the values."""
        self.folder.mkdir(parents=True)
        try:
            self._copy(".zmetadata", MOST_BYTES)
        except DataError as error:
            raise DataError(
                f"{self.url}: expected a Zarr store of version 2 with consolidated metadata "
                f"({error}); copy the store and name its folder."
            ) from error
        described: dict[str, Any] = json.loads(
            (self.folder / ".zmetadata").read_text(encoding="utf-8")
        )["metadata"]
        for key, value in described.items():
            target = self._place(key)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(value), encoding="utf-8")
        arrays = {k.rpartition("/")[0]: v for k, v in described.items() if k.endswith(".zarray")}
        dims = {
            name: tuple(described.get(f"{name}/.zattrs", {}).get("_ARRAY_DIMENSIONS", ()))
            for name in arrays
        }
        for name, array in arrays.items():
            if len(array["shape"]) <= 1:
                self._chunks(name, array, {})
        values = [name for name in arrays if len(dims[name]) > 1 and name not in choices.value]
        wanted = list(choices.value) or (values if len(values) == 1 else [])
        for name in wanted:
            if name in arrays:
                self._chunks(name, arrays[name], self._wanted(dims[name], choices))
        return self.folder

    def _wanted(self, dims: tuple[str, ...], choices: Choices) -> dict[int, tuple[int, int]]:
        """The stretch to fetch along each dimension that is cut, as indices."""
        from dynst_core.datasets.grids.grid_files import open_dataset

        cut: dict[int, tuple[int, int]] = {}
        with open_dataset(self.folder) as opened:
            for at, dim in enumerate(dims):
                labels = opened[dim].values if dim in opened.coords else None
                if labels is None or not len(labels):
                    continue
                if labels.dtype.kind == "M" and (choices.begin or choices.until):
                    begin = np.datetime64(choices.begin or labels[0])
                    until = np.datetime64(choices.until or "2262-01-01")
                    inside = np.flatnonzero((labels >= begin) & (labels < until))
                    cut[at] = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)
                for text in choices.select:
                    name, _, value = text.partition(":")
                    if name.strip() == dim and labels.dtype.kind in "fiu":
                        index = int(np.abs(labels - float(value)).argmin())
                        cut[at] = (index, index + 1)
        return cut

    def _chunks(self, name: str, array: dict[str, Any], cut: dict[int, tuple[int, int]]) -> None:
        spans, size = [], float(np.dtype(array["dtype"]).itemsize)
        for at, (length, chunk) in enumerate(zip(array["shape"], array["chunks"], strict=True)):
            begin, end = cut.get(at, (0, length))
            spans.append(range(begin // chunk, -(-end // chunk)))
            size *= max(0, len(spans[-1])) * chunk
        if size > MOST_BYTES:
            raise DataError(
                f"{self.url}: expected at most {MOST_BYTES >> 30} GB of {name!r}, found "
                f"{size / 2**30:,.0f} GB; state a stretch of time, as in `begin=2012-01-01` and "
                f"`until=2013-01-01`, and one level as in `select=level:500`."
            )
        joint = array.get("dimension_separator") or "."
        for numbers in itertools.product(*spans):
            key = joint.join(map(str, numbers)) or "0"
            self._copy(f"{name}/{key}", MOST_BYTES, may_lack=True)

    def _copy(self, key: str, most: int, *, may_lack: bool = False) -> None:
        """Copy one object; a chunk that is not there holds nothing but fill values."""
        target = self._place(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _get(f"{self.url}/{quote(key)}", target, self.hosts, most)
        except DataError as error:
            target.unlink(missing_ok=True)
            if not (may_lack and "the answer 404" in str(error)):
                raise

    def _place(self, key: str) -> Path:
        parts = key.split("/")
        if ".." in parts or not all(parts) or "\\" in key or ":" in key:
            raise DataError(f"{self.url}: expected keys inside the store, found {key!r}.")
        return self.folder.joinpath(*parts)
