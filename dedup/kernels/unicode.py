"""What the text kernels know of every code point, as flat arrays.

The arrays are made from the standard library's `unicodedata` and `html.entities` once and shipped as `unicode.npz`,
so that every Python normalises alike; a code point the shipped Unicode version does not know is a separator.
`python -m dedup.kernels.unicode` makes the file anew; run it with the oldest supported Python, whose Unicode version
every later one contains.
"""

from __future__ import annotations

import functools
import sys
import unicodedata
from html.entities import html5
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# What a code point is to the tokeniser, once NFKC has been applied.
SEPARATOR = 0  # ends a token
IGNORED = 1  # invisible: as if it were not there
MARKED = 2  # a combining mark: belongs to the character before it
LOWER = 3  # letters from here on
UPPER = 4
TITLE = 5
LETTER = 6  # a letter without case
DIGIT = 7  # general category N*
CHARACTER = 8  # a letter of a script without spaces
MAPPED = 9  # not itself under NFKC: look at the code points it stands for

# What a separator does to the gap between two tokens.
GAP_SPACE = 1
GAP_DOT = 2  # "."
GAP_STOP = 4  # ends a sentence or line whatever follows
GAP_COLON = 8
GAP_BAR = 16  # parts a title from its publisher wherever it stands
GAP_HYPHEN = 32  # a break when nothing but spaces and signs are beside it
GAP_DASH = 64  # a break when a space is beside it
GAP_OPEN = 128
GAP_CLOSE = 256

SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85"  # besides the general categories Zs, Zl, Zp
STOPS = "!?\n\v\f\r\x85\u2028\u2029\u061f\u06d4\u0964\u0965\u3002"
BARS = "|\u00a6\u00bb\u203a\u2022\u2502\u2503\u2758"
HYPHENS = "-\u2010"
DASHES = "\u00b7\u2012\u2013\u2014\u2015\u2212\u2e3a\u2e3b"
OPENING = "([\u3010\u3014\u300a"
CLOSING = ")]\u3011\u3015\u300b"

# The property Default_Ignorable_Code_Point, which `unicodedata` lacks; U+200B ZERO WIDTH SPACE parts words instead.
IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200C, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)

# Blocks of the scripts without spaces between words; only their letters (L*) and letter numbers (Nl) count.
UNSPACED = (
    (0x0E00, 0x0E7F),  # Thai
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x303C),
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # Myanmar
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),  # Han
    (0x1AFF0, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)

BLOCK = 128  # code points a block of the two-stage table
TWO_BYTES = 0x800  # code points below take one byte or two in UTF-8
PATH = Path(__file__).with_name("unicode.npz")


class Tables(NamedTuple):
    """Everything the text kernels look up; r records, each shared by the code points that behave alike."""

    blocks: NDArray[np.uint16]  # [0x110000 / BLOCK] number of each block of code points among `entries`
    entries: NDArray[np.uint16]  # [blocks * BLOCK] record of each code point
    kinds: NDArray[np.uint8]  # [r] SEPARATOR ... MAPPED
    gaps: NDArray[np.uint16]  # [r] GAP_* bits of a separator
    classes: NDArray[np.uint8]  # [r] canonical combining class
    composes: NDArray[np.uint8]  # [r] 1: may join a code point before it under NFC
    sequences: NDArray[np.int32]  # [r + 1] what record k becomes: pool[sequences[k]:sequences[k + 1]], empty: itself
    pool: NDArray[np.int32]  # code points: NFKC of a MAPPED record, else its case folding
    entity_slots: NDArray[np.int16]  # [power of two] open addressing by entity_hash: entity number, -1 empty
    entity_starts: NDArray[np.int32]  # [e + 1] name of entity k, without "&" and ";"
    entity_names: NDArray[np.uint8]  # the names back to back
    entity_points: NDArray[np.int32]  # [e, 2] the one or two code points, 0 for none
    known: NDArray[np.uint8]  # [blocks * BLOCK] 1: assigned in this Unicode version (indexed like `entries`)
    version: NDArray[np.uint8]  # the Unicode version in ASCII


@functools.cache
def load_tables() -> Tables:
    """The shipped tables; the arrays are read-only and shared by all threads."""
    with np.load(PATH, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in Tables._fields}
    for array in arrays.values():
        array.flags.writeable = False
    return Tables(**arrays)


