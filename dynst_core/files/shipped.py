"""Where files lie that ship with the program, and those that it keeps for a planner."""

from __future__ import annotations

import os
import sysconfig
from functools import cache
from pathlib import Path

HOME_VARIABLE = "DYNST_HOME"
"""Names the folder that holds what a planner keeps."""

_BESIDE = Path(__file__).resolve().parents[2]
_INSTALLED = Path("share", "dynst-planner")


@cache
def shipped_root() -> Path:
    """The folder that holds `data` and `docs`: the checkout, else where pip put them."""
    if in_checkout():
        return _BESIDE
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    places = [Path(sysconfig.get_path("data", scheme)) / _INSTALLED for scheme in schemes]
    return next((place for place in places if place.is_dir()), places[0])


def in_checkout() -> bool:
    """Whether the program runs from its own source folder."""
    return (_BESIDE / "data" / "catalogue.toml").is_file()


def home_folder() -> Path:
    """The folder that holds what a planner keeps: `DYNST_HOME`, else that of the user's data."""
    stated = os.environ.get(HOME_VARIABLE)
    if stated:
        return Path(stated).expanduser()
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "dynst-planner"
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "dynst-planner"
