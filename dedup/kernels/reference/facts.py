"""The slow twin of `native.facts`, `native.picks` and `native.meanings`: one story at a time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from dedup.kernels.flags import CAPITAL, FUNCTION, MARK, NUMBER, SENTENCE
from dedup.kernels.reference.shingles import TITLE_STAND_IN, Token, shingles, stem, xxh32
from dedup.kernels.reference.xxh32 import singular

PLAIN, COUNT, CALENDAR, TOLL, AGAIN, SUBJECT, AGED, NEGATION, AGENT, THING = range(10)
THOUSAND, MILLION, BILLION, TRILLION, OPPOSED = range(10, 15)
PERSON = OPPOSED + 10
THINGS_FROM, SORTS, NAMED = 0xFF000000, 64, 64
EVERYDAY = 4
MARKS = (TOLL, AGED, NEGATION, AGENT)
UNITS = {"k": THOUSAND, "tn": TRILLION} | dict.fromkeys(("st", "nd", "rd", "th"), COUNT)
UNITS |= dict.fromkeys(("m", "mn", "mln"), MILLION) | dict.fromkeys(("b", "bn", "bln"), BILLION)
LEAD_TOKENS = 40
NUMBER_TOKENS = 48
FRONT_TOKENS = 150
RUN_POINTS = 400
CAPS = (156, 96, 32, 48, 32, 96, 8, 16, 12, 16)
Meanings = Mapping[bytes, tuple[int, int]]  # of a word: its kind, and what it stands for
Said = tuple[int, int]  # kind and value of a token


def facts(
    title: Sequence[Token], text: Sequence[Token], width: int, meanings: Meanings, likely: Sequence[int]
) -> list[list[int]]:
    """The ten sets kept of a story; `likely` as the kernels have it."""
    both = [*title, *text]
    said = say_all(both, meanings)
    content = [value for token, (_, value) in zip(both, said, strict=True) if not token[1] & FUNCTION]
    head = len(title) or min(len(text), TITLE_STAND_IN)
    lead = slice(len(title), len(title) + LEAD_TOKENS)
    front = [
        value
        for token, (kind, value) in list(zip(both, said, strict=True))[:FRONT_TOKENS]
        if kind in (COUNT, AGAIN) or not token[1] & FUNCTION
    ]
    named = names(text[:NUMBER_TOKENS], said[len(title) :])
    every = {value for some in shingles(both, width) for value in some}
    return [
        smallest_values(every, CAPS[0]),
        smallest_values([spread(one << 32 ^ two) for one, two in itertools.pairwise(content)], CAPS[1]),
        first_values(words(both[:head], said) or [xxh32(word) for word, _ in both[:head]], CAPS[2]),
        smallest_values(runs(b"".join(word + b" " for word, _ in both[:head]).decode()), CAPS[3]),
        first_values(words(both[lead], said[lead]), CAPS[4]),
        first_values(front, CAPS[5]),
        first_values(numbers(said, min(head, FRONT_TOKENS), days=True), CAPS[6]),
        first_values(numbers(said, NUMBER_TOKENS, days=False), CAPS[7]),
        first_values(title_names(title, said, named, likely), CAPS[8]),
        first_values(named, CAPS[9]),
    ]


def say_all(tokens: Sequence[Token], meanings: Meanings, most: int = FRONT_TOKENS) -> list[Said]:
    """The kind of each token, and what it stands for, or the hash of the word's stem; after `most` only the latter."""
    said = [say(token, meanings if k < most else {}, k < most) for k, token in enumerate(tokens)]
    for k, (kind, _) in enumerate(said[1:], 1):
        before, value = said[k - 1]
        if THOUSAND <= kind <= TRILLION and before == COUNT:
            said[k - 1] = before, of_unit(value, kind)
        phrase = tokens[k - 1][0] + b" " + tokens[k][0]
        if k < most and not tokens[k][1] & NUMBER and phrase in meanings:
            kind, stands_for = meanings[phrase]
            at = k - 1 if tokens[k][1] & FUNCTION else k
            said[at] = kind, said[at][1] if kind in MARKS else stands_for
    return said


def say(token: Token, meanings: Meanings, numbers_count: bool) -> Said:
    """The same of a token alone."""
    word, flags = token
    if flags & NUMBER and numbers_count:
        return COUNT, number(word[:64])
    kind, value = meanings.get(word, (PLAIN, 0))
    return kind, value if word in meanings and kind not in MARKS else plain(stem(token))


def plain(value: int) -> int:
    """The value of a word that is no thing."""
    return value & 0x7FFFFFFF if value >= THINGS_FROM else value


