from __future__ import annotations

import itertools
import re
import time
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from dedup import text
from dedup.kernels.flags import (
    BIGRAM,
    BREAK,
    CAPITAL,
    CAPS,
    CLOSE,
    COLON,
    FUNCTION,
    LONGEST,
    MARK,
    MOST_MARKS,
    NUMBER,
    OPEN,
    SENTENCE,
)
from dedup.kernels.native.alphabets import cut_words, squeeze_words
from dedup.kernels.native.functions import flag_functions
from dedup.kernels.native.tokens import hash_tokens
from dedup.kernels.reference.tokens import Token, field_tokens
from dedup.kernels.unicode import BLOCK, load_tables
from dedup.kernels.xxh32 import xxh32
from dedup.words import FUNCTION_WORDS
from tests.twin import string_column

FILLER = b" " * 160  # behind all fields, so that none of them is too near the end for the kernel's wide loads


def tokens(*fields: bytes) -> list[list[Token]]:
    """The tokens of each field by the compiled kernels, FUNCTION not looked up; both near the end and far from it."""
    near, far = tokens_of(fields), tokens_of((*fields, FILLER))
    assert [*near, []] == far
    return near


def tokens_of(fields: Sequence[bytes]) -> list[list[Token]]:
    found, ends = text.tokenize_columns([string_column(fields)])
    bounds = [0, *ends[:, 0].tolist()]
    return [
        [
            Token(
                found.data[found.starts[k] : found.starts[k + 1] - 1].tobytes(), int(found.flags[k]), int(found.gaps[k])
            )
            for k in range(first, last)
        ]
        for first, last in itertools.pairwise(bounds)
    ]


def words(field: str) -> list[str]:
    return [token.text.decode() for token in tokens(field.encode())[0]]


def flags(field: str) -> list[int]:
    return [token.flags for token in tokens(field.encode())[0]]


