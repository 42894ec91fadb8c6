"""Reading and keeping a large grid takes little more memory than its values."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

TIMES, ROWS, COLUMNS = 1500, 90, 140
RECORD_MB = TIMES * ROWS * COLUMNS * 4 / 2**20

MEASURED = """
import json, resource, sys
import netCDF4, xarray
from pathlib import Path
from dynst_core.intake import gridded_verdict, store
from dynst_core.intake.checking import check
from dynst_core.datasets.catalogue import load_field

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

begin = peak()
verdict = check([Path(sys.argv[1])])
read = peak() - begin
store.keep_dataset(verdict, "large")
print(json.dumps({"read": read, "kept": peak() - begin}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in other units")
def test_a_large_grid_is_not_copied_needlessly(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    day = rng.normal(280, 5, (100, ROWS, COLUMNS)).astype(np.float32)
    day[rng.random(day.shape) < 0.1] = np.nan
    time = np.datetime64("2024-01-01", "ns") + np.arange(TIMES) * np.timedelta64(1, "h")
    xr.Dataset(
        {"t2m": (("time", "lat", "lon"), np.tile(day, (TIMES // 100, 1, 1)), {"units": "K"})},
        coords={
            "time": time,
            "lat": ("lat", 40 + 0.1 * np.arange(ROWS), {"units": "degrees_north"}),
            "lon": ("lon", 4 + 0.1 * np.arange(COLUMNS), {"units": "degrees_east"}),
        },
    ).to_netcdf(tmp_path / "large.nc", engine="netcdf4")
    environment = {**os.environ, "DYNST_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "large.nc")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    used = json.loads(done.stdout.splitlines()[-1])
    # The values, whether each was observed, one more copy while numbers that mark missing values
    # are sought, and blocks of fixed size.
    assert used["read"] < 2.3 * RECORD_MB + 150, used
    assert used["kept"] < 2.3 * RECORD_MB + 150, used
