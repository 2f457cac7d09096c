"""Tokens and shingles -> the facts kept of a story, and what they say of two stories."""

from __future__ import annotations

import functools
import itertools
import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from dedup import words
from dedup.kernels.native.contents import hash_contents, hash_strings, hash_urls
from dedup.kernels.native.evidence import (
    FEATURES,
    FEWEST_WORDS,
    HAS_TEXT,
    META,
    META_BITS,
    META_SOURCE,
    META_TITLE_TOKENS,
    META_TOKENS,
    META_URL,
    REVISED,
    SIDES,
    UNDATED,
    Facts,
    measure,
)
from dedup.kernels.native.facts import FACTS_CAP, FRONT, SECTIONS, gather_facts
from dedup.kernels.native.meanings import (
    AGAIN,
    AGAIN_VALUE,
    AGED,
    CALENDAR,
    COUNT,
    LIKELY,
    OPPOSED,
    PLACE,
    PLAIN,
    SLOTS,
    THOUSAND,
    TOLL,
    Meanings,
)
from dedup.kernels.native.picks import RUN_POINTS
from dedup.kernels.native.shingles import STEM_LETTERS
from dedup.kernels.reference.contents import TRACKERS, hash_name
from dedup.kernels.vectors import LANES
from dedup.places import PLACES
from dedup.shingles import Shingles
from dedup.text import Tokens

EVIDENCE = (
    "title_jaccard",  # of the titles' content words, cut to stems
    "title_containment",  # of the smaller set in the larger
    "title_spelling",  # Jaccard of the titles' letters, three in a row: "Jos. A. Bank" and "Jos A Bank"
    "title_found",  # share of a title's words that the other story knows, of the two the larger
    "title_number_clash",  # share of numbers and days that one title lacks, if both do, times title_containment
    "title_name_clash",  # title_containment, if each title has a name, a place or the like that the other story lacks
    "title_opposed",  # title_containment, if they say the contrary of each other: "settles up", "settles down"
    "title_again",  # 1 if one story says that it happened again and the other, 18 hours or more apart, does not
    "same_source_title_clash",  # 1 if of one source and a name of a title and its text is not in the other: a series
    "text_jaccard",  # of the shingles of title + text
    "text_containment",
    "pair_containment",  # of the content words two in a row, in title + text
    "lead_shared",  # share of the words one text opens with that the other story knows, of the two the smaller
    "number_clash",  # 1 if neither story knows any of the other's first numbers: the same words about another thing
    "same_source_number_clash",  # share of those that are not known, of the two the smaller, if of one source; else 0
    "name_clash",  # the same share of the names in the beginning of the text
    "same_source",  # 1 or 0
    "same_url",  # 1 or 0
    "hours_apart",  # at most 72
    "same_source_daily",  # 1 if of one source, and published at the same time of another day: a series
)
"""Names of the evidence on two stories, in the order of the arrays that hold it. All are 0..1 but the hours.

What a story knows are the content words and numbers at its front, cf. `facts.FRONT_TOKENS`. Where a story has no
numbers, or no names, it contradicts none; nor do numbers that count victims, or those of an update or a correction.
What a title names is told by capitals, by its own text, or by `dedup.places`.
"""

_TEXT_TOKENS = 8  # a shorter text says too little to be judged as one
_TRACKERS = np.array(sorted({hash_name(name) for name in TRACKERS}), dtype=np.uint32)


