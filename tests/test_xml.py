"""RSS, Atom and agencies' XML: the fast way reads what feedparser reads, and nothing hostile gets through either."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import sys
import tarfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds, translation
from dedup.readers.loosefeeds import parse_loosely
from dedup.readers.syndication import UnsureError
from dedup.writers import write_kept

SAMPLES = Path(__file__).parent / "samples"
DATA = Path(os.environ.get("DEDUP_DATA", "/nonexistent")) / "xml_feeds.tar.gz"
TEXTS = st.lists(
    st.sampled_from(
        [
            "tide",
            " ",
            "&amp;",
            "&#233;",
            "&lt;b&gt;",
            "é",
            "中",
            "\n",
            "<![CDATA[<p>low & high</p>]]>",
            "Ã©",
            "\x85",
            "&#x2019;",
        ]
    ),
    max_size=5,
).map("".join)
LINKS = st.sampled_from(["https://a.example/1", " https://a.example/b?c=d ", "/rel", "", "a b", "https://a.example/中"])
DATES = st.sampled_from(
    ["Wed, 31 Jan 2024 10:20:00 GMT", "2024-01-31", "2024-01-31T10:20:00+02:00", "soon", "", "1 Feb 2024"]
)
RSS_PARTS = st.one_of(
    TEXTS.map("<title>{}</title>".format),
    TEXTS.map("<description>{}</description>".format),
    TEXTS.map("<content:encoded>{}</content:encoded>".format),
    LINKS.map("<link>{}</link>".format),
    LINKS.map("<guid>{}</guid>".format),
    LINKS.map("<guid isPermaLink='false'>{}</guid>".format),
    DATES.map("<pubDate>{}</pubDate>".format),
    DATES.map("<dc:date>{}</dc:date>".format),
    TEXTS.map("<source url='https://s.example'>{}</source>".format),
    TEXTS.map("<category>{}</category>".format),
    TEXTS.map("<dc:creator>{}</dc:creator>".format),
    TEXTS.map("<x:title xmlns:x='urn:x'>{}</x:title>".format),
    st.sampled_from(["<media:title>m</media:title>", "<title><b>x</b></title>", "<author>a@b.example</author>"]),
)
ATOM_PARTS = st.one_of(
    *(
        st.builds(f"<{name}{{}}>{{}}</{name}>".format, st.sampled_from(["", " type='html'", " type='text'"]), TEXTS)
        for name in ("title", "summary", "content")
    ),
    st.builds(
        "<link {}href='{}'/>".format, st.sampled_from(["", "rel='alternate' ", "rel='self' ", "rel='x' "]), LINKS
    ),
    LINKS.map("<id>{}</id>".format),
    *(DATES.map(f"<{name}>{{}}</{name}>".format) for name in ("published", "updated", "created")),
    TEXTS.map("<source><title>{}</title></source>".format),
    st.sampled_from(
        [
            "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>d</div></content>",
            "<content src='https://a.example/c'/>",
            "<category term='x'/>",
            "<summary xml:lang='de_AT'>s</summary>",
            "<author><name>n</name></author>",
        ]
    ),
)
SPACES = (
    "xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/' "
    "xmlns:media='http://search.yahoo.com/mrss/'"
)


def stories_of(path, **options):
    (feed,) = open_feeds([str(path)], ReadSettings(**options))
    return feed, [story for batch in feed.batches() for story in batch.to_pylist()]


def saved(tmp_path, data, name="feed.xml"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def rss(*items, channel="<title>Tide</title>"):
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f"<rss version='2.0' {SPACES}><channel>{channel}{inside}</channel></rss>"


def outcome(path):
    """The stories of a file, or why there are none."""
    try:
        return stories_of(path)[1]
    except FeedError as exc:
        return str(exc)


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """Have the kernels loaded before anything is timed."""
    outcome(SAMPLES / "rss2.xml")


HEADS = st.tuples(TEXTS, st.sampled_from(["", "en"]), st.booleans())
"""The feed's title and language, and whether they stand behind its entries."""


@given(st.lists(st.lists(RSS_PARTS, max_size=5), min_size=1, max_size=3), HEADS)
@settings(deadline=None, max_examples=150)
def test_rss_read_the_fast_way_is_what_feedparser_reads(tmp_path_factory, items, head):
    title, lang, late = head
    channel = f"<title>{title}</title>{lang and f'<language>{lang}</language>'}"
    text = rss(*map("".join, items), channel="" if late else channel)
    _agree(tmp_path_factory, text.replace("</channel>", f"{channel}</channel>") if late else text)


