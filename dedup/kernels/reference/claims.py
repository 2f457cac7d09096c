"""The slow twin of `native.claims`: one title at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dedup.kernels.flags import BREAK, CAPITAL, FUNCTION, MARK, NUMBER
from dedup.kernels.reference.facts import AGENT, COUNT, NEGATION, OPPOSED, SUBJECT, Said, in_title_case, spread
from dedup.kernels.reference.shingles import Token

LEAST_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Claim:
    """What a title says by its sides, a negation, and who acts."""

    sides: frozenset[int]  # of two numbers that differ in the last bit each contradicts the other
    negated: bool
    actors: int  # what tells two subjects, and what one does to the other, from others, 1..1023; 0 for none
    turned: bool  # the one of the larger value acts


def claim(title: Sequence[Token], said: Sequence[Said]) -> Claim:
    """The same of a title; what is said is that of the whole story."""
    kinds = [kind for kind, _ in said[: len(title)]]
    found = actors(title, said)
    sides = frozenset(kind - OPPOSED for kind in kinds if kind >= OPPOSED)
    if found is None:
        return Claim(sides, NEGATION in kinds, 0, turned=False)
    actor, act, other = found
    told = spread(spread(min(actor, other) << 32 ^ max(actor, other)) ^ act) % 1023 + 1
    return Claim(sides, NEGATION in kinds, told, actor > other)


def actors(title: Sequence[Token], said: Sequence[Said]) -> tuple[int, int, int] | None:
    """Who does what, to whom: the first subject, the first word after it that is none, the next other subject."""
    content = [k for k, (_, flags) in enumerate(title) if not flags & FUNCTION]
    tell = not in_title_case(title) and any(flags & CAPITAL for _, flags in title)
    named = {k for k in content if tell and title[k][1] & CAPITAL and said[k][0] != COUNT}
    found = who_acts(title, said, content, named | {k for k in content if said[k][0] == SUBJECT})
    return found if found or tell else who_acts(title, said, content, set(content) - set(content[1:2]))


def who_acts(
    title: Sequence[Token], said: Sequence[Said], content: Sequence[int], subjects: set[int]
) -> tuple[int, int, int] | None:
    """The same where the places of content words and of subjects among them are known."""
    first = next((k for k in content if k in subjects), len(title))
    act = next((k for k in content if k > first and k not in subjects), len(title))
    second = next((k for k in content if k > act and k in subjects and said[k][1] != said[first][1]), None)
    if second is None:
        return None
    if any(flags & (BREAK | MARK) and not flags & NUMBER for _, flags in title[first + 1 : second + 1]):
        return None
    told = said[first][1], said[act][1], said[second][1]
    return told[::-1] if any(kind == AGENT for kind, _ in said[first + 1 : second + 1]) else told


def contradict(one: Claim, other: Claim, jaccard: np.float32, containment: np.float32) -> float:
    """How far two titles are alike that say the contrary of each other; 0 if they do not."""
    if any(
        {side, side ^ 1} & one.sides == {side} and {side, side ^ 1} & other.sides == {side ^ 1} for side in one.sides
    ):
        return float(containment)
    turned = one.actors == other.actors != 0 and one.turned != other.turned
    return float(jaccard) if jaccard >= LEAST_ALIKE and (turned or one.negated != other.negated) else 0.0
