"""The jobs on an index: take feeds in and print what is new, look at a store, clear it, decide it again."""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import header as headers
from dedup.boilerplate import Learning, describe_phrases, learn_if
from dedup.decision import Decision
from dedup.errors import IndexFormatError, SettingsError
from dedup.feedback import copy_feedback
from dedup.incoming import read_stories
from dedup.index import StoryIndex, store_label
from dedup.job import read_batches, say
from dedup.kernels.native.evidence import UNDATED
from dedup.phrases import count_phrases
from dedup.readers import Feed, ReadSettings, open_feeds
from dedup.readers.dates import parse_date
from dedup.records import Layout
from dedup.settings import Settings, Strictness, parse_duration, parse_rule, parse_window
from dedup.stores import Row, Store, open_store, store_files
from dedup.warmup import warm_up
from dedup.writers import check_columns, check_format, check_lines, check_outputs, write_kept
from dedup.writers.outputs import open_output, rejects_target

_READ_AT_ONCE = 5_000  # rows of a log, with their texts
_BEGINNING = 100  # rows of a log that tell it from others
_LONGEST_AGE = 100_000 * 366 * 86_400.0  # seconds; an int64 holds their microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """What the command line says of an index; None leaves it as the index was made, or as it is usual."""

    window: str | None = None
    keep: str | None = None
    rule: str | None = None
    strictness: Strictness | None = None
    boilerplate: Learning = "learn"
    """What a new index does; one that is there knows what it learned when it was made."""

    def settings(self, standing: Settings | None) -> Settings:
        """The settings meant for an index that was made with others, or is new.

        Raises:
            SettingsError: for options that cannot work.
        """
        changes: dict[str, Any] = {}
        if self.window is not None:
            window = parse_window(self.window)
            changes |= {"window": window, "lateness": window}
        if self.keep is not None:
            changes["keep"] = self.keep
        if self.rule is not None:
            changes["rule"] = parse_rule(self.rule)
        if self.strictness is not None:
            changes["strictness"] = self.strictness
        return dataclasses.replace(standing or Settings(), **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """What the command `dedup ingest` was asked for, as it was asked."""

    feeds: list[str]
    store: str
    options: IndexOptions
    output: str = "-"
    decisions: str | None = None
    mapping: Mapping[str, str]
    on_error: Literal["stop", "skip"] = "stop"
    rejects: str | None = None
    texts: bool = True
    after: int | None = None

    def run(self) -> None:
        """Do it; the rows of new stories go to the output, all else to stderr.

        Raises:
            SettingsError: for options that cannot work.
            FeedError: for a feed, or under on_error="stop" a row, that cannot be read.
            StoreError: the store does not answer.
            IndexFormatError: it holds something else, or was made otherwise.
        """
        reading = ReadSettings(
            mapping=self.mapping, on_error=self.on_error, rejects=rejects_target(self.rejects), notice=say
        )
        feeds = open_feeds(self.feeds, reading)
        outputs = (self.output, self.decisions, self.rejects)
        check_outputs(feeds, [name for name in outputs if name is not None], store_files(self.store))
        check_format(self.output)
        check_lines(self.decisions, self.rejects)
        check_columns(feeds, self.output)
        warm_up(say, run_index)
        started = time.perf_counter()
        index, batches = open_index(self.store, self.options, read_batches(feeds), texts=self.texts)
        with self._telling_position(index):
            with index:
                decisions = [decision for batch in batches for decision in index.add_many(batch)]
                late = index.stats().late
            write_kept(feeds, self._flags(feeds, decisions), self.output)
            if self.decisions is not None:
                _write_decisions(decisions, self.decisions)
        for line in self._summarise(feeds, decisions, late, time.perf_counter() - started):
            say(line)

    @contextmanager
    def _telling_position(self, index: StoryIndex) -> Iterator[None]:
        """Say how to have the rows of stories that the store has got, where they are not all written."""
        before = index.position if self.after is None else min(self.after, index.position)
        try:
            yield
        except BaseException:
            if index.position > before:
                say(
                    f"broken off: stories after position {before} of the log are in the store, but their rows were not "
                    f"all written; once this is put right, run again with --after {before} to have them"
                )
            raise

    def _flags(self, feeds: Sequence[Feed], decisions: Sequence[Decision]) -> list[NDArray[np.bool_]]:
        """For each feed bool[n]: whether the story is new."""
        new = np.array([self._is_wanted(decision) for decision in decisions], dtype=np.bool_)
        return np.split(new, np.cumsum([feed.stats.rows for feed in feeds])[:-1])

    def _is_wanted(self, decision: Decision) -> bool:
        if not decision.redelivered:
            return decision.is_new
        return decision.is_new and self.after is not None and decision.position > self.after

    def _summarise(
        self, feeds: Sequence[Feed], decisions: Sequence[Decision], late: int, seconds: float
    ) -> Iterator[str]:
        for feed in feeds:
            yield from feed.describe()
        counts = Counter("known" if one.redelivered else one.verdict for one in decisions)
        yield (
            f"{len(decisions):,} stories: {counts['new']:,} new, {counts['duplicate']:,} duplicates, "
            f"{counts['update']:,} updates, {counts['known']:,} were in the store already"
        )
        if late:
            yield f"{late:,} stories are older than the window and the lateness: compared only with what came since"
        yield f"{seconds:.2f} s"


def run_index(stories: pa.RecordBatch) -> None:
    """All that an index does, on a few stories."""
    with StoryIndex.open("memory://") as index:
        index.add_many(stories)
        story = {"id": "", "url": "0", "title": "Ferry runs aground"}
        index.decide(story)
        StoryIndex(index.store, index.settings, "memory://").decide(story)  # which reads what the first one wrote


def open_index(
    url: str, options: IndexOptions, batches: Iterable[pa.RecordBatch], *, texts: bool = True
) -> tuple[StoryIndex, Iterator[pa.RecordBatch]]:
    """The index in a store, with the settings that it was made with but for what the options say; and all batches.

    A new index learns from the first of the batches what its sources repeat. Where another process has begun it
    meanwhile, what that one learned counts.

    Raises:
        IndexFormatError: they differ from those it was made with.
    """
    with open_store(url) as store:
        standing = store.header()
        made_with = None if standing is None else headers.settings_of(standing, store_label(store))
    settings = options.settings(made_with)
    every = iter(batches)
    if made_with is not None:
        return StoryIndex.open(url, settings, texts=texts), every
    learned, every = learn_if(options.boilerplate, every, settings)
    settings = dataclasses.replace(settings, boilerplate=learned.boilerplate)
    try:
        index = StoryIndex.open(url, settings, texts=texts)
    except IndexFormatError:  # there is an index now, and no other cause: this release described the one it would make
        return open_index(url, options, every, texts=texts)
    if learned.phrases:
        say(describe_phrases(learned))
    return index, every


def describe_store(url: str) -> Iterator[str]:
    """What a store holds, a line each.

    Raises:
        IndexFormatError: nothing of this package.
    """
    with open_store(url, create=False) as store:
        header = _standing(store)
        yield f"store      {store_label(store)}"
        settings = headers.settings_of(header, store_label(store))
        told = json.loads(header)["settings"]
        if told.get("boilerplate"):
            told["boilerplate"] = f"{count_phrases(told['boilerplate']):,} phrases"
        yield f"settings   {json.dumps(told)}"
        try:
            headers.check(header, settings, store_label(store))
        except IndexFormatError as exc:
            yield f"note       {exc}"
            layout = None
        else:
            layout = Layout.of(settings)
        yield from _describe_rows(store, layout)


def _describe_rows(store: Store, layout: Layout | None) -> Iterator[str]:
    rows = size = texts = text_size = 0
    kinds: Counter[int] = Counter()
    first, last = np.iinfo(np.int64).max, int(UNDATED)
    for _, found in _rows(store):
        rows += len(found)
        size += sum(len(row.record) for row in found)
        told = [row.story for row in found if row.story is not None]
        texts, text_size = texts + len(told), text_size + sum(map(len, told))
        if layout is not None:
            part, decided = layout.unpack([row.id for row in found], [row.record for row in found])
            kinds.update(decided.kinds.tolist())
            times = part.facts.times[part.facts.times != UNDATED]
            first, last = min(first, int(times.min(initial=first))), max(last, int(times.max(initial=last)))
    yield f"log        {store.last():,} stories so far, {rows:,} kept, from position {store.floor():,} on"
    yield f"size       {size:,} bytes of records, {text_size:,} of {texts:,} texts"
    if layout is not None and rows:
        yield (
            f"verdicts   {kinds[0]:,} new, {kinds[1] + kinds[2]:,} duplicates ({kinds[1]:,} exact), "
            f"{kinds[3]:,} updates"
        )
    if last != UNDATED:
        yield f"published  {_date(first)} to {_date(last)}"


def expire_store(url: str, before: str | None) -> Iterator[str]:
    """Drop the stories that nobody sees any more, and say how many.

    Args:
        url: of the store.
        before: only those whose cluster began before a date, or longer ago than "30d"; None for no such limit.

    Raises:
        SettingsError: `before` is neither.
        IndexFormatError: there is no index, or one of another release.
    """
    limit = None if before is None else _parse_before(before)
    with open_store(url, create=False) as store:
        _standing(store)
    with StoryIndex.open(url) as index:
        yield f"{index.expire(limit):,} stories dropped"


def rebuild_store(old: str, new: str, options: IndexOptions, *, texts: bool = True) -> Iterator[str]:
    """Decide the stories of one store again, into another, in their order; what people said of them comes along.

    Args:
        old: the store whose texts are read; it is not changed.
        new: a store without an index, or one in which this was begun before.
        options: what is to be other than it was.
        texts: whether the new store keeps the texts too.

    Raises:
        SettingsError: both are one, the new one holds other stories, or a text was not kept.
        IndexFormatError: no index in the old store, or another one in the new.
    """
    with open_store(old, create=False) as store:
        made_with = headers.settings_of(_standing(store), store_label(store))
        with open_store(new) as other:
            _check_target(store, other)
        warm_up(say, run_index)
        settings = options.settings(made_with)
        learned, batches = learn_if(options.boilerplate, _told(store), settings)
        settings = dataclasses.replace(settings, boilerplate=learned.boilerplate)
        if learned.phrases:
            yield describe_phrases(learned)
        with StoryIndex.open(new, settings, texts=texts) as index:
            decisions: Counter[str] = Counter()
            for batch in batches:
                decisions.update(decision.verdict for decision in index.add_many(batch))
            yield (
                f"{sum(decisions.values()):,} stories decided again: {decisions['new']:,} new, "
                f"{decisions['duplicate']:,} duplicates, {decisions['update']:,} updates"
            )
            said, copied = copy_feedback(store, index.store)
            if said:
                yield f"{said:,} judgements of people copied" + (f", {said - copied:,} were there" * (said > copied))


def _check_target(store: Store, other: Store) -> None:
    """Refuse to rebuild a store into itself, by whatever name, or among stories that do not come from it.

    Raises:
        SettingsError: it would be.
    """
    begun = other.header() is not None
    if store_label(other) == store_label(store) or (begun and other.is_log_of(store)):
        raise SettingsError(f"{store_label(store)} cannot be rebuilt into itself; name another store with --into")
    if not begun or not other.last():
        return
    told = other.read(0, _BEGINNING, stories=True)
    # In their order, but maybe not all: what comes again is known, the longer the window the more of it.
    every = iter(store.read(0, 10 * _BEGINNING, stories=True))
    if not told or not all(_comes(row, every) for _, row in told):
        raise SettingsError(
            f"{store_label(other)} holds other stories than {store_label(store)} begins with; name a store without an "
            "index with --into"
        )


def _comes(row: Row, rows: Iterator[tuple[int, Row]]) -> bool:
    """Whether a story is among others; they are read up to there."""
    return any(row.id == other.id and (row.story is None or _words(row) == _words(other)) for _, other in rows)


def _words(row: Row) -> tuple[str | None, str | None] | None:
    if row.story is None:
        return None
    story: dict[str, str | None] = json.loads(row.story)
    return story.get("title"), story.get("text")


def _standing(store: Store) -> bytes:
    header = store.header()
    if header is None:
        raise IndexFormatError(f"{store_label(store)} holds no index; dedup ingest FEED --store URL begins one")
    return header


def _rows(store: Store) -> Iterator[tuple[list[int], list[Row]]]:
    """All rows of a log with their positions, some at a time."""
    after = 0
    while found := store.read(after, _READ_AT_ONCE, stories=True):
        after = found[-1][0]
        yield [position for position, _ in found], [row for _, row in found]


def _told(store: Store) -> Iterator[pa.RecordBatch]:
    """The stories of a log."""
    for positions, rows in _rows(store):
        missing = [position for position, row in zip(positions, rows, strict=True) if row.story is None]
        if missing:
            raise SettingsError(
                f"{store_label(store)} keeps no text of the story at position {missing[0]}, so it cannot be "
                "decided again; feed the stories into a new store instead"
            )
        yield read_stories(row.story for row in rows if row.story is not None)


def _parse_before(text: str) -> int:
    """Microseconds since 1970 in a date, or in an age such as "30d"."""
    if age := parse_duration(text):
        if age > _LONGEST_AGE:
            raise SettingsError(f'--before goes back 100,000 years at most, got "{text}"')
        return time.time_ns() // 1000 - int(age * 1_000_000)
    moment = parse_date(text)
    if moment is None:
        raise SettingsError(f'--before is a date such as 2026-01-31, or an age such as 30d, got "{text}"')
    return moment


def _date(time_us: int) -> str:
    return str(np.datetime64(time_us, "us").astype("datetime64[s]")) + "Z"


def _write_decisions(decisions: Sequence[Decision], destination: str) -> None:
    with open_output(destination) as out:
        for decision in decisions:
            out.write(json.dumps(decision.to_dict(), ensure_ascii=False).encode() + b"\n")
