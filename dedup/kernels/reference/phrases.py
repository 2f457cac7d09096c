"""The slow twin of `native.phrases`: phrases by their keys, one story at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

GRAM = 6
"""Words in a row that make a phrase: six that recur in stories of one source are seldom chance."""

FEWEST_LEFT = 12
"""Words of a text that must be left: one that is a template throughout says what it says in the template's words."""

_FACTOR = 0x9E3779B97F4A7C15
_SPREAD = 0xD6E8FEB86659FD93
_ALL = 2**64 - 1


def phrase_key(words: Sequence[int], source: int) -> int:
    """64 bits, never 0, of the GRAM words of a phrase, each a hash of 32 bits, and of the source they stand in."""
    key = 0
    for word in words:
        key = (key * _FACTOR + word + 1) & _ALL
    key = ((key ^ source) * _SPREAD) & _ALL
    return (key ^ key >> 32) or 1


def phrase_keys(words: Sequence[int], titled: int, source: int) -> list[int]:
    """The key of the phrase that begins at each word of a story's text; 0 in the title, and where no phrase fits."""
    fits = range(titled, len(words) - GRAM + 1)
    return [phrase_key(words[k : k + GRAM], source) if k in fits else 0 for k in range(len(words))]


def frequent_keys(keys: Sequence[int], least: int, slot_bits: int) -> list[int]:
    """The places of the keys, none of them 0, that share their first bits with so many."""
    slots = Counter(key >> (64 - slot_bits) for key in keys if key)
    return [place for place, key in enumerate(keys) if key and slots[key >> (64 - slot_bits)] >= least]


def words_kept(words: Sequence[int], titled: int, source: int, known: Set[int]) -> list[bool]:
    """Which words of a story stay: those in no known phrase, or all, if too little of the text were left."""
    keys = phrase_keys(words, titled, source)
    kept = [all(key not in known for key in keys[max(0, k - GRAM + 1) : k + 1]) for k in range(len(words))]
    return kept if sum(kept[titled:]) >= FEWEST_LEFT else [True] * len(words)
