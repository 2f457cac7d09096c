"""Synthetic news-shaped feeds of any size, with their truth, written in columns.

A chunk of stories is planned (`events`), its words are drawn and edited as token numbers (`wording`), put into lines
(`lines`), and the bytes of all tokens copied from their table (`vocabulary`). Memory is that of a few chunks.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import events
from benchmarks.draws import below, draw, stream_keys
from benchmarks.events import I64, FeedSettings, plan_stories
from benchmarks.kernels import copy_bytes, count_bytes
from benchmarks.lines import between, edits_of, feed_lines, text_parts, title_parts, truth_lines
from benchmarks.vocabulary import BARE, FORMS, KINDS, SLOTS, SPARE, WORDS, Vocabulary, vocabulary
from benchmarks.wording import I32, text_tokens, title_tokens

Lines = Callable[[range], tuple[I32, I32]]
"""For a run of story numbers, the tokens of their feed lines and of their truth lines."""

Bytes = npt.NDArray[np.uint8]

TOKENS_A_CHUNK = 500_000
_COMPRESSED = (".gz", ".bz2", ".xz", ".lzma", ".zst", ".lz4", ".br", ".zip")


def write_feed(settings: FeedSettings, feed: Path, truth: Path | None = None) -> None:
    """Writes the feed as JSON lines, and its truth beside it.

    Feed lines have id, title, text, url, source, published (UTC), lang. Truth lines have id; cluster (the id of the
    story's first report, equal for stories that are one); event (equal for stories on one event); kind (see KINDS);
    edits (of a copy: all that was done to it, see EDITS, its kind last). An edit that found nothing to change is named
    all the same; `scoring.unchanged_copies` knows the copies without any other.

    Raises:
        ValueError: feed and truth are one file, or one is to be - or compressed.
        OSError: a file cannot be written.
    """
    _write(settings, feed, truth, lambda chunk: _news_lines(settings, chunk))


def write_one_story(settings: FeedSettings, feed: Path, truth: Path | None = None) -> None:
    """Writes a feed of exact copies of one story by many publishers, all within 24 hours."""
    _write(settings, feed, truth, lambda chunk: _repeated_lines(settings, chunk))


def write_one_word(settings: FeedSettings, feed: Path, truth: Path | None = None) -> None:
    """Writes a feed of stories of one word (no title), words recurring as in a language, all within 24 hours."""
    first_seen = np.full(WORDS, -1, dtype=np.int64)
    _write(settings, feed, truth, lambda chunk: _single_word_lines(settings, chunk, first_seen), threads=1)


SHAPES: dict[str, Callable[[FeedSettings, Path, Path | None], None]] = {
    "news": write_feed,
    "one-story": write_one_story,
    "one-word": write_one_word,
}
"""How to write each shape of feed, by the name `python -m benchmarks feed --shape` knows it by."""


def _write(settings: FeedSettings, feed: Path, truth: Path | None, lines: Lines, threads: int = 0) -> None:
    """Writes chunk after chunk. Chunks share nothing, so neither their size nor `threads` (0: all cores) shows."""
    _check_targets(feed, truth)
    words = vocabulary()
    size = max(1, TOKENS_A_CHUNK // (settings.words + 40))
    chunks = (range(first, min(first + size, settings.stories)) for first in range(0, settings.stories, size))
    with contextlib.ExitStack() as stack:
        feed_file = stack.enter_context(feed.open("wb"))
        truth_file = stack.enter_context(truth.open("wb")) if truth else None
        for feed_bytes, truth_bytes in _rendered(words, lines, chunks, threads or cpu_count() or 1):
            feed_file.write(feed_bytes.data)
            if truth_file:
                truth_file.write(truth_bytes.data)


def _check_targets(feed: Path, truth: Path | None) -> None:
    """Refuses names that promise what is not written there, before anything is."""
    for path in (feed, truth) if truth else (feed,):
        if str(path) == "-":
            raise ValueError("feed and truth are written to files; name one instead of -")
        if path.suffix.lower() in _COMPRESSED:
            raise ValueError(
                f"{path}: feed and truth are written as plain text; leave out {path.suffix}, then compress"
            )
    if truth and (feed.resolve() == truth.resolve() or (feed.exists() and truth.exists() and feed.samefile(truth))):
        raise ValueError(f"{truth}: feed and truth cannot be one file; name two")


def _rendered(words: Vocabulary, lines: Lines, chunks: Iterator[range], threads: int) -> Iterator[tuple[Bytes, Bytes]]:
    """The bytes of feed and truth lines of every chunk in order; as many chunks are ahead as there are threads."""

    def render(chunk: range) -> tuple[Bytes, Bytes]:
        told, true = (_bytes_of(words, tokens) for tokens in lines(chunk))
        return told, true

    waiting: deque[Future[tuple[Bytes, Bytes]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="feed") as pool:
        for chunk in chunks:
            waiting.append(pool.submit(render, chunk))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _bytes_of(words: Vocabulary, tokens: I32) -> Bytes:
    """The bytes of the tokens one after another."""
    out = np.empty(count_bytes(tokens, words.begins) + SPARE, dtype=np.uint8)
    copy_bytes(tokens, words.begins, words.data, out)
    return out[:-SPARE]


def _news_lines(settings: FeedSettings, chunk: range) -> tuple[I32, I32]:
    """Lines of a news feed: titles and texts in the manner of their publishers."""
    words = vocabulary()
    plan = plan_stories(settings, chunk.start, len(chunk))
    title, text = title_parts(settings, plan, words), text_parts(settings, plan, words)
    middle = between('","text":"', words, plan)
    seconds = plan.story.astype(np.int64) * 86_400 // settings.per_day
    return (
        feed_lines(words, plan.story, seconds, plan.publisher, plan.script, [*title, *middle, *text]),
        truth_lines(words, plan.story, plan.cluster, plan.event, plan.kind, edits_of(settings, plan)),
    )


def _repeated_lines(settings: FeedSettings, chunk: range) -> tuple[I32, I32]:
    """Lines that all tell the first story of the feed, under the publishers of their own numbers."""
    words = vocabulary()
    one, plan = plan_stories(settings, 0, 1), plan_stories(settings, chunk.start, len(chunk))
    between = [words.literal['","text":"']] if one.text_length[0] else []
    story = np.concatenate([title_tokens(settings, one, words), between, text_tokens(settings, one, words)])
    body = (np.full(len(chunk), len(story)), np.tile(story.astype(np.int32), len(chunk)))
    first = np.zeros(len(chunk), dtype=np.uint64)
    kind = np.where(plan.story > 0, KINDS.index("exact"), KINDS.index("original"))
    seconds = plan.story.astype(np.int64) * 86_400 // settings.stories
    return (
        feed_lines(words, plan.story, seconds, plan.publisher, np.repeat(one.script, len(chunk)), [body]),
        truth_lines(words, plan.story, first, first, kind, {}),
    )


def _single_word_lines(settings: FeedSettings, chunk: range, first_seen: I64) -> tuple[I32, I32]:
    """Lines of one word; `first_seen` remembers which story said a word first."""
    words = vocabulary()
    plan = plan_stories(settings, chunk.start, len(chunk))
    common = words.zipf[SLOTS:]
    draws = draw(stream_keys(settings.seed, events.TEXT, plan.story), 0)
    word = common[below(draws, len(common)).astype(np.int64)]
    said, at = np.unique(word, return_index=True)
    new = first_seen[said] < 0
    first_seen[said[new]] = at[new] + chunk.start
    cluster = first_seen[word].astype(np.uint64)
    kind = np.where(cluster < plan.story, KINDS.index("exact"), KINDS.index("original"))
    text = (np.ones(len(chunk), dtype=np.int64), word * len(FORMS) + BARE)
    seconds = plan.story.astype(np.int64) * 86_400 // settings.stories
    middle = between('","text":"', words, plan)
    return (
        feed_lines(words, plan.story, seconds, plan.publisher, np.zeros_like(seconds), [*middle, text]),
        truth_lines(words, plan.story, cluster, cluster, kind, {}),
    )
