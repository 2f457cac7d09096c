"""Hashes of whole contents, URLs and other strings."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import FUNCTION
from dedup.kernels.handles import borrow
from dedup.kernels.native.lexicons import is_key
from dedup.kernels.vectors import load_half, load_word, take_stripes
from dedup.kernels.xxh32 import xxh32

FEW_CONTENT_WORDS = 3  # a story of fewer is the copy only of one from the same source
_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)
_SCHEME = np.array([58, 47, 47], dtype=np.uint8)  # ://
_UTM = np.array([117, 116, 109, 95], dtype=np.uint8)  # utm_
_ESCAPED = np.array([97, 109, 112, 59], dtype=np.uint8)  # amp;
_SLASH_AMP = np.array([47, 97, 109, 112], dtype=np.uint8)  # /amp
_SLASH_S = np.array([115, 47], dtype=np.uint8)  # s/
_CACHE = np.frombuffer(b"cdn.ampproject.org/", dtype=np.uint8).copy()
_VIEWERS = (np.frombuffer(b"google.", dtype=np.uint8).copy(), np.frombuffer(b"bing.", dtype=np.uint8).copy())
_VARIANTS = tuple(np.frombuffer(word, dtype=np.uint8).copy() for word in (b"www.", b"m.", b"mobile.", b"amp."))
_NAMES = (np.frombuffer(b"urn:", dtype=np.uint8).copy(), np.frombuffer(b"tag:", dtype=np.uint8).copy())
_PORTS = (np.frombuffer(b":80", dtype=np.uint8).copy(), np.frombuffer(b":443", dtype=np.uint8).copy())
_HASH, _QUESTION, _AMPERSAND, _SLASH, _EQUALS, _SPACE, _DOT, _BANG = 35, 63, 38, 47, 61, 32, 46, 33


@njit(inline="always", nogil=True)
def _rotate(x: np.uint64, bits: int) -> np.uint64:
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@njit(inline="always", nogil=True)
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _rotate(lane + word * _P2, 31) * _P1


@njit(nogil=True)
def _merged(lanes: NDArray[np.uint64], first: int) -> np.uint64:
    """The hash after all stripes, from its four lanes."""
    one, two, three, four = lanes[first], lanes[first + 1], lanes[first + 2], lanes[first + 3]
    h = _rotate(one, 1) + _rotate(two, 7) + _rotate(three, 12) + _rotate(four, 18)
    for lane in (one, two, three, four):
        h = (h ^ _round(np.uint64(0), lane)) * _P1 + _P4
    return h


@njit(inline="always", nogil=True)
def _finish(h: np.uint64) -> np.uint64:
    """The hash once all bytes are in it."""
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@njit(nogil=True, forceinline=True)
def _xxh64_twice(
    data: NDArray[np.uint8], start: int, end: int, seed: np.uint64, lanes: NDArray[np.uint64]
) -> tuple[np.uint64, np.uint64]:
    """XXH64 of data[start:end] with a seed and with the next one; the first is `xxhash.xxh64_intdigest(..., seed)`.

    Both go through the bytes together, since each waits for its own multiplications. `lanes` is scratch, uint64[8].

    The algorithm: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
    """
    other = seed + np.uint64(1)
    size = end - start
    at, stop = np.uint64(start), np.uint64(end)
    if size >= 32:
        lanes[0], lanes[1], lanes[2], lanes[3] = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        lanes[4], lanes[5], lanes[6], lanes[7] = other + _P1 + _P2, other + _P2, other, other - _P1
        take_stripes(data, start, size // 32, lanes, _P1, _P2)
        h, g = _merged(lanes, 0), _merged(lanes, 4)
        at += np.uint64(size // 32 * 32)
    else:
        h, g = seed + _P5, other + _P5
    h, g = h + np.uint64(size), g + np.uint64(size)
    while at + np.uint64(8) <= stop:
        part = _round(np.uint64(0), load_word(data, at))
        h, g = _rotate(h ^ part, 27) * _P1 + _P4, _rotate(g ^ part, 27) * _P1 + _P4
        at += np.uint64(8)
    if at + np.uint64(4) <= stop:
        part = np.uint64(load_half(data, at)) * _P1
        h, g = _rotate(h ^ part, 23) * _P2 + _P3, _rotate(g ^ part, 23) * _P2 + _P3
        at += np.uint64(4)
    while at < stop:
        part = np.uint64(data[at]) * _P5
        h, g = _rotate(h ^ part, 11) * _P1, _rotate(g ^ part, 11) * _P1
        at += np.uint64(1)
    return _finish(h), _finish(g)


@njit(nogil=True, cache=True)
def hash_contents(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    flags: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    sources: NDArray[np.uint32],
    raw: NDArray[np.uint64],
    out: NDArray[np.uint64],
) -> None:
    """Write 128 bits of every story's normalised content: XXH64 of its tokens, with the seeds 0 and 1.

    The source of a story of fewer than FEW_CONTENT_WORDS content words is part of its content.

    Tokens as in `hash_shingles`, and:
    sources : uint32[n]     hash of the source, 0: none
    raw     : uint64[n]     hash of the words as they came, the content of a story without tokens; 0: nothing came
    out     : uint64[n, 2]  overwritten; 0, 0 for a story of nothing
    """
    data, starts, flags, offsets = borrow(data), borrow(starts), borrow(flags), borrow(offsets)
    sources, raw, out = borrow(sources), borrow(raw), borrow(out)
    lanes = np.empty(8, dtype=np.uint64)
    for i in range(offsets.shape[0] - 1):
        first, last = offsets[i], offsets[i + 1]
        if first == last:
            out[i, 0], out[i, 1] = raw[i], raw[i]
            continue
        words = 0
        k = first
        while k < last and words < FEW_CONTENT_WORDS:
            words += flags[k] & FUNCTION == 0
            k += 1
        salt = (np.uint64(sources[i]) + np.uint64(1)) << np.uint64(8) if words < FEW_CONTENT_WORDS else np.uint64(0)
        out[i, 0], out[i, 1] = _xxh64_twice(data, starts[first], starts[last], salt, lanes)


@njit(nogil=True, cache=True)
def hash_strings(data: NDArray[np.uint8], offsets: NDArray[np.int32], out: NDArray[np.uint64]) -> None:
    """Write XXH64 (seed 0) of every string, never 0 but for an empty one.

    data, offsets : an Arrow string column; string i is data[offsets[i]:offsets[i + 1]]
    out           : uint64[n]  overwritten
    """
    data, offsets, out = borrow(data), borrow(offsets), borrow(out)
    lanes = np.empty(8, dtype=np.uint64)
    for i in range(offsets.shape[0] - 1):
        out[i] = np.uint64(0)
        if offsets[i] < offsets[i + 1]:
            hashed, _ = _xxh64_twice(data, np.int64(offsets[i]), np.int64(offsets[i + 1]), np.uint64(0), lanes)
            out[i] = max(hashed, np.uint64(1))


@njit(inline="always", nogil=True)
def _is_at(data: NDArray[np.uint8], at: int, end: int, word: NDArray[np.uint8]) -> bool:
    if at + word.shape[0] > end:
        return False
    for k in range(word.shape[0]):
        if data[at + k] != word[k]:
            return False
    return True


@njit(inline="always", nogil=True)
def _is_at_any_case(data: NDArray[np.uint8], at: int, end: int, word: NDArray[np.uint8]) -> bool:
    """Whether a lower-case word stands there in capitals, small letters or both."""
    if at + word.shape[0] > end:
        return False
    for k in range(word.shape[0]):
        if _lower(data[at + k]) != word[k]:
            return False
    return True


@njit(inline="always", nogil=True)
def _lower(c: np.uint8) -> np.uint8:
    return np.uint8(c + 32) if 65 <= c <= 90 else c


@njit(nogil=True, cache=True)
def _trim_url(data: NDArray[np.uint8], begin: int, end: int) -> tuple[int, int, int]:
    """Where a URL begins after its scheme, where its query ends, and where its route (`#!...`, `#/...`) does."""
    while begin < end and data[begin] <= _SPACE:
        begin += 1
    stop = end
    for at in range(begin, end):
        if data[at] == _HASH:
            stop = at
            break
    if not (stop + 1 < end and (data[stop + 1] == _BANG or data[stop + 1] == _SLASH)):
        end = stop
    while begin < end and data[end - 1] <= _SPACE:
        end -= 1
    stop = min(stop, end)
    for at in range(begin, min(stop, begin + 10)):
        if _is_at(data, at, stop, _SCHEME):
            begin = at + 3
            break
    return begin, stop, end


@njit(nogil=True)
def _host_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    while at < end and data[at] != _SLASH and data[at] != _QUESTION:
        at += 1
    return at


@njit(nogil=True)
def _has_dot(data: NDArray[np.uint8], at: int, end: int) -> bool:
    for k in range(at, end):
        if data[k] == _DOT:
            return True
    return False


@njit(nogil=True)
def _after_wrapper(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Where the address inside an AMP cache or viewer begins, `at` being behind what says that it is one; else -1."""
    secure = at + 2 if _is_at_any_case(data, at, end, _SLASH_S) else at
    if _has_dot(data, secure, _host_end(data, secure, end)):
        return secure
    return at if _has_dot(data, at, _host_end(data, at, end)) else -1


