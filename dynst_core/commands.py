"""Commands that a message names, spelt so that they run as pasted where the program was started."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

MODULE = ("-m", "dynst_core")


def command_anywhere(*words: str) -> str:
    """A command for a reader on some other machine: `python -m dynst_core WORDS`."""
    return shlex.join(["python", *MODULE, *words])


def command_here(*words: str) -> str:
    """The same for whoever reads it here: with the Python that runs, from this working folder."""
    line = [_python_command(), *MODULE, *words]
    return subprocess.list2cmdline(line) if os.name == "nt" else shlex.join(line)


def _python_command() -> str:
    """The running Python by its plain name where a shell finds it so, else by its shorter path."""
    running = sys.executable
    if not running:  # embedded in another program, which cannot say
        return "python"
    for name in ("python", "python3"):
        # Links are not followed: an environment's Python is a link to one that lacks its packages.
        if Path(shutil.which(name) or "").absolute() == Path(running).absolute():
            return name
    try:
        relative = os.path.relpath(running)
    except ValueError:  # on another drive
        return running
    if os.sep not in relative:
        relative = os.curdir + os.sep + relative
    return min(relative, running, key=len)
