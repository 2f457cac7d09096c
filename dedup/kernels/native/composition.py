"""Which fields need more than a table of code points to be normalised, and what they need first."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import MOST_STACKED
from dedup.kernels.handles import borrow
from dedup.kernels.unicode import BLOCK, MAPPED, Tables, first_records, load_tables
from dedup.kernels.utf8 import REPLACEMENT, byte_at, read_point, record_of, write_point
from dedup.kernels.vectors import WIDTH, ampersand_mask, less_mask, loud_mask, lowest

# Where fields lie: a batch's titles, its texts, and what either became.
Sources = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

# What `survey_fields` finds in a field.
MARKUP = 1  # "<" or "&": may hold HTML
COMPOSES = 2  # code points that NFKC joins or reorders: more than a table can do

_ALL, _ONE = np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(1)
_TABLES, _RECORDS = load_tables(), first_records()
_QUIET = (_TABLES.kinds != MAPPED)[_RECORDS] & ((_TABLES.classes | _TABLES.composes) == 0)[_RECORDS]
"""Whether each code point of at most two bytes neither joins nor passes another."""


@njit(nogil=True, cache=True)
def survey_fields(
    sources: Sources, spans: NDArray[np.int64], rows: NDArray[np.int64], tables: Tables, found: NDArray[np.uint8]
) -> None:
    """Find which of some fields need more than `tokenize_fields` does.

    sources : three uint8[*]  read-only; UTF-8 in name only, any bytes will do
    spans   : int64[n, 3]     field i is sources[spans[i, 0]][spans[i, 1]:spans[i, 2]]
    rows    : int64[r]        the fields wanted
    tables  : what the code points are
    found   : uint8[n]        overwritten for the fields wanted: MARKUP | COMPOSES
    """
    sources, spans, rows, tables, found = borrow(sources), borrow(spans), borrow(rows), borrow(tables), borrow(found)
    for i in rows:
        source, start, end = sources[spans[i, 0]], spans[i, 1], spans[i, 2]
        markup, composes = np.uint64(0), False
        last, after = 0, start  # the class of what was looked at last, and where that ended
        for at in range(start, end, WIDTH):
            size = min(end - at, WIDTH)
            loud, signs = _look_at(source, at, size)
            markup |= signs
            while loud and not composes:
                place = at + lowest(loud)
                loud &= loud - _ONE
                composes, last, after = _meet(source, place, end, last if place == after else 0, tables)
        found[i] = MARKUP * (markup != np.uint64(0)) | COMPOSES * composes


@njit(nogil=True, forceinline=True)
def _look_at(source: NDArray[np.uint8], at: int, size: int) -> tuple[np.uint64, np.uint64]:
    """Which of so many bytes, at most 64, may begin what joins, and which are "<" or "&"."""
    loud = signs = np.uint64(0)
    if at + WIDTH <= source.shape[0]:
        within = _ALL >> np.uint64(WIDTH - size)
        return loud_mask(source, at) & within, (ampersand_mask(source, at) | less_mask(source, at)) & within
    for k in range(np.uint64(size)):
        byte = source[np.uint64(at) + k]
        loud |= np.uint64(byte >= 0xC0) << k
        signs |= np.uint64(byte == 38) | np.uint64(byte == 60)
    return loud, signs


@njit(nogil=True, forceinline=True)
def _meet(source: NDArray[np.uint8], at: int, end: int, last: int, tables: Tables) -> tuple[bool, int, int]:
    """Look at the code point that begins at source[at], after one of class `last`.

    Returns whether NFKC might do more to it than by itself, its class, and where it ends.
    """
    lead = byte_at(source, at)
    if lead < 0xE0 and at + 1 < end:
        second = byte_at(source, at + 1)
        if second & 0xC0 == 0x80 and _QUIET[np.uint64((lead & 0x1F) << 6 | second & 0x3F)]:
            return False, 0, at + 2
    blocks, entries, classes = tables.blocks, tables.entries, tables.classes
    point, at = read_point(source, at, end)
    record = record_of(blocks, entries, point)
    mapped = tables.kinds[record] == MAPPED
    first, end_part = 0, 1
    if mapped:
        first, end_part = tables.sequences[record], tables.sequences[record + 1]
    for k in range(first, end_part):
        if mapped:
            record = record_of(blocks, entries, tables.pool[k])
        rank = int(classes[record])
        if tables.composes[record] or 0 < rank < last:
            return True, rank, at
        last = rank
    return False, last, at


@njit(nogil=True, cache=True)
def copy_known(
    sources: Sources,
    spans: NDArray[np.int64],
    rows: NDArray[np.int64],
    tables: Tables,
    out: NDArray[np.uint8],
    bounds: NDArray[np.int64],
) -> None:
    """Copy some fields as well-formed UTF-8 that the running Python can normalise like any other, and in linear time.

    What is broken or not in the tables becomes U+FFFD, and U+034F, invisible, parts every `MOST_STACKED` combining
    marks in a row: putting marks in order takes time quadratic in their number.

    sources : three uint8[*]  read-only; UTF-8 in name only, any bytes will do
    spans   : int64[n, 3]     field i is sources[spans[i, 0]][spans[i, 1]:spans[i, 2]]
    rows    : int64[r]        the fields wanted
    tables  : what the code points are
    out     : uint8[c]        c at least 4 times the wanted fields' bytes
    bounds  : int64[r + 1]    overwritten: the k-th field wanted is out[bounds[k]:bounds[k + 1]]
    """
    blocks, entries, classes, known = tables.blocks, tables.entries, tables.classes, tables.known
    to = 0
    for k in range(rows.shape[0]):
        source, at, end = sources[spans[rows[k], 0]], spans[rows[k], 1], spans[rows[k], 2]
        stacked = 0
        bounds[k] = to
        while at < end:
            point, at = read_point(source, at, end)
            if not known[np.int64(blocks[point // BLOCK]) * BLOCK + point % BLOCK]:
                point = REPLACEMENT
            stacked = stacked + 1 if classes[record_of(blocks, entries, point)] else 0
            if stacked > MOST_STACKED:
                to = write_point(out, to, 0x034F)
                stacked = 1
            to = write_point(out, to, point)
    bounds[rows.shape[0]] = to
