"""The words of synthetic feeds: pronounceable, Zipf-like, in every written form a story needs, as one token table.

A story is a sequence of token numbers. The table holds the bytes of every token, spaces, full stops and JSON escapes
included, so writing a million words is one `take` and no further thought.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.draws import U64, below, draw, stream_keys
from benchmarks.scripts import SCRIPTS, SPACED, Script

COMMON, SURNAMES, NUMBERS, PLACES, GROUPS, TIMES = 50_000, 16_384, 2_048, 4_096, 1_000, 1_440
FIRST_SURNAME = COMMON
FIRST_NUMBER = FIRST_SURNAME + SURNAMES
FIRST_PLACE = FIRST_NUMBER + NUMBERS
FIRST_GROUP = FIRST_PLACE + PLACES
FIRST_TIME = FIRST_GROUP + GROUPS
WORDS = FIRST_TIME + TIMES
"""Word numbers: common words by rank, surnames, numbers, places, the groups "000" to "999", times of day."""

FORMS = SPACED
PLAIN, CAPITAL, COMMA, FULL_STOP, LAST, BARE, QUOTED = range(len(FORMS))
"""The token of a word in a script is `(script * WORDS + word) * len(FORMS) + form`."""

NAME_SLOT, NUMBER_SLOT = -1, -2
"""Entries of the Zipf table that stand for "a name of this event" and "a number"."""

SPARE = 32
"""Bytes after the last of an array of bytes: so many are copied at a time, wanted or not."""

TABLE_BITS = 20
SLOTS = 2**TABLE_BITS * 60 // 1000 + 2**TABLE_BITS * 25 // 1000
"""The Zipf table's first so many entries are such slots, 6 % and 2.5 % of all; the rest are common words."""
PUBLISHERS, GIVEN_NAMES, PLACE_PREFIXES, CITIES, DAYS = 2_000, 512, 128, 512, 3_650
FIRST_DAY = datetime.date(2023, 6, 1)


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_FUNCTION_WORDS = _listed(
    "the of to in and a for on that is with said as at by from was it has be are an its after his have will not who "
    "were new over but he had they been which their more this about one than would two when up out first last could "
    "also into year some against her before between other while all during under can three no people most"
)
_SIMPLE_ONSETS = _listed("b c d f g h j k l m n p r s t v w")
_ONSETS = 3 * _SIMPLE_ONSETS + _listed("b d f l m n r s t br ch cl cr dr fl gr pl pr sh sp st th tr")
_VOWELS = _listed("a e i o u a e i o u a e i o ea ai ou")
_CODAS = 48 * ("",) + _listed("n r s t l m d n r s t l nd st rn ck")
_LONGEST = 4  # syllables
_ENDINGS = ("", "", "", "", "", "s", "s", "ed", "ing", "er", "ly", "y")
_ACCENTS = str.maketrans({"e": "é", "o": "ö", "u": "ü"})
_PAPERS = _listed("Herald Times Post Courier Gazette Tribune Wire News Observer Star Journal Chronicle Mail Daily Echo")
_AGENCIES = ("Corvia", "Meridian", "NWA", "Unipress", "Tellwire", "PNS")
_VOCABULARY_SEED = 20230614


