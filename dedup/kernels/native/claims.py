"""What a title claims, in bits, and whether two say the contrary of each other. Twin: `dedup.kernels.reference.claims`.

The lowest bits are the title's sides; then come NEGATED, TURNED, and from ACTORS on ten more.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedup.kernels.flags import BREAK, CAPITAL, FUNCTION, MARK, NUMBER
from dedup.kernels.native.meanings import AGENT, COUNT, NEGATION, OPPOSED, SUBJECT
from dedup.kernels.native.picks import in_title_case, spread

CLAIM = np.uint32(8)  # bits below those of `pick_sides` and `pick_actors`
_FIRST_SIDES = np.uint32(0x555)
NEGATED = np.uint32(1 << 12)  # bit of a title's claim: it has a negation; those below are its sides, cf. `pick_sides`
TURNED = np.uint32(1 << 13)  # which of its first two subjects comes first
ACTORS = np.uint32(14)  # from this bit on ten tell these subjects, and what is done, from others; 0 for none
_MOST_ACTORS = np.uint32(1023)
LEAST_ALIKE = np.float32(0.8)  # title_jaccard of titles of which one negates the other, or says it of others


@njit(nogil=True, cache=True)
def pick_sides(kinds: NDArray[np.uint8], end: int) -> np.uint32:
    """A bit for each side that is taken by a word of a title, the first `end` words: the lowest is that of OPPOSED.

    And NEGATED.
    """
    sides = np.uint32(0)
    for k in range(end):
        if kinds[k] >= OPPOSED:
            sides |= np.uint32(1) << np.uint32(kinds[k] - OPPOSED)
        elif kinds[k] == NEGATION:
            sides |= NEGATED
    return sides


@njit(nogil=True, cache=True)
def pick_actors(flags: NDArray[np.uint8], words: NDArray[np.uint32], kinds: NDArray[np.uint8], end: int) -> np.uint32:
    """Who does what to whom, by the first `end` words of a title: the bits from TURNED on; 0 if it does not say.

    The first subject or name, at the beginning of a sentence too; the next word of another kind, which is what it does;
    and the next other subject. Where no such are found and capitals tell nothing, the first three content words.
    "Peru sues Chile" and "Chile sues Peru" differ in TURNED alone; after an agent's word it is the other way round, as
    in "Chile sued by Peru". Not across a colon or a dash, but those of scores.
    """
    capitals = np.uint8(0)
    if not in_title_case(flags, end):
        for k in range(end):
            capitals |= flags[k] & CAPITAL
    told = _who_acts(flags, words, kinds, end, capitals != 0, False)
    return told if told or capitals else _who_acts(flags, words, kinds, end, False, True)


@njit(nogil=True, cache=True)
def _who_acts(
    flags: NDArray[np.uint8],
    words: NDArray[np.uint32],
    kinds: NDArray[np.uint8],
    end: int,
    capitals: bool,
    in_order: bool,
) -> np.uint32:
    """The same by subjects, and with `capitals` by names; or by content words in their order."""
    first, act = np.uint32(0), np.uint32(0)
    known = acted = turned = False
    for k in range(end):
        if known and flags[k] & (BREAK | MARK) and not flags[k] & NUMBER:
            return np.uint32(0)
        if kinds[k] == AGENT:
            turned = known
        if flags[k] & FUNCTION:
            continue
        if in_order:  # the first word is somebody, the second what they do
            somebody = not known or acted
        else:
            somebody = kinds[k] == SUBJECT or (capitals and flags[k] & CAPITAL != 0 and kinds[k] != COUNT)
        if not somebody:
            if known and not acted:
                act, acted = words[k], True
        elif not known:
            first, known = words[k], True
        elif acted and words[k] != first:
            low, high = min(first, words[k]), max(first, words[k])
            both = spread((np.uint64(low) << np.uint64(32)) ^ np.uint64(high)) ^ act
            told = np.uint32(spread(np.uint64(both)) % _MOST_ACTORS + np.uint32(1))
            return (told << ACTORS) | (TURNED if (first == high) != turned else np.uint32(0))
    return np.uint32(0)


@njit(nogil=True)
def contradict(x: np.uint32, y: np.uint32, jaccard: np.float32, containment: np.float32) -> np.float32:
    """How far two titles of these claims are alike that say the contrary of each other; 0 if they do not.

    They take opposite sides; or, in the same words, one negates what the other says, or who does something and whom it
    is done to are exchanged.
    """
    if _are_opposed(x, y):
        return containment
    turned = x >> ACTORS != 0 and x >> ACTORS == y >> ACTORS and (x ^ y) & TURNED != 0
    if jaccard >= LEAST_ALIKE and (turned or (x ^ y) & NEGATED != 0):
        return jaccard
    return np.float32(0.0)


@njit(nogil=True)
def _are_opposed(x: np.uint32, y: np.uint32) -> bool:
    """Whether one title takes one side only of two, and the other the other; cf. `pick_sides`."""
    one, other = x & ~(x >> np.uint32(1)) & _FIRST_SIDES, (x >> np.uint32(1)) & ~x & _FIRST_SIDES
    one &= (y >> np.uint32(1)) & ~y
    other &= y & ~(y >> np.uint32(1))
    return one | other != 0