@njit(nogil=True, cache=True)
def _unwrap_amp(data: NDArray[np.uint8], begin: int, end: int) -> int:
    """Where the address begins that an AMP cache or viewer shows, `begin` where there is neither."""
    host_end = _host_end(data, begin, end)
    cache = host_end - _CACHE.shape[0] + 1
    if (
        cache >= begin
        and (cache == begin or data[cache - 1] == _DOT)
        and _is_at_any_case(data, cache, end, _CACHE)
        and host_end + 2 < end
        and (_lower(data[host_end + 1]) == 99 or _lower(data[host_end + 1]) == 118)  # c, v
        and data[host_end + 2] == _SLASH
    ):
        inner = _after_wrapper(data, host_end + 3, end)
        return inner if inner >= 0 else begin
    host = begin + 4 if _is_at_any_case(data, begin, end, _VARIANTS[0]) else begin
    viewer = _is_at_any_case(data, host, end, _VIEWERS[0]) or _is_at_any_case(data, host, end, _VIEWERS[1])
    path = host_end + _SLASH_AMP.shape[0]
    if viewer and path < end and _is_at_any_case(data, host_end, end, _SLASH_AMP) and data[path] == _SLASH:
        inner = _after_wrapper(data, path + 1, end)
        return inner if inner >= 0 else begin
    return begin


