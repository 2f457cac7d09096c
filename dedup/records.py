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


class PackedSets(NamedTuple):
    """The hashes of n stories as records hold them, which does not depend on what is decided."""

    marked: NDArray[np.uint16]  # [n] cf. `pack_sets`
    sets: list[bytes]  # [n]

    def select(self, chosen: list[int]) -> PackedSets:
        """Those of some stories."""
        return PackedSets(self.marked[chosen], [self.sets[k] for k in chosen])


def pack_facts(facts: Facts) -> PackedSets:
    """The packed hashes of n stories."""
    count = facts.times.shape[0]
    packed, ends = np.zeros(_WORD * len(facts.hashes) + 64 * count, dtype=np.uint8), np.empty(count + 1, np.int64)
    marked = np.empty(count, dtype=np.uint16)
    pack_sets(facts.hashes, facts.bounds, facts.sections, marked, packed, ends)
    places = ends.tolist()
    told = packed[: places[-1]].tobytes()
    return PackedSets(marked, [told[begin:end] for begin, end in itertools.pairwise(places)])


def _prefix(columns: Sequence[tuple[Any, ...]], bands: int) -> np.dtype[Any]:
    """What every record begins with; the story's hashes follow."""
    fields: list[tuple[Any, ...]] = [
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
    size = np.dtype(fields).itemsize
    if size % _WORD:
        fields.append(("padding", "u1", (_WORD - size % _WORD,)))
    return np.dtype(fields)


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
    def largest(self) -> int:
        """Most bytes that a record takes."""
        return self.prefix.itemsize + _MOST_PACKED

    def describe(self) -> list[list[Any]]:
        """Name, type and size of every field of the prefix, for the header of a log."""
        names = {"marked": "reserved"}  # as it was called when headers were first written
        return [[names.get(name, name), *map(_plain, rest)] for name, *rest in self.prefix.descr]

    def pack(self, part: Hashed, decided: Decided, packed: PackedSets) -> list[bytes]:
        """One record for each of n stories.

        Args:
            part: the stories.
            decided: what was decided on them.
            packed: their facts, from `pack_facts`.
        """
        facts, count = part.facts, part.facts.times.shape[0]
        if count == 1:
            return [self._prefix_of_one(part, decided, packed.marked) + packed.sets[0]]
        prefixes = np.zeros(count, dtype=self.prefix)
        prefixes["version"], prefixes["marked"] = VERSION, packed.marked
        prefixes["kind"], prefixes["former"] = decided.kinds, decided.former
        prefixes["score"], prefixes["leader"] = decided.scores, decided.leaders
        for name in self.columns:
            prefixes[name] = getattr(facts, name)
        prefixes["preference"], prefixes["keys"] = part.preference, part.keys.T
        size, before = self.prefix.itemsize, prefixes.tobytes()
        begins = range(0, size * count, size)
        return [before[begin : begin + size] + behind for begin, behind in zip(begins, packed.sets, strict=True)]

    def _prefix_of_one(self, part: Hashed, decided: Decided, marked: NDArray[np.uint16]) -> bytes:
        """The same bytes as `pack` puts together from columns, in a tenth of the time."""
        what = VERSION, decided.kinds[0], marked[0], decided.scores[0], decided.leaders[0], decided.former[0]
        columns = [getattr(part.facts, name) for name in self.columns]
        told = b"".join([array.tobytes() for array in (*columns, part.preference, part.keys)])
        return (_FIRST.pack(*what) + told).ljust(self.prefix.itemsize, b"\0")

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
