"""One story from its bytes to all that is kept of it, in one call. Its twin is the batch path, by the same kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.handles import Handle, borrow, keep
from dedup.kernels.native.claims import CLAIM
from dedup.kernels.native.composition import survey_fields
from dedup.kernels.native.contents import hash_contents, hash_urls
from dedup.kernels.native.debris import Publishers, Words, compact_tokens, strip_debris
from dedup.kernels.native.evidence import (
    FEWEST_WORDS,
    HAS_TEXT,
    META_BITS,
    META_SOURCE,
    META_TITLE_TOKENS,
    META_TOKENS,
    META_URL,
    REVISED,
)
from dedup.kernels.native.facts import FRONT, gather_facts
from dedup.kernels.native.functions import flag_functions
from dedup.kernels.native.lexicons import Lexicons
from dedup.kernels.native.meanings import Meanings
from dedup.kernels.native.phrases import STRIPPED, compact_words, mark_phrases
from dedup.kernels.native.picks import RUN_POINTS
from dedup.kernels.native.shingles import count_shingles, hash_shingles, hash_stems, hash_title_words
from dedup.kernels.native.signatures import band_keys, minhash
from dedup.kernels.native.tokens import MARGIN, hash_tokens, tokenize_fields
from dedup.kernels.unicode import Tables
from dedup.kernels.vectors import LANES

NEEDS_MORE = -1  # instead of a number of hashes: the story takes what only the batch path does


class Language(NamedTuple):
    """What is known of words before any story is read."""

    salt: np.uint64
    functions: NDArray[np.uint32]  # as `flag_functions` has it
    lexicons: Lexicons
    meanings: Meanings
    trackers: NDArray[np.uint32]  # as `hash_urls` has it


class Cuts(NamedTuple):
    """How a story is cut into shingles, signatures and bands."""

    text: NDArray[np.uint32]  # [2, k] permutations of the signature of title + text
    title: NDArray[np.uint32]  # [2, l] of the title's
    text_bands: int
    text_rows: int
    title_rows: int
    width: int  # tokens in a shingle
    text_tokens: int  # least of a text that is judged as one
    weighed: bool  # by evidence, which judges no story of too few words
    phrases: NDArray[np.uint64]  # read-only, those known, as `mark_phrases` has them
    strips: bool  # whether there are any


class Known(NamedTuple):
    """All that `hash_single` knows beside the story; given as the value of a handle."""

    tables: Tables
    language: Language
    cuts: Cuts


class Kept(NamedTuple):
    """What is kept of one story, all overwritten; cf. `Facts`."""

    hashes: NDArray[np.uint32]  # [FACTS_CAP]
    sections: NDArray[np.uint16]  # [1, 10]
    meta: NDArray[np.uint32]  # [1, 5]
    content: NDArray[np.uint64]  # [1, 2]
    keys: NDArray[np.uint32]  # [bands, 1] 0: no key


@njit(nogil=True, cache=True)
def hash_single(
    known: Handle,
    source: np.uint32,
    source_hashes: NDArray[np.uint32],
    source_name: NDArray[np.uint8],
    data: NDArray[np.uint8],
    title_end: int,
    text_end: int,
    hashes: NDArray[np.uint32],
    sections: NDArray[np.uint16],
    meta: NDArray[np.uint32],
    content: NDArray[np.uint64],
    keys: NDArray[np.uint32],
) -> int:
    """Write what is kept of a story; returns how many hashes that is, or NEEDS_MORE and nothing of meaning is written.

    More is needed for markup, for characters that compose, for scripts without spaces and for a story of no word.

    known         : Known
    source        : uint32     hash of the publisher's name, 0 for none
    source_hashes : uint32[t]  of the tokens of that name
    source_name   : uint8[s]   read-only; the name as given
    data          : uint8[m]   read-only; title, text and URL, back to back; UTF-8 in name only, any bytes will do
    title_end     : int        where the title ends
    text_end      : int        where the text does
    hashes, sections, meta, content, keys : as in `Kept`
    """
    tables, language, cuts = borrow(known.value.tables), borrow(known.value.language), borrow(known.value.cuts)
    data, publisher = borrow(data), (borrow(source_hashes), borrow(source_name))
    out = Kept(borrow(hashes), borrow(sections), borrow(meta), borrow(content), borrow(keys))
    sources = (data, data, data)
    small = (
        np.zeros((2, 3), dtype=np.int64),
        np.empty(2, dtype=np.uint8),
        np.empty(2, dtype=np.int64),
        np.empty(1, dtype=np.uint8),
        np.empty(2, dtype=np.int64),
        np.empty(1, dtype=np.int64),
        np.zeros(1, dtype=np.bool_),
        np.empty(2, dtype=np.int32),
        np.zeros(1, dtype=np.uint64),
    )
    spans, special, ends, marks, offsets, title_ends, stripped, url, raw = borrow(small)
    spans[0, 2], spans[1, 1], spans[1, 2] = title_end, title_end, text_end
    survey_fields(sources, spans, np.arange(2), tables, special)
    if special[0] | special[1]:
        return NEEDS_MORE
    room = text_end // 4 + 2 * MARGIN
    made = Words(
        np.empty(text_end + room, dtype=np.uint8),
        np.empty(room, dtype=np.int64),
        np.empty(room, dtype=np.uint8),
        np.empty(room, dtype=np.uint8),
    )
    words = borrow(made)
    words.starts[0] = 0
    field, _ = tokenize_fields(
        sources, spans, tables, 0, 0, words.data, words.starts, words.flags, words.gaps, ends
    )  # as `dedup.text.tokenize_columns` does, with as much room
    if field < 2:
        return NEEDS_MORE
    flag_functions(words.data, words.starts, language.salt, language.functions, words.flags[: ends[1]])
    _keep_own(words, ends.reshape(1, 2), data, text_end, publisher, language.lexicons, marks, offsets, title_ends)
    if offsets[1] == 0:
        return NEEDS_MORE
    hashed = np.empty(offsets[1], dtype=np.uint32)
    stems = borrow(hashed)
    hash_stems(words.data, words.starts[: offsets[1] + 1], words.flags[: offsets[1]], stems)
    if cuts.strips:
        _strip(words, stems, offsets, title_ends, source, cuts.phrases, stripped)
    count, titled = offsets[1], title_ends[0]
    size = _gather(words, stems[:count], offsets, title_ends, cuts, language.meanings, out)
    told = out.meta[0]
    told[META_TITLE_TOKENS], told[META_TOKENS], told[META_SOURCE] = titled, count, source
    bits = HAS_TEXT * (count - titled >= cuts.text_tokens) + REVISED * (marks[0] != 0) + STRIPPED * stripped[0]
    told[META_BITS] = (told[META_BITS] << CLAIM) + np.uint32(bits)  # there is what the title claims
    url[0], url[1] = text_end, data.shape[0]
    hash_urls(data, url, language.trackers, told[META_URL : META_URL + 1])
    out.keys[out.keys.shape[0] - 1, 0] = told[META_URL]
    if cuts.weighed and out.sections[0, FRONT] - out.sections[0, FRONT - 1] < FEWEST_WORDS:
        out.keys[:] = np.uint32(0)  # cf. `dedup.hashing.hash_batch`
    hash_contents(words.data, words.starts, words.flags, offsets, told[META_SOURCE : META_SOURCE + 1], raw, out.content)
    keep(small)
    keep(made)
    keep(hashed)
    return size


@njit(nogil=True, cache=True)
def hash_name(known: Handle, name: NDArray[np.uint8], hashes: NDArray[np.uint32]) -> int:
    """Write the hashes of a publisher's tokens; returns how many there are, or NEEDS_MORE as `hash_single` does.

    known  : Known
    name   : uint8[m]        read-only; UTF-8
    hashes : uint32[>= m]
    """
    tables, sources = known.value.tables, (name, name, name)
    spans = np.zeros((1, 3), dtype=np.int64)
    spans[0, 2] = name.shape[0]
    special = np.empty(1, dtype=np.uint8)
    survey_fields(sources, spans, np.arange(1), tables, special)
    if special[0]:
        return NEEDS_MORE
    room = name.shape[0] + 2 * MARGIN
    data, starts = np.empty(2 * room, dtype=np.uint8), np.empty(room, dtype=np.int64)
    flags, gaps = np.empty(room, dtype=np.uint8), np.empty(room, dtype=np.uint8)
    ends = np.empty(1, dtype=np.int64)
    starts[0] = 0
    field, count = tokenize_fields(sources, spans, tables, 0, 0, data, starts, flags, gaps, ends)
    if field < 1:
        return NEEDS_MORE
    hash_tokens(data, starts[: count + 1], hashes[:count])
    return np.int64(count)


@njit(nogil=True, cache=True)
def _keep_own(
    words: Words,
    ends: NDArray[np.int64],
    data: NDArray[np.uint8],
    text_end: int,
    publisher: tuple[NDArray[np.uint32], NDArray[np.uint8]],
    lexicons: Lexicons,
    marks: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
) -> None:
    """Take off what is around the story; the last three arguments are overwritten, cf. `compact_tokens`.

    publisher : hashes of the tokens of its name, and the name
    """
    made = (
        np.zeros(2, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.zeros((1, 2), dtype=np.int64),
        np.empty((1, 2), dtype=np.int64),
        np.empty((1, 4), dtype=np.int64),
    )
    bounds, rows, span, url, kept = borrow(made)
    hashes, name = publisher
    bounds[1], span[0, 1] = hashes.shape[0], name.shape[0]
    url[0, 0], url[0, 1] = text_end, data.shape[0]
    publishers = Publishers(hashes, bounds, rows, name, span, data, url)
    strip_debris(words, ends, publishers, lexicons, kept, marks)
    compact_tokens(words, kept, offsets, title_ends)
    keep(made)


@njit(nogil=True, cache=True)
def _strip(
    words: Words,
    stems: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    source: np.uint32,
    phrases: NDArray[np.uint64],
    stripped: NDArray[np.bool_],
) -> None:
    """Take known phrases out of the story; all but source and phrases are overwritten, cf. `compact_words`."""
    sources, kept = np.full(1, source), np.empty(stems.shape[0], dtype=np.bool_)
    mark_phrases(stems, offsets, title_ends, sources, phrases, kept, stripped)
    if stripped[0]:
        compact_words(stems, words.data, words.starts, words.flags, offsets, title_ends, kept, stripped)


@njit(nogil=True, cache=True)
def _gather(
    words: Words,
    stems: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    title_ends: NDArray[np.int64],
    cuts: Cuts,
    meanings: Meanings,
    out: Kept,
) -> int:
    """Write the hashes, the sections, the title's sides as bits, and the keys of both lookups; how many hashes."""
    count = offsets[1]
    data, starts, flags = words.data, words.starts[: count + 1], words.flags[:count]
    small = (
        np.empty(2, dtype=np.int64),
        np.empty(1, dtype=np.int64),
        np.empty(2, dtype=np.int64),
        np.empty(2, dtype=np.int64),
    )
    bounds, ends, title_bounds, facts_bounds = borrow(small)
    count_shingles(offsets, cuts.width, bounds)
    made = (
        np.empty(bounds[1], dtype=np.uint32),
        np.empty(count, dtype=np.uint32),
        np.empty(2 * (max(bounds[1], count, np.int64(RUN_POINTS)) + LANES), dtype=np.uint32),
    )
    shingles, title, scratch = borrow(made)
    hash_shingles(data, starts, flags, offsets, cuts.width, bounds, shingles, ends)
    hash_title_words(data, starts, flags, stems, offsets, title_ends, title, title_bounds)
    gather_facts(
        data,
        starts,
        flags,
        stems,
        offsets,
        title_ends,
        shingles,
        bounds,
        meanings,
        scratch,
        out.hashes,
        facts_bounds,
        out.sections,
        out.meta[0, META_BITS : META_BITS + 1],
    )
    top, last = cuts.text_bands, out.keys.shape[0] - 1
    _cut(shingles, bounds[:1], ends, cuts.text, cuts.text_rows, out.keys[:top])
    _cut(title, title_bounds[:1], title_bounds[1:], cuts.title, cuts.title_rows, out.keys[top:last])
    size = facts_bounds[1]
    keep(small)
    keep(made)
    return size


@njit(nogil=True, cache=True)
def _cut(
    hashes: NDArray[np.uint32],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    permutations: NDArray[np.uint32],
    rows: int,
    keys: NDArray[np.uint32],
) -> None:
    """Sign some hashes and cut the signature into the bands of `keys`; cf. `dedup.bands.cut_bands`."""
    signature = np.empty((1, permutations.shape[1]), dtype=np.uint32)
    values = borrow(signature)
    minhash(hashes, begins, ends, permutations[0], permutations[1], values)
    band_keys(values, begins, ends, rows, keys)
    keep(signature)