def first_records() -> NDArray[np.uint16]:
    """uint16[TWO_BYTES], the records of the first code points."""
    tables = load_tables()
    return tables.entries.reshape(-1, BLOCK)[tables.blocks[: TWO_BYTES // BLOCK]].reshape(-1)


def table_version(tables: Tables) -> str:
    """The Unicode version the tables were made from, such as "14.0.0"."""
    return tables.version.tobytes().decode("ascii")


def make_tables() -> Tables:
    """The tables of the running Python's Unicode version; takes some seconds."""
    composing = _composing()
    records: dict[tuple[int, int, int, int, str], int] = {}
    numbers = np.empty(0x110000, dtype=np.uint16)
    known = np.empty(0x110000, dtype=np.uint8)
    for point in range(0x110000):
        record = _record(point, composing)
        numbers[point] = records.setdefault(record, len(records))
        known[point] = unicodedata.category(chr(point)) not in ("Cn", "Cs")
    pool, sequences = _pooled([text for *_, text in records])
    both = np.stack([numbers.reshape(-1, BLOCK), known.reshape(-1, BLOCK)], axis=1)
    distinct, blocks = np.unique(both.reshape(len(both), -1), axis=0, return_inverse=True)
    distinct = distinct.reshape(-1, 2, BLOCK)
    return Tables(
        blocks.reshape(-1).astype(np.uint16),
        distinct[:, 0].reshape(-1).astype(np.uint16),
        np.array([kind for kind, *_ in records], dtype=np.uint8),
        np.array([gap for _, gap, *_ in records], dtype=np.uint16),
        np.array([rank for _, _, rank, *_ in records], dtype=np.uint8),
        np.array([joins for _, _, _, joins, _ in records], dtype=np.uint8),
        sequences,
        pool,
        *_entities(),
        distinct[:, 1].reshape(-1).astype(np.uint8),
        np.frombuffer(unicodedata.unidata_version.encode("ascii"), dtype=np.uint8).copy(),
    )


def entity_hash(name: bytes) -> int:
    """FNV-1a, 32 bits, of an entity's name: its place in `entity_slots`."""
    value = 0x811C9DC5
    for byte in name:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def kind_of(char: str) -> int:
    """What a code point that is its own NFKC is to the tokeniser."""
    category = unicodedata.category(char)
    if category != "Cn" and _within(char, IGNORABLE):
        return IGNORED
    if category[0] == "M":
        return MARKED
    if (category[0] == "L" or category == "Nl") and _within(char, UNSPACED):
        return CHARACTER
    if category[0] == "N":
        return DIGIT
    return {"Ll": LOWER, "Lu": UPPER, "Lt": TITLE, "Lo": LETTER, "Lm": LETTER}.get(category, SEPARATOR)


def is_space(char: str) -> bool:
    """Whether the separator is white space."""
    return char in SPACES or unicodedata.category(char)[0] == "Z"


def _record(point: int, composing: frozenset[int]) -> tuple[int, int, int, int, str]:
    """Kind, gap bits, combining class, whether it composes, and what it becomes ("" for itself)."""
    char = chr(point)
    composed = unicodedata.normalize("NFKC", char)
    rank = unicodedata.combining(char)
    if composed != char:
        return MAPPED, 0, rank, 0, composed
    kind = kind_of(char)
    folded = char.casefold() if kind >= MARKED else char
    gap = _gap(char) if kind == SEPARATOR else 0
    return kind, gap, rank, point in composing, "" if folded == char else folded


def _gap(char: str) -> int:
    """The GAP_* bits of a separator."""
    if is_space(char):
        return GAP_SPACE | (GAP_STOP if char in STOPS else 0)
    signs = (STOPS, GAP_STOP), (BARS, GAP_BAR), (HYPHENS, GAP_HYPHEN), (DASHES, GAP_DASH)
    brackets = (OPENING, GAP_OPEN), (CLOSING, GAP_CLOSE), (".", GAP_DOT), (":", GAP_COLON)
    return sum(bit for chars, bit in signs + brackets if char in chars)


def _within(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(char) <= last for first, last in ranges)


def _composing() -> frozenset[int]:
    """The code points that can join one before them under NFC: the quick check's Maybe, Unicode annex 15."""
    points = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))  # Hangul vowels and finals, joined by rule
    for point in range(0x110000):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.normalize("NFC", chr(point)) == chr(point):
            points.add(int(parts[1], 16))
    return frozenset(points)


def _pooled(texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The texts' code points back to back, and where each begins and the last ends."""
    pool = [ord(char) for text in texts for char in text]
    lengths = [len(text) for text in texts]
    return np.array(pool, dtype=np.int32), np.cumsum([0, *lengths], dtype=np.int32)


def _entities() -> tuple[NDArray[np.int16], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int32]]:
    """The four entity arrays of `Tables`: HTML's named character references that end in ";"."""
    named = sorted((name[:-1].encode("ascii"), text) for name, text in html5.items() if name.endswith(";"))
    slots = np.full(8192, -1, dtype=np.int16)
    for number, (name, _) in enumerate(named):
        slot = entity_hash(name) % len(slots)
        while slots[slot] >= 0:
            slot = (slot + 1) % len(slots)
        slots[slot] = number
    starts = np.cumsum([0, *(len(name) for name, _ in named)], dtype=np.int32)
    names = np.frombuffer(b"".join(name for name, _ in named), dtype=np.uint8).copy()
    points = np.array([[ord(char) for char in text.ljust(2, "\0")] for _, text in named], dtype=np.int32)
    return slots, starts, names, points


if __name__ == "__main__":
    made = make_tables()
    np.savez_compressed(PATH, **made._asdict())
    sys.stdout.write(f"{PATH}: Unicode {table_version(made)}, {len(made.kinds)} records, {PATH.stat().st_size} bytes\n")
