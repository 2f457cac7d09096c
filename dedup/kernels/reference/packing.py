"""Sets of hashes in the code of Elias and Fano, one story at a time, as text of bits."""

from __future__ import annotations

from collections.abc import Sequence

FRONT = 5  # the set that the others are told by
IN_FRONT = (2, 4, 6, 7, 8, 9)  # sets of words, most of which the front holds: all but shingles, pairs and runs


def pack_story(sets: Sequence[Sequence[int]]) -> tuple[int, bytes]:
    """Which of a story's ten sets are told by bits for the front's values, as bits of a number, and all of them packed.

    Args:
        sets: sorted distinct values, 0 to 2**32 - 1, of each.
    """
    front, marked, packed = sets[FRONT], 0, b""
    for s in [FRONT, *(s for s in range(len(sets)) if s != FRONT)]:
        own = _pack_set(sets[s])
        marks = _to_bytes("".join("1" if value in sets[s] else "0" for value in front))
        if s in IN_FRONT and set(sets[s]) <= set(front) and len(marks) < len(own):
            marked |= 1 << s
            own = marks
        packed += own
    return marked, packed + bytes(-len(packed) % 4)


def _pack_set(values: Sequence[int]) -> bytes:
    if not values:
        return b""
    width = 32 - (len(values) - 1).bit_length()
    low = "".join(f"{value % 2**width:0{width}b}"[::-1] if width else "" for value in values)
    high = ["0"] * (len(values) + 2 ** (32 - width))
    for k, value in enumerate(values):
        high[(value >> width) + k] = "1"
    return _to_bytes(low + "".join(high))


def _to_bytes(bits: str) -> bytes:
    """Bits, the lowest of each byte first."""
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
