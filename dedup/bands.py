"""Signatures -> band keys -> buckets of stories that share one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.native import bands as kernels
from dedup.kernels.native.evidence import HAS_TEXT, META_BITS, META_SOURCE, UNDATED, Facts
from dedup.kernels.native.signatures import band_keys
from dedup.settings import LookupSettings, Settings
from dedup.shingles import Shingles
from dedup.signature import sign
from dedup.spill import Memory, open_file

_BITS_A_STORY = 8  # of the bit sets; one key in ten or so looks shared and is not
_FEWEST_BITS = 1 << 12
_MOST_ENTRIES = 6  # of a story and band: a bucket of each slice in reach, and that it is crowded

ThreadMap = Callable[[Callable[[int], Any], Iterable[int]], Iterable[Any]]


def count_bands(settings: Settings) -> int:
    """Rows of a key array: the bands of both lookups, and one for the URL."""
    return settings.text.bands + settings.title.bands + 1


def next_bands(settings: Settings) -> NDArray[np.int64]:
    """int64[bands]: the band whose key splits a full bucket of this one: the next of the same lookup, round robin."""
    text, title = settings.text.bands, settings.title.bands
    following = np.arange(1, text + title + 2, dtype=np.int64)
    following[text - 1], following[text + title - 1], following[text + title] = 0, text, text + title
    return following


def cut_bands(texts: Shingles, titles: Shingles, urls: NDArray[np.uint32], settings: Settings) -> NDArray[np.uint32]:
    """The key of every band of n stories: uint32[bands, n]; 0 where a story has nothing to look up.

    Args:
        texts: shingles of title + text.
        titles: words of the titles.
        urls: uint32[n], hashes of canonical URLs, 0 for none: the last band.
        settings: says how many bands of how many rows.
    """
    keys = np.empty((count_bands(settings), urls.shape[0]), dtype=np.uint32)
    top = settings.text.bands
    _cut(texts, settings.text, settings.seed, keys[:top])
    _cut(titles, settings.title, settings.seed, keys[top:-1])
    keys[-1] = urls
    return keys


def _cut(shingles: Shingles, lookup: LookupSettings, seed: int, keys: NDArray[np.uint32]) -> None:
    values = sign(shingles, lookup.num_perm, seed).values
    band_keys(values, shingles.begins, shingles.ends, lookup.rows, keys)


class BandKeys:
    """The band keys of stories, batch by batch: in memory or, once spilled, in a file a band."""

    def __init__(self, memory: Memory | None = None) -> None:
        """Of no story yet."""
        self.memory = memory or Memory()
        self._batches: list[NDArray[np.uint32]] = []
        self._files: list[IO[bytes]] = []

    @property
    def bands(self) -> int:
        """How many."""
        return len(self._files) or (self._batches[0].shape[0] if self._batches else 0)

    def add(self, keys: NDArray[np.uint32]) -> None:
        """Take in those of the next batch: uint32[bands, n].

        Raises:
            DedupError: there is no room for them on the disk.
        """
        if self._files:
            for file, band in zip(self._files, keys, strict=True):
                self.memory.write(file, band)
        else:
            self._batches.append(keys)

    def spill(self) -> None:
        """Move to files.

        Raises:
            DedupError: there is no room for them.
        """
        self._files = [open_file(self) for _ in range(self.bands)]
        batches, self._batches = self._batches, []
        for keys in batches:
            self.add(keys)

    def column(self, band: int) -> NDArray[np.uint32]:
        """uint32[n], the keys of one band; of one in a file only to be read."""
        if self._files:
            return self.memory.view(self._files[band], np.uint32)
        return np.concatenate([batch[band] for batch in self._batches])

    def rows(self, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
        """uint32[r, bands], the keys of some stories, ascending."""
        found: NDArray[np.uint32] = self.memory.empty((len(rows), self.bands), np.uint32)
        for band in range(len(self._files)):
            found[:, band] = self.column(band)[rows]
            self.memory.relieve()
        first = done = 0
        for batch in self._batches:
            until = int(np.searchsorted(rows, first + batch.shape[1]))
            found[done:until] = batch[:, rows[done:until] - first].T
            first, done = first + batch.shape[1], until
        return found

    def clear(self) -> None:
        """Let go of them."""
        self._batches.clear()
        for file in self._files:
            file.close()
        self._files.clear()


@dataclass(frozen=True, slots=True)
class Buckets:
    """Which of n stories share a band's key, or their content.

    Attributes:
        members: int32[m], the stories of each bucket, in feed order: of one key, or of one key and slice of time.
        entries: int64[e], 256 * where a bucket begins in `members` + how many of its stories come before this one.
        bounds: int64[n + 1], story i owns entries[bounds[i]:bounds[i + 1]].
        crowded: uint32[n, ceil(bands / 32)], bit b % 32 of word b // 32: too many stories in reach share the key of
            band b; they are not all among its entries.
        keys: uint32[r, bands], the keys of the stories with a crowded bucket.
        places: int64[n], the row of `keys`; of no meaning for other stories.
        shared: bool[n], whether another story may have the same content.
    """

    members: NDArray[np.int32]
    entries: NDArray[np.int64]
    bounds: NDArray[np.int64]
    crowded: NDArray[np.uint32]
    keys: NDArray[np.uint32]
    places: NDArray[np.int64]
    shared: NDArray[np.bool_]


def find_copies(facts: Facts) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of n stories have the content of another.

    Returns:
        bool[n], whether it is that of an earlier story, and nothing else may be told from it: what could go on with a
        series (cf. `dedup.kernels.native.evidence.is_series`) is judged like other stories.
        bool[n], whether any other story has it.
    """
    count = facts.content.shape[0]
    copies, shared = np.empty((2, count), dtype=np.bool_)
    kernels.mark_copies(facts.content, np.zeros(1 << (2 * count).bit_length(), dtype=np.int32), copies, shared)
    recurs = (facts.meta[:, META_BITS] & HAS_TEXT == 0) & (facts.meta[:, META_SOURCE] != 0) & (facts.times != UNDATED)
    return copies & ~recurs, shared


