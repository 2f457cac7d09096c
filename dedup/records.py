"""A story's hashes and the decision on it as bytes of a fixed layout, and back, many stories at a time."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup.errors import IndexFormatError
from dedup.hashing import Hashed, hash_batch, story_columns
from dedup.kernels.native.evidence import Facts
from dedup.kernels.native.packing import measure_sets, pack_sets, unpack_sets
from dedup.settings import Settings
from dedup.stories import STORY_SCHEMA

VERSION = 2  # of the layout; a release that changes what `_prefix` lists, or its meaning, counts on
READABLE = (1, VERSION)  # version 1 held each hash as 4 bytes
_FIRST = struct.Struct("<BBHfqq")  # the fields of a prefix up to the columns; numbers are little-endian as in memory
_KIND, _SCORE, _LEADER, _FORMER = 1, 4, 8, 16  # where there is what is decided
_DECIDED, _TIME = struct.Struct("<fqq"), struct.Struct("<q")
_WORD = 4  # bytes; records end on such a boundary, so that all can be read as one array
_MOST_PACKED = 1632  # bytes of the hashes: of a story whose sets are all full, whatever words they hold


class Decided(NamedTuple):
    """What was decided on n stories of the log."""

    leaders: NDArray[np.int64]  # [n] position of each story's leader in the log; its own for a leader
    scores: NDArray[np.float32]  # [n] against the leader, 0..1; 0 for a leader
    kinds: NDArray[np.uint8]  # [n] EXACT, NEAR or UPDATE; 0 for a leader
    former: NDArray[np.int64]  # [n] position of the window's last story of the same id, 0 for none

    def select(self, keep: NDArray[np.bool_]) -> Decided:
        """What was decided on some of the stories, bool[n]."""
        return Decided(self.leaders[keep], self.scores[keep], self.kinds[keep], self.former[keep])


class Drafts(NamedTuple):
    """The records of n stories but for what is decided on them."""

    data: bytearray  # all of them, one after another
    bounds: list[int]  # [n + 1] record k is data[bounds[k]:bounds[k + 1]]

    def select(self, chosen: Sequence[int]) -> Drafts:
        """Those of some stories."""
        records = [self.data[self.bounds[k] : self.bounds[k + 1]] for k in chosen]
        return Drafts(bytearray().join(records), [0, *itertools.accumulate(map(len, records))])


def _prefix(columns: Sequence[tuple[Any, ...]], bands: int) -> np.dtype[Any]:
    """What every record begins with, whole words; the story's hashes follow."""
    return np.dtype(
        [
            ("version", "u1"),
            ("kind", "u1"),
            ("marked", "<u2"),
            ("score", "<f4"),
            ("leader", "<i8"),
            ("former", "<i8"),
            *columns,
            ("preference", "<i4"),
            ("keys", "<u4", (bands,)),
        ]
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """How the records of an index lie in memory, which its settings and the release say.

    A record is a prefix of the same length for all, and the story's hashes as `pack_sets` packs them: with the settings
    that are usual 356 bytes and, of a long story, some 1,400 more; see `largest`.
    """

    prefix: np.dtype[Any]
    columns: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> Layout:
        """The layout of an index with these settings."""
        nothing = hash_batch(pa.RecordBatch.from_pylist([], schema=STORY_SCHEMA), settings)
        columns = story_columns(nothing.facts)
        fields = [(name, array.dtype.newbyteorder("<"), array.shape[1:]) for name, array in columns.items()]
        return cls(_prefix(fields, nothing.keys.shape[0]), tuple(columns))

    @property
    def _time(self) -> int:
        """Where a story's time is."""
        return int(self.prefix.fields["times"][1])  # type: ignore[index]  # it has fields

    @property
    def largest(self) -> int:
        """Most bytes that a record takes."""
        return self.prefix.itemsize + _MOST_PACKED

    def describe(self) -> list[list[Any]]:
        """Name, type and size of every field of the prefix, for the header of a log."""
        names = {"marked": "reserved"}  # as it was called when headers were first written
        return [[names.get(name, name), *map(_plain, rest)] for name, *rest in self.prefix.descr]

    def draft(self, part: Hashed) -> Drafts:
        """The records of n stories but for what `complete` writes: nearly all there is to do, before all is decided."""
        facts, count, size = part.facts, part.facts.times.shape[0], self.prefix.itemsize
        packed = np.zeros(_WORD * len(facts.hashes) + (64 + size) * count, dtype=np.uint8)
        marked, bounds = np.empty(count, dtype=np.uint16), np.empty(count + 1, dtype=np.int64)
        pack_sets(facts.hashes, facts.bounds, facts.sections, size, marked, packed, bounds)
        data = bytearray(packed[: bounds[-1]].data)
        if count == 1:
            data[:size] = self._prefix_of_one(part, marked)
        else:
            in_prefix = bounds[:-1, None] // _WORD + np.arange(size // _WORD)
            np.frombuffer(data, dtype="<u4")[in_prefix] = self._prefixes(part, marked)
        return Drafts(data, bounds.tolist())

    def complete(self, drafts: Drafts, times: NDArray[np.int64], decided: Decided) -> None:
        """Write what is decided on n stories into their records, in place of what was written there before.

        Args:
            drafts: of the stories.
            times: int64[n], since those undated got one.
            decided: what was decided on them.
        """
        if len(times) == 1:  # in a tenth of the time
            drafts.data[_KIND] = decided.kinds[0]
            what = decided.scores[0], decided.leaders[0], decided.former[0]
            _DECIDED.pack_into(drafts.data, _SCORE, *what)
            _TIME.pack_into(drafts.data, self._time, times[0])
            return
        begins = np.array(drafts.bounds[:-1], dtype=np.int64)
        words = np.frombuffer(drafts.data, dtype="<u4")
        words.view(np.uint8)[begins + _KIND] = decided.kinds
        words[(begins + _SCORE) // _WORD] = decided.scores.view("<u4")
        for place, column in ((_LEADER, decided.leaders), (_FORMER, decided.former), (self._time, times)):
            at, halves = (begins + place) // _WORD, column.view("<u4")
            words[at], words[at + 1] = halves[::2], halves[1::2]

    def _prefixes(self, part: Hashed, marked: NDArray[np.uint16]) -> NDArray[np.uint32]:
        """uint32[n, words]: what the records begin with, nothing decided."""
        prefixes = np.zeros(len(marked), dtype=self.prefix)
        prefixes["version"], prefixes["marked"] = VERSION, marked
        for name in self.columns:
            prefixes[name] = getattr(part.facts, name)
        prefixes["preference"], prefixes["keys"] = part.preference, part.keys.T
        return prefixes.view("<u4").reshape(len(marked), self.prefix.itemsize // _WORD)

    def _prefix_of_one(self, part: Hashed, marked: NDArray[np.uint16]) -> bytes:
        """The same of one story, in a tenth of the time."""
        columns = [getattr(part.facts, name) for name in self.columns]
        told = b"".join([array.tobytes() for array in (*columns, part.preference, part.keys)])
        return _FIRST.pack(VERSION, 0, marked[0], 0.0, 0, 0) + told

    def unpack(self, names: list[str], records: Sequence[bytes]) -> tuple[Hashed, Decided]:
        """The stories of these ids, from a record each.

        Raises:
            IndexFormatError: for a record of another version, or one that is damaged.
        """
        lengths = np.fromiter(map(len, records), dtype=np.int64, count=len(records))
        size = self.prefix.itemsize
        cut = (lengths < size) | (lengths % _WORD != 0)
        if cut.any():
            raise IndexFormatError(f'the record of story "{names[_first(cut)]}" is damaged: it is cut short')
        words = np.frombuffer(b"".join([*records, bytes(8)]), dtype="<u4")
        starts = np.concatenate([[0], np.cumsum(lengths // _WORD)])
        in_prefix = starts[:-1, None] + np.arange(size // _WORD)
        prefixes = words[in_prefix].view(self.prefix)[:, 0]
        sections, marked = np.ascontiguousarray(prefixes["sections"]), np.ascontiguousarray(prefixes["marked"])
        old = prefixes["version"] == 1
        self._check(names, prefixes, lengths - size, old)
        bounds = np.concatenate([[0], np.cumsum(sections[:, -1], dtype=np.int64)])
        hashes = np.empty(bounds[-1], dtype=np.uint32)
        for first, until in _stretches(old):
            own, told = slice(first, until), slice(bounds[first], bounds[until])
            if old[first]:
                hashed = np.ones(starts[until] - starts[first], dtype=np.bool_)
                hashed[in_prefix[own] - starts[first]] = False
                hashes[told] = words[starts[first] : starts[until]][hashed]
                continue
            data, begins = words.view(np.uint8), starts[first:until] * _WORD + size
            unpack_sets(data, begins, sections[own], marked[own], bounds[first : until + 1], hashes)
        facts = Facts(
            hashes=hashes, bounds=bounds, **{name: np.ascontiguousarray(prefixes[name]) for name in self.columns}
        )
        decided = Decided(
            leaders=prefixes["leader"].astype(np.int64),
            scores=prefixes["score"].astype(np.float32),
            kinds=prefixes["kind"].copy(),
            former=prefixes["former"].astype(np.int64),
        )
        keys = np.ascontiguousarray(prefixes["keys"].T, dtype=np.uint32)
        return Hashed(pa.array(names, pa.string()), facts, keys, prefixes["preference"].astype(np.int32)), decided

    @staticmethod
    def _check(names: list[str], prefixes: NDArray[Any], packed: NDArray[np.int64], old: NDArray[np.bool_]) -> None:
        foreign = ~np.isin(prefixes["version"], READABLE)
        if foreign.any():
            at = _first(foreign)
            raise IndexFormatError(
                f'the record of story "{names[at]}" is of version {prefixes["version"][at]}, this release reads '
                f"{' and '.join(map(str, READABLE))}; rebuild the index into a new store with dedup rebuild"
            )
        sections, marked = np.ascontiguousarray(prefixes["sections"]), np.ascontiguousarray(prefixes["marked"])
        sizes = np.empty(len(names), dtype=np.int64)
        measure_sets(sections, marked, sizes)
        sizes = np.where(old, sections[:, -1] * np.int64(_WORD), sizes)
        damaged = sizes != packed
        if damaged.any():
            raise IndexFormatError(f'the record of story "{names[_first(damaged)]}" is damaged: its length is wrong')


def _stretches(old: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and end of the records of one kind in a row."""
    cuts = [0, *(np.flatnonzero(old[1:] != old[:-1]) + 1).tolist(), len(old)]
    return list(itertools.pairwise(cuts)) if len(old) else []


def _first(flags: NDArray[np.bool_]) -> int:
    return int(np.argmax(flags))


def _plain(value: Any) -> Any:
    """A part of a NumPy type's description as JSON gives it back."""
    return list(value) if isinstance(value, tuple) else value