def known(char: str) -> bool:
    """Whether the shipped Unicode version and this Python's mean the same: an older one lacks what a newer one has."""
    tables, point = load_tables(), ord(char)
    assigned = unicodedata.category(char) != "Cn"
    return bool(tables.known[int(tables.blocks[point // BLOCK]) * BLOCK + point % BLOCK]) == assigned


CHARS = st.characters(exclude_categories=["Cs"]).filter(known)
# fmt: off
PIECES = st.sampled_from([
    "a", "b", "Z", "ab", "abc", "Abc", "ABC", "0", "9", "12", ".", ",", "-", "--", ":", "::", "|", " ", "  ",
    "\n", "\t", "(", ")", "[", "]", "!", "?", "'", "_", "<", ">", "&", ";", "/", "=", '"', "#", "x", "U.S.",
    "3.5", "a-b", " - ", "word ", "Two Words ", "G7", "1,5", "A1B2", "abcD", "x" * 17, "y" * 40, ". ", ", ",
    "&amp;", "&lt;", "&gt;", "&amp;lt;", "&#233;", "&#x301;", "&#146;", "&nGt;",
    "&eacute;", "&nosuch;", "&#0;", "&#", "<b>", "</b>", "<p>", "<BR/>", "<a href='x'>", "<a href='",
    "<script>", "</script>", "<STYLE a>", "</style ", "<!--", "-->", "<!", "<![CDATA[", "]]>", "<?", "</",
    "<SRD>", "<x-y>", "</x>", "<x:", "<9>", "<x y=>", "='", "\xe9", "\xc9", "\xdf", "\u0130", "\u01c5",
    "\u03a3", "\u0301", "\u0327", "\u0345", "\u0323", "\xad", "\u200b", "\u200d", "\u2060", "\ufeff",
    "\u034f", "\xa0", "\u2028", "\x85", "\u2013", "\u2014", "\xb7", "\xbb", "\u2022", "\u2026", "\u3002",
    "\uff01", "\uff0e", "\uff13", "\uff21", "\uff5c", "\u4e2d", "\u6587", "\u306e", "\u304b", "\u3099",
    "\u30fc", "\uff76", "\uff9e", "\u0e44", "\u0e17", "\u0e48", "\u0e33", "\u1780", "\u17d2", "\u1000",
    "\ud55c", "\u1112", "\u1161", "\u11ab", "\ufdfa", "\u3300", "\ufb01", "\xbd", "\u2460", "\u2163",
    "\u3007", "\u0915", "\u093c", "\u094d", "\u0663", "\u0651", "\u064e", "\u05b8", "\u1e9e", "\U0001f600",
    "\U0001f1e9", "\ufffd", "\ue000", "\u0378", "\U00020000", "\U0001d400", "\U000e0041",
])
# fmt: on
SAMPLES = """the a I in Oslo UN storm-hit O'Neill café Élan ÉLAN naïve straße Łódź \u0130z \u01c5ep\u00adar привет Киев
\u0416\u0418\u041b \u0416\u0418ль и\u0306 приветДом Ελλάδα ΕΛΛΆΔΑ οἶκος السلام محمّد שלום עִבְרִית 1,200 3.5 №5
G7 5ж ªb x\u00b2 日本語の新聞 北京2024 新聞word การเมืองไทย 서울 हिन्दी"""
WORDS = st.sampled_from(SAMPLES.split())
GAPS = st.sampled_from([*[" "] * 9, ", ", ". ", " \u2013 ", "\u00a0", "\u201d ", "", "; "])
PROSE = st.lists(st.tuples(WORDS, GAPS)).map(lambda pieces: "".join(map("".join, pieces)))
FIELDS = st.one_of(
    PROSE.map(str.encode),
    st.lists(PIECES, max_size=40).map("".join).map(str.encode),
    st.text(CHARS, max_size=12).map(str.encode),
    st.lists(st.one_of(PIECES, CHARS), max_size=12).map("".join).map(str.encode),
    st.binary(max_size=16),
    st.lists(
        st.one_of(
            PIECES.map(str.encode),
            st.sampled_from([b"\xed\xa0\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xff"]),
        ),
        max_size=10,
    ).map(b"".join),
    st.tuples(st.sampled_from("aA1\xe9\u4e2d\u0e44"), st.integers(LONGEST - 3, 2 * LONGEST + 3), PIECES, PIECES).map(
        lambda run: (run[0] * run[1] + run[2] + run[3]).encode()
    ),
    st.tuples(
        st.sampled_from("ae\u304b\u0e17"), st.text("\u0301\u0323\u0327\u0345\u3099\u05b8", max_size=70), PIECES
    ).map(lambda run: "".join(run).encode()),
)


@given(st.lists(FIELDS, max_size=4))
@example([b"<" * 5 + b"script>" * 3, b"&amp;amp;lt;", b"9." * 40, b"\xcc\x81", b"<a b='"])
@settings(deadline=None, max_examples=600)
def test_the_compiled_tokens_are_the_slow_ones(fields):
    assert tokens(*fields) == [field_tokens(field) for field in fields]


@given(st.lists(FIELDS, max_size=5))
@settings(deadline=None, max_examples=150)
def test_tokens_are_well_formed_bounded_and_hashed(fields):
    found, ends = text.tokenize_columns([string_column(fields)])
    count = int(ends[-1, 0]) if fields else 0
    hashes = np.empty(count, dtype=np.uint32)
    hash_tokens(found.data, found.starts, hashes)
    for k in range(count):
        token = found.data[found.starts[k] : found.starts[k + 1] - 1].tobytes()
        assert found.data[found.starts[k + 1] - 1] == ord(" ")
        assert 0 < len(token.decode()) <= 4 * LONGEST
        assert b" " not in token
        assert hashes[k] == xxhash.xxh32_intdigest(token)


def test_xxh32_is_xxhash_for_every_length():
    data = np.random.default_rng(7).integers(0, 256, 4096, dtype=np.uint8)
    for size in range(2001):
        start = size * 7 % 1000
        assert int(xxh32(data, start, start + size)) == xxhash.xxh32_intdigest(data[start : start + size].tobytes())


def test_words_of_every_length_are_hashed_right_however_often():
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    every = [letter * size for size in range(1, 40) for letter in alphabet] * 2
    found, _ = text.tokenize_columns([string_column([" ".join(every).encode()])])
    hashes = np.empty(len(every), dtype=np.uint32)
    hash_tokens(found.data, found.starts, hashes)
    assert hashes.tolist() == [xxhash.xxh32_intdigest(word.encode()) for word in every]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("U.S. exporters report 350,000 tonnes", ["u", "s", "exporters", "report", "350,000", "tonnes"]),
        ("1,000.5. 3,a .5 6. 7.", ["1,000.5", "3", "a", "5", "6", "7"]),
        ("1,\ufeff000 2.\xad5 3,\xe9 4,\uff15", ["1,000", "2.5", "3", "\xe9", "4,5"]),
        ("don't snake_case e-mail", ["don", "t", "snake", "case", "e", "mail"]),
        ("Stra\xdfe STRASSE", ["strasse", "strasse"]),
        ("\ufb01ne \uff26\uff29\uff2e\uff25", ["fine", "fine"]),
        ("caf\xe9 cafe\u0301 CAFE\u0301", ["caf\xe9", "caf\xe9", "caf\xe9"]),
        ("co\xadoperate co\u200boperate", ["cooperate", "co", "operate"]),
        ("tripChina iPhone YouTube JavaScript", ["trip", "china", "iphone", "youtube", "java", "script"]),
        ("tripRead more \xbb", ["trip", "read", "more"]),
        ("\u4e2d\u56fd\u4eba China", ["\u4e2d\u56fd", "\u56fd\u4eba", "china"]),
        ("\u4e2d, \u56fd", ["\u4e2d", "\u56fd"]),
        ("2024\u5e743\u6708", ["2024", "\u5e74", "3", "\u6708"]),
        ("\u30ab\u3099\u30b9", ["\u30ac\u30b9"]),
        ("\uff76\uff9e\uff7d", ["\u30ac\u30b9"]),
        ("\u0e01\u0e34\u0e19", ["\u0e01\u0e34\u0e19"]),
        ("\ud55c\uad6d \u1112\u1161\u11ab", ["\ud55c\uad6d", "\ud55c"]),
        ("\u0663\u0664 \u0645\u062d\u0645\u062f", ["\u0663\u0664", "\u0645\u062d\u0645\u062f"]),
        ("a\U0001f600b \u2764\ufe0f", ["a", "b"]),
        ("\u0301x", ["x"]),
    ],
)
def test_words_of(field, expected):
    assert words(field) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("x < y and y > z", ["x", "y", "and", "y", "z"]),
        ("x <y and z", ["x", "y", "and", "z"]),
        ("a<b>c</b>d", ["a", "c", "d"]),
        ("COD OIL <SRD> UNIT <DEEP FISH CORP> <b>", ["cod", "oil", "srd", "unit", "deep", "fish", "corp"]),
        ("a<o:p>b</o:p>c<x-y>d</foo>e<foo bar=1>f<INPUT disabled/>g", ["a", "b", "c", "d", "e", "f", "g"]),
        ("Tom &amp; Jerry &amp;amp; Co", ["tom", "jerry", "co"]),
        ("&lt;p&gt;One&lt;/p&gt; &amp;lt;b&amp;gt;two", ["one", "two"]),
        ("it&#8217;s it&#146;s it&rsquo;s", ["it", "s", "it", "s", "it", "s"]),
        ("&eacute;t&#xe9; e&#x301;", ["\xe9t\xe9", "\xe9"]),
        ("a<script>var x = '<b>';</script>b<style>p{}</style >c", ["a", "b", "c"]),
        ("the <script> tag", ["the", "tag"]),
        ("a<!-- b <p> -- > -->c<!-- d", ["a", "c", "d"]),
        ("<![CDATA[kept]]>", ["kept"]),
        ('cut <a href="http://x.example/y [+12 chars]', ["cut"]),
        ("&#1114112; &#xD800; &#99999999999999999999;a", ["a"]),
    ],
)
def test_markup_of(field, expected):
    assert words(field) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Ab aB AB 1 a1 \u01c5", [SENTENCE | CAPITAL, 0, CAPITAL | CAPS, NUMBER, NUMBER, CAPITAL]),
        ("I 2A 2AB", [SENTENCE | CAPITAL, NUMBER | CAPITAL, NUMBER | CAPITAL | CAPS]),
        ("ab. cd! ef\u2026 gh\nij", [SENTENCE] * 5),
        ("ab.cd ef, gh", [SENTENCE, 0, 0, 0]),
        ("j. smith", [SENTENCE, 0]),
        ("\u4e2d\u3002\u6587", [SENTENCE | BIGRAM, SENTENCE | BIGRAM]),
        ("ab - cd -- ef | gh \u2013 ij\u2014 kl :: mn \xbb op", [SENTENCE, *[BREAK] * 4, *[BREAK | MARK] * 2, BREAK]),
        ("a\u2014b a-b a- b a -b", None),
        ("(ab)- cd", [SENTENCE, BREAK]),
        ("ab: cd 10:30", [SENTENCE, MARK, NUMBER, NUMBER | MARK]),
        ("one<p>two</p>three<b>four</b>", [SENTENCE, SENTENCE, SENTENCE, 0]),
    ],
)
def test_flags_of(field, expected):
    if expected is None:
        expected = [SENTENCE, MARK, 0, MARK, 0, MARK, 0, 0]
    assert flags(field) == expected


