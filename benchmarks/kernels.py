"""Compiled loops over the words of a feed: draw them, word them as each story does, put their bytes into lines.

Everything is a pure function of keys (see `draws`). Words, forms and slots are those of `vocabulary`; what each story
does with its event's words was decided before and comes in as columns of one entry a story.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks import draws
from benchmarks.events import FIRST_STOP, SENTENCE_BLOCK, WHOLE_TITLE
from benchmarks.scripts import DATES
from benchmarks.vocabulary import (
    BARE,
    CAPITAL,
    COMMA,
    COMMON,
    FIRST_GROUP,
    FIRST_NUMBER,
    FIRST_PLACE,
    FIRST_SURNAME,
    FIRST_TIME,
    FORMS,
    FULL_STOP,
    GIVEN_NAMES,
    LAST,
    NAME_SLOT,
    NUMBER_SLOT,
    NUMBERS,
    PLACE_PREFIXES,
    PLACES,
    PLAIN,
    QUOTED,
    SLOTS,
    SPARE,
    SURNAMES,
    TABLE_BITS,
    TIMES,
    WORDS,
)
from dedup.kernels.vectors import copy32

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Bits = NDArray[np.bool_]

SLOT_KINDS = ("number", "name", "place", "day")
"""Look-alikes that fill slots of a template. Of each the tables below say what fills a slot: two tokens, a head and a
tail, that make one of so many values, a bijection of the story's number as long as that is below their number."""


_STRIDES = np.array([7_919, 2_654_435, 265_443, 100_003], dtype=np.uint64)
_VALUES = np.array([900_000, GIVEN_NAMES * SURNAMES, PLACE_PREFIXES * PLACES, DATES * TIMES], dtype=np.uint64)
_LEAST = np.array([100_000, 0, 0, 0], dtype=np.uint64)
_TAILS = np.array([1_000, SURNAMES, PLACES, TIMES], dtype=np.uint64)
_FIRST_TAILS = np.array([FIRST_GROUP, FIRST_SURNAME, FIRST_PLACE, FIRST_TIME], dtype=np.int64)
_NEXT_SLOT = np.uint64(104_729)

_ONE, _HALF = np.uint64(1), np.uint64(32)
_BLOCK, _STOPS = np.uint64(SENTENCE_BLOCK), np.uint64(SENTENCE_BLOCK - FIRST_STOP)
_TITLE_SPAN, _TITLE_STRIDES, _NEW_WORDS = np.uint64(32), np.uint64(6), np.uint64(8)  # words are of the first 32
_WHOLE, _NO_BLOCK = np.uint64(WHOLE_TITLE), np.uint64(2**64 - 1)
_NAMES_AN_EVENT, _SURNAMES, _NUMBERS = np.uint64(4), np.uint64(SURNAMES), np.uint64(NUMBERS)
_REPLACED_NEAR = np.uint64(4)  # of so many places the first that is no name or number is where one word is replaced
_ENTRY, _COMMON_ENTRIES = np.uint64(64 - TABLE_BITS), np.uint64(2**TABLE_BITS - SLOTS)
_UPDATED = np.uint64(round(0.7 * 2**32))  # of the numbers of a story that updates them


class Telling(NamedTuple):
    """How each of n stories words what it tells, in titles and texts alike: arrays of n entries.

    Attributes:
        length: int64, words.
        words, names, own: uint64, keys of the words, of the event's names, and of what only this story says.
        reword: uint64, chance in 2**32 of each common word to be replaced.
        updates: bool, whether most of its numbers are others.
        word_at: int64, about where one word is replaced; -1 for nowhere.
        script: int64, in SCRIPTS.
        story: uint64, number of the story.
        slot_kind: int64, in SLOT_KINDS; -1 for a story without slots.
        template: uint64, key of its template.
        slot_start: uint64, place of its slot in a block of words.
        slot_chance: uint64, chance in 2**32 of blocks after the first to have the slot.
    """

    length: I64
    words: U64
    names: U64
    own: U64
    reword: U64
    updates: Bits
    word_at: I64
    script: I64
    story: U64
    slot_kind: I64
    template: U64
    slot_start: U64
    slot_chance: U64


class One(NamedTuple):
    """The entries of `Telling` that are those of one story."""

    words: np.uint64
    names: np.uint64
    own: np.uint64
    reword: np.uint64
    updates: np.bool_
    word_at: np.int64
    script: np.int64
    story: np.uint64
    slot_kind: np.int64
    template: np.uint64
    slot_start: np.uint64
    slot_chance: np.uint64


class Titles(NamedTuple):
    """From where in the text the words of each of n titles are taken: arrays of n entries.

    Attributes:
        walks, own_walks: uint64, keys of the places for the event's title, and for a title of the story's own.
        kept: uint64, chance in 2**32 of each word of the event's title to stay; WHOLE_TITLE for all.
    """

    walks: U64
    own_walks: U64
    kept: U64