@given(st.lists(st.lists(ATOM_PARTS, max_size=5), min_size=1, max_size=3), HEADS)
@settings(deadline=None, max_examples=150)
def test_atom_read_the_fast_way_is_what_feedparser_reads(tmp_path_factory, entries, head):
    title, lang, late = head
    inside = [f"<entry>{''.join(parts)}</entry>" for parts in entries]
    inside.insert(len(inside) if late else 0, f"<title>{title}</title>")
    attribute = lang and f"xml:lang='{lang}'"
    _agree(tmp_path_factory, f"<feed xmlns='http://www.w3.org/2005/Atom' {attribute}>{''.join(inside)}</feed>")


def _agree(tmp_path_factory, text):
    path = saved(tmp_path_factory.mktemp("feed"), text)
    fast = outcome(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translation, "entry_row", _unsure)
        assert fast == outcome(path)


def _unsure(*_):
    raise UnsureError


@pytest.mark.parametrize(
    "name", ["rss2.xml", "rss2-aggregated.xml", "rss1.rdf", "rss091.xml", "atom1.xml", "atom03.xml"]
)
def test_a_usual_feed_needs_no_feedparser_and_is_read_alike_by_it(name, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "feedparser", None)
        fast = outcome(SAMPLES / name)
    monkeypatch.setattr(translation, "entry_row", _unsure)
    assert isinstance(fast, list)
    assert fast == outcome(SAMPLES / name)


@pytest.mark.parametrize("name", ["rss2.xml", "atom1.xml", "rss1.rdf", "atom03.xml", "atom1-xhtml.xml"])
def test_stories_are_the_fields_of_feedparser(name):
    import feedparser

    parsed = feedparser.parse(
        io.BytesIO((SAMPLES / name).read_bytes()), sanitize_html=False, resolve_relative_uris=False
    )
    for story, entry in zip(stories_of(SAMPLES / name)[1], parsed.entries, strict=True):
        assert story["title"] == entry.title
        assert story["url"] == entry.link
        assert story["id"] == entry.get("id", entry.link)
        assert story["text"] == (entry.content[0].value if "content" in entry else entry.summary)
        when = entry["published_parsed"] if "published_parsed" in entry else entry["updated_parsed"]
        assert story["published"].timetuple()[:6] == when[:6]


def test_without_feedparser_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "feedparser", None)
    with pytest.raises(FeedError, match=r"pip install 'dedup-stories\[feeds\]'"):
        stories_of(SAMPLES / "broken-rss.xml")


@pytest.mark.parametrize("wanted", ["kept.jsonl", "kept.json", "kept.csv", "kept.parquet", "kept"])
def test_kept_stories_of_a_feed_can_be_read_again(tmp_path, wanted):
    feed, stories = stories_of(SAMPLES / "rss2.xml")
    write_kept([feed], [np.array([True, False])], str(tmp_path / wanted))
    assert stories_of(tmp_path / wanted)[1] == stories[:1]


def test_what_else_an_entry_holds_stays():
    feed, _ = stories_of(SAMPLES / "rss2.xml")
    row = json.loads(next(feed.kept_rows(np.ones(2, dtype=np.bool_))))
    assert row["tags"] == [{"term": "town"}, {"term": "light"}]
    assert (row["author"], row["summary"]) == ("L. Wick", "Both quays are lit.")
    assert row["media_thumbnail"] == {"url": "https://lantern.example/quay.jpg", "width": "90"}


def test_a_mapping_reads_other_fields_of_a_feed():
    feed, (first, _) = stories_of(SAMPLES / "rss2.xml", mapping={"text": "summary", "source": "media_thumbnail.url"})
    assert (first["text"], first["source"]) == ("Both quays are lit.", "https://lantern.example/quay.jpg")
    assert "text=summary, url=link|guid, source=media_thumbnail.url" in next(feed.describe())