def test_gaps_tell_brackets_and_colons():
    (found,) = tokens("(ab) [cd: ef] gh \u3010ij\u3011kl".encode())
    assert [token.gap for token in found] == [OPEN, CLOSE | OPEN, COLON, CLOSE, OPEN, CLOSE]


def flagged_functions(field: str) -> list[str]:
    language = text._load_language()
    found, ends = text.tokenize_columns([string_column([field.encode()])])
    marked = found.flags[: ends[-1, 0]]
    flag_functions(found.data, found.starts, language.salt, language.functions, marked)
    places = np.flatnonzero(marked & FUNCTION)
    return [found.data[found.starts[k] : found.starts[k + 1] - 1].tobytes().decode() for k in places]


def test_function_words_are_flagged():
    assert flagged_functions("The ministers and DER Minister and the") == ["the", "and", "der", "and", "the"]


def test_every_function_word_is_flagged_and_no_longer_or_shorter_one():
    every = {word for group in FUNCTION_WORDS.values() for word in words(group)}
    assert set(flagged_functions(" ".join(sorted(every)))) == every
    others = {word + letter for word in every for letter in "xq"} - every
    assert flagged_functions(" ".join(sorted(others))) == []


def test_words_of_repeated_letters_are_no_function_words():
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert flagged_functions(" ".join(a + 7 * b for a in letters for b in letters)) == []