class Excerpts(NamedTuple):
    """Which part of its event's text each of n stories tells, and what of its own before it: arrays of n entries.

    Attributes:
        fresh_words, sentences: uint64, keys of the words of its own, and of the ends of sentences.
        fresh, skip_at, skip: uint64, as in `events.Plan`.
    """

    fresh_words: U64
    sentences: U64
    fresh: U64
    skip_at: U64
    skip: U64


_mix = njit(nogil=True)(draws.mix)


@njit(nogil=True)
def _one_of(telling: Telling, i: int) -> One:
    """The entries of story i, taken out of their arrays once for all of its words."""
    return One(
        telling.words[i],
        telling.names[i],
        telling.own[i],
        telling.reword[i],
        telling.updates[i],
        telling.word_at[i],
        telling.script[i],
        telling.story[i],
        telling.slot_kind[i],
        telling.template[i],
        telling.slot_start[i],
        telling.slot_chance[i],
    )


@njit(nogil=True)
def _draw(key: np.uint64, counter: np.uint64) -> np.uint64:
    """What `draws.draw` gives."""
    return _mix(key + counter * draws.STEP)


@njit(nogil=True)
def _upper(draw: np.uint64) -> np.uint64:
    """The half of a draw that is compared with chances."""
    return draw >> _HALF


@njit(nogil=True)
def _below(draw: np.uint64, limit: np.uint64) -> np.uint64:
    """What `draws.below` gives."""
    return (draw >> _HALF) * limit >> _HALF


@njit(nogil=True)
def _common_word(zipf: I32, draw: np.uint64) -> np.int32:
    """A common word by its frequency."""
    return zipf[_below(draw, _COMMON_ENTRIES) + np.uint64(SLOTS)]


@njit(nogil=True)
def _word(one: One, place: np.uint64, draw: np.uint64, zipf: I32) -> np.int64:
    """The word that a draw for a place of the event's text stands for, as a story words it.

    Names and numbers are not reworded: they are the news.
    """
    word = zipf[draw >> _ENTRY]
    if word == NAME_SLOT:
        return FIRST_SURNAME + np.int64(_below(_draw(one.names, draw % _NAMES_AN_EVENT), _SURNAMES))
    if word == NUMBER_SLOT:
        number = draw % _NUMBERS
        if one.updates:
            edit = _draw(one.own, place)
            if _upper(edit) < _UPDATED:
                number = edit % _NUMBERS
        return FIRST_NUMBER + np.int64(number)
    if one.reword > 0:
        edit = _draw(one.own, place)
        if _upper(edit) < one.reword:
            return np.int64(_common_word(zipf, edit << _HALF))
    return np.int64(word)


@njit(nogil=True)
def _is_replaced(one: One, place: np.uint64, word: np.int64) -> bool:
    """Whether this is a word that may be the one to be replaced."""
    at = one.word_at
    return at >= 0 and word < COMMON and place >= np.uint64(at) and place - np.uint64(at) < _REPLACED_NEAR


@njit(nogil=True)
def _other_word(one: One, word: np.int64, zipf: I32) -> np.int64:
    """The one word that a story puts in place of another."""
    other = np.int64(_common_word(zipf, _draw(one.own, np.uint64(1 << 32))))
    return (other + 1) % COMMON if other == word else other


@njit(nogil=True)
def _token(one: One, word: np.int64, form: int) -> np.int64:
    """A word in this form and the story's script."""
    return (one.script * WORDS + word) * len(FORMS) + form


@njit(nogil=True)
def _slot_value(one: One, block: np.uint64) -> np.uint64:
    """What a story fills the slot of a block with."""
    kind = one.slot_kind
    return (one.story * _STRIDES[kind] + block * _NEXT_SLOT) % _VALUES[kind] + _LEAST[kind]


