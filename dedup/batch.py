"""The stages in a row: story batches in, clusters out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import cpu_count
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dedup.bands import cut_bands, find_buckets
from dedup.clusters import LeaderPass, choose_canonicals
from dedup.errors import SettingsError
from dedup.evidence import gather, says_too_little
from dedup.kernels.native.bands import mark_copies
from dedup.kernels.native.evidence import META_TOKENS, META_URL, UNDATED, Facts
from dedup.kernels.native.leaders import Membership
from dedup.result import Result
from dedup.settings import Settings
from dedup.shingles import text_shingles, title_words
from dedup.stories import STORY_SCHEMA
from dedup.text import tokenize
from dedup.verdict import judgement

_MOST_STORIES = 2**31 - 2
_PREFERRED_LAST = np.iinfo(np.int32).max

Progress = Callable[[int], None]


class Hashed(NamedTuple):
    """What is kept of a batch once its text has been read."""

    ids: pa.Array
    facts: Facts
    keys: NDArray[np.uint32]  # [bands, n]
    preference: NDArray[np.int32]  # [n] place of the source among the preferred ones


def find_duplicates(
    batches: Iterable[pa.RecordBatch], settings: Settings | None = None, *, progress: Progress | None = None
) -> Result:
    """Which stories are one, over all batches in their order.

    >>> import pyarrow as pa
    >>> from dedup import STORY_SCHEMA, find_duplicates
    >>> title, text = "Ferry runs aground off Kvaloy", "All 48 passengers were taken off safely, the coast guard said."
    >>> story = {"title": title, "text": text, "url": "", "source": "", "published": None, "lang": "en"}
    >>> rows = [story | {"id": "a"}, story | {"id": "b", "title": title + "!"}]
    >>> result = find_duplicates([pa.RecordBatch.from_pylist(rows, schema=STORY_SCHEMA)])
    >>> result.to_table().column("canonical_id").to_pylist()
    ['a', 'a']

    Args:
        batches: record batches of `STORY_SCHEMA`; each is let go once it is hashed.
        settings: the defaults where None.
        progress: called with the number of stories hashed so far, now and then, from this thread.

    Raises:
        SettingsError: if a batch has another schema, or there are more than 2,147,483,646 stories.
    """
    settings = settings or Settings()
    verdict = judgement(settings)
    workers = settings.threads or cpu_count() or 1
    with ThreadPoolExecutor(workers, thread_name_prefix="dedup") as pool:
        hashed = _hash_all(batches, settings, pool, 2 * workers, progress)
        ids = [part.ids for part in hashed]
        keys = [part.keys for part in hashed]
        preference = np.concatenate([part.preference for part in hashed] or [np.empty(0, dtype=np.int32)])
        facts = _join_facts([part.facts for part in hashed])
        hashed.clear()
        _date_undated(facts.times)
        copies = _find_copies(facts.content)
        buckets = find_buckets(keys, copies, settings.bucket_limit, pool.map)
    count = copies.shape[0]
    membership = Membership(
        np.empty(count, dtype=np.int32), np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.uint8)
    )
    leader_pass = LeaderPass(settings, verdict)
    first = 0
    for part in keys:
        leader_pass.decide(first, part, buckets, facts, membership)
        first += part.shape[1]
    canonicals = choose_canonicals(
        membership.leaders, facts.times, facts.meta[:, META_TOKENS], preference, settings.keep
    )
    return Result(
        ids=pa.chunked_array(ids, type=pa.string()),
        leaders=membership.leaders,
        canonicals=canonicals,
        scores=membership.scores,
        kinds=membership.kinds,
        candidates=leader_pass.candidates,
        full_buckets=leader_pass.full_buckets,
        left_out=leader_pass.left_out,
        wordless=int(np.count_nonzero(facts.meta[:, META_TOKENS] == 0)),
    )


def hash_batch(batch: pa.RecordBatch, settings: Settings) -> Hashed:
    """All that is kept of a batch: everything after this works on hashes."""
    tokens = tokenize(batch)
    texts = text_shingles(tokens, settings.shingle_width)
    titles = title_words(tokens)
    facts = gather(batch, tokens, texts)
    keys = cut_bands(texts, titles, facts.meta[:, META_URL], settings)
    if settings.rule == "evidence":  # stories that it cannot judge need not be found
        keys[:, says_too_little(facts)] = 0
    return Hashed(batch.column("id"), facts, keys, _preference(batch.column("source"), settings))


def _preference(sources: pa.Array, settings: Settings) -> NDArray[np.int32]:
    if not settings.preferred_sources:
        return np.full(len(sources), _PREFERRED_LAST, dtype=np.int32)
    wanted = pa.array([name.lower() for name in settings.preferred_sources], type=pa.string())
    places = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(sources)), value_set=wanted)
    return np.asarray(pc.fill_null(places, _PREFERRED_LAST).to_numpy(zero_copy_only=False), dtype=np.int32)


def _hash_all(
    batches: Iterable[pa.RecordBatch],
    settings: Settings,
    pool: ThreadPoolExecutor,
    ahead: int,
    progress: Progress | None,
) -> list[Hashed]:
    """Hash on all threads while the next batches are read; at most `ahead` batches wait, so texts never pile up."""
    waiting: deque[Future[Hashed]] = deque()
    done: list[Hashed] = []
    count = 0

    def finish() -> None:
        nonlocal count
        done.append(waiting.popleft().result())
        count += len(done[-1].ids)
        if count > _MOST_STORIES:
            raise SettingsError(f"one run takes at most {_MOST_STORIES:,} stories; split the feed by time")
        if progress is not None:
            progress(count)

    try:
        for batch in batches:
            if batch.schema != STORY_SCHEMA:
                raise SettingsError(f"a batch must have dedup.STORY_SCHEMA, got columns {batch.schema.names}")
            if batch.num_rows:
                waiting.append(pool.submit(hash_batch, batch, settings))
            if len(waiting) >= ahead:
                finish()
        while waiting:
            finish()
    finally:
        for future in waiting:
            future.cancel()
    return done


def _join_facts(parts: list[Facts]) -> Facts:
    """The facts of all batches as one; each part is emptied as soon as it is copied."""
    count = sum(part.times.shape[0] for part in parts)
    total = sum(part.hashes.shape[0] for part in parts)
    widths = (parts[0].sections.shape[1], parts[0].meta.shape[1]) if parts else (1, META_TOKENS + 4)
    whole = Facts(
        hashes=np.empty(total, dtype=np.uint32),
        bounds=np.zeros(count + 1, dtype=np.int64),
        sections=np.empty((count, widths[0]), dtype=np.uint16),
        meta=np.empty((count, widths[1]), dtype=np.uint32),
        times=np.empty(count, dtype=np.int64),
        content=np.empty((count, 2), dtype=np.uint64),
    )
    row = at = 0
    for part in _consume(parts):
        rows = slice(row, row + part.times.shape[0])
        whole.hashes[at : at + part.hashes.shape[0]] = part.hashes
        whole.bounds[rows.start + 1 : rows.stop + 1] = part.bounds[1:] + at
        whole.sections[rows], whole.meta[rows] = part.sections, part.meta
        whole.times[rows], whole.content[rows] = part.times, part.content
        row, at = rows.stop, at + part.hashes.shape[0]
    return whole


def _consume(parts: list[Facts]) -> Iterator[Facts]:
    parts.reverse()
    while parts:
        yield parts.pop()


def _date_undated(times: NDArray[np.int64]) -> None:
    """Give each undated story the time of the last dated one before it; those before any stay UNDATED. In place."""
    rows = np.arange(times.shape[0])
    last = np.maximum.accumulate(np.where(times != UNDATED, rows, -1)) if len(rows) else rows
    times[:] = np.where(last >= 0, times[np.maximum(last, 0)], UNDATED)


def _find_copies(content: NDArray[np.uint64]) -> NDArray[np.bool_]:
    copies = np.empty(content.shape[0], dtype=np.bool_)
    slots = np.zeros(1 << (2 * content.shape[0]).bit_length(), dtype=np.int32)
    mark_copies(content, slots, copies)
    return copies
