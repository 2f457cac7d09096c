"""The gaps between tokens, and what they say of the token that follows."""

from __future__ import annotations

from numba import njit

from dedup.kernels.flags import BREAK, CLOSE, COLON, MARK, OPEN, SENTENCE
from dedup.kernels.unicode import (
    GAP_BAR,
    GAP_CLOSE,
    GAP_COLON,
    GAP_DASH,
    GAP_DOT,
    GAP_HYPHEN,
    GAP_OPEN,
    GAP_SPACE,
    GAP_STOP,
    first_records,
    load_tables,
)

GAP_WORD = 512  # beside a gap: a token
_GAP_JOINED = 1024  # the gap held a dash directly after a token
_DASHES = GAP_HYPHEN | GAP_DASH

SIGNS = load_tables().gaps[first_records()[:128]]
"""What an ASCII byte that is neither letter nor digit does to a gap; all of these are separators."""


@njit(nogil=True)
def open_token(gap: int, before: int, beside: int, single: bool) -> tuple[int, int]:
    """The flags and signs that a token has by the gap before it.

    gap    : what `join_gap` and the signs of its characters have made of it
    before : the sign of its last character but one, and `beside` that of the last; GAP_WORD for a token
    single : whether the token before is a single letter
    """
    if gap == GAP_SPACE:
        return 0, 0
    gap |= join_gap(before, beside, GAP_WORD)
    ended = gap & GAP_STOP or (gap & GAP_DOT and gap & GAP_SPACE and not single)
    bits = SENTENCE * (ended != 0) | BREAK * (gap & GAP_BAR != 0) | MARK * (gap & (GAP_COLON | _GAP_JOINED) != 0)
    signs = OPEN * (gap & GAP_OPEN != 0) | CLOSE * (gap & GAP_CLOSE != 0) | COLON * (gap & GAP_COLON != 0)
    return bits, signs


@njit(nogil=True)
def join_gap(before: int, beside: int, sign: int) -> int:
    """What the three neighbours before, beside and sign add to a gap when the last of them arrives."""
    bits = 0
    if beside & _DASHES:
        spaced = (before | sign) & GAP_SPACE and (beside & GAP_DASH or not (before | sign) & GAP_WORD)
        bits = GAP_BAR * (sign & _DASHES != 0 or spaced != 0)
    if sign & _DASHES and beside == GAP_WORD:
        bits |= _GAP_JOINED
    if sign & GAP_COLON and beside & GAP_COLON:
        bits |= GAP_BAR
    return bits