@njit(nogil=True)
def _slot_token(one: One, block: np.uint64, within: np.uint64, form: int, token: np.int64, heads: I64) -> np.int64:
    """The token at a place `within` a slot; the one that is there already for places that are in none."""
    if within > _ONE:
        return token
    kind = one.slot_kind
    value = _slot_value(one, block)
    if within == 0:
        return heads[kind, one.script] + np.int64(value // _TAILS[kind])
    return _token(one, _FIRST_TAILS[kind] + np.int64(value % _TAILS[kind]), form)


@njit(nogil=True)
def _form(draw: np.uint64, begins: bool, ends: bool, last: bool) -> int:
    """How a word of a text is written: capitals after full stops, commas, a few quotation marks."""
    if last:
        return LAST
    if ends:
        return FULL_STOP
    if begins:
        return CAPITAL
    flourish = (draw >> np.uint64(16)) & np.uint64(1023)
    if flourish < np.uint64(60):
        return COMMA
    return QUOTED if flourish >= np.uint64(1018) else PLAIN


@njit(nogil=True, cache=True)
def draw_titles(telling: Telling, titles: Titles, zipf: I32, heads: I64, out: I32) -> None:
    """Write the tokens of the titles of n stories, back to back.

    zipf  : int32[2**TABLE_BITS]     as in `Vocabulary`
    heads : int64[kinds, scripts]    first token of the heads of each kind of slot in each script
    out   : int32[sum(length)]       overwritten
    """
    at = 0
    for i in range(telling.length.shape[0]):
        replaced = False
        one, last = _one_of(telling, i), telling.length[i] - 1
        for j in range(last + 1):
            place, walk = np.uint64(j), titles.walks[i]
            if titles.kept[i] < _WHOLE and _upper(_draw(titles.own_walks[i], place + _NEW_WORDS)) >= titles.kept[i]:
                walk = titles.own_walks[i]
            # Every stride is odd, so the words of one title come from different places; a new title walks another way.
            stride = _below(_draw(walk, _ONE), _TITLE_STRIDES) * np.uint64(2) + np.uint64(3)
            from_place = (place * stride + _below(_draw(walk, np.uint64(2)), _TITLE_SPAN)) % _TITLE_SPAN
            word = _word(one, from_place, _draw(one.words, from_place), zipf)
            if not replaced and _is_replaced(one, place, word):
                word, replaced = _other_word(one, word, zipf), True
            form = BARE if j == last else (CAPITAL if j == 0 else PLAIN)
            token = _token(one, word, form)
            if one.slot_kind >= 0:
                token = _slot_token(one, np.uint64(0), place - _ONE, form, token, heads)
            out[at] = token
            at += 1


@njit(nogil=True, cache=True)
def draw_texts(telling: Telling, excerpts: Excerpts, zipf: I32, heads: I64, out: I32) -> None:
    """Write the tokens of the texts of n stories, back to back; the arrays are those of `draw_titles`."""
    at = 0
    for i in range(telling.length.shape[0]):
        replaced, begins, slotted = False, True, False
        block, stop = _NO_BLOCK, np.uint64(0)
        one, last = _one_of(telling, i), telling.length[i] - 1
        for j in range(last + 1):
            place, words = np.uint64(j), one.words
            if place >= excerpts.skip_at[i]:
                place += excerpts.skip[i]
            if place < excerpts.fresh[i]:
                words = excerpts.fresh_words[i]
            else:
                place -= excerpts.fresh[i]
            draw = _draw(words, place)
            word = _word(one, place, draw, zipf)
            if not replaced and _is_replaced(one, place, word):
                word, replaced = _other_word(one, word, zipf), True
            if place // _BLOCK != block:
                block = place // _BLOCK
                stop = block * _BLOCK + _below(_draw(excerpts.sentences[i], block), _STOPS) + np.uint64(FIRST_STOP)
                slotted = one.slot_kind >= 0 and (block == 0 or _upper(_draw(one.template, block)) < one.slot_chance)
            form = _form(draw, begins, place == stop, j == last)
            begins = place == stop
            token = _token(one, word, form)
            if slotted:
                within = place - block * _BLOCK - one.slot_start
                token = _slot_token(one, block, within, form, token, heads)
            out[at] = token
            at += 1


@njit(nogil=True, cache=True)
def place_tokens(starts: I64, lengths: I64, tokens: I32, out: I32) -> None:
    """Copy the tokens of one part of n lines to where the part begins in each.

    starts  : int64[n]            index into `out`
    lengths : int64[n]            tokens of the part in each line, possibly none
    tokens  : int32[sum(lengths)] of all lines, back to back
    out     : int32[m]            the tokens of whole lines; overwritten where the part is
    """
    at = 0
    for i in range(starts.shape[0]):
        for k in range(lengths[i]):
            out[starts[i] + k] = tokens[at + k]
        at += lengths[i]


@njit(nogil=True, cache=True)
def count_bytes(tokens: I32, begins: U32) -> int:
    """How many bytes tokens have together; `begins` as in `Vocabulary`."""
    count = np.uint64(0)
    for token in tokens:
        count += np.uint64(begins[np.uint32(token) + np.uint32(1)] - begins[np.uint32(token)])
    return np.int64(count)


@njit(nogil=True, cache=True)
def copy_bytes(tokens: I32, begins: U32, data: U8, out: U8) -> None:
    """Write the bytes of tokens one after another.

    tokens : int32[m]                  each from 0
    begins : uint32[tokens + 1]        as in `Vocabulary`
    data   : uint8[begins[-1] + SPARE] as in `Vocabulary`
    out    : uint8[count_bytes(tokens, begins) + SPARE] overwritten, the spare end with anything
    """
    to = 0
    for token in tokens:
        begin = np.intp(begins[np.uint32(token)])
        length = np.intp(begins[np.uint32(token) + np.uint32(1)]) - begin
        copy32(data, begin, out, to)
        for done in range(SPARE, length, SPARE):
            copy32(data, begin + done, out, to + done)
        to += length