BOMB = "".join(f"<!ENTITY {chr(98 + k)} '{f'&{chr(97 + k)};' * 10}'>" for k in range(9))
DEEP = "<x>" * 50_000 + "</x>" * 50_000


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (f"<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'>{BOMB}]>{rss('<title>&j;</title>')}", "declares XML entities"),
        (
            f"<!DOCTYPE rss [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>{rss('<title>&a;</title>')}",
            "declares XML entities",
        ),
        (f"<!DOCTYPE rss [<!ENTITY % a SYSTEM 'http://127.0.0.1:9/x'> %a;]>{rss('<title>t</title>')}", "XML entities"),
        (
            f"<?xml version='1.0' encoding='utf-16'?><!DOCTYPE r [<!ENTITY a 'b'>]>{rss()}".encode("utf-16"),
            "XML entities",
        ),
        (
            f"<!-- <rss> {'x' * 70_000} --><!DOCTYPE rss [<!ENTITY a 'b'>]>{rss('<title>&a;</title>')}",
            "without an element in its first 64 KB",
        ),
        (rss(f"<title>a</title>{DEEP}"), "nested over 200 elements deep"),
        (f"<items>{DEEP}</items>", "nested over 200 elements deep"),
        (rss("<x " + " ".join(f"a{k}=''" for k in range(5_000)) + "/>"), "has an element of 5,000 attributes"),
        (
            rss().replace("</channel>", "<x/>" * 20_000 + "<item/></channel>"),
            "over 10,000 elements that are no stories",
        ),
        (
            "<opml version='1.0'><body><outline xmlUrl='https://a.example/rss'/></body></opml>",
            "fetch the feeds it names",
        ),
        ("<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "is a sitemap"),
        ("<!DOCTYPE html><html><head><title>x</title></head></html>", "is a web page"),
        ("<catalog><book><title>x</title></book></catalog>", "is XML of another kind, its outermost element <catalog>"),
        ("<?xml version='1.0'?>", "is XML without an element"),
        (b"<?xml version='1.0' encoding='\xa8\xff'?><rss><channel><item/></channel></rss>", "is broken beyond reading"),
        (rss("<category>x</category>"), "has entries of neither title nor text"),
        ("<items><item><title>a</title></item><item><tit", "line 1: its XML is broken"),
        ("<items>\n<item><title>a</title></item>\n<item><title>b</item></items>", "line 3: its XML is broken"),
    ],
)
def test_what_is_hostile_or_no_feed_is_refused_at_once(tmp_path, data, problem):
    began = time.process_time()
    with pytest.raises(FeedError) as caught:
        stories_of(saved(tmp_path, data))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)
    assert time.process_time() - began < 1


def test_what_is_no_feed_is_passed_over_in_a_folder(tmp_path):
    for name, data in (
        ("a.xml", rss("<title>a</title>")),
        ("b.xml", "<catalog><book/></catalog>"),
        ("c.xml", rss("<category>c</category>")),
        ("d.opml", "<opml/>"),
        ("e.xml", rss("<title>e</title>")),
    ):
        saved(tmp_path, data, name)
    notices: list[str] = []
    feeds = open_feeds([str(tmp_path)], ReadSettings(notice=notices.append))
    titles = [title.as_py() for feed in feeds for batch in feed.batches() for title in batch.column("title")]
    assert titles == ["a", "", "e"]
    assert [Path(notice.partition(":")[0]).name for notice in sorted(notices)] == ["b.xml", "c.xml", "d.opml"]


def test_nothing_is_fetched(tmp_path, monkeypatch):
    def connect(*_):
        raise AssertionError("a feed made us connect")

    monkeypatch.setattr(socket.socket, "connect", connect)
    head = "<?xml version='1.0'?><!DOCTYPE rss SYSTEM 'http://127.0.0.1:9/rss.dtd'>"
    for item in ("<title>a</title>", "<title>a &nbsp; b</title>", "<title>a</title><link>http://127.0.0.1:9/</link><x"):
        assert len(outcome(saved(tmp_path, head + rss(item)))) == 1


def test_a_broken_file_keeps_its_good_rows_on_request(tmp_path):
    path = saved(tmp_path, "<items><item><title>a</title></item><item><title>b</title></item><it")
    feed, stories = stories_of(path, on_error="skip")
    assert [story["title"] for story in stories] == ["a", "b"]
    assert feed.stats.rejected == {"broken XML": 1}


