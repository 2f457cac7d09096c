"""Tokens and shingles -> the facts kept of a story, and what they say of two stories."""

from __future__ import annotations

import functools
import itertools
import unicodedata
from array import array
from collections.abc import Mapping
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from xxhash import xxh32_intdigest

from dedup import words
from dedup.kernels.native.claims import CLAIM
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
    UNDATED,
    Facts,
    measure,
)
from dedup.kernels.native.facts import FACTS_CAP, FRONT, SECTIONS, SPARE, gather_facts
from dedup.kernels.native.meanings import (
    AGAIN,
    AGAIN_VALUE,
    AGED,
    AGENT,
    CALENDAR,
    COUNT,
    EVERYDAY,
    FIRST,
    LIKELY,
    LISTED,
    NEGATION,
    OPPOSED,
    PHRASE,
    PLAIN,
    SLOTS,
    SORTS,
    SUBJECT,
    THING,
    THINGS_FROM,
    THOUSAND,
    TOLL,
    WORD,
    Meanings,
)
from dedup.kernels.native.picks import RUN_POINTS
from dedup.kernels.reference.contents import TRACKERS, hash_name
from dedup.kernels.reference.facts import plain
from dedup.kernels.reference.shingles import stem, xxh32
from dedup.places import ENDINGS, PLACES, SHORT
from dedup.shingles import Shingles
from dedup.subjects import SUBJECTS
from dedup.text import Tokens
from dedup.things import RUSSIAN, THING_ENDINGS, THINGS

Meaning = tuple[int, int]  # of a word or phrase: its kind, and the hash of what it stands for

