"""The job of `dedup similar`: feeds in, for every story the similar ones out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from dedup.batch import find_duplicates
from dedup.boilerplate import Learning, describe_phrases, learn_if
from dedup.hashing import HashedFeed
from dedup.job import read_batches, say
from dedup.readers import ReadSettings, open_feeds
from dedup.result import Result
from dedup.settings import Settings, parse_window
from dedup.similar import SimilarStories, check_top, find_similar
from dedup.warmup import run_batch, warm_up
from dedup.writers import check_lines, check_outputs
from dedup.writers.clusters import json_values
from dedup.writers.outputs import open_output, rejects_target

_CHUNK = 1 << 14  # stories written at once


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarJob:
    """What the command was asked for, as it was asked."""

    feeds: list[str]
    output: str = "-"
    top: int = 10
    window: str = "72h"
    mapping: Mapping[str, str]
    on_error: Literal["stop", "skip"] = "stop"
    rejects: str | None = None
    boilerplate: Learning = "learn"

    def run(self) -> SimilarStories:
        """Do it; one JSON line a story goes to the output, all else to stderr.

        Raises:
            SettingsError: for options that cannot work.
            FeedError: for a feed, or under on_error="stop" a row, that cannot be read.
        """
        check_top(self.top)
        settings = Settings(window=parse_window(self.window))
        reading = ReadSettings(
            mapping=self.mapping, on_error=self.on_error, rejects=rejects_target(self.rejects), notice=say
        )
        feeds = open_feeds(self.feeds, reading)
        check_outputs(feeds, [name for name in (self.output, self.rejects) if name is not None])
        check_lines(self.output, self.rejects)
        warm_up(say, _run_once)
        started = time.perf_counter()
        stories = HashedFeed()
        learned, batches = learn_if(self.boilerplate, read_batches(feeds), settings, stories)
        settings = dataclasses.replace(settings, boilerplate=learned.boilerplate)
        result = find_duplicates(batches, settings, hashed=stories)
        clustered = time.perf_counter()
        similar = find_similar(stories.facts(), result, self.top)
        found = time.perf_counter()
        with open_output(self.output) as out:
            out.writelines(_lines(result, similar))
        for feed in feeds:
            for line in feed.describe():
                say(line)
        if learned.phrases:
            say(describe_phrases(learned, result.stripped))
        say(f"{len(result):,} stories in {result.clusters:,} clusters, {len(similar.rows):,} similar ones named")
        if similar.cut:
            say(f"{similar.cut:,} times a word was so common that only the stories nearest in the feed were looked at")
        say(
            f"{time.perf_counter() - started:.2f} s, of which {clustered - started:.2f} s for the clusters, "
            f"{found - clustered:.2f} s for the similar ones"
        )
        return similar


def _lines(result: Result, similar: SimilarStories) -> Iterator[bytes]:
    """A JSON line a story, in feed order, built by columns."""
    spelled = pa.chunked_array([json_values(chunk) for chunk in result.ids.chunks], pa.string())
    names = spelled.cast(pa.large_string()).combine_chunks()  # all together may be more than one array of strings holds
    for begin in range(0, len(result), _CHUNK):
        bounds = similar.offsets[begin : begin + _CHUNK + 1]
        part = slice(int(bounds[0]), int(bounds[-1]))
        others = names.take(pa.array(similar.rows[part])).cast(pa.string())
        own = names.slice(begin, _CHUNK).cast(pa.string())
        scores = json_values(pa.array(similar.scores[part]))
        objects = pc.binary_join_element_wise('{"id": ', others, ', "score": ', scores, "}", "")
        lists = pc.binary_join(pa.ListArray.from_arrays(pa.array((bounds - bounds[0]).astype("int32")), objects), ", ")
        lines = pc.binary_join_element_wise('{"id": ', own, ', "similar": [', lists, "]}\n", "")
        yield "".join(lines.to_pylist()).encode()


def _run_once(stories: pa.RecordBatch) -> None:
    """All of the job that is compiled, on a few stories."""
    run_batch(stories)
    hashed = HashedFeed()
    result = find_duplicates([stories], Settings(threads=1), hashed=hashed)
    find_similar(hashed.facts(), result, threads=1)
