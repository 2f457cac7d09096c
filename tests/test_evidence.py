from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedup.evidence import EVIDENCE, everyday_words, gather, hash_column, load_meanings, weigh, word_meanings
from dedup.kernels.flags import BREAK, CAPITAL, FUNCTION, MARK, NUMBER, SENTENCE
from dedup.kernels.native import contents as native
from dedup.kernels.native.claims import ACTORS, CLAIM, NEGATED, TURNED
from dedup.kernels.native.evidence import META_BITS, META_TOKENS, META_URL, UNDATED
from dedup.kernels.native.facts import CAPS, FACTS_CAP
from dedup.kernels.native.meanings import PERSON, PHRASE, WORD
from dedup.kernels.native.sets import common
from dedup.kernels.native.shingles import STEM_LETTERS
from dedup.kernels.reference import claims, contents
from dedup.kernels.reference import facts as slow
from dedup.places import PLACES
from dedup.shingles import text_shingles, word_stems
from dedup.subjects import SUBJECTS
from dedup.text import tokenize
from dedup.things import THINGS
from dedup.words import AGENT_WORDS, FUNCTION_WORDS, NEGATIONS, OPPOSITES, SAME_WORDS
from tests.builders import at, batch, tokens

MEANINGS = word_meanings()
LIKELY = load_meanings().likely.tolist()
SUBJECTED = (*PLACES.values(), *SUBJECTS.values(), *THINGS.values())
WORDS = st.one_of(
    st.text(st.characters(exclude_characters=" ", exclude_categories=["Cs"]), min_size=1, max_size=9).map(str.encode),
    st.sampled_from(
        [
            *(b"the", b"350,000", b"350000", b"12", b"12th", b"two", b"one", b"friday", b"freitag", b"dead"),
            *(b"china", b"chinese", b"peru", b"up", b"rises", b"fell", b"acquitted", b"usa", b"again", b"at", b"woman"),
            *(b"new", b"mexico", b"north", b"korea", b"not", b"can", b"t", b"by", b"ford", b"lay", b"off", b"united"),
            *(b"school", b"college", b"church", b"chief", b"executive", b"bus", b"gold", b"oil"),
            *(b"million", b"bn", b"2m", b"2,50bn", b"3.4", b"1.080", b"4.00", b"21st", b"aged", b"7,", b"x.0"),
        ]
    ),
)
FLAGS = st.sampled_from(
    [0, NUMBER, CAPITAL, CAPITAL | SENTENCE, FUNCTION, FUNCTION | CAPITAL, NUMBER | CAPITAL, MARK, BREAK | CAPITAL]
)
WORDS |= st.sampled_from(everyday_words())
TOKENS = st.lists(st.tuples(WORDS, FLAGS.map(int)), max_size=90)
URLS = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["urn:", "TAG:", " urn:", "urn"]), st.text("a:8043#!/? ", max_size=8)),
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [
                "https://",
                "www.",
                "M.",
                "mobile.",
                "amp.",
                "Example.org",
                "google.",
                "bing.",
                "cdn.ampproject.org",
                "/amp/",
                "/amp",
                "/c/",
                "/v/s/",
                "s/",
                ":80",
                ":443",
                ".",
                "&amp;",
                "amp=1",
                "#!",
                "#/",
                "/",
                "/a",
                "?",
                "&",
                "utm_source=x",
                "gclid=1",
                "id=7",
                "#top",
                " ",
                "=",
                "A",
            ]
        ),
        max_size=9,
    ).map("".join),
)


def facts_of(stories, rows=None):
    """The facts of tokens that stand in for the text of a batch."""
    read = tokens(stories)
    return gather(batch(rows or [{}] * len(stories)), read, text_shingles(read, 3), word_stems(read))