def test_rss_that_is_cut_off_stops_or_keeps_what_is_good(tmp_path):
    whole = rss(*(f"<title>t{k}</title>" for k in range(5)))
    path = saved(tmp_path, whole[: whole.index("t3")])
    with pytest.raises(FeedError, match="it ends before its outermost element does"):
        stories_of(path)
    feed, stories = stories_of(path, on_error="skip")
    assert [story["title"] for story in stories][:3] == ["t0", "t1", "t2"]
    assert feed.stats.rejected == {"cut off": 1}


def test_a_feed_cut_off_while_packed_stops_or_keeps_what_is_good(tmp_path):
    noise = np.random.default_rng(3).bytes(60_000).hex()
    items = [f"<title>t{k}</title><description>{noise[k * 100 : k * 100 + 100]}</description>" for k in range(1_000)]
    packed = gzip.compress(rss(*items).encode())
    path = saved(tmp_path, packed[: len(packed) // 2], "feed.xml.gz")
    with pytest.raises(FeedError, match="ends in the middle of its gzip data"):
        stories_of(path)
    feed, stories = stories_of(path, on_error="skip")
    assert 100 < len(stories) < 1_000
    assert feed.stats.rejected == {"cut off": 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "big5", "utf-8"])
def test_encodings_are_those_that_the_feed_declares(tmp_path, encoding):
    declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
    title = "漲潮" if encoding not in ("latin-1",) else "Größe"
    text = f"<?xml version='1.0' encoding='{declared}'?>{rss(f'<title>{title}</title>')}"
    assert [story["title"] for story in outcome(saved(tmp_path, text.encode(encoding)))] == [title]


def test_blanks_nuls_and_line_ends_of_any_kind_do_no_harm(tmp_path):
    text = rss("<title>a</title><description>one\rtwo\r\nthree</description>")
    for data in (b"\r\n \t" + text.encode(), text.replace("><", ">\r<").encode(), b"\xef\xbb\xbf\n" + text.encode()):
        (story,) = outcome(saved(tmp_path, data))
        assert (story["title"], story["text"]) == ("a", "one\ntwo\nthree")
    assert isinstance(outcome(saved(tmp_path, text.replace("one", "\0").encode())), (str, list))


def test_an_element_of_any_size_is_refused_in_bounded_memory(tmp_path):
    path = saved(tmp_path, gzip.compress(b"<items><item><title>" + b"a" * 40_000_000), "feed.xml.gz")
    tracemalloc.start()
    try:
        with pytest.raises(FeedError, match="an element of over 2,000,000 bytes"):
            stories_of(path, block_size=1 << 16, row_limit=2_000_000)
        assert tracemalloc.get_traced_memory()[1] < 24_000_000
    finally:
        tracemalloc.stop()


def test_a_giant_feed_is_read_in_bounded_memory(tmp_path):
    item = "<title>a</title><description>" + "x" * 2_000 + "</description>"
    path = saved(tmp_path, gzip.compress(rss(*[item] * 10_000).encode()), "feed.xml.gz")
    (feed,) = open_feeds([str(path)], ReadSettings(threads=1))
    tracemalloc.start()
    try:
        assert sum(batch.num_rows for batch in feed.batches()) == 10_000
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_file(), reason="set DEDUP_DATA to the folder of xml_feeds.tar.gz")
def test_every_feed_met_in_the_wild_ends_in_stories_or_one_line(tmp_path):
    ends = {"stories": 0, "refused": 0}
    with tarfile.open(DATA) as archive:
        for member in archive:
            if not member.name.endswith((".xml", ".opml")):
                continue
            file = archive.extractfile(member)
            assert file is not None
            path = saved(tmp_path, file.read())
            began = time.process_time()
            found = outcome(path)
            assert time.process_time() - began < 1, member.name
            if isinstance(found, str):
                assert "\n" not in found, member.name
                assert not member.name.endswith(".opml") or "list of feeds" in found
                ends["refused"] += 1
                continue
            ends["stories"] += 1
            _, rows, broken = parse_loosely(member.name, path.read_bytes())
            assert len(rows) == len(found), member.name
            for story, (row, _) in zip(found, rows, strict=True):
                assert broken or [story[name] for name in ("title", "text", "url", "source", "lang")] == [
                    row.get(name, "") for name in ("title", "text", "url", "source", "lang")
                ], member.name
    assert ends["stories"] > 700
    assert sum(ends.values()) > 1_000
