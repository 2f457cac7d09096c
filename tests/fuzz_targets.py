"""What is fuzzed: functions of some bytes that return, or raise what must never be raised.

One call is one execution: one story for the kernel, one whole feed, opened and read to its end, for a reader.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import feedparser  # noqa: F401  # here its branches can be counted
import numpy as np
import pyarrow as pa

from dedup.errors import FeedError
from dedup.evidence import _TRACKERS, string_buffers
from dedup.kernels.native.contents import hash_urls
from dedup.kernels.reference.contents import hash_url
from dedup.readers import ReadSettings, open_feeds
from dedup.readers.bytestreams import ByteStream
from dedup.readers.loosefeeds import parse_loosely
from dedup.readers.translation import _Writer
from dedup.stories import STORY_SCHEMA
from dedup.text import tokenize
from dedup.writers import write_kept
from tests.twin import Story, fast_tokens, slow_tokens, story_batch, string_column

SAMPLES = Path(__file__).parent / "samples"
PART = b"\x1e"
"""Between title, text, source and URL of a story."""

OnError = Literal["stop", "skip"]
_AT_ONCE, _LONGEST_SPLICE = 64, 200  # stories in a call of the kernel, bytes of each
_BLOCKS = 64, 1 << 21  # bytes of a feed parsed at a time: stories must not depend on it
_WORDS = {
    "url": b"https://|www.|m.|amp.|cdn.ampproject.org/c/s/|google.com/amp/s/|/amp|?|&|&amp;|utm_source=|id=|#|#!|#/|:443|:80",
    "kernel": b"\x1e|<b>|</b>|&amp;|&#160;|&nbsp|<!--|-->|<script>|</p>| - |: |(AP)|OSLO (AP) - |UPDATE 1-|Read more"
    b"|\xc2\xa0|\xe2\x80\x99|\xe2\x80\x94|\xcc\x81|\xe4\xba\xac|\xe0\xb8\x81|\xd0\x96|\xef\xbb\xbf|U.S.|1,000|3.15",
    "json": b'{"title":"|{"articles":[|"content":|"publishedAt":|\\u0000|\\ud800|"\n{"|null|true|1e999|NaN|[[|}}|\\"|,',
    "csv": b'title,text,url\n|"|""|\r\n|\r|,|;|\t|\xef\xbb\xbf|id|published',
    "table": b"PAR1|ARROW1|\xff\xff\xff\xff|\xff\xff\xff\x7f|\0\0\0\0\0\0\0\x80|title|pandas",
    "packed": b"\x1f\x8b\x08|BZh9|\xfd7zXZ\0|\x28\xb5\x2f\xfd|\0\0\0\0|\xff\xff",
    "xml": b"<rss|<item>|</item>|<entry>|<title>|<link href='|<![CDATA[|]]>|<!DOCTYPE|<!ENTITY|&amp;|&nbsp;|<?xml "
    b"encoding='|xmlns:dc='|pubDate>|description>|content:encoded>|<rdf:RDF|<feed xmlns=|type='xhtml'|<!--|-->",
}


class Target(NamedTuple):
    """Something to fuzz."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: bytes = b""
    """Between bars: what inputs are made of."""
    unpack: Callable[[bytes], bytes] | None = None
    """With `pack`, so that what is packed is mutated as well, and not only its packing."""
    pack: Callable[[bytes], bytes] | None = None


def run_kernel(data: bytes) -> None:
    """The compiled tokeniser agrees with its slow twin, whose branches guide the search."""
    _compare([_story(data)])


def sweep_kernel(seeds: Sequence[bytes], runs: int, seed: int) -> Iterator[int]:
    """Stories made of pieces of others, many in a call of the kernel, each compared with its twin; how many so far."""
    draw = random.Random(seed)  # noqa: S311  # what to try, not a secret
    words = [word for word in TARGETS["kernel"].words.split(b"|") if word]
    for done in range(0, runs, _AT_ONCE):
        count = min(_AT_ONCE, runs - done)
        _compare([_story(_splice(draw, seeds, words)) for _ in range(count)])
        yield done + count