@given(st.lists(st.tuples(TOKENS, TOKENS), max_size=4))
@settings(deadline=None)
def test_facts_equal_the_slow_twin(stories):
    facts = facts_of(stories)
    for i, (title, text) in enumerate(stories):
        sets = slow.facts(title, text, 3, MEANINGS, LIKELY)
        begin, got = facts.bounds[i], []
        for end in facts.sections[i].tolist():
            got.append(facts.hashes[begin : facts.bounds[i] + end].tolist())
            begin = facts.bounds[i] + end
        assert got == sets
        assert facts.meta[i, META_TOKENS] == len(title) + len(text)
        told = int(facts.meta[i, META_BITS] >> CLAIM)
        sides = frozenset(side for side in range(12) if told >> side & 1)
        claim = claims.Claim(sides, bool(told & NEGATED), told >> int(ACTORS), bool(told & TURNED))
        assert claim == claims.claim(title, slow.say_all([*title, *text], MEANINGS))


def test_facts_of_an_enormous_story_are_bounded():
    words = [(str(k).encode(), int(NUMBER | CAPITAL)) for k in range(200_000)]
    facts = facts_of([(words[:100_000], words[100_000:])])
    assert facts.hashes.shape[0] <= FACTS_CAP == sum(CAPS) == 512


@given(st.lists(st.tuples(TOKENS, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)), max_size=4))
@example([([(b"0", 0)], 2**32 - 1, 0)])
@settings(deadline=None)
def test_content_hashes_equal_xxhash(stories):
    read = tokens([([], text) for text, _, _ in stories])
    sources = np.array([source for _, source, _ in stories], dtype=np.uint32)
    raw = np.array([value for _, _, value in stories], dtype=np.uint64)
    got = np.empty((len(stories), 2), dtype=np.uint64)
    native.hash_contents(read.data, read.starts, read.flags, read.offsets, sources, raw, got)
    for i, (text, source, value) in enumerate(stories):
        expected = contents.hash_content([(word, bool(flags & FUNCTION)) for word, flags in text], source, value)
        assert tuple(got[i].tolist()) == expected


@given(st.lists(st.text(), max_size=6))
@settings(deadline=None)
def test_string_hashes_equal_xxhash(values):
    column = pa.array(["padding", *[v.encode("utf-8", "replace").decode() for v in values]], pa.string())[1:]
    expected = [max(xxhash.xxh64_intdigest(v), 1) if v else 0 for v in (x.encode() for x in column.to_pylist())]
    assert hash_column(column).tolist() == expected


@given(st.lists(URLS, max_size=5))
@settings(deadline=None)
def test_url_hashes_equal_the_slow_twin(urls):
    rows = [{"url": url.encode("utf-8", "replace").decode()} for url in urls]
    facts = facts_of([([], [])] * len(urls), rows)
    assert facts.meta[:, META_URL].tolist() == [contents.hash_url(row["url"].encode()) for row in rows]


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://www.Example.org/a/B/?utm_source=x&id=7&fbclid=9#top", b"example.org/a/B&id=7"),
        ("http://example.org/a/B?id=7", b"example.org/a/B&id=7"),
        ("example.org/?p=12", b"example.org&p=12"),
        ("https://example.org/", b""),
        ("HTTPS://M.Example.ORG:443/a", b"example.org/a"),
        ("http://mobile.example.org:80/a/", b"example.org/a"),
        ("http://example.org:8080/a", b"example.org:8080/a"),
        ("https://m.com/a", b"m.com/a"),
        ("https://amp.example.org/a?amp", b"example.org/a"),
        ("https://example.org/a/amp/", b"example.org/a"),
        ("https://example.org/camp", b"example.org/camp"),
        ("https://example.org/a?amp=1&id=2&amp;utm_medium=rss", b"example.org/a&id=2"),
        ("https://example-org.cdn.ampproject.org/c/s/www.example.org/a?id=2&usqp=mq3", b"example.org/a&id=2"),
        ("https://cdn.ampproject.org/v/example.org/a?amp_js_v=0.1#amp=1", b"example.org/a"),
        ("https://www.google.co.uk/amp/s/amp.example.org/a", b"example.org/a"),
        ("https://www.google.com/amp/s/example-org.cdn.ampproject.org/c/s/example.org/a", b"example.org/a"),
        ("https://google.com/amp/about", b"google.com/amp/about"),
        ("https://example.org/#!/story/7", b"example.org#!/story/7"),
        ("https://example.org/a?id=7#/b", b"example.org/a&id=7#/b"),
        ("https://example.org/a#comments", b"example.org/a"),
        ("https://example.org/?ref=5&source=x&from=y&story=1&v=2", b"example.org&ref=5&source=x&from=y&story=1&v=2"),
        # Parameters keep their order. Of 14,400 URLs of real feeds, 240 of them with two or more that count, no two
        # became one by sorting, since a site writes its links in one way; and where a query is a path, order matters.
        ("https://example.org/a?b=2&a=1", b"example.org/a&b=2&a=1"),
        ("https://example.org/?/world/&/story/&b", b"example.org&/world/&/story/&b"),
        ("urn:agency:80", b"urn:agency:80"),
        (" TAG:agency.example,2024:Item/amp?id=1 ", b"TAG:agency.example,2024:Item/amp?id=1"),
        ("urn:agency:7#part", b"urn:agency:7"),
        ("", b""),
    ],
)
def test_urls_are_compared_by_what_names_the_article(url, form):
    assert contents.canonical_url(url.encode()) == form