EVIDENCE = (
    "title_jaccard",  # of the titles' content words, cut to stems
    "title_containment",  # of the smaller set in the larger
    "title_spelling",  # Jaccard of the titles' letters, three in a row: "Jos. A. Bank" and "Jos A Bank"
    "title_found",  # share of a title's words that the other story knows, of the two the larger
    "title_number_clash",  # share of numbers and days that one title lacks, if both do, times title_containment
    "title_name_clash",  # title_containment, if each title has a name, a place or the like that the other story lacks,
    # or each a thing of one sort: a school, a church
    "title_opposed",  # title_containment, if they say the contrary of each other ("settles up", "settles down");
    # title_jaccard, if one says "not" or they exchange two subjects ("Peru sues Chile", "Chile sues Peru")
    "title_again",  # 1 if one story says that it happened again and the other, 18 hours or more apart, does not
    "same_source_title_clash",  # 1 if of one source and a name of a title and its text is not in the other, or of the
    # words of each title the other story lacks three in ten, and of what a text opens with some: a series
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
What a title names is told by capitals, by its own text, by not being among the words of `everyday.txt`, or by
`dedup.places` and `dedup.subjects`; things by `dedup.things`.
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


@functools.cache
def word_meanings() -> Mapping[bytes, Meaning]:
    """What of the lists says more than its letters, as tokens have it: words, and phrases of two with a space between.

    Of each its kind, cf. `dedup.kernels.native.meanings`, and the hash of what it stands for.
    """
    found = _subjects() | _things()
    alike = [(CALENDAR, words.CALENDAR_WORDS), (PLAIN, words.SAME_WORDS)]
    alike += [(THOUSAND + k, names) for k, names in enumerate(words.UNITS)]
    alike += [(OPPOSED + side, text) for side, text in enumerate(itertools.chain.from_iterable(words.OPPOSITES))]
    for kind, text in alike:
        for names in map(_spoken, words.phrases(text)):  # so that unlisted forms of the first one stand for it too
            found |= dict.fromkeys(names, (kind, stem((names[0].encode(), 0))))
    for digits, text in (*words.NUMBER_WORDS.items(), *words.ORDINAL_WORDS.items()):
        found |= dict.fromkeys(text.split(), (COUNT, xxh32(digits.encode())))
    marks = {TOLL: words.TOLL_WORDS, AGED: words.AGED_WORDS, NEGATION: words.NEGATIONS, AGENT: words.AGENT_WORDS}
    for kind, text in marks.items():
        found |= dict.fromkeys(_spoken(text), (kind, 0))
    found |= dict.fromkeys(words.AGAIN_WORDS.split(), (AGAIN, int(AGAIN_VALUE)))
    return {
        unicodedata.normalize("NFKC", word).casefold().encode(): (kind, value if kind == THING else plain(value))
        for word, (kind, value) in found.items()
    }


def _things() -> dict[str, Meaning]:
    """The things that are listed, and their forms: each stands for the first of its group, and tells its sort.

    Sorts are counted from 1.
    """
    found: dict[str, Meaning] = {}
    forms: dict[str, Meaning] = {}
    for sort, text in enumerate(THINGS.values(), 1):
        for names in map(_spoken, words.phrases(text)):
            told = xxh32(names[0].encode()) * 2 * int(SORTS) + sort
            meaning = THING, told % 2**32 | int(THINGS_FROM)
            found |= dict.fromkeys(names, meaning)
            for name in names:
                if name[0] in RUSSIAN:
                    forms |= dict.fromkeys(_forms(name, THING_ENDINGS), meaning)
    return forms | found  # what is listed goes before


def _subjects() -> dict[str, Meaning]:
    """The subjects that are listed, and their forms: each stands for the first of its group, as it is written in full.

    For Columbia is not Columbus.
    """
    found: dict[str, Meaning] = {}
    forms: dict[str, Meaning] = {}
    for language, text in (*PLACES.items(), *SUBJECTS.items()):
        endings = ENDINGS.get(language, ENDINGS["en"])
        for names in map(_spoken, words.phrases(text)):
            meaning = SUBJECT, xxh32(unicodedata.normalize("NFKC", names[0]).casefold().encode())
            found |= dict.fromkeys(names, meaning)
            for name in names:
                forms |= dict.fromkeys(_forms(name, endings), meaning)
    return forms | found  # what is listed goes before


def _forms(name: str, endings: Mapping[str, str]) -> list[str]:
    """A name with other endings; cf. `dedup.places.ENDINGS`."""
    ending = next((ending for ending in endings if name.endswith(ending)), None)
    if ending is None or len(name) <= SHORT:
        return []
    return [name.removesuffix(ending) + new for new in endings[ending].split()]


def _spoken(text: str) -> list[str]:
    """The words of a list, and its phrases, whose words it joins by "_"."""
    return [word.replace("_", " ") for word in text.split()]


def everyday_words() -> list[bytes]:
    """Words, or their first bytes, that English has small letters for; cf. `everyday.txt`."""
    return files("dedup").joinpath("everyday.txt").read_bytes().split()


@functools.cache
def load_meanings() -> Meanings:
    """The same as the kernels take it."""
    everyday = np.array([*map(xxh32_intdigest, everyday_words())], dtype=np.int64)
    marked = np.zeros(LIKELY, dtype=np.uint8)
    for places, bits in ((everyday, everyday >> 30), (everyday >> 15, everyday & 3)):
        np.bitwise_or.at(marked, places % LIKELY, (EVERYDAY << bits).astype(np.uint8))
    keys, values = array("I", bytes(4 * SLOTS)), array("I", bytes(4 * SLOTS))  # to fill them is quicker than NumPy's
    kinds, likely = bytearray(SLOTS), bytearray(marked)
    listed = word_meanings()
    for (word, (kind, value)), key in zip(listed.items(), map(xxh32_intdigest, listed), strict=True):
        before, _, last = word.rpartition(b" ")
        mark = stem((last, 0))
        likely[mark % LIKELY] |= PHRASE if before else WORD
        if before:
            likely[stem((before, 0)) % LIKELY] |= FIRST  # as of a token: none is a number longer than a stem
        else:
            likely[mark >> 15] |= LISTED
        slot = key % SLOTS
        while keys[slot]:
            slot = (slot + 1) % SLOTS
        keys[slot], kinds[slot], values[slot] = key, kind, value
    return Meanings(
        keys=np.array(keys, dtype=np.uint32),
        kinds=np.frombuffer(kinds, dtype=np.uint8),
        values=np.array(values, dtype=np.uint32),
        likely=np.frombuffer(likely, dtype=np.uint8),
    )


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
    claims = np.empty(count, dtype=np.uint32)
    gather_facts(
        *(tokens.data, tokens.starts, tokens.flags, stems, tokens.offsets, tokens.title_ends),
        *(texts.hashes, texts.bounds, load_meanings(), np.empty(longest + SPARE, dtype=np.uint32)),
        *(hashes, bounds, sections, claims),
    )
    meta = np.empty((count, META), dtype=np.uint32)
    meta[:, META_TITLE_TOKENS] = tokens.title_ends - tokens.offsets[:-1]
    meta[:, META_TOKENS] = lengths
    sources = hash_column(pc.utf8_lower(pc.utf8_trim_whitespace(batch.column("source"))))
    meta[:, META_SOURCE] = sources & np.uint64(0xFFFFFFFF)
    meta[:, META_URL] = _hash_urls(batch.column("url"))
    has_text = tokens.offsets[1:] - tokens.title_ends >= _TEXT_TOKENS
    meta[:, META_BITS] = HAS_TEXT * has_text + REVISED * (tokens.marks != 0) + (claims << CLAIM)
    content = np.empty((count, 2), dtype=np.uint64)
    raw = np.zeros(count, dtype=np.uint64)
    if not lengths.all():  # what a story without a word is the copy of is told by its bytes
        raw = hash_column(batch.column("title")) * np.uint64(31) + hash_column(batch.column("text"))
    hash_contents(tokens.data, tokens.starts, tokens.flags, tokens.offsets, meta[:, META_SOURCE].copy(), raw, content)
    return Facts(hashes[: bounds[-1]], bounds, sections, meta, _times(batch.column("published")), content)


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
