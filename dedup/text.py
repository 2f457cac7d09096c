"""Story batches into normalised tokens: markup, scripts, and what wires and scrapers put around a story dealt with."""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dedup import words
from dedup.kernels.flags import CORRECTED, UPDATED
from dedup.kernels.native.composition import COMPOSES, MARKUP, Sources, copy_known, survey_fields
from dedup.kernels.native.debris import Publishers, Words, compact_tokens, strip_debris
from dedup.kernels.native.functions import flag_functions, spread_tokens
from dedup.kernels.native.lexicons import Lexicon, Lexicons
from dedup.kernels.native.markup import remove_markup
from dedup.kernels.native.tokens import MARGIN, hash_tokens, tokenize_fields
from dedup.kernels.unicode import load_tables

_FUNCTION_BUCKETS = 512  # of the table of function words: a power of two, a quarter of their number
_BUCKET = 8
_MOST_SALTS = 1000  # one in a few fits
_SALT = np.uint64(0x9E3779B97F4A7C15)  # those tried are odd multiples of it


@dataclass(frozen=True, slots=True)
class Tokens:
    """Normalised tokens of a batch of n stories, each story's title tokens first, then its text's; t in all.

    What is around a story is not among them: publisher suffixes, wire prefixes, datelines, "Read more".
    """

    data: NDArray[np.uint8]  # the tokens' UTF-8, one space after each: w in a row are data[starts[k]:starts[k + w] - 1]
    starts: NDArray[np.int64]  # [t + 1] token k is data[starts[k]:starts[k + 1] - 1]
    flags: NDArray[np.uint8]  # [t] NUMBER ... BIGRAM of dedup.kernels.flags
    offsets: NDArray[np.int64]  # [n + 1] story i owns tokens offsets[i]:offsets[i + 1], possibly none
    title_ends: NDArray[np.int64]  # [n] its title is tokens offsets[i]:title_ends[i]
    marks: NDArray[np.uint8]  # [n] UPDATED | CORRECTED of dedup.kernels.flags


@dataclass(frozen=True, slots=True)
class _Language:
    """The words of `dedup.words` as the kernels take them."""

    salt: np.uint64
    functions: NDArray[np.uint32]  # [_FUNCTION_BUCKETS, _BUCKET] as `flag_functions` has it
    lexicons: Lexicons


def tokenize(batch: pa.RecordBatch) -> Tokens:
    """The tokens of a story batch's titles and texts; safe to call from several threads at once.

    The columns title, text, source and url of `STORY_SCHEMA` are read. No content makes this fail: broken UTF-8 parts
    words, markup is taken out, an empty field has no tokens.

    >>> story = {"title": "Cod stocks recover - The Example", "text": "OSLO (AP) - Cod is back.", "source": "Example"}
    >>> tokens = tokenize(pa.RecordBatch.from_pylist([{**story, "url": ""}]))
    >>> tokens.data.tobytes()
    b'cod stocks recover cod is back '
    """
    found, _, kept, marks = own_tokens(batch)
    offsets = np.empty(batch.num_rows + 1, dtype=np.int64)
    title_ends = np.empty(batch.num_rows, dtype=np.int64)
    compact_tokens(found, kept, offsets, title_ends)
    starts = found.starts[: offsets[-1] + 1]
    return Tokens(
        found.data[: starts[-1]],
        starts,
        found.flags[: offsets[-1]],
        offsets,
        title_ends,
        marks,
    )