def test_meanings_are_told_by_a_word_alone():
    assert MEANINGS[b"twelve"] == MEANINGS["zwölf".encode()] == (slow.COUNT, xxhash.xxh32_intdigest(b"12"))
    assert MEANINGS[b"montag"] == MEANINGS["måndag".encode()] != MEANINGS[b"friday"]
    assert MEANINGS[b"usa"] == MEANINGS[b"us"] == (slow.PLAIN, xxhash.xxh32_intdigest(b"us"))
    assert MEANINGS[b"peruvian"] == MEANINGS[b"peruvians"] == (slow.SUBJECT, xxhash.xxh32_intdigest(b"peru"))
    assert MEANINGS[b"beijing"] == MEANINGS[b"china"]
    assert MEANINGS[b"lima"] != MEANINGS[b"peru"]
    assert MEANINGS["北京".encode()] == MEANINGS["中国".encode()] != MEANINGS["上海".encode()]
    assert (MEANINGS[b"up"][0] - slow.OPPOSED, MEANINGS[b"down"][0] - slow.OPPOSED) == (0, 1)
    assert MEANINGS[b"columbus"] != MEANINGS[b"columbia"]
    table = load_meanings()
    assert np.count_nonzero(table.keys) == len(MEANINGS) < len(table.keys) / 3
    assert np.count_nonzero(table.likely & (WORD | PHRASE)) < len(table.likely) / 20
    # A number is hashed in another way than the first word of a phrase.
    assert not any(letter.isdigit() for word in MEANINGS if b" " in word for letter in word.decode())


def test_few_words_are_taken_for_everyday_ones_that_are_none():
    words = everyday_words()
    assert all(slow.is_everyday(word, LIKELY) for word in (b"crash", b"officials", b"previously", b"of"))
    others = [word[::-1] + b"q" for word in words]
    assert sum(slow.is_everyday(word, LIKELY) for word in others) < len(others) / 200


def test_a_thing_tells_its_sort_and_nothing_else_looks_like_one():
    assert MEANINGS[b"university"] == MEANINGS[b"college"] != MEANINGS[b"school"] != MEANINGS[b"church"]
    sorts = {value % slow.SORTS for kind, value in MEANINGS.values() if kind == slow.THING}
    assert sorts == set(range(1, len(THINGS) + 1))
    assert all((value >= slow.THINGS_FROM) == (kind == slow.THING) for kind, value in MEANINGS.values())
    groups = [names.split()[0].replace("_", " ") for text in THINGS.values() for names in text.split(";")]
    assert len({MEANINGS[name.encode()] for name in groups}) == len(groups)
    assert not any(value & slow.NAMED for kind, value in MEANINGS.values() if kind == slow.THING)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(
            ("350,000", "350.000"),
            ("350,000", "350000"),
            ("3,4", "3.40"),
            ("4,00", "4.00"),
            ("21st", "21"),
            ("4th", "4"),
        ),
        *(("2m", "2mn"), ("2m", "2mln"), ("3.4bn", "3,40b"), ("1,035.10", "1035.1")),
    ],
)
def test_a_number_is_the_same_however_it_is_written(one, other):
    assert slow.number(one.encode()) == slow.number(other.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("350,000", "150,000"),
        ("3.4", "34"),
        ("20", "2"),
        ("20m", "20bn"),
        ("20m", "20"),
        ("5g", "5"),
        ("10k", "10m"),
        ("8", "8.00"),
    ],
)
def test_another_number_is_another(one, other):
    assert slow.number(one.encode()) != slow.number(other.encode())


