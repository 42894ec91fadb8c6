"""`dynst app`: the dashboard, started from wherever it is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from dynst_core.errors import ConfigError


def app_command(
    port: Annotated[int, typer.Option(help="Where the dashboard answers.")] = 8501,
) -> None:
    """Open the dashboard on this machine."""
    if find_spec("app") is None:
        raise ConfigError("Expected the dashboard beside the engine, found none; install both.")
    command = [sys.executable, "-m", "app", "--server.port", str(port)]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  fixed words