def test_a_long_word_is_cut_into_pieces():
    assert words("x" * (2 * LONGEST + 1)) == ["x" * LONGEST] * 2 + ["x"]
    assert words("\xe9" * (LONGEST + 1)) == ["\xe9" * LONGEST, "\xe9"]


def test_a_character_keeps_a_few_marks_only():
    assert words("\u0e01" + "\u0e48" * 100) == ["\u0e01" + "\u0e48" * MOST_MARKS]


@pytest.mark.parametrize("piece", ["\ufdfa", "\u3300", "a ", "\u4e2d", "\u1e9e", "<b>a", "&nGt;", "\u0345", "e\u0301 "])
def test_room_grows_as_needed(piece):
    field = (piece * 3000).encode()
    assert tokens(field, b"end") == [field_tokens(field), field_tokens(b"end")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["<", "<a", "<!--", "<script>", "&", "&#", "&#9", "&a", "9.", "a\u0301\u0323", "\u0301\u0323", "=\"<a '", "</"],
)
def test_time_is_linear_whatever_the_text(piece):
    field = string_column([piece.encode() * (2_000_000 // len(piece.encode()))])
    text.tokenize_columns([string_column([b"a"])])
    started = time.perf_counter()
    text.tokenize_columns([field])
    assert time.perf_counter() - started < 20  # a fraction of a second, where a quadratic scan of 2 MB takes minutes


@njit
def _both_ways(source, masks, begins, ends, out, token, cut, squeezed):
    words, capitals, digits, sentences, lone = masks
    some = cut_words(source, 0, begins, ends, capitals, digits, sentences, lone, 4, out, token, *cut)
    other = squeeze_words(source, 0, begins, ends, words, capitals, digits, sentences, lone, 4, out, token, *squeezed)
    return some, other


@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Za-z][a-z]{0,19}|[0-9]{1,20}", fullmatch=True), st.integers(1, 3)), min_size=1
    ),
    st.integers(0, 2**64 - 1),
)
@settings(deadline=None)
def test_words_are_cut_alike_with_and_without_the_instruction_for_it(words, sentences):
    written = "".join(word + " " * gap for word, gap in words)[:64].ljust(64)
    spans = [(found.start(), found.end()) for found in re.finditer(r"\w+", written) if found.end() < 64]
    if not spans:
        return
    source = np.frombuffer(written.encode() + bytes(64), dtype=np.uint8)

    def mask(places):
        return np.uint64(sum(1 << place for place in places))

    masks = (
        mask(k for k in range(64) if written[k] != " "),
        mask(k for k in range(64) if written[k].isupper()),
        mask(k for k in range(64) if written[k].isdigit()),
        np.uint64(sentences),
        mask(first for first, end in spans if end - first == 1 and written[first].isalpha()),
    )
    begins, ends = mask(first for first, _ in spans), mask(end for _, end in spans)
    ways = [(np.zeros(300, np.uint8), np.full(64, 5, np.int64), np.zeros(64, np.uint8)) for _ in range(2)]
    some, other = _both_ways(source, masks, begins, ends, 5, 2, *ways)
    token, out = some[:2]
    assert some == other
    assert token == 2 + len(spans)
    for one, another, first, last in zip(*ways, (5, 2, 2), (out, token + 1, token), strict=True):
        np.testing.assert_array_equal(one[first:last], another[first:last])
