"""The slow twin of `native.shingles`: one story at a time, a token being (bytes, flags)."""

from __future__ import annotations

from collections.abc import Sequence

import xxhash

from dedup.kernels.flags import FUNCTION, NUMBER
from dedup.kernels.reference.xxh32 import singular

Token = tuple[bytes, int]

STEM_LETTERS = 6
TITLE_STAND_IN = 24


def xxh32(data: bytes) -> int:
    """XXH32 with seed 0."""
    return int(xxhash.xxh32_intdigest(data))


def shingles(tokens: Sequence[Token], width: int) -> tuple[list[int], list[int]]:
    """The hashes of a story's shingles: those that serve retrieval, and those of function words alone.

    Both in text order; a story of nothing but function words is looked up by all it has.
    """
    if not tokens:
        return [], []
    span = min(width, len(tokens))
    windows = [tokens[k : k + span] for k in range(len(tokens) - span + 1)]
    telling = [window for window in windows if not all(flags & FUNCTION for _, flags in window)]
    common = [window for window in windows if all(flags & FUNCTION for _, flags in window)]
    if not telling:
        telling, common = common[::-1], []
    return tuple([xxh32(b" ".join(word for word, _ in w)) for w in some] for some in (telling, common))  # type: ignore[return-value]


def stem(token: Token) -> int:
    """The hash of a word's first letters, of a shorter one without a plural's end; of a whole number, if it is long."""
    word, flags = token
    letters = word.decode()
    if flags & NUMBER and len(word) > STEM_LETTERS:
        return xxh32(word)
    return xxh32(letters[:STEM_LETTERS].encode() if len(letters) > STEM_LETTERS else singular(word))


def title_words(title: Sequence[Token], text: Sequence[Token]) -> list[int]:
    """The stems of a title's content words, in order, with repeats."""
    words = title or text[:TITLE_STAND_IN]
    return [stem(token) for token in words if not token[1] & FUNCTION] or [xxh32(word) for word, _ in words]