def number(word: bytes) -> int:
    """The hash of a number, however it is written."""
    match = re.fullmatch(rb"(.*[0-9])([^0-9]*)", word, re.DOTALL)
    bare, unit = (match[1], UNITS.get(match[2].decode("latin-1"), PLAIN)) if match else (word, PLAIN)
    written = re.sub(rb"[.,](?=[0-9]{3}(?![0-9]))", b"", bare if unit != PLAIN else word)
    whole, point, part = written.replace(b",", b".").rpartition(b".")
    return of_unit(xxh32(whole + point + ((part.rstrip(b"0") or part) if point else part)), unit)


def of_unit(value: int, unit: int) -> int:
    """A number's value, changed by the unit it is of."""
    return value ^ unit * 0x9E3779B1 % 2**32 if unit >= THOUSAND else value


def words(tokens: Sequence[Token], said: Sequence[Said]) -> list[int]:
    """The values of content words."""
    return [value for (_, flags), (_, value) in zip(tokens, said, strict=False) if not flags & FUNCTION]


def names(tokens: Sequence[Token], said: Sequence[Said]) -> list[int]:
    """The values of words that have a capital, and not because a sentence begins."""
    return [
        value
        for (_, flags), (_, value) in zip(tokens, said, strict=False)
        if flags & CAPITAL and not flags & (NUMBER | SENTENCE | FUNCTION)
    ]


def title_names(title: Sequence[Token], said: Sequence[Said], named: Sequence[int], likely: Sequence[int]) -> list[int]:
    """The values of words by which titles differ that are otherwise alike: names, by its text too; what is listed."""
    capitals, found = not in_title_case(title), []
    for (_, flags), (kind, value), is_strange in zip(title, said, strange(title, said, likely), strict=False):
        is_name = value in named or is_strange or (capitals and flags & CAPITAL and not flags & SENTENCE)
        if not flags & (FUNCTION | NUMBER) and (is_name or kind in (SUBJECT, THING)):
            found.append(value | NAMED if is_name and kind == THING else value)
    return found


def strange(title: Sequence[Token], said: Sequence[Said], likely: Sequence[int]) -> list[bool]:
    """Whether each word of a title has a capital, four bytes and is no everyday word; if half of them are such."""
    everyday = [not flags & NUMBER and is_everyday(word, likely) for word, flags in title]
    others = [
        not flags & (FUNCTION | NUMBER) and not common and kind == PLAIN
        for (_, flags), common, (kind, _) in zip(title, everyday, said, strict=False)
    ]
    if sum(everyday) < sum(others):
        return [False] * len(title)
    return [
        other and bool(flags & CAPITAL) and len(word) >= 4 for (word, flags), other in zip(title, others, strict=True)
    ]


def is_everyday(word: bytes, likely: Sequence[int]) -> bool:
    """Whether a word, or its beginning, may be among those that `likely` was made of."""
    key = xxh32(word[:8] if len(word) > 8 else singular(word))
    one, other = likely[key % len(likely)], likely[(key >> 15) % len(likely)]
    return bool(one & EVERYDAY << (key >> 30) and other & EVERYDAY << (key & 3))


def numbers(said: Sequence[Said], end: int, *, days: bool) -> list[int]:
    """The values of numbers, but for counts of victims, and with `days` of weekdays and months."""
    found = []
    for k, (kind, value) in enumerate(said[:end]):
        before, after = (said[at][0] if 0 <= at < len(said) else PLAIN for at in (k - 1, k + 1))
        age = (before == AGED or before >= PERSON) and after < PERSON
        toll = not age and any(near == TOLL for near, _ in said[max(k - 4, 0) : k + 4])
        if (days and kind == CALENDAR) or (kind == COUNT and not toll):
            found.append(value)
    return found


def in_title_case(title: Sequence[Token]) -> bool:
    """Whether less than one in eight content words of a title has no capital, but for those behind a hyphen."""
    content = [flags for _, flags in title if not flags & (FUNCTION | NUMBER) and flags & (CAPITAL | MARK) != MARK]
    return len(content) >= 4 and sum(not flags & CAPITAL for flags in content) < len(content) / 8


def runs(text: str) -> list[int]:
    """The hashes of every three code points in a row, a space before them."""
    points = [32, *map(ord, text)]
    return [
        spread(one << 42 ^ two << 21 ^ three) for one, two, three in zip(points, points[1:], points[2:], strict=False)
    ][:RUN_POINTS]


def spread(value: int) -> int:
    """The upper half of MurmurHash3's finaliser."""
    full = 2**64 - 1
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & full
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & full
    return (value ^ value >> 33) >> 32


def first_values(values: Iterable[int], cap: int) -> list[int]:
    """The first `cap` distinct values, sorted."""
    return sorted(list(dict.fromkeys(values))[:cap])


def smallest_values(values: Iterable[int], cap: int) -> list[int]:
    """The `cap` smallest distinct values, sorted."""
    return sorted(set(values))[:cap]
