"""Parse what a stranger sent in a process of its own, with limits of time and memory.

A small file can ask for hours or for all memory. The child gets the bytes on its standard input,
no more environment than it needs, and answers with bytes; what goes wrong in it is a sentence.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping

from dynst_core.errors import DataError

SECONDS = 20
"""Seconds of processor time that a child may take."""

PATIENCE = 6
"""How many times as long it may take on a busy machine."""

MEMORY = 3 << 30
"""Bytes of address space that a child may take, its libraries included."""

KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LD_LIBRARY_PATH", "LANG")
"""Environment variables that a child needs."""

DONE, REFUSED = b"+", b"-"
"""First byte of an answer: a result follows, or the text of a refusal."""


def parse_apart(
    function: Callable[[bytes, str], bytes],
    content: bytes,
    name: str,
    *,
    settings: Mapping[str, str] | None = None,
    seconds: int = SECONDS,
    memory: int = MEMORY,
) -> bytes:
    """What a function makes of some content, computed in a process of its own.

    Args:
        function: a module's own function of the content and its name; may raise DataError.
        content: what was sent.
        name: what errors call it.
        settings: environment variables of the child, beside the few that any program needs.
        seconds: processor time that it may take.
        memory: bytes of address space that it may take, where the system can limit it.
    Raises:
        DataError: the function's own refusal; or it took too long or too much memory, or died.
    """
    kept = {variable: os.environ[variable] for variable in KEPT if variable in os.environ}
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PROJ_NETWORK": "OFF"}
    task = [f"{function.__module__}:{function.__name__}", str(memory), str(seconds), name]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", "dynst_core.files.limited", *task],
            input=content,
            capture_output=True,
            timeout=PATIENCE * seconds,
            env=kept | threads | dict(settings or {}),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _too_long(name, seconds) from error
    first, rest = done.stdout[:1], done.stdout[1:]
    if first == DONE:
        return rest
    if first == REFUSED:
        raise DataError(rest.decode("utf-8", "replace"))
    if done.returncode == -getattr(signal, "SIGXCPU", 0):
        raise _too_long(name, seconds)
    raise DataError(
        f"{name}: expected a file that is read within {memory / 2**30:.0f} GiB of memory, found "
        f"one that is not, or that its reader cannot bear; simplify it and export it again."
    )


def _too_long(name: str, seconds: int) -> DataError:
    return DataError(
        f"{name}: expected a file that is read within {seconds} s, found one that takes longer; "
        f"simplify its shapes or leave out what is not needed."
    )


def _limited_child() -> None:
    """The child: limit itself, call the function, answer."""
    task, memory, seconds, name = sys.argv[1:5]
    _limit_memory(int(memory), int(seconds))
    module, _, function = task.partition(":")
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answer
    content = sys.stdin.buffer.read()
    try:
        made = getattr(importlib.import_module(module), function)(content, name)
        answer.write(DONE + made)
    except DataError as error:
        answer.write(REFUSED + str(error).encode())
    answer.close()


def _limit_memory(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; time is limited by the parent
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limited_child()
