"""The stages in a row: story batches in, clusters out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import cpu_count

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.ahead import work_ahead
from dedup.bands import ThreadMap, find_buckets, find_copies, slice_times
from dedup.clusters import LeaderPass, choose_canonicals
from dedup.errors import SettingsError
from dedup.hashing import HashedFeed, hash_batch
from dedup.kernels.native.evidence import META_BITS, META_TOKENS, UNDATED
from dedup.kernels.native.leaders import Membership
from dedup.kernels.native.phrases import STRIPPED
from dedup.result import Result
from dedup.settings import Settings
from dedup.spill import Memory
from dedup.stories import check_schema
from dedup.verdict import judgement

_MOST_STORIES = 2**31 - 2
_FEW = 4_000  # stories: to hand each of their bands to a thread takes longer than to sort it

Progress = Callable[[int], None]


def find_duplicates(
    batches: Iterable[pa.RecordBatch],
    settings: Settings | None = None,
    *,
    progress: Progress | None = None,
    hashed: HashedFeed | None = None,
    memory: int | None = None,
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
        hashed: to have what is kept of the stories for `find_similar`: their facts, dated. It is empty, or holds what
            `learn_boilerplate` took in of the first ones.
        memory: bytes that this process may take: once it takes half of them, what is large moves to files in the
            folder for temporary ones, with the same result. None for no limit. That of `hashed` goes before.

    Raises:
        SettingsError: if a batch is none or has another schema, or there are more than 2,147,483,646 stories.
        DedupError: there is no room for the files.
    """
    settings = settings or Settings()
    judgement(settings)  # that they are sound is said before anything is read
    workers = settings.threads or cpu_count() or 1
    with ThreadPoolExecutor(workers, thread_name_prefix="dedup") as pool:
        hashed = HashedFeed(Memory(memory)) if hashed is None else hashed
        _hash_all(batches, settings, pool, 2 * workers, hashed, progress)
        return cluster_hashed(hashed, settings, pool.map if workers > 1 and hashed.count > _FEW else map)


def cluster_hashed(hashed: HashedFeed, settings: Settings, thread_map: ThreadMap = map) -> Result:
    """Which stories are one, of all that are hashed; `hashed.keys` is let go.

    Args:
        hashed: with these settings.
        settings: say what is one.
        thread_map: `map`, or the like of it that runs calls at once.
    """
    facts = hashed.facts()
    date_undated(facts.times)
    copies, shared = find_copies(facts)
    slices = slice_times(facts.times, settings.window_us)
    buckets = find_buckets(hashed.keys, copies, shared, slices, settings.bucket_limit, thread_map)
    hashed.keys.clear()
    count = copies.shape[0]
    membership = Membership(
        np.empty(count, dtype=np.int32), np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.uint8)
    )
    leader_pass = LeaderPass(settings, judgement(settings), relieve=hashed.memory.relieve)
    leader_pass.decide(0, buckets, facts, membership, thread_map)
    canonicals = choose_canonicals(
        membership.leaders, facts.times, facts.meta[:, META_TOKENS], hashed.preferences(), settings.keep
    )
    return Result(
        ids=pa.chunked_array(hashed.ids, type=pa.string()),
        leaders=membership.leaders,
        canonicals=canonicals,
        scores=membership.scores,
        kinds=membership.kinds,
        candidates=leader_pass.candidates,
        full_buckets=leader_pass.full_buckets,
        left_out=leader_pass.left_out,
        stripped=int(np.count_nonzero(facts.meta[:, META_BITS] & STRIPPED)),
        wordless=int(np.count_nonzero(facts.meta[:, META_TOKENS] == 0)),
    )


def _hash_all(
    batches: Iterable[pa.RecordBatch],
    settings: Settings,
    pool: ThreadPoolExecutor,
    ahead: int,
    hashed: HashedFeed,
    progress: Progress | None,
) -> None:
    """Hash on all threads while the next batches are read; at most `ahead` batches wait, so texts never pile up."""
    for part in work_ahead(check_batches(batches), partial(hash_batch, settings=settings), pool, ahead - 1):
        hashed.add(part)
        hashed.memory.relieve()
        if hashed.count > _MOST_STORIES:
            raise SettingsError(f"one run takes at most {_MOST_STORIES:,} stories; split the feed by time")
        if progress is not None:
            progress(hashed.count)


def check_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, but for empty ones.

    Raises:
        SettingsError: one is none, or has another schema.
    """
    for batch in batches:
        if not isinstance(batch, pa.RecordBatch):
            hint = ": take its to_batches()" if isinstance(batch, pa.Table) else ""
            raise SettingsError(f"stories come in pyarrow.RecordBatch, got {type(batch).__name__}{hint}")
        check_schema(batch)
        if batch.num_rows:
            yield batch


def date_undated(times: NDArray[np.int64], before: int = int(UNDATED)) -> None:
    """Give each undated story the time of the last dated one before it. In place.

    Args:
        times: int64[n].
        before: of the last story before these; what has no dated one before it gets this, UNDATED where there is none.
    """
    missing = times == UNDATED
    if not missing.any():
        return
    last = np.maximum.accumulate(np.where(missing, -1, np.arange(times.shape[0])))
    times[:] = np.where(last >= 0, times[np.maximum(last, 0)], before)
