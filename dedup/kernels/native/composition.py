"""Which fields need more than a table of code points to be normalised, and what they need first."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import MOST_STACKED
from dedup.kernels.handles import borrow
from dedup.kernels.unicode import BLOCK, MAPPED, Tables, first_records, load_tables
from dedup.kernels.utf8 import REPLACEMENT, byte_at, read_point, record_of, write_point
from dedup.kernels.vectors import WIDTH, ampersand_mask, high_mask, less_mask, lowest

# Where fields lie: a batch's titles, its texts, and what either became.
Sources = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

# What `survey_fields` finds in a field.
MARKUP = 1  # "<" or "&": may hold HTML
COMPOSES = 2  # code points that NFKC joins or reorders: more than a table can do

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
        high = markup = np.uint64(0)
        at = start
        while at + WIDTH <= end:
            high |= high_mask(source, at)
            markup |= ampersand_mask(source, at) | less_mask(source, at)
            at += WIDTH
        while at < end:
            byte = source[np.uint64(at)]
            high |= np.uint64(byte >> 7)
            markup |= np.uint64(byte == 38) | np.uint64(byte == 60)
            at += 1
        found[i] = MARKUP * (markup != np.uint64(0))
        if high and _composes(source, start, end, tables):
            found[i] |= COMPOSES


@njit(nogil=True, forceinline=True)
def _composes(source: NDArray[np.uint8], at: int, end: int, tables: Tables) -> bool:
    """Whether NFKC of the field differs from NFKC of each code point by itself, or might."""
    blocks, entries, kinds, classes, composes = (
        tables.blocks,
        tables.entries,
        tables.kinds,
        tables.classes,
        tables.composes,
    )
    last = 0
    while at < end:
        lead = byte_at(source, at)
        if lead < 128:
            last = 0
            at += 1
            if at + WIDTH <= end:
                at += lowest(high_mask(source, at))
            continue
        if lead < 0xE0 and at + 1 < end:
            second = byte_at(source, at + 1)
            if second & 0xC0 == 0x80 and _QUIET[np.uint64((lead & 0x1F) << 6 | second & 0x3F)]:
                last = 0
                at += 2
                continue
        point, at = read_point(source, at, end)
        record = record_of(blocks, entries, point)
        mapped = kinds[record] == MAPPED
        first, end_part = 0, 1
        if mapped:
            first, end_part = tables.sequences[record], tables.sequences[record + 1]
        for k in range(first, end_part):
            if mapped:
                record = record_of(blocks, entries, tables.pool[k])
            rank = int(classes[record])
            if composes[record] or 0 < rank < last:
                return True
            last = rank
    return False


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