def find_buckets(
    keys: BandKeys,
    copies: NDArray[np.bool_],
    shared: NDArray[np.bool_],
    slices: NDArray[np.int64],
    limit: int,
    thread_map: ThreadMap,
) -> Buckets:
    """The buckets of all bands: stories that share a key with one of other content.

    Args:
        keys: of n stories. Where they are in files, the buckets are too.
        copies: bool[n], cf. `find_copies`.
        shared: bool[n], likewise.
        slices: int64[n], the slice of time of each story, cf. `slice_times`.
        limit: most stories in reach of one another that share a key and are not crowded.
        thread_map: `map`, or the like of it that runs calls at once.
    """
    memory, count = keys.memory, copies.shape[0]
    skips = [copies, np.zeros_like(copies)]  # a copy has the keys of the first one, but a URL of its own

    def group(band: int) -> _Grouped:
        grouped = _group(keys.column(band), skips[band == keys.bands - 1], slices, limit)
        memory.relieve()
        return _Grouped(memory.keep(grouped.rows), memory.keep(grouped.entries), memory.keep(grouped.members))

    grouped = list(thread_map(group, range(keys.bands)))
    crowded = np.zeros((count, (keys.bands + 31) // 32), dtype=np.uint32)
    counts = np.zeros(count, dtype=np.int64)
    for band, one in enumerate(grouped):
        kernels.count_entries(one.rows, one.entries, band, counts, crowded)
        memory.relieve()
    bounds = np.concatenate([[0], np.cumsum(counts)])
    entries = memory.empty(bounds[-1], np.int64)
    cursor = bounds[:-1].copy()
    members = memory.empty(sum(one.members.shape[0] for one in grouped), np.int32)
    base = 0
    for one in grouped:
        kernels.scatter_entries(one.rows, one.entries, base, cursor, entries)
        members[base : base + one.members.shape[0]] = one.members
        base += one.members.shape[0]
        memory.relieve()
    rows = np.flatnonzero(crowded.any(axis=1))
    places = np.zeros(count, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    return Buckets(members, entries, bounds, crowded, keys.rows(rows), places, shared)


def slice_times(times: NDArray[np.int64], window: int) -> NDArray[np.int64]:
    """int64[n], the slice of time of each story, one window long; one slice where undated stories reach everywhere.

    Args:
        times: int64[n], microseconds since 1970, or UNDATED.
        window: microseconds, -1 for no limit.
    """
    if window < 0 or (times == UNDATED).any():
        return np.zeros(times.shape[0], dtype=np.int64)
    return times // window


def unknown_buckets(keys: NDArray[np.uint32]) -> Buckets:
    """The buckets of n stories that come one by one, keys uint32[bands, n]: all bands are looked up in a table."""
    bands, count = keys.shape
    return Buckets(
        members=np.empty(0, dtype=np.int32),
        entries=np.empty(0, dtype=np.int64),
        bounds=np.zeros(count + 1, dtype=np.int64),
        crowded=np.full((count, (bands + 31) // 32), 0xFFFFFFFF, dtype=np.uint32),
        keys=np.ascontiguousarray(keys.T),
        places=np.arange(count, dtype=np.int64),
        shared=np.ones(count, dtype=np.bool_),
    )


class _Grouped(NamedTuple):
    """The buckets of one band."""

    rows: NDArray[np.int32]
    entries: NDArray[np.int64]
    members: NDArray[np.int32]


def _group(keys: NDArray[np.uint32], skip: NDArray[np.bool_], slices: NDArray[np.int64], limit: int) -> _Grouped:
    count = keys.shape[0]
    words = max(_FEWEST_BITS, 1 << (count * _BITS_A_STORY).bit_length()) // 32
    rows = np.empty(count + 1, dtype=np.int32)
    found = kernels.find_shared(keys, skip, np.zeros(words, np.uint64), rows)
    rows = rows[:found].copy()
    scratch, places = np.empty((3, found), dtype=np.int32), np.empty(found, dtype=np.int64)
    members, entries = np.empty(found, dtype=np.int32), np.empty(found, dtype=np.int64)
    slots = np.zeros(1 << (2 * int(found)).bit_length(), dtype=np.uint64)
    size, told, crowd = kernels.group_rows(
        keys, rows, limit, slots, scratch[0], scratch[1], places, members, entries, scratch[2]
    )
    few = _Grouped(rows[:told].copy(), entries[:told].copy(), members[:size].copy())
    if not crowd:
        return few
    many = _slice_crowds(keys, scratch[2, :crowd], slices, limit, size)
    return _Grouped(
        np.concatenate([few.rows, many.rows]),
        np.concatenate([few.entries, many.entries]),
        np.concatenate([few.members, many.members]),
    )


def _slice_crowds(
    keys: NDArray[np.uint32], rows: NDArray[np.int32], slices: NDArray[np.int64], limit: int, base: int
) -> _Grouped:
    """The buckets, by slice of time, of the rows whose key too many have."""
    rows = rows[np.lexsort((rows, slices[rows], keys[rows]))]
    out_rows = np.empty(_MOST_ENTRIES * len(rows), dtype=np.int32)
    out_entries = np.empty(len(out_rows), dtype=np.int64)
    written = kernels.slice_crowds(keys[rows], slices[rows], rows, limit, base, out_rows, out_entries)
    return _Grouped(out_rows[:written], out_entries[:written], rows)
