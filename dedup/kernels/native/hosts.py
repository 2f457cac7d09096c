"""Publishers' names in the hosts of their addresses. Twin: `dedup.kernels.reference.hosts`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.utf8 import byte_at


@njit(nogil=True)
def spells_host(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    text: NDArray[np.uint8],
    span: NDArray[np.int64],
    second_levels: NDArray[np.int64],
) -> bool:
    """Whether some tokens spell the name in an address's host, or a tail of the host that holds it.

    data          : uint8[c]  the tokens are data[start:end], a space after each
    text          : uint8[m]  read-only; the address is text[span[0]:span[1]], any bytes will do
    span          : int64[2]
    second_levels : int64[s]  the bytes of "co" and the like, the first lowest
    """
    at, stop = _find_host(text, span[0], span[1])
    if stop - at >= 4 and _lower(text, at) == 119 and _lower(text, at + 1) == 119 and _lower(text, at + 2) == 119:
        at += 4 * (text[at + 3] == 46)
    labels = 1
    for k in range(at, stop):
        labels += text[k] == 46
    if at == stop or labels < 2:
        return False
    own = labels - 2 - (labels > 2 and _is_national(text, at, stop, second_levels))
    for label in range(own + 1):
        if _spells(data, start, end, text, at, stop):
            return True
        after = at
        while text[after] != 46:
            after += 1
        if label == own:
            return _spells(data, start, end, text, at, after)
        at = after + 1
    return False


@njit(nogil=True)
def _find_host(text: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Where the host of an address begins and ends, alike if it has none."""
    scheme = at
    while scheme < end and (_is_host(byte_at(text, scheme)) or text[scheme] == 43):
        scheme += 1
    if (
        scheme + 2 < end
        and text[scheme] == 58
        and text[scheme + 1] == 47
        and text[scheme + 2] == 47
        and scheme > at
        and 97 <= byte_at(text, at) | 0x20 <= 122
    ):
        at = scheme + 3
    stop = at
    while stop < end and _is_host(byte_at(text, stop)):
        stop += 1
    if stop < end and text[stop] != 47 and text[stop] != 63 and text[stop] != 35 and text[stop] != 58:
        return at, at
    return at, stop


@njit(nogil=True)
def _is_host(char: int) -> bool:
    """Whether the byte may be in a host's name: an ASCII letter or digit, "-" or "."."""
    return 48 <= char <= 57 or 97 <= char | 0x20 <= 122 or char == 45 or char == 46


@njit(nogil=True)
def _lower(text: NDArray[np.uint8], at: int) -> int:
    """The byte of a host's name, in lower case."""
    char = byte_at(text, at)
    return char + 32 if 65 <= char <= 90 else char


@njit(nogil=True)
def _is_national(text: NDArray[np.uint8], at: int, end: int, second_levels: NDArray[np.int64]) -> bool:
    """Whether a host of three labels or more ends in a country's two letters and one of the second levels."""
    if end - at < 4 or text[end - 3] != 46 or text[end - 2] == 46 or text[end - 1] == 46:
        return False
    packed, size = 0, 0
    k = end - 4
    while k >= at and text[k] != 46:
        if size == 7:
            return False
        packed = packed << 8 | _lower(text, k)
        size += 1
        k -= 1
    for level in second_levels:
        if level == packed:
            return True
    return False


@njit(nogil=True)
def _spells(data: NDArray[np.uint8], start: int, end: int, text: NDArray[np.uint8], at: int, stop: int) -> bool:
    """Whether data[start:end] but for spaces and dots is text[at:stop] but for dots and hyphens, and is not empty."""
    some = False
    while True:
        while start < end and (data[start] == 32 or data[start] == 46):
            start += 1
        while at < stop and (text[at] == 45 or text[at] == 46):
            at += 1
        if start == end or at == stop:
            return some and start == end and at == stop
        if data[start] != _lower(text, at):
            return False
        some = True
        start += 1
        at += 1
