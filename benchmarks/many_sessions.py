"""Twenty planners on one server: how long each waits for a move of the slider, and what it holds.

    python -m benchmarks.many_sessions [--sessions 20] [--moves 15] [--run metr-la-week]
    python -m benchmarks.many_sessions --minutes 10 --trainings 2

Each session speaks Streamlit's own protocol over its own web socket, as a browser does: it opens
the Plan view and moves the slider again and again with a pause for thought between. A move counts
from its sending until the server says that it has drawn everything for it. The browsers' own work
is left out: it is done on twenty other machines. Results go to benchmarks/results/sessions.json.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.ledger import row, save
from dynst_core.runs.store import run_folders
from tests.browser.harness import serve

TARGET_S, TARGET_GROWTH = 2.0, 1.25
PAUSE_S = 1.0
"""Longest pause between two moves of one planner; each is drawn by chance."""


@dataclass
class Planner:
    """One session.

    Attributes:
        waits: seconds that each move took.
        faults: exceptions and error boxes that the server sent.
    """

    socket: websockets.ClientConnection
    query: str
    slider: str = ""
    fragment: str = ""
    options: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def open(self) -> None:
        """Draw the whole page once."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        await self.socket.send(message.SerializeToString())
        await self._until_drawn()

    async def move(self, level: int) -> None:
        """Let go of the slider at a level, and wait until everything is drawn for it."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.fragment_id = self.fragment
        state = message.rerun_script.widget_states.widgets.add()
        state.id = self.slider
        state.string_array_value.data.append(self.options[level])
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        await self._until_drawn()
        self.waits.append(time.perf_counter() - began)

    async def _until_drawn(self) -> None:
        ended = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
        while True:
            message = ForwardMsg.FromString(await asyncio.wait_for(self.socket.recv(), 120))
            kind = message.WhichOneof("type")
            if kind == "delta":
                self._note(message.delta)
            elif kind == "script_finished":
                how = message.script_finished
                if how == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    continue
                if how not in ended:
                    self.faults.append(f"ended with {how}")
                return

    def _note(self, delta: Delta) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "slider" and not self.slider:
            self.slider, self.fragment = element.slider.id, delta.fragment_id
            self.options = list(element.slider.options)
        elif kind == "exception":
            self.faults.append(element.exception.message)


async def plan(address: str, query: str, moves: int, seed: int) -> Planner:
    """One planner's sitting."""
    rng = np.random.default_rng(seed)
    uri = address.replace("http", "ws") + "/_stcore/stream"
    async with websockets.connect(
        uri, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None
    ) as socket:
        planner = Planner(socket, query)
        await planner.open()
        for _ in range(moves):
            await asyncio.sleep(rng.uniform(0, PAUSE_S))
            await planner.move(int(rng.integers(len(planner.options))))
    return planner


async def sit(address: str, query: str, sessions: int, moves: int) -> list[Planner]:
    """All of them at once."""
    seeds = range(sessions)
    return await asyncio.gather(*(plan(address, query, moves, seed) for seed in seeds))


def gib() -> float:
    """Memory of this process's servers, GiB."""
    return sum(child.memory_info().rss for child in psutil.Process().children()) / 2**30


def main() -> None:
    """Measure, print, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--moves", type=int, default=15, help="moves of the slider each")
    parser.add_argument("--run", default="metr-la-week", help="a saved run")
    parser.add_argument("--minutes", type=float, help="go on for so long, and read the memory")
    parser.add_argument("--trainings", type=int, default=2, help="beside that, so many at once")
    asked = parser.parse_args()
    query = f"run={asked.run}"
    if asked.minutes:
        from benchmarks import soak

        soak.measure(asked.run, asked.sessions, asked.minutes, asked.trainings)
        return
    with serve(Path(run_folders()[0]).resolve()) as address:
        asyncio.run(sit(address, query, 1, 3))  # caches that the first of all fills
        first = asyncio.run(sit(address, query, asked.sessions, asked.moves))
        held = gib()
        again = asyncio.run(sit(address, query, asked.sessions, asked.moves))
        held_after = gib()
    planners = first + again
    faults = [fault for planner in planners for fault in planner.faults]
    waits = np.array([wait for planner in planners for wait in planner.waits])
    p50, p95, worst = np.percentile(waits, [50, 95, 100])
    note = (
        f"{len(waits)} moves in two sittings, p50 {p50:.2f} s, p95 {p95:.2f} s, slowest "
        f"{worst:.2f} s, {len(faults)} errors"
    )
    rows = [
        row(
            "slowest move of the slider / 2 s",
            f"{asked.run}, {asked.sessions} sessions",
            "",
            None,
            (),
            [float(max(p.waits)) / TARGET_S for p in planners],
            ("at most", 1.0),
            value=float(worst) / TARGET_S,
            note=note,
        ),
        row(
            "memory after the second sitting / after the first",
            f"{asked.run}, {asked.sessions} sessions",
            "",
            None,
            (),
            [held_after / held],
            ("at most", TARGET_GROWTH),
            note=f"{held:.2f} GiB, then {held_after:.2f} GiB",
        ),
    ]
    print(note, *sorted(set(faults)), *(f"{one.name}: {one.value}" for one in rows), sep="\n")
    if faults:
        raise SystemExit(f"Expected no error in {len(waits)} moves, found {len(faults)}.")
    save("sessions", rows)


if __name__ == "__main__":
    main()
