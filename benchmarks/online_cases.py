"""One case of the online benchmark in a process of its own: `python -m benchmarks.online_cases CASE FEED URL`.

Prints what was measured as JSON. Reading the feed is not part of any time.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.peers import BANDS, PERMUTATIONS, ROWS, SEED, THRESHOLD, shingles
from dedup import Settings, StoryIndex, read_feed
from dedup.ingest import run_index
from dedup.warmup import warm_up

Story = dict[str, Any]
Figures = dict[str, float]

WORKERS = 4
_AT_ONCE = 2_000  # stories a call of add_many, as a consumer of a queue gets them


def read_stories(feed: Path) -> list[Story]:
    """The stories of a feed as mappings."""
    return [row for batch in read_feed(feed) for row in batch.to_pylist()]


def one_by_one(feed: Path, url: str) -> Figures:
    """`add` for each story: how long a call takes, and how many there are a second."""
    stories = read_stories(feed)
    with StoryIndex.open(url, texts=False) as index:
        times = _time_each(index.add, stories)
        return {**_latencies(times), **_found(index)}


def many(feed: Path, url: str) -> Figures:
    """`add_many`, some thousand stories a call."""
    batches = _rebatched(read_feed(feed))
    with StoryIndex.open(url, texts=False) as index:
        begin = time.perf_counter()
        for batch in batches:
            index.add_many(batch)
        seconds = time.perf_counter() - begin
        stories = sum(batch.num_rows for batch in batches)
        return {"stories_per_second": stories / seconds, **_found(index)}


def four_workers(feed: Path, url: str) -> Figures:
    """Four processes that share the feed's stories, each adding fifty at a time; stories a second of all together."""
    stories = read_stories(feed)
    StoryIndex.open(url, texts=False).close()
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(WORKERS + 1)
    workers = [spawn.Process(target=_work, args=(url, stories[k::WORKERS], barrier)) for k in range(WORKERS)]
    for worker in workers:
        worker.start()
    barrier.wait()
    begin = time.perf_counter()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - begin
    with StoryIndex.open(url) as index:
        return {"stories_per_second": index.position / seconds}


def datasketch_dict(feed: Path, _url: str) -> Figures:
    """The same by datasketch's MinHashLSH in memory: sign, ask, verify on the signatures, insert."""
    return _datasketch(feed, None)


def datasketch_redis(feed: Path, url: str) -> Figures:
    """The same with its tables in Redis, where every worker finds them."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    redis = {"host": parts.hostname, "port": parts.port or 6379, "password": parts.password}
    own = f"benchmark_{os.getpid()}".encode()  # of a run before nothing is left to be found
    return _datasketch(feed, {"type": "redis", "basename": own, "redis": redis})


def restart(feed: Path, url: str) -> Figures:
    """Seconds to open an index, and bytes of memory for each story in it."""
    filler = multiprocessing.get_context("spawn").Process(target=many, args=(feed, url))
    filler.start()  # apart, so that its memory does not count
    filler.join()
    before = _resident()
    begin = time.perf_counter()
    with StoryIndex.open(url) as index:
        seconds = time.perf_counter() - begin
        stories = index.stats().stories
        return {"seconds": seconds, "stories": stories, "bytes_a_story": (_resident() - before) / stories}


def thirty_days(feed: Path, url: str) -> Figures:
    """Memory of an index in which thirty days pass, the feed's stories every day anew; the window is 72 hours."""
    batches = _rebatched(read_feed(feed))
    sizes = []
    with StoryIndex.open(url, Settings(window=72 * 3600.0), texts=False) as index:
        for day in range(30):
            for batch in batches:
                index.add_many(_on_day(batch, day))
            index.expire()
            sizes.append((_resident(), index.stats().stories))
    return {
        "stories_a_day": sum(batch.num_rows for batch in batches),
        "largest_bytes_days_11_to_20": max(size for size, _ in sizes[10:20]),
        "largest_bytes_days_21_to_30": max(size for size, _ in sizes[20:]),
        "most_stories": max(stories for _, stories in sizes),
    }


CASES: dict[str, Callable[[Path, str], Figures]] = {
    "one_by_one": one_by_one,
    "many": many,
    "four_workers": four_workers,
    "datasketch_dict": datasketch_dict,
    "datasketch_redis": datasketch_redis,
    "restart": restart,
    "thirty_days": thirty_days,
}


def _work(url: str, stories: list[Story], barrier: Any) -> None:
    with StoryIndex.open(url, texts=False) as index:
        barrier.wait()
        for first in range(0, len(stories), 50):
            index.add_many(stories[first : first + 50])


def _datasketch(feed: Path, storage: dict[str, Any] | None) -> Figures:
    import xxhash
    from datasketch import MinHash, MinHashLSH

    stories = read_stories(feed)
    more = {} if storage is None else {"storage_config": storage}
    lsh = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS), **more)
    signatures: dict[str, MinHash] = {}
    duplicates = 0

    def add(story: Story) -> bool:
        signature = MinHash(num_perm=PERMUTATIONS, seed=SEED, scheme="affine32", hashfunc=xxhash.xxh32_intdigest)
        signature.update_batch([shingle.encode() for shingle in set(shingles(story))])
        name = story["id"]
        known = any(signatures[other].jaccard(signature) >= THRESHOLD for other in lsh.query(signature))
        lsh.insert(name, signature, check_duplication=False)
        signatures[name] = signature
        return known

    times = []
    for story in stories:
        begin = time.perf_counter()
        duplicates += add(story)
        times.append(time.perf_counter() - begin)
    return {**_latencies(times), "duplicates": duplicates}


def _time_each(call: Callable[[Story], object], stories: list[Story]) -> list[float]:
    times = []
    for story in stories:
        begin = time.perf_counter()
        call(story)
        times.append(time.perf_counter() - begin)
    return times


def _latencies(times: list[float]) -> Figures:
    """Of calls that took so many seconds, the second half, once tables are large: the first half warms up."""
    steady = sorted(times[len(times) // 2 :])
    return {
        "median_us": steady[len(steady) // 2] * 1e6,
        "p99_us": steady[int(0.99 * (len(steady) - 1))] * 1e6,
        "stories_per_second": len(steady) / sum(steady),
    }


def _found(index: StoryIndex) -> Figures:
    stats = index.stats()
    return {"duplicates": stats.duplicates + stats.updates}


def _rebatched(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    table = pa.Table.from_batches(batches).combine_chunks()
    return list(table.to_batches(max_chunksize=_AT_ONCE))


def _on_day(batch: pa.RecordBatch, day: int) -> pa.RecordBatch:
    """The batch, its dates and ids some days on."""
    import pyarrow.compute as pc

    shifted = pc.add(batch.column("published"), pa.scalar(timedelta(days=day)))
    names = pc.binary_join_element_wise(batch.column("id"), str(day), "-")
    columns = {"id": names, "published": shifted}
    return pa.RecordBatch.from_arrays(
        [columns.get(name, batch.column(name)) for name in batch.schema.names], schema=batch.schema
    )


def _resident() -> int:
    """Bytes of memory this process has now (Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def main(arguments: list[str]) -> None:
    """Run a case."""
    case, feed, url = arguments
    warm_up(lambda line: print(line, file=sys.stderr), run_index)
    print(json.dumps(CASES[case](Path(feed), url)))


if __name__ == "__main__":
    main(sys.argv[1:])