def test_no_two_subjects_and_no_two_sides_are_one():
    subjects = [names.split() for text in SUBJECTED for names in text.split(";")]
    sides = [side.replace(";", " ").split() for both in OPPOSITES for side in both]
    same = [SAME_WORDS.replace(";", " ").split()]
    every = [name for group in (*subjects, *sides, *same) for name in group]
    assert [name for name, count in Counter(every).items() if count > 1] == []
    alike = [names.split()[0] for both in OPPOSITES for side in both for names in side.split(";")]
    assert len({name[:STEM_LETTERS] for name in alike}) == len(alike)
    assert len(OPPOSITES) <= 6
    assert MEANINGS[b"man"][0] == PERSON == slow.PERSON
    functions = {word for text in FUNCTION_WORDS.values() for word in text.split()}
    assert functions.isdisjoint(name for text in SUBJECTED for name in text.replace(";", " ").split())


def test_words_with_a_meaning_are_tokens_as_they_are_listed():
    lists = (*SUBJECTED, SAME_WORDS, NEGATIONS, AGENT_WORDS, *sum(OPPOSITES, ()))
    every = [name.replace("_", " ") for text in lists for name in text.replace(";", " ").split()]
    read = tokenize(batch([{"title": name} for name in every]))
    ends = read.starts[read.offsets[1:]] - 1
    found = [read.data[a:b].tobytes() for a, b in zip(read.starts[read.offsets[:-1]], ends, strict=True)]
    assert np.diff(read.offsets).tolist() == [1 + name.count(" ") for name in every]
    assert [word for word in found if word not in MEANINGS] == []


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "p",
        "article",
        "story",
        "v",
        "ref",
        "source",
        "from",
        "s",
        "a",
        "n",
        "page",
        "section",
        "q",
        "newsid",
        "ID",
    ],
)
def test_a_parameter_that_can_name_an_article_counts(name):
    one, other = (contents.canonical_url(f"https://example.org/news?{name}={k}".encode()) for k in (1, 2))
    assert one != other


def words(text):
    return [(word.encode(), int(NUMBER) if word[0].isdigit() else 0) for word in text.split()]


def test_evidence_on_a_template_with_another_number():
    facts = facts_of(
        [
            (words(f"exporters report {n} tonnes corn sold"), words("for delivery next year"))
            for n in ("350,000", "150,000")
        ],
        [{"source": "Reuters", "published": at(14)}, {"source": " reuters", "published": at(14, 6)}],
    )
    evidence = weigh(facts, 0, 1)
    assert tuple(evidence) == EVIDENCE
    assert evidence["title_jaccard"] == pytest.approx(5 / 7)
    assert evidence["title_number_clash"] == pytest.approx(5 / 6)
    assert evidence["number_clash"] == evidence["same_source_number_clash"] == 1.0
    assert evidence["text_jaccard"] == pytest.approx(5 / 11)
    assert evidence["same_source"] == 1.0
    assert evidence["same_url"] == 0.0
    assert evidence["hours_apart"] == 6.0


def test_a_number_that_only_one_title_has_is_no_disagreement():
    facts = facts_of([(words("ferry sinks off coast"), []), (words("ferry sinks off coast 12 dead"), [])])
    assert weigh(facts, 0, 1)["title_number_clash"] == 0.0


def test_a_missing_date_is_undated():
    assert facts_of([([], [])]).times.tolist() == [UNDATED]


@given(
    st.sets(st.integers(0, 60), max_size=50),
    st.sets(st.integers(0, 60), max_size=50),
    st.integers(0, 2**32 - 61),
)
@example(set(range(16)), {15}, 0)
@example(set(range(0, 34, 2)), set(range(33)), 2**32 - 61)
@settings(deadline=None)
def test_sets_of_any_size_share_what_they_share(one, other, base):
    x, y = (np.array(sorted(values), dtype=np.uint32) + np.uint32(base) for values in (one, other))
    assert common(x, y) == common(y, x) == len(one & other)
