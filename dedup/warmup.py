"""Compiles every kernel, or loads what an earlier run compiled, before the clock and the threads start."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numba.core.dispatcher import Dispatcher

from dedup.bands import count_bands
from dedup.batch import cluster_hashed, find_duplicates
from dedup.boilerplate import learn_boilerplate
from dedup.hashing import Hashed, HashedFeed
from dedup.interrupts import insist_on_interrupts
from dedup.kernels.device import uncompiled
from dedup.kernels.native.evidence import META, Facts
from dedup.kernels.native.facts import SECTIONS
from dedup.phrases import write_phrases
from dedup.readers import ReadSettings, open_feeds
from dedup.settings import Settings
from dedup.startup import compiling_alone, mark_compiled, warmup_command
from dedup.stories import STORY_SCHEMA
from dedup.writers import write_clusters, write_kept

_NATIVE = "dedup.kernels.native."
_PATIENCE = 2.0  # seconds before the user is told what takes so long


def run_batch(stories: pa.RecordBatch) -> None:
    """The main job."""
    settings = Settings(threads=1)
    learn_boilerplate([stories], settings)
    find_duplicates([stories], dataclasses.replace(settings, boilerplate=write_phrases(np.ones(1, dtype=np.uint64))))


def warm_up(say: Callable[[str], None], run: Callable[[pa.RecordBatch], object] = run_batch) -> float:
    """Have every kernel of a job ready; return the seconds that compiling took, 0.0 if nothing was compiled.

    Args:
        say: called with a line when compiling takes a while, and with one when it is done.
        run: does the job on three stories.
    """
    if uncompiled():
        return 0.0
    started = time.perf_counter()
    helpers: list[subprocess.Popen[bytes]] = []
    done = threading.Event()

    def get_help() -> None:
        while not done.wait(_PATIENCE):
            if _compiled():  # or the machine is slow to load them
                say("compiling kernels: once after an installation or upgrade")
                helpers.append(
                    subprocess.Popen(  # noqa: S603 - this interpreter, and a constant
                        warmup_command("help_compiling"),
                        stdin=subprocess.DEVNULL,
                        process_group=0,  # it is for this process, and not for Ctrl-C, to end it
                    )
                )
                return

    thread = threading.Thread(target=get_help, daemon=True)
    thread.start()
    try:
        with insist_on_interrupts():
            run(_stories())
    finally:
        done.set()
        thread.join()  # it may be starting the helper
        for helper in helpers:
            helper.kill()
            helper.wait()
    if run is run_batch:
        mark_compiled()
    if not _compiled():
        return 0.0
    seconds = time.perf_counter() - started
    say(f"kernels compiled in {seconds:.1f} s; later runs load them")
    return seconds


def help_compiling() -> None:
    """Compile what a job comes to last, and first, in a process of its own: kernels go to the other through the cache.

    One process compiles one kernel at a time, however many cores there are.
    """
    settings, count = Settings(threads=1), 3
    facts = Facts(
        hashes=np.zeros(0, dtype=np.uint32),
        bounds=np.zeros(count + 1, dtype=np.int64),
        sections=np.zeros((count, SECTIONS), dtype=np.uint16),
        meta=np.zeros((count, META), dtype=np.uint32),
        times=np.zeros(count, dtype=np.int64),
        content=np.zeros((count, 2), dtype=np.uint64),
    )
    keys = np.ones((count_bands(settings), count), dtype=np.uint32)
    hashed = HashedFeed()
    hashed.add(Hashed(pa.array(["1", "2", "3"]), facts, keys, np.zeros(count, dtype=np.int32)))
    result = cluster_hashed(hashed, settings)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "feed.jsonl")
        path.write_text("".join(f"{json.dumps(row, default=str)}\n" for row in _stories().to_pylist()), "utf-8")
        feeds = open_feeds([str(path)], ReadSettings())
        for _ in feeds[0].batches():
            pass
        write_clusters(result, os.devnull)
        write_kept(feeds, [result.kept], os.devnull)


def _stories() -> pa.RecordBatch:
    text = "The ferry Aurora ran aground off the coast on Monday with 48 people on board, the coast guard said."
    story = {"title": "Ferry runs aground", "text": text, "url": "", "source": "", "published": None, "lang": "en"}
    other = {"title": "Ferry runs aground with 48 on board"}
    rows = [story | {"id": "1"}, story | {"id": "2"}, story | other | {"id": "3"}]
    return pa.RecordBatch.from_pylist(rows, schema=STORY_SCHEMA)


def _compiled() -> bool:
    """Whether this process compiled a kernel that no cache had."""
    return any(kernel.stats.cache_misses for kernel in _kernels())


def _kernels() -> Iterator[Any]:
    """Of all modules that are imported."""
    for name, module in sys.modules.copy().items():
        if name.startswith(_NATIVE):
            for value in vars(module).values():
                if isinstance(value, Dispatcher):
                    yield value


def compile_whole() -> None:
    """Compile all kernels of the main job, unless another process is at it; without haste, and in silence."""
    with compiling_alone() as alone:
        if alone:
            os.nice(10)
            warm_up(lambda _: None)
