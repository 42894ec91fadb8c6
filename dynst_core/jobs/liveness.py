"""Whether a process still works on something: it lives, and it has been heard of lately.

A process may live on when its work has failed, and be unable to say so on a full disk. So whoever
works writes a beat, in place, into a file of fixed size that was made before the work began, and
ends it in the same way: neither needs room on the disk.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil

from dynst_core.runs.manifest import Card

BEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""Without a beat for so long, a worker counts as gone."""

EPOCH_SECONDS = 5e8
"""More than any machine has run for, and less than any date since 1970 that a process began at."""

SAME_SECONDS = 0.5
"""How exactly the start of a process is known; its number is not given anew so soon."""

ENDED = b"over"
WIDTH = 24
"""Bytes of a beat: this machine's monotonic clock in seconds, which no change of the date moves."""


class Process(Card):
    """A process that must live for a state to be true; a number alone may be given anew.

    Attributes:
        host: the machine's name.
        pid: the process's number there.
        began: seconds from the machine's start to the process's, which no change of the date
            moves; records of earlier versions state seconds since 1970.
    """

    host: str
    pid: int
    began: float

    @classmethod
    def of(cls, pid: int | None = None) -> Process:
        """This process, or another one of this machine."""
        found = psutil.Process(pid)
        return cls(host=socket.gethostname(), pid=found.pid, began=_since_boot(found))

    def lives(self, beat: Path) -> bool:
        """Whether it runs; one on another machine is known by its beat alone."""
        if self.host != socket.gethostname():
            silent = datetime.now(UTC).timestamp() - _beat_modified(beat)
            return silent < SILENCE_SECONDS
        try:
            found = psutil.Process(self.pid)
            began = _since_boot(found) if self.began < EPOCH_SECONDS else found.create_time()
            same = abs(began - self.began) < SAME_SECONDS
            return same and found.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def works(self, beat: Path) -> bool:
        """Whether it lives and has not ended its beat, nor missed it for `SILENCE_SECONDS`."""
        if not self.lives(beat):
            return False
        if self.host != socket.gethostname():
            return not _beat_content(beat).startswith(ENDED)
        try:
            content = _beat_content(beat).strip()
            if content == ENDED:
                return False
            return time.monotonic() - float(content) < SILENCE_SECONDS
        except ValueError:  # no beat yet, or one of an earlier version, which wrote nothing
            return True


def _since_boot(process: psutil.Process) -> float:
    """Seconds from the machine's start to a process's."""
    return process.create_time() - psutil.boot_time()


def beat_once(file: Path) -> None:
    """Make the file of a beat, of a process that begins its work next.

    Raises:
        OSError: it cannot be made.
    """
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        _write_beat(descriptor, _now_of_beat())
    finally:
        os.close(descriptor)


@contextmanager
def beating_file(file: Path) -> Iterator[None]:
    """Write a beat now and then, and its end; the file is made at once.

    Raises:
        OSError: the file cannot be made.
    """
    over = threading.Event()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        _write_beat(descriptor, _now_of_beat())
    except OSError:
        os.close(descriptor)
        raise

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                _write_beat(descriptor, _now_of_beat())
            except OSError:  # the disk is away; the silence tells
                continue

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=BEAT_SECONDS)
        try:
            _write_beat(descriptor, ENDED)
        except OSError:  # the silence tells
            pass
        os.close(descriptor)


def _now_of_beat() -> bytes:
    return f"{time.monotonic():.3f}".encode()


def _write_beat(descriptor: int, content: bytes) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, content.ljust(WIDTH))


def _beat_content(beat: Path) -> bytes:
    try:
        with beat.open("rb") as stream:
            return stream.read(WIDTH)
    except OSError:
        return b""


def _beat_modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