def own_tokens(batch: pa.RecordBatch) -> tuple[Words, NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """All tokens of a batch of n stories, and which of them are the stories' own.

    Returns:
        The tokens, with room beyond them; int64[n, 2], where those of each title and text end; int64[n, 4], first and
        end of the title's own ones and of the text's; uint8[n], the stories' marks. Cf. `strip_debris`.
    """
    language = _load_language()
    found, ends = tokenize_columns([batch.column("title"), batch.column("text")])
    flag_functions(found.data, found.starts, language.salt, language.functions, found.flags[: ends[-1:].max(initial=0)])
    kept = np.empty((batch.num_rows, 4), dtype=np.int64)
    marks = np.empty(batch.num_rows, dtype=np.uint8)
    strip_debris(found, ends, _publishers(batch), language.lexicons, kept, marks)
    return found, ends, kept, marks


def plain_field(text: str) -> str:
    """A field without markup, entities decoded, as its tokens are read: what is no Unicode in it is U+FFFD.

    >>> plain_field("<b>Cod</b> &amp; chips")
    ' Cod  & chips'
    """
    sources, spans = _fields(pa.array([text], pa.string()), 0)
    plain = np.empty(_size(spans, np.zeros(1, dtype=np.int64)) * 3 // 2 + 16, dtype=np.uint8)
    nothing = _frozen(np.empty(0, dtype=np.uint8))
    remove_markup((sources, nothing, nothing), spans, np.zeros(1, dtype=np.int64), load_tables(), plain)
    return plain[: spans[0, 2]].tobytes().decode("utf-8", "replace")


def tokenize_columns(columns: Sequence[pa.Array]) -> tuple[Words, NDArray[np.int64]]:
    """All tokens of one or two string columns of n rows, row by row, and where each field's end: int64[n, columns].

    The arrays of `Words` have room beyond the tokens; no token has the flag FUNCTION yet.
    """
    sources, spans = _plain_fields(columns)
    ends = np.empty(len(spans), dtype=np.int64)
    size = int((spans[:, 2] - spans[:, 1]).sum())
    # Enough for words of any European language; what needs more, such as bigrams, has the arrays doubled.
    data = np.empty(size + size // 4 + 2 * MARGIN, dtype=np.uint8)
    starts = np.empty(size // 4 + 2 * MARGIN, dtype=np.int64)
    flags = np.empty(len(starts), dtype=np.uint8)
    gaps = np.empty(len(starts), dtype=np.uint8)
    starts[0] = field = token = 0
    while True:
        field, token = tokenize_fields(sources, spans, load_tables(), field, token, data, starts, flags, gaps, ends)
        if field == len(spans):
            break
        data, flags, gaps = _doubled(data), _doubled(flags), _doubled(gaps)
        starts = np.concatenate([starts, np.empty_like(starts)])
    return Words(data, starts, flags, gaps), ends.reshape(-1, len(columns))


def _plain_fields(columns: Sequence[pa.Array]) -> tuple[Sources, NDArray[np.int64]]:
    """Where the fields' plain text lies, row by row, as `tokenize_fields` takes it: sources and spans."""
    tables = load_tables()
    values, spans = zip(*(_fields(column, number) for number, column in enumerate(columns)), strict=True)
    both = np.stack(spans, axis=1).reshape(-1, 3)
    sources = (values[0], values[-1], _frozen(np.empty(0, dtype=np.uint8)))
    found = np.empty(len(both), dtype=np.uint8)
    survey_fields(sources, both, np.arange(len(both)), tables, found)
    rows = np.flatnonzero(found & MARKUP)
    if len(rows):
        plain = np.empty(_size(both, rows) * 3 // 2 + 16, dtype=np.uint8)
        remove_markup(sources, both, rows, tables, plain)
        sources = (*sources[:2], _frozen(plain[: both[rows[-1], 2]]))
        survey_fields(sources, both, rows, tables, found)
    rows = np.flatnonzero(found & COMPOSES)
    if len(rows):
        composed = _compose(sources, both, rows)
        both[rows, 0] = 2
        both[rows, 1:] = composed[1] + len(sources[2])
        sources = (*sources[:2], _frozen(np.concatenate([sources[2], composed[0]])))
    return sources, both


def _compose(
    sources: Sources, spans: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """NFKC by the running Python of the fields that tables cannot do: their bytes, and int64[r, 2] where each lies."""
    known = np.empty(4 * _size(spans, rows), dtype=np.uint8)
    bounds = np.empty(len(rows) + 1, dtype=np.int64)
    copy_known(sources, spans, rows, load_tables(), known, bounds)
    pieces = [
        unicodedata.normalize("NFKC", known[start:end].tobytes().decode()).encode()
        for start, end in itertools.pairwise(bounds)
    ]
    ends = np.cumsum([len(piece) for piece in pieces])
    starts = np.concatenate([[0], ends[:-1]])
    return np.frombuffer(b"".join(pieces), dtype=np.uint8), np.stack([starts, ends], axis=1)


def _fields(column: pa.Array, number: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """A string column's bytes, read-only and not copied, and int64[n, 3] spans that call it source `number`."""
    column = _strings(column)
    spans = np.full((len(column), 3), number, dtype=np.int64)
    _, offsets, data = column.buffers()
    if not len(column) or not data:
        spans[:, 1:] = 0
        return _frozen(np.empty(0, dtype=np.uint8)), spans
    kind = np.int32 if pa.types.is_string(column.type) else np.int64
    bounds = np.frombuffer(offsets, dtype=kind)[column.offset : column.offset + len(column) + 1]
    spans[:, 1], spans[:, 2] = bounds[:-1], bounds[1:]
    return _frozen(np.frombuffer(data, dtype=np.uint8)), spans


def _strings(column: pa.Array) -> pa.Array:
    """The column as one whose bytes lie back to back, "" for what is missing."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        column = column.cast(pa.large_string())
    return column.fill_null("") if column.null_count else column


def _publishers(batch: pa.RecordBatch) -> Publishers:
    """Who published each story, every name tokenised once."""
    named = _strings(batch.column("source")).dictionary_encode()
    hashes, ends = _hash_all(named.dictionary)
    names, name_spans = _fields(named.dictionary, 0)
    urls, url_spans = _fields(batch.column("url"), 0)
    return Publishers(
        hashes,
        np.concatenate([[0], ends]),
        named.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        names,
        np.ascontiguousarray(name_spans[:, 1:]),
        urls,
        np.ascontiguousarray(url_spans[:, 1:]),
    )


@functools.cache
def _load_language() -> _Language:
    """The words of `dedup.words`, normalised by the kernels themselves."""
    salt, functions = _function_table()
    prefixes = {words.WIRE_PREFIXES: 0, words.UPDATING_PREFIXES: UPDATED, words.CORRECTING_PREFIXES: CORRECTED}
    verbs = {words.ADDING_VERBS: UPDATED, words.CORRECTING_VERBS: CORRECTED}
    return _Language(
        salt,
        functions,
        Lexicons(
            _lexicon(prefixes, 0),
            _lexicon(verbs, 0),
            _lexicon({words.CHARACTER_COUNTS: 0}, 0),
            _lexicon({words.AGENCIES: 0}, -1),
            _lexicon({words.TRAILING_PHRASES: 0}, -1),
            np.array(_hashed(["<b>the</b>"])[0], dtype=np.uint32),  # the markup: so that its kernel is ready, too
            np.array([int.from_bytes(name.encode("ascii"), "little") for name in words.SECOND_LEVELS.split()]),
        ),
    )


def _lexicon(lists: Mapping[str, int], end: int) -> Lexicon:
    """The phrases of some lists and the marks they make, by their first (0) or last (-1) token."""
    marks = {phrase: mark for text, mark in lists.items() for phrase in _hashed(words.phrases(text))}
    phrases = sorted(marks, key=lambda phrase: (phrase[end], phrase))
    return Lexicon(
        np.array([phrase[end] for phrase in phrases], dtype=np.uint32),
        np.cumsum([0, *map(len, phrases)], dtype=np.int64),
        np.array([value for phrase in phrases for value in phrase], dtype=np.uint32),
        np.array([marks[phrase] for phrase in phrases], dtype=np.uint8),
    )


def _hashed(phrases: Sequence[str]) -> list[tuple[int, ...]]:
    """The token hashes of each phrase."""
    hashes, ends = _hash_all(pa.array(phrases, pa.string()))
    return [tuple(hashes[start:end].tolist()) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _hash_all(column: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The hashes of all tokens of a string column, and where each row's end."""
    found, ends = tokenize_columns([column])
    hashes = np.empty(ends[-1, 0] if len(ends) else 0, dtype=np.uint32)
    hash_tokens(found.data, found.starts, hashes)
    return hashes, ends[:, 0]


def _function_table() -> tuple[np.uint64, NDArray[np.uint32]]:
    """The function words by their keys, and the salt of the keys: the first that leaves no bucket too full."""
    every = sorted(set(" ".join(words.FUNCTION_WORDS.values()).split()))
    found, ends = tokenize_columns([pa.array(every, pa.string())])
    keys = np.empty(ends[-1, 0], dtype=np.uint64)
    for salt in np.arange(1, 2 * _MOST_SALTS, 2, dtype=np.uint64) * _SALT:
        spread_tokens(found.data, found.starts, salt, keys)
        distinct = np.unique(keys)
        buckets = (distinct >> np.uint64(64 - _FUNCTION_BUCKETS.bit_length() + 1)).astype(np.int64)
        if np.bincount(buckets).max() <= _BUCKET:
            break
    table = np.zeros((_FUNCTION_BUCKETS, _BUCKET), dtype=np.uint32)
    firsts = np.searchsorted(buckets, buckets)
    table[buckets, np.arange(len(distinct)) - firsts] = distinct.astype(np.uint32)
    return salt, table


def _size(spans: NDArray[np.int64], rows: NDArray[np.int64]) -> int:
    """The bytes of some fields together."""
    return int((spans[rows, 2] - spans[rows, 1]).sum())


def _doubled(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The array with as much room again."""
    return np.concatenate([array, np.empty_like(array)])


def _frozen(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A view that cannot be written through: Arrow's memory must not be, and kernels are compiled for such."""
    view = array.view()
    view.flags.writeable = False
    return view