def _splice(draw: random.Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    data = bytearray(draw.choice(seeds))
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(data) + 1)
        other = draw.choice(seeds)
        begin = draw.randrange(len(other) + 1)
        piece = draw.choice((draw.choice(words), draw.randbytes(2), other[begin : begin + draw.randrange(20)], b""))
        data[at : at + draw.randrange(8)] = piece
    return bytes(data[:_LONGEST_SPLICE])


def _story(data: bytes) -> Story:
    parts = (data + PART * 3).split(PART, 3)
    return parts[0], parts[1], parts[2], parts[3].rstrip(PART)


def _compare(stories: Sequence[Story]) -> None:
    tokens = tokenize(story_batch(stories))
    for k, story in enumerate(stories):
        title, text, marks = slow_tokens(story)
        expected = [(token.text, token.flags) for token in title], [(token.text, token.flags) for token in text], marks
        found = fast_tokens(tokens, k)
        assert found == expected, f"{story}: {found}, its twin {expected}"


def kernel_seeds() -> list[bytes]:
    """Stories to begin with."""
    stories = (
        ("UPDATE 1-Ferry runs aground - The Example", "OSLO (AP) - The ferry ran aground at 3.15. Read more »"),
        ("北京で記者会見 | 例新聞", "<p>10万人が参加した。</p>&nbsp;続きを読む"),
        ("Премьер: бюджет вырастет на 2,5 %", "МОСКВА, 3 июня (РИА Новости) - Бюджет вырастет. (120 words)"),
        ("ข่าวด่วน", "<script>x()</script><b>กรุงเทพ</b> U.S. $1,000 e\u0301t\u00e9 ﬁ [+1200 chars]"),
        ("CORRECTED: It's 'new'", "(Corrects name) A—B “quoted” naïve ЁЛКА İstanbul ß &lt;i&gt; &#x4e2d;"),
    )
    return [
        PART.join(part.encode() for part in (*story, "The Example", "https://www.example.org/a")) for story in stories
    ]


URLS = [
    b"https://www.example.org:443/a/?utm_source=x&id=5&amp;CMP=y#top",
    b"HTTP://m.example.org/a/amp/?fbclid=1&b=2&a=1#!/route",
    b"https://www-example-org.cdn.ampproject.org/c/s/www.example.org/a.html?amp=1",
    b"https://www.google.com/amp/s/amp.example.org/a?q=%C3%A9",
]


def run_url(data: bytes) -> None:
    """The compiled form of a URL agrees with its slow twin."""
    found = np.empty(1, dtype=np.uint32)
    offsets, letters = string_buffers(string_column([data]))
    hash_urls(letters, offsets, _TRACKERS, found)
    assert found[0] == hash_url(data), data


def read_whole(suffix: str) -> Callable[[bytes], None]:
    """A reader of feeds of one kind: stories or one line, and the same whatever the size of a block."""
    folder = Path(tempfile.mkdtemp(prefix="dedup-fuzz-"))
    path, kept = folder / f"feed{suffix}", folder / "kept"
    text = suffix not in (".parquet", ".arrow", ".arrows", ".xml")

    def run(data: bytes) -> None:
        path.write_bytes(data)
        lot = zlib.crc32(data)  # what else is tried with this input
        on_error: OnError = "stop" if lot % 8 == 0 else "skip"
        found = _read(path, kept if lot % 3 == 0 else None, on_error, _BLOCKS[lot % 2])
        if text and lot % 8 == 1:
            again = _read(path, None, on_error, _BLOCKS[1 - lot % 2])
            assert again == found, f"blocks of {_BLOCKS} bytes: {found}, then {again}"

    return run


def _read(path: Path, kept: Path | None, on_error: OnError, block: int) -> pa.Table | None:
    """The stories of a file, half of which are kept; None where it is refused."""
    try:
        settings = ReadSettings(threads=1, on_error=on_error, block_size=block)
        (feed,) = open_feeds([str(path)], settings)
        batches = list(feed.batches())
        for batch in batches:
            assert batch.schema == STORY_SCHEMA
            batch.validate(full=True)
        count = sum(batch.num_rows for batch in batches)
        assert count == feed.stats.rows
        assert all("\n" not in line for line in feed.describe())
        if kept is not None:
            write_kept([feed], [np.arange(count) % 2 == 0], str(kept))
    except FeedError as exc:
        assert "\n" not in str(exc), str(exc)
        return None
    table = pa.Table.from_batches(batches, STORY_SCHEMA).combine_chunks()
    return table.drop_columns("published") if feed.stats.dates_future else table  # those are of now