def string_buffers(column: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The offsets (int32[n + 1]) and bytes (uint8[m]) of an Arrow string column, without a copy."""
    _, offsets, data = column.buffers()
    if offsets is None or len(column) == 0:
        return np.zeros(len(column) + 1, dtype=np.int32), np.empty(0, dtype=np.uint8)
    places = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    return places, np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)


def hash_column(column: pa.Array) -> NDArray[np.uint64]:
    """uint64[n], XXH64 of each string's bytes; 0 for an empty one."""
    offsets, data = string_buffers(column)
    hashes = np.empty(len(column), dtype=np.uint64)
    hash_strings(data, offsets, hashes)
    return hashes


def word_meanings() -> dict[bytes, tuple[int, int]]:
    """The words of `dedup.words` and `dedup.places` that say more than their letters, as tokens have them.

    Of each its kind, cf. `dedup.kernels.native.meanings`, and the hash of what it stands for.
    """
    found: dict[str, tuple[int, str]] = {}
    alike = [(CALENDAR, words.CALENDAR_WORDS), (PLAIN, words.SAME_WORDS)]
    alike += [(THOUSAND + k, names) for k, names in enumerate(words.UNITS)]
    alike += [(OPPOSED + side, text) for side, text in enumerate(itertools.chain.from_iterable(words.OPPOSITES))]
    for kind, text in alike:
        for names in words.phrases(text):  # so that forms of the first one that are not listed stand for it too
            found |= dict.fromkeys(names.split(), (kind, names.split()[0][:STEM_LETTERS]))
    for names in itertools.chain.from_iterable(map(words.phrases, PLACES.values())):  # but Columbia is not Columbus
        found |= dict.fromkeys(names.split(), (PLACE, names.split()[0]))
    for digits, names in (*words.NUMBER_WORDS.items(), *words.ORDINAL_WORDS.items()):
        found |= dict.fromkeys(names.split(), (COUNT, digits))
    found |= dict.fromkeys(words.TOLL_WORDS.split(), (TOLL, "")) | dict.fromkeys(words.AGED_WORDS.split(), (AGED, ""))
    meanings = {
        unicodedata.normalize("NFKC", word).casefold().encode(): (kind, xxhash.xxh32_intdigest(value.encode()))
        for word, (kind, value) in found.items()
    }
    return meanings | {word.encode(): (AGAIN, int(AGAIN_VALUE)) for word in words.AGAIN_WORDS.split()}


@functools.cache
def load_meanings() -> Meanings:
    """The same as the kernels take it."""
    meanings = Meanings(
        keys=np.zeros(SLOTS, dtype=np.uint32),
        kinds=np.zeros(SLOTS, dtype=np.uint8),
        values=np.zeros(SLOTS, dtype=np.uint32),
        likely=np.zeros(LIKELY, dtype=np.bool_),
    )
    for word, (kind, value) in word_meanings().items():
        meanings.likely[xxhash.xxh32_intdigest(word.decode()[:STEM_LETTERS].encode()) % LIKELY] = True
        key = xxhash.xxh32_intdigest(word)
        slot = key % SLOTS
        while meanings.keys[slot]:
            slot = (slot + 1) % SLOTS
        meanings.keys[slot], meanings.kinds[slot], meanings.values[slot] = key, kind, value
    return meanings


def gather(batch: pa.RecordBatch, tokens: Tokens, texts: Shingles, stems: NDArray[np.uint32]) -> Facts:
    """What is kept of a batch's stories for verification; `times` are as the feed gives them, UNDATED where missing."""
    count = batch.num_rows
    lengths = np.diff(tokens.offsets)
    longest = max(int(np.diff(texts.bounds).max(initial=0)), int(lengths.max(initial=0)), RUN_POINTS)
    letters = tokens.starts[tokens.offsets[1:]] - tokens.starts[tokens.offsets[:-1]]
    room = np.minimum(9 * lengths + letters + np.diff(texts.bounds), FACTS_CAP).sum()
    hashes = np.empty(room, dtype=np.uint32)
    bounds = np.empty(count + 1, dtype=np.int64)
    sections = np.empty((count, SECTIONS), dtype=np.uint16)
    sides = np.empty(count, dtype=np.uint32)
    gather_facts(
        *(tokens.data, tokens.starts, tokens.flags, stems, tokens.offsets, tokens.title_ends),
        *(texts.hashes, texts.bounds, load_meanings(), np.empty(2 * (longest + LANES), dtype=np.uint32)),
        *(hashes, bounds, sections, sides),
    )
    meta = np.empty((count, META), dtype=np.uint32)
    meta[:, META_TITLE_TOKENS] = tokens.title_ends - tokens.offsets[:-1]
    meta[:, META_TOKENS] = lengths
    sources = hash_column(pc.utf8_lower(pc.utf8_trim_whitespace(batch.column("source"))))
    meta[:, META_SOURCE] = sources & np.uint64(0xFFFFFFFF)
    meta[:, META_URL] = _hash_urls(batch.column("url"))
    has_text = tokens.offsets[1:] - tokens.title_ends >= _TEXT_TOKENS
    meta[:, META_BITS] = HAS_TEXT * has_text + REVISED * (tokens.marks != 0) + (sides << SIDES)
    content = np.empty((count, 2), dtype=np.uint64)
    raw = np.zeros(count, dtype=np.uint64)
    if not lengths.all():  # what a story without a word is the copy of is told by its bytes
        raw = hash_column(batch.column("title")) * np.uint64(31) + hash_column(batch.column("text"))
    hash_contents(tokens.data, tokens.starts, tokens.flags, tokens.offsets, meta[:, META_SOURCE].copy(), raw, content)
    return Facts(hashes[: bounds[-1]].copy(), bounds, sections, meta, _times(batch.column("published")), content)


def says_too_little(facts: Facts) -> NDArray[np.bool_]:
    """bool[n]: whether a story has too few words for evidence to judge it; only an exact copy duplicates it."""
    return np.asarray(facts.sections[:, FRONT] - facts.sections[:, FRONT - 1] < FEWEST_WORDS)


def _hash_urls(column: pa.Array) -> NDArray[np.uint32]:
    offsets, data = string_buffers(column)
    hashes = np.empty(len(column), dtype=np.uint32)
    hash_urls(data, offsets, _TRACKERS, hashes)
    return hashes


def _times(column: pa.Array) -> NDArray[np.int64]:
    """int64[n], microseconds since 1970 or UNDATED."""
    numbers = pc.fill_null(column.cast(pa.int64()), pa.scalar(UNDATED, pa.int64()))
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)


def weigh(facts: Facts, i: int, j: int) -> dict[str, float]:
    """The evidence on stories i and j, by name."""
    values = np.empty(FEATURES, dtype=np.float32)
    measure(facts, i, j, values)
    return dict(zip(EVIDENCE, values.tolist(), strict=True))
