"""The server under load on loopback: batches as fast as they go, and single stories at a steady pace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.events import FeedSettings
from benchmarks.feed import write_feed
from benchmarks.measure import PROJECT, BenchmarkError, environment

Record = dict[str, Any]
_BATCH = 100
_PATIENCE = 180  # seconds for a server to start, kernels to be compiled included


@dataclass(slots=True)
class Client:
    """One kept-alive connection that posts JSON; a hundred lines of a library would measure the library."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, address: str) -> Client:
        """Open a connection to http://host:port."""
        parts = urlsplit(address)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def post(self, body: bytes) -> float:
        """Post stories; seconds until all of the answer was there.

        Raises:
            BenchmarkError: it was not 200.
        """
        head = (
            "POST /stories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        started = time.perf_counter()
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", answer)
        if not answer.startswith(b"HTTP/1.1 200") or length is None:
            raise BenchmarkError(f"the server answered {answer.splitlines()[0].decode('latin-1')}")
        await self.reader.readexactly(int(length[1]))
        return time.perf_counter() - started

    def close(self) -> None:
        """Let it go."""
        self.writer.close()


@contextlib.contextmanager
def _serving(store: str) -> Iterator[str]:
    command = [sys.executable, "-m", "dedup", "serve", "--store", store, "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=PROJECT)
    try:
        deadline = time.monotonic() + _PATIENCE
        for line in process.stderr or ():
            found = re.search(r"serving at (http://\S+)", line)
            if found:
                yield found[1]
                break
            if time.monotonic() > deadline:
                raise BenchmarkError("the server did not start")
        else:
            raise BenchmarkError("the server did not start")
    finally:
        process.terminate()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


async def _batches(address: str, bodies: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Seconds in all, and of each, for bodies posted over some connections at once."""
    clients = [await Client.connect(address) for _ in range(connections)]
    waiting = iter(bodies)
    times: list[float] = []

    async def work(client: Client) -> None:
        for body in waiting:
            times.append(await client.post(body))  # noqa: PERF401  # it awaits, one after another

    started = time.perf_counter()
    await asyncio.gather(*map(work, clients))
    seconds = time.perf_counter() - started
    for client in clients:
        client.close()
    return seconds, times


async def _paced(address: str, bodies: list[bytes], rate: float, connections: int) -> list[float]:
    """Seconds of each body, posted at a steady pace; from when each was due, so that waiting in a queue counts."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for _ in range(connections):
        free.put_nowait(await Client.connect(address))
    times: list[float] = []

    async def send(body: bytes, due: float) -> None:
        client = await free.get()
        await client.post(body)
        times.append(time.perf_counter() - due)
        free.put_nowait(client)

    started = time.perf_counter()
    tasks = []
    for number, body in enumerate(bodies):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(send(body, due)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait().close()
    return times


def serving_record(stories: int, rate: float, seconds: float, words: int, seed: int, folder: Path) -> Record:
    """Everything `serve` measured, ready for JSON.

    Raises:
        BenchmarkError: the server did not start, or refused.
    """
    singles = int(rate * seconds)
    settings = FeedSettings(stories=stories + singles, words=words, seed=seed)
    write_feed(settings, folder / "feed.jsonl")
    lines = (folder / "feed.jsonl").read_bytes().splitlines()
    batches = [b"[" + b",".join(lines[k : k + _BATCH]) + b"]" for k in range(0, stories, _BATCH)]
    load = os.getloadavg()[0]
    with _serving(f"sqlite:///{folder}/stories.db") as address:
        took, each = asyncio.run(_batches(address, batches, connections=2))
        paced = asyncio.run(_paced(address, lines[stories:], rate, connections=16))
    return {
        "benchmark": "serve",
        "environment": environment([]),
        "repeats": 1,
        "seed": seed,
        "load_before": load,
        "rows": [
            {
                "name": f"batches of {_BATCH}",
                "stories": stories,
                "stories_per_second": stories / took,
                **_milliseconds(each),
                "aim": "3,000 stories/s",
            },
            {
                "name": f"single stories, {rate:g} a second, into a window of {stories:,}",
                "stories": singles,
                "stories_per_second": rate,
                **_milliseconds(paced),
                "aim": "99 of 100 within 20 ms",
            },
        ],
    }


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    ordered = statistics.quantiles(seconds, n=1000, method="inclusive")
    return {f"p{name}_ms": 1000 * ordered[place] for name, place in (("50", 499), ("99", 989), ("99_9", 998))}


def serving_table(record: Record) -> str:
    """The record as Markdown."""
    lines = [
        "### Server on loopback, SQLite",
        "",
        "| | stories | stories/s | half within | 99 of 100 | 999 of 1000 | aim |",
    ]
    lines.append("|---|---:|---:|---:|---:|---:|---|")
    lines += [
        f"| {row['name']} | {row['stories']:,} | {row['stories_per_second']:,.0f} | {row['p50_ms']:.1f} ms | "
        f"{row['p99_ms']:.1f} ms | {row['p99_9_ms']:.1f} ms | {row['aim']} |"
        for row in record["rows"]
    ]
    return "\n".join([*lines, ""])
