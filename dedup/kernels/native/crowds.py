"""What is found in crowded buckets, given who follows whom. Twin: `dedup.kernels.reference.crowds`.

A bucket that holds `limit` leaders sends the next ones to a bucket of a finer key, so what a story finds depends on all
who came before it, alike or not. `find_in_crowds` goes through the stories of a bucket in feed order and says what each
finds, if the clusters are as they are said to be.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LEVELS = 4  # how often a full bucket is split by a finer key


class Crowd(NamedTuple):
    """The stories of some buckets, each bucket of one band's key and one slice of time, in a row."""

    buckets: NDArray[np.uint64]  # [n] hash of the bucket; equal ones are neighbours
    rows: NDArray[np.int64]  # [n] the stories, ascending within a bucket
    leaders: NDArray[np.int64]  # [n] whom each follows
    looks: NDArray[np.bool_]  # [n] whether it looks into this bucket
    enters: NDArray[np.bool_]  # [n] whether its leader is put into it
    finer: NDArray[np.uint32]  # [n, LEVELS - 1] the keys that split a full bucket, one after another


class Places(NamedTuple):
    """Hash table from bucket, at its level, to the list of leaders in it."""

    keys: NDArray[np.uint64]  # [c] c a power of two; 0 for a free slot
    heads: NDArray[np.int64]  # [c] the leader that came last, a place in `leaders`
    sizes: NDArray[np.int64]  # [c] how many there are
    leaders: NDArray[np.int64]  # [m] one for every story that can enter, and then room
    following: NDArray[np.int64]  # [m] the one that came before it
    used: NDArray[np.int64]  # [1] leaders so far


@njit(inline="always", nogil=True)
def _mix64(h: np.uint64) -> np.uint64:
    """Spread the bits of a uint64, one to one (MurmurHash3's finaliser)."""
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))


@njit(nogil=True, cache=True)
def _slot(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """Where `key` is, or the free slot where it would go."""
    mask = np.uint64(keys.shape[0] - 1)
    at = key & mask
    while keys[at] != key and keys[at] != np.uint64(0):
        at = (at + np.uint64(1)) & mask
    return np.int64(at)


@njit(nogil=True, cache=True)
def _level_key(crowd: Crowd, i: int, level: int) -> np.uint64:
    """The bucket of story i at a level; never 0."""
    key = _mix64(crowd.buckets[i] + np.uint64(0x9E3779B97F4A7C15))
    for k in range(level):
        key = _mix64(key * np.uint64(0x9E3779B97F4A7C15) + np.uint64(crowd.finer[i, k]) + np.uint64(1))
    return max(key, np.uint64(1))


@njit(nogil=True, cache=True)
def _look(crowd: Crowd, i: int, limit: int, places: Places, found: NDArray[np.int64], count: int) -> int:
    """Add what story i finds to found[count:]; return the new count."""
    for level in range(LEVELS):
        at = _slot(places.keys, _level_key(crowd, i, level))
        if places.keys[at] == np.uint64(0):
            break
        node = places.heads[at]
        for _ in range(places.sizes[at]):
            found[count, 0], found[count, 1] = crowd.rows[i], places.leaders[node]
            count += 1
            node = places.following[node]
        if places.sizes[at] < limit:
            break
    return count


@njit(nogil=True, cache=True)
def _holds(places: Places, at: int, leader: np.int64) -> bool:
    node = places.heads[at]
    for _ in range(places.sizes[at]):
        if places.leaders[node] == leader:
            return True
        node = places.following[node]
    return False


@njit(nogil=True, cache=True)
def _enter(crowd: Crowd, i: int, limit: int, places: Places) -> None:
    """Put the leader of story i into the first bucket that holds it or has room."""
    for level in range(LEVELS):
        key = _level_key(crowd, i, level)
        at = _slot(places.keys, key)
        if places.keys[at] == np.uint64(0):
            places.keys[at], places.sizes[at] = key, 0
        elif _holds(places, at, crowd.leaders[i]):
            return
        if places.sizes[at] < limit:
            node = places.used[0]
            places.used[0] = node + 1
            places.leaders[node], places.following[node] = crowd.leaders[i], places.heads[at]
            places.heads[at] = node
            places.sizes[at] += 1
            return


@njit(nogil=True, cache=True)
def find_in_crowds(crowd: Crowd, begin: int, end: int, limit: int, places: Places, found: NDArray[np.int64]) -> int:
    """Write what the stories begin .. end - 1 find, those before having been gone through; return how much.

    crowd  : Crowd       of n stories
    limit  : int         most leaders in a bucket
    places : Places      zeros at first; c at least 2 * n, m at least n
    found  : int64[f, 2] overwritten: story and leader; f at least LEVELS * limit a story
    """
    count = 0
    for i in range(begin, end):
        if crowd.looks[i]:
            count = _look(crowd, i, limit, places, found, count)
        if crowd.enters[i]:
            _enter(crowd, i, limit, places)
    return count
