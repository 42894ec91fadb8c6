"""Arrays in the form of published data sets, made by code."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_pems(folder: Path, name: str, nodes: int = 6, times: int = 60) -> Path:
    """PEMS in npz: `data` on (time, node, feature): flow, occupancy and speed."""
    rng = np.random.default_rng(0)
    data = np.stack(
        [
            rng.integers(1, 300, (times, nodes)).astype(float),
            rng.uniform(0.01, 0.3, (times, nodes)),
            rng.uniform(20, 70, (times, nodes)),
        ],
        axis=-1,
    )
    np.savez(folder / name, data=data)
    return folder / name


def write_edges(folder: Path, name: str, ids: list[str], third: str = "cost") -> Path:
    """A line of roads from each node to the next, and back from the last one."""
    lines = [f"from,to,{third}"]
    lines += [f"{ids[i]},{ids[(i + 1) % len(ids)]},{100.5 + i}" for i in range(len(ids))]
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


def write_eagle(folder: Path, frames: int = 40, rows: int = 5, columns: int = 6) -> Path:
    """One simulation of EAGLE: sim.npz with moving nodes, and triangles.npy."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    nodes = np.column_stack([x.ravel(), y.ravel()])
    drift = 0.02 * np.arange(frames)[:, None, None] * np.array([1.0, 0.0])
    n = rows * columns
    mask = np.zeros((frames, n, 1), dtype=np.int64)
    mask[:, :columns] = 6
    mask[:, -1] = 5
    mask[: frames // 2, columns] = 2
    flow = {
        key: rng.normal(0, 1, (frames, n)).astype(np.float32) for key in ("VX", "VY", "PS", "PG")
    }
    np.savez(folder / "sim.npz", pointcloud=(nodes + drift).astype(np.float32), mask=mask, **flow)
    cells = []
    for r in range(rows - 1):
        for c in range(columns - 1):
            a = r * columns + c
            cells += [(a, a + 1, a + columns), (a + 1, a + columns + 1, a + columns)]
    triangles = np.broadcast_to(np.array(cells, dtype=np.int32), (frames, len(cells), 3))
    np.save(folder / "triangles.npy", triangles)
    return folder / "sim.npz"


def write_samples(folder: Path, name: str, n: int = 5, length: int = 4, stride: int = 1) -> Path:
    """TaxiBJ+ in npy: samples (sample, time, channel, row, column) that overlap."""
    rng = np.random.default_rng(2)
    record = rng.uniform(0, 1, (n * stride + length, 2, 8, 8)).astype(np.float32)
    samples = np.stack([record[i * stride : i * stride + length] for i in range(n)])
    np.save(folder / name, samples)
    return folder / name
