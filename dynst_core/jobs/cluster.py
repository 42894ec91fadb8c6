"""The local cluster: one scheduler and one worker that only their own app can reach.

Whoever may talk to a scheduler or a worker may have it run any code. So both, and the process that
watches the worker, speak TLS with keys made at each start, and accept no one without them; the keys
live in memory and in the pipe to the app. No page of state or figures is served at all. Scratch
files lie in a folder that only their owner can open, since a worker imports modules from there.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import dask
import psutil
from distributed import Nanny, Scheduler, SpecCluster, Worker
from distributed.security import Security

if TYPE_CHECKING:
    from distributed.node import ServerNode
else:
    ServerNode = object

HOST = "127.0.0.1"

NICENESS = 10
"""How far trainings stand back for the app, as Unix counts it."""

SETTINGS = {
    # When a worker dies, the jobs that wait for it must not fall with the one at work, which
    # `work` does not begin anew: its state no longer says "queued".
    "distributed.scheduler.allowed-failures": 1000,
    # dask would allow its worker one thread, whatever the app asked for.
    "distributed.nanny.pre-spawn-environ": {},
}


class WithoutPages(ServerNode):
    """A server of dask that listens to its peers and to no browser."""

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Start none: dask would serve state and figures on a port of its own, to anyone."""


class OwnScheduler(WithoutPages, Scheduler):
    """A scheduler without pages."""


class OwnWorker(WithoutPages, Worker):
    """A worker without pages."""


def cluster_credentials(security: Security) -> dict[str, str]:
    """What a client needs to be let in: the authority's certificate, its own, and its key."""
    names = ("tls_ca_file", "tls_client_cert", "tls_client_key")
    return {name: getattr(security, name) for name in names}


def local_cluster(security: Security, scratch: str) -> SpecCluster:
    """A scheduler in this process and one worker in another.

    Args:
        security: the keys of both, and of their clients.
        scratch: a folder for the worker that only its owner can open.
    """
    shared = {"host": HOST, "protocol": "tls://", "security": security}
    worker = {
        **shared,
        "nthreads": 1,
        "memory_limit": 0,
        "worker_class": OwnWorker,
        "local_directory": scratch,
        "silence_logs": logging.WARNING,
    }
    return SpecCluster(
        workers={0: {"cls": Nanny, "options": worker}},
        scheduler={"cls": OwnScheduler, "options": {**shared, "port": 0, "dashboard": False}},
        security=security,
        silence_logs=logging.WARNING,
    )


def serve_cluster() -> None:
    """Run a local cluster until standard input closes; prints its address and credentials.

    They are one line of JSON on standard output, which is a pipe to the app. The pipe closes when
    the app ends, in whichever way, so that no worker outlives it.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)  # pages come first: a training shares the processors with them
    security, scratch = Security.temporary(), mkdtemp(prefix="dynst-")
    # dask's servers import modules from this folder; its usual one is shared by all accounts.
    with dask.config.set(SETTINGS | {"temporary-directory": scratch}):
        cluster = local_cluster(security, scratch)
        known = {"address": cluster.scheduler_address, **cluster_credentials(security)}
        print(json.dumps(known), flush=True)  # noqa: T201  what the app reads
        while sys.stdin.read(4096):
            pass
    # Waiting for a training to come to an end could take minutes; its levels are on disk.
    for process in psutil.Process().children(recursive=True):
        process.kill()
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)