@njit(nogil=True, cache=True)
def _write_host(data: NDArray[np.uint8], at: int, end: int, form: NDArray[np.uint8]) -> int:
    """Write a host in lower case, without default port and what names a variant of the site; return its length."""
    for port in _PORTS:
        if end - port.shape[0] >= at and _is_at(data, end - port.shape[0], end, port):
            end -= port.shape[0]
            break
    more = True
    while more:
        more = False
        for variant in _VARIANTS:
            inner = at + variant.shape[0]
            if _is_at_any_case(data, at, end, variant) and _has_dot(data, inner, end):
                at, more = inner, True
                break
    for k in range(at, end):
        form[k - at] = _lower(data[k])
    return end - at


@njit(nogil=True, cache=True)
def _write_query(
    data: NDArray[np.uint8], at: int, end: int, form: NDArray[np.uint8], count: int, trackers: NDArray[np.uint32]
) -> int:
    """Write the parameters from a `?` on that do not only track behind form[:count]; return the new length."""
    while at < end:  # at a "?" or "&"
        at += 1
        if _is_at(data, at, end, _ESCAPED):
            at += _ESCAPED.shape[0]
        begin = at
        name_end = -1
        while at < end and data[at] != _AMPERSAND:
            if data[at] == _EQUALS and name_end < 0:
                name_end = at
            at += 1
        if name_end < 0:
            name_end = at
        name_count = count + 1  # the parameter is written, and taken back if it only tracks
        form[count] = _AMPERSAND
        form[name_count : name_count + at - begin] = data[begin:at]
        name = xxh32(form, name_count, name_count + name_end - begin)
        tracks = at == begin or is_key(trackers, name)
        if not tracks and not _is_at(data, begin, at, _UTM):
            count = name_count + at - begin
    return count


@njit(nogil=True, cache=True)
def hash_urls(
    data: NDArray[np.uint8], offsets: NDArray[np.int32], trackers: NDArray[np.uint32], out: NDArray[np.uint32]
) -> None:
    """Write XXH32 of every URL's canonical form; 0 for none, and for a bare host, which names no story.

    The form, `reference.contents.canonical_url`: host in lower case, path, and the query parameters that may name the
    article, without what only says how the reader came there or which variant of the page it is.

    data, offsets : an Arrow string column
    trackers      : uint32[t]  XXH32 of the names of parameters that only track, sorted
    out           : uint32[n]  overwritten
    """
    data, offsets, trackers, out = borrow(data), borrow(offsets), borrow(trackers), borrow(out)
    longest = 0
    for i in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    form = np.empty(longest + 1, dtype=np.uint8)
    for i in range(offsets.shape[0] - 1):
        at, end, route_end = _trim_url(data, np.int64(offsets[i]), np.int64(offsets[i + 1]))
        if _is_at_any_case(data, at, end, _NAMES[0]) or _is_at_any_case(data, at, end, _NAMES[1]):
            out[i] = max(xxh32(data, at, route_end), np.uint32(1))
            continue
        for _ in range(2):
            at = _unwrap_amp(data, at, end)
        host_end = _host_end(data, at, end)
        host = _write_host(data, at, host_end, form)
        count, at = host, host_end
        while at < end and data[at] != _QUESTION:
            form[count] = data[at]
            at, count = at + 1, count + 1
        while count > host and form[count - 1] == _SLASH:
            count -= 1
        if count - _SLASH_AMP.shape[0] >= host and _is_at(form, count - _SLASH_AMP.shape[0], count, _SLASH_AMP):
            count -= _SLASH_AMP.shape[0]
            while count > host and form[count - 1] == _SLASH:
                count -= 1
        count = _write_query(data, at, end, form, count, trackers)
        for k in range(end, route_end):
            form[count] = data[k]
            count += 1
        out[i] = 0 if count == host else max(xxh32(form, 0, count), np.uint32(1))