def rows(*suffixes: str) -> Callable[[], list[bytes]]:
    """The samples but for what is expected of them."""
    return lambda: [
        path.read_bytes()
        for path in sorted(SAMPLES.iterdir())
        if path.name.endswith(suffixes) and ".expected" not in path.name
    ]


def without_feedparser(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The fast path alone: as where feedparser is not installed."""

    def alone(data: bytes) -> None:
        sys.modules["feedparser"] = None  # type: ignore[assignment]  # an import fails
        run(data)

    return alone


def run_feedparser(data: bytes) -> None:
    """What feedparser reads becomes rows, and rows JSON, whatever it found."""
    try:
        _, entries, broken = parse_loosely("feed", data)
    except FeedError as exc:
        assert "feedparser is not installed" not in str(exc)
        return
    assert isinstance(broken, str)
    writer = _Writer(io.BytesIO())
    for row, names in entries:
        writer.add(row, names)
    assert writer.rows == len(entries)


def run_packed(unpack: Callable[[bytes], bytes] | None) -> Callable[[bytes], None]:
    """Packed bytes come out as the standard library unpacks them, or are damaged, and a feed of them reads."""
    folder = Path(tempfile.mkdtemp(prefix="dedup-fuzz-"))
    path = folder / "feed.jsonl.packed"

    def run(data: bytes) -> None:
        path.write_bytes(data)
        with ByteStream("feed", path) as stream:
            found = stream.read(1 << 24)
            damaged, packed = stream.damage, stream.compression
        if packed and unpack is not None and not damaged:
            assert found == unpack(data)
        _read(path, None, "skip", _BLOCKS[1])

    return run


def packed_seeds(pack: Callable[[bytes], bytes]) -> Callable[[], list[bytes]]:
    """Small feeds, packed; and two packed ones end to end."""

    def seeds() -> list[bytes]:
        plain = rows(".jsonl", ".csv", ".tsv")()
        return [pack(data) for data in plain] + [pack(plain[0][:90]) + pack(plain[0][90:])]

    return seeds


def _bzip2(data: bytes) -> bytes:
    return bz2.compress(data, 1)  # a higher level clears megabytes for every input


def _xz(data: bytes) -> bytes:
    return lzma.compress(data, preset=0)  # likewise


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


TARGETS = {
    "kernel": Target(run_kernel, kernel_seeds, _WORDS["kernel"]),
    "jsonl": Target(read_whole(".jsonl"), rows(".jsonl"), _WORDS["json"]),
    "json": Target(read_whole(".json"), rows(".json"), _WORDS["json"]),
    "csv": Target(read_whole(".csv"), rows(".csv"), _WORDS["csv"]),
    "tsv": Target(read_whole(".tsv"), rows(".tsv", ".csv"), _WORDS["csv"]),
    "xml": Target(without_feedparser(read_whole(".xml")), rows(".xml", ".rdf"), _WORDS["xml"]),
    "feedparser": Target(run_feedparser, rows(".xml", ".rdf"), _WORDS["xml"]),
    "parquet": Target(read_whole(".parquet"), rows(".parquet"), _WORDS["table"]),
    "arrow": Target(read_whole(".arrow"), rows(".arrow", ".arrows"), _WORDS["table"]),
    "gzip": Target(
        run_packed(gzip.decompress), packed_seeds(gzip.compress), _WORDS["packed"], gzip.decompress, gzip.compress
    ),
    "bzip2": Target(run_packed(bz2.decompress), packed_seeds(_bzip2), _WORDS["packed"], bz2.decompress, _bzip2),
    "xz": Target(run_packed(lzma.decompress), packed_seeds(_xz), _WORDS["packed"], lzma.decompress, _xz),
    "zstd": Target(run_packed(None), packed_seeds(_zstd), _WORDS["packed"]),
    "url": Target(run_url, lambda: URLS, _WORDS["url"]),
}