def _pronounceable(count: int, stream: int, syllables: npt.NDArray[np.int64], taken: set[str]) -> list[str]:
    """`count` words nobody has yet, word k of `syllables[k]` syllables; adds them to `taken`."""
    keys = stream_keys(_VOCABULARY_SEED, stream, np.arange(count, dtype=np.uint64))
    words = [""] * count
    missing = list(range(count))
    attempt = 0
    while missing:  # a word already taken is drawn again, after eight times with a syllable more: so this ends
        lengths = np.minimum(_LONGEST, syllables[missing] + attempt // 8).tolist()
        again = []
        for k, word in zip(missing, _spelled(keys[missing], lengths, attempt), strict=True):
            if word in taken:
                again.append(k)
            else:
                taken.add(word)
                words[k] = word
        missing = again
        attempt += 1
    return words


def _spelled(keys: U64, syllables: list[int], attempt: int) -> list[str]:
    """One word a key, of so many syllables (up to `_LONGEST`); another attempt spells another word."""

    def pick(parts: tuple[str, ...], part: int) -> list[str]:
        return [parts[k] for k in below(draw(keys, attempt * 64 + part), len(parts)).tolist()]

    spelled = [
        list(map("".join, zip(pick(_ONSETS, at), pick(_VOWELS, at + 1), pick(_CODAS, at + 2), strict=True)))
        for at in range(0, 3 * _LONGEST, 3)
    ]
    endings = pick(_ENDINGS, 3 * _LONGEST)
    return [
        "".join(word[:length]) + (ending if length > 1 else "")
        for word, length, ending in zip(zip(*spelled, strict=True), syllables, endings, strict=True)
    ]


def _numbers() -> list[str]:
    """Written numbers as news has them: small, decimal, round thousands, years."""
    small = [str(n) for n in range(2, 514)]
    decimals = [f"{n // 10}.{n % 10}" for n in range(11, 523)]
    thousands = [f"{n},{h}00" for n in range(1, 65) for h in range(8)]
    large = [f"{n},000" for n in range(100, 612)]
    return small + decimals + thousands + large


def _zipf_table() -> npt.NDArray[np.int32]:
    """int32[2**TABLE_BITS] whose entry at a uniform index is a word rank of Zipf-Mandelbrot weight 1 / (rank + 3).

    The first `SLOTS` are `NAME_SLOT` and `NUMBER_SLOT`. Integers throughout: no rounding differs by machine.
    """
    size = 2**TABLE_BITS
    ranks = cumulative_slots(COMMON, 3, size - SLOTS)
    slots = np.full(SLOTS, NAME_SLOT, dtype=np.int32)
    slots[size * 60 // 1000 :] = NUMBER_SLOT
    return np.concatenate([slots, ranks])


def cumulative_slots(ranks: int, shift: int, size: int) -> npt.NDArray[np.int32]:
    """int32[size], sorted: rank r fills a share of the entries in proportion to 1 / (r + shift), r from 0."""
    weights = 10**12 // (np.arange(ranks, dtype=np.int64) + shift)
    ends = np.cumsum(weights)
    points = (np.arange(size, dtype=np.int64) * 2 + 1) * int(ends[-1] // (2 * size))
    return np.searchsorted(ends, points, side="right").clip(0, ranks - 1).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The token table and where its kinds of tokens begin.

    Attributes:
        data: uint8, the bytes of all tokens (UTF-8, JSON-escaped) and SPARE more; first the words of every script in
            every form.
        begins: uint32[tokens + 1], where each token begins in `data`; the last is the end of all.
        zipf: int32[2**TABLE_BITS], a common word's rank, `NAME_SLOT` or `NUMBER_SLOT` for a uniform index.
        first: where each other kind of token begins in `tokens`, by name.
        literal: the token number of each literal piece, by its bytes.
    """

    data: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.uint32]
    zipf: npt.NDArray[np.int32]
    first: dict[str, int]
    literal: dict[str, int]


LITERALS = (
    '{"id":"n', '","title":"', '","text":"', '","url":"https://', "/n", '","source":"', '","published":"',
    '","lang":"', '"}\n', '","cluster":"n', '","event":"n', '","kind":"', '","edits":[', '"', "]}\n",
)  # fmt: skip
"""Pieces of lines."""


@functools.cache
def vocabulary() -> Vocabulary:
    """The vocabulary, the same for every seed; made once a process."""
    taken = set(_FUNCTION_WORDS)
    generated = COMMON - len(_FUNCTION_WORDS)
    rank = np.arange(generated)
    syllables = np.where(rank < 1_000, 1, np.where(rank < 20_000, 2, 3)).astype(np.int64)
    common = [*_FUNCTION_WORDS, *_pronounceable(generated, 1, syllables, taken)]
    surnames = _pronounceable(SURNAMES, 2, np.full(SURNAMES, 2), taken)
    surnames = [name.translate(_ACCENTS) if k % 16 == 0 else name for k, name in enumerate(surnames)]
    places = _pronounceable(PLACES, 3, np.full(PLACES, 2), taken)
    times = [f"{n // 60:02d}:{n % 60:02d}" for n in range(TIMES)]
    parts = (common, surnames, _numbers(), places, [f"{n:03d}" for n in range(GROUPS)], times)
    named = (False, True, False, True, False, False)

    names = _pronounceable(PUBLISHERS, 4, np.full(PUBLISHERS, 2), taken)
    papers = [f"{name.capitalize()} {_PAPERS[k % len(_PAPERS)]}" for k, name in enumerate(names)]
    days = [(FIRST_DAY + datetime.timedelta(days=k)).isoformat() + "T" for k in range(DAYS)]
    cities = _pronounceable(CITIES, 5, np.full(CITIES, 2), taken)
    given = _pronounceable(GIVEN_NAMES, 6, np.full(GIVEN_NAMES, 1), taken)
    prefixes = _pronounceable(PLACE_PREFIXES, 7, np.full(PLACE_PREFIXES, 1), taken)
    kinds: dict[str, list[str]] = {
        "digits": [f"{n:03d}" for n in range(1000)],
        "thousands": [f"{n:03d}," for n in range(1000)],
        "publisher": papers,
        "suffix": [f" - {paper}" for paper in papers],
        "domain": [paper.replace(" ", "").lower() + ".example" for paper in papers],
        "day": days,
        "minute": [f"{n // 60:02d}:{n % 60:02d}:" for n in range(1440)],
        "second": [f"{n:02d}Z" for n in range(60)],
        "kind": list(KINDS),
        "edit": [f'"{edit}",' for edit in EDITS],
        "lang": [script.lang for script in SCRIPTS],
        "given": [name for script in SCRIPTS for name in _heads(script, given, 6)],
        "prefix": [name for script in SCRIPTS for name in _heads(script, prefixes, 7)],
        "date": [date for script in SCRIPTS for date in script.dates()],
        "dateline": [
            f"{city.upper()} ({agency}) - "
            for script in SCRIPTS
            for city in script.write(cities, 5)
            for agency in _AGENCIES
        ],
        "header": [header for script in SCRIPTS for header in script.headers],
        "footer": [footer for script in SCRIPTS for footer in script.footers],
        "title prefix": [prefix for script in SCRIPTS for prefix in script.prefixes],
    }
    first: dict[str, int] = {}
    total = len(SCRIPTS) * WORDS * len(FORMS)
    for kind, tokens in kinds.items():
        first[kind] = total
        total += len(tokens)
    literal = {piece: total + k for k, piece in enumerate(LITERALS)}
    rest = [token for tokens in kinds.values() for token in tokens] + list(LITERALS)
    written = [_written_forms(_in_script(script, parts, named), script.forms) for script in SCRIPTS]
    return Vocabulary(
        *_bytes_of(pa.concat_arrays([*written, pa.array(rest, pa.string())])), _zipf_table(), first, literal
    )


def _bytes_of(tokens: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
    """`Vocabulary.data` and `Vocabulary.begins`."""
    begins = np.frombuffer(tokens.buffers()[1], dtype=np.uint32)[: len(tokens) + 1]
    data = np.zeros(int(begins[-1]) + SPARE, dtype=np.uint8)
    data[:-SPARE] = np.frombuffer(tokens.buffers()[2], dtype=np.uint8)[: begins[-1]]
    return data, begins


def _in_script(script: Script, parts: Sequence[Sequence[str]], named: Sequence[bool]) -> list[str]:
    """All words in one script, names with a capital letter."""
    return [
        word[:1].upper() + word[1:] if name else word
        for stream, (part, name) in enumerate(zip(parts, named, strict=True), 10)
        for word in script.write(part, stream)
    ]


def _heads(script: Script, names: Sequence[str], stream: int) -> list[str]:
    """First parts of names of two words."""
    space = " " if script.letters else ""
    return [name.capitalize() + space for name in script.write(names, stream)]


def _written_forms(words: list[str], forms: Sequence[str]) -> pa.StringArray:
    """Every word in every form, forms of one word side by side."""
    plain = pa.array(words, pa.string())
    capital = pa.array([word[:1].upper() + word[1:] for word in words], pa.string())
    columns = []
    for form in forms:
        before, after = form.replace("{cap}", "{}").split("{}")
        columns.append(pc.binary_join_element_wise(before, capital if "{cap}" in form else plain, after, ""))
    width = len(forms)
    order = np.arange(len(words) * width)
    return pa.concat_arrays(columns).take(pa.array(order % width * len(words) + order // width))


KINDS = (
    "original", "exact", "dateline", "header", "footer", "word", "sentence", "halved", "trimmed", "extended", "cut",
    "retitled", "reworded", "updated", "live", "mixed",
    "number", "name", "place", "day", "column", "followup",
)  # fmt: skip
"""What a story is: `original`; from `exact` to `mixed` how a copy was edited; from `number` on, why it looks alike."""
EDITS = (*KINDS[1 : KINDS.index("number")], "suffix", "textless")
"""What a copy's truth lists: its kind, and what else its publisher did to it."""
AGENCIES = len(_AGENCIES)
