"""What format a feed is in, told by its first bytes; its name only decides where the content could be either."""

from __future__ import annotations

import csv
import io
from pathlib import PurePath
from typing import NamedTuple

from dedup.errors import FeedError
from dedup.kernels.reference.fields import plain_name
from dedup.readers.fields import Fields
from dedup.readers.layouts import TRAFILATURA_COLUMNS, TRAFILATURA_TSV, Layout
from dedup.readers.outlines import Outline, find_layout, read_outline
from dedup.readers.translation import UNKNOWN, xml_layout
from dedup.readers.trees import Root, markup_text, read_root

HEAD = 1 << 16
"""Bytes of a feed that are looked at."""

BOM = b"\xef\xbb\xbf"
JSON_LINES, JSON_ARRAY, CSV, TSV, PARQUET, ARROW = "JSON lines", "JSON array", "CSV", "TSV", "Parquet", "Arrow IPC"
JSON_OBJECTS = "JSON"
"""Objects that hold the rows inside, or rows that are spread over lines."""
XML = "XML"
ARROW_STREAM = "Arrow IPC stream"
"""Only ever asked for: a feed of that kind has the format `ARROW`."""
READABLE = (
    "JSON lines, arrays and envelopes, RSS, Atom, NewsML-G2, NITF, CSV, TSV, Parquet or Arrow IPC, "
    "plain or packed with gzip, bzip2, xz or zstd"
)

PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
SUFFIXES = {
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".json": JSON_ARRAY,
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".arrow": ARROW,
    ".arrows": ARROW_STREAM,
    ".feather": ARROW,
    ".ipc": ARROW,
}
"""The format a file's name speaks of, once the suffix of its packing is taken off."""

_FILE_MAGIC, _STREAM_MAGIC = b"ARROW1", b"\xff\xff\xff\xff"
_FOREIGN = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"SQLite format 3": "an SQLite database; export its table as CSV",
    b"FEA1": "a Feather file of version 1; write it again with pyarrow, which writes version 2",
    b"Obj\x01": "an Avro file; write it as Parquet",
    b"ORC": "an ORC file; write it as Parquet",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
}
_WIDE_MARKS = {  # those of UTF-32 begin with those of UTF-16
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_WIDE_BYTES = 16  # whose zeros tell UTF-16 without a mark
_DELIMITERS = ",;\t|"
_PLAIN_CONTROLS = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(32, 256)))


class Format(NamedTuple):
    """What a feed was found to be."""

    name: str
    delimiter: str = ""
    """Between two fields of CSV and TSV."""
    stream: bool = False
    """Arrow IPC only: the streaming kind, which has no table of contents."""
    columns: tuple[str, ...] = ()
    """Of CSV and TSV without a header."""
    layout: Layout | None = None
    """Whose rows they are, where that can be told."""
    rows: str = ""
    """Where the objects of an envelope hold the rows."""
    root: Root | None = None
    """The outermost element of XML."""


def sniff_format(name: str, head: bytes, fields: Fields) -> Format:
    """The format of the feed that begins with `head`.

    Args:
        name: the feed's path, for messages and hints.
        head: its first `HEAD` decompressed bytes, or all of them.
        fields: the fields looked for; they tell a header from prose.

    Raises:
        FeedError: what it is cannot be read; the message says what it is and what to do.
    """
    if head.startswith(b"PAR1"):
        return Format(PARQUET)
    if head.startswith(_FILE_MAGIC):
        return Format(ARROW)
    if head.startswith(_STREAM_MAGIC):
        return Format(ARROW, stream=True)
    if markup_text(head):
        return _sniff_markup(name, head)
    _refuse_binary(name, head)
    text = head.removeprefix(BOM).lstrip(b" \t\r\n")
    hint = hinted_format(name)
    if not text:
        return Format(hint if hint in (JSON_ARRAY, CSV, TSV) else JSON_LINES, delimiter="\t" if hint == TSV else ",")
    if text.startswith((b"[", b"{")):
        return _sniff_json(name, text, fields, whole=len(head) < HEAD)
    return _sniff_text(name, head.removeprefix(BOM).lstrip(b"\r\n"), hint, fields)  # a header may begin with a tab


def hinted_format(name: str) -> str | None:
    """The format that a file's name speaks of, None if it speaks of none.

    >>> hinted_format("feeds/today.csv.gz")
    'CSV'
    """
    path = PurePath(name)
    if path.suffix.lower() in PACKED_SUFFIXES:
        path = path.with_suffix("")
    return SUFFIXES.get(path.suffix.lower())


def _refuse_binary(name: str, head: bytes) -> None:
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise FeedError(name, f"is {what}. Readable are {READABLE}")
    if wide := _wide_encoding(head):
        raise FeedError(name, f"is {wide} text; convert it with: iconv -f {wide} -t UTF-8. Readable are {READABLE}")
    if head[257:262] == b"ustar":
        raise FeedError(name, f"is a tar archive; unpack it and name the folder. Readable are {READABLE}")
    odd = len(head.translate(None, _PLAIN_CONTROLS))
    if odd > len(head) // 100 and odd > 1:
        raise FeedError(name, f"is no text (it begins with the bytes {head[:8].hex(' ')}). Readable are {READABLE}")


def _wide_encoding(head: bytes) -> str:
    """The encoding of text of two or four bytes a letter, by its mark or its zeros, "" for any other."""
    for mark, encoding in _WIDE_MARKS.items():
        if head.startswith(mark):
            return encoding
    for first, encoding in enumerate(("UTF-16LE", "UTF-16BE")):
        letters, zeros = head[first:_WIDE_BYTES:2], head[1 - first : _WIDE_BYTES : 2]
        if len(letters) == len(zeros) > 1 and not (letters.translate(None, _PLAIN_CONTROLS) or zeros.strip(b"\0")):
            return encoding
    return ""


def _sniff_markup(name: str, head: bytes) -> Format:
    root = read_root(name, head, whole=len(head) < HEAD)
    if root.name == "html":
        raise FeedError(name, f"is a web page, not a feed. Readable are {READABLE}")
    if root.name == "opml":
        raise FeedError(name, "is OPML, a list of feeds, not a feed; fetch the feeds it names and read those")
    if root.name in ("urlset", "sitemapindex"):
        raise FeedError(name, "is a sitemap, a list of pages, not a feed; fetch the site's RSS or Atom feed instead")
    return Format(XML, layout=xml_layout(root) or UNKNOWN, root=root)


def _sniff_json(name: str, text: bytes, fields: Fields, *, whole: bool) -> Format:
    """JSON of rows or of envelopes, by the members it begins with.

    Args:
        name: the feed's, for messages.
        text: its beginning, from its first bracket on.
        fields: the fields looked for.
        whole: the text is the whole feed.
    """
    outline = read_outline(text)
    rest = text.split(b"\n", 1)[1:]
    spread = bool(rest) and text.split(b"\n", 1)[0].rstrip().endswith((b"{", b"[", b",", b":"))
    lone = outline.documents < 2 and (whole or not rest or spread)
    layout, rows = find_layout(outline, fields, lone=lone)
    if rows:
        return Format(JSON_OBJECTS, layout=layout, rows=rows)
    if text.startswith(b"["):
        return Format(JSON_ARRAY, layout=layout)
    _refuse_failure(name, outline)
    return Format(JSON_OBJECTS if spread else JSON_LINES, layout=layout)


def _refuse_failure(name: str, outline: Outline) -> None:
    """Refuse the answer of a service that had none."""
    told = [outline.values[place] for place in (("code",), ("message",)) if place in outline.values]
    if outline.documents == 1 and outline.values.get(("status",)) == "error" and told:
        raise FeedError(name, f"is an error that a service answered with ({': '.join(told)[:200]}); ask it again")


def _sniff_text(name: str, text: bytes, hint: str | None, fields: Fields) -> Format:
    """Delimited text, or JSON lines whose first line is broken."""
    lines = text.decode("utf-8", "replace").splitlines()
    objects = sum(line.startswith("{") and line.rstrip().endswith("}") for line in lines)
    if hint == JSON_LINES or objects > len(lines) // 2:
        return Format(JSON_LINES)
    first = text.split(b"\n", 1)[0].rstrip(b"\r").split(b"\t")
    if len(first) == len(TRAFILATURA_COLUMNS) and (first[0] == b"null" or first[0].startswith(b"http")):
        return Format(TSV, delimiter="\t", columns=TRAFILATURA_COLUMNS, layout=TRAFILATURA_TSV)
    delimiter = _sniff_delimiter(text, fields)
    known = _count_known(text, delimiter, fields)
    if delimiter == "" and known == 0:
        if hint in (CSV, TSV):
            return Format(hint, delimiter="\t" if hint == TSV else ",")
        raise FeedError(
            name, f"is no feed: its first line is neither JSON nor the header of a table. Readable are {READABLE}"
        )
    return Format(TSV if delimiter == "\t" else CSV, delimiter=delimiter or ",")


def _sniff_delimiter(text: bytes, fields: Fields) -> str:
    """The delimiter that finds most known names in the header, else most fields; "" if none splits it."""
    best = max(_DELIMITERS, key=lambda d: (_count_known(text, d, fields), len(header_names(text, d))))
    return best if len(header_names(text, best)) > 1 else ""


def _count_known(text: bytes, delimiter: str, fields: Fields) -> int:
    return sum(plain_name(name) in fields.numbers for name in header_names(text, delimiter or ","))


def header_names(text: bytes, delimiter: str) -> list[str]:
    """The names in the first record of delimited text, white space around them taken off."""
    lines = io.StringIO(text.decode("utf-8", "replace"), newline="")
    try:
        return [name.strip() for name in next(csv.reader(lines, delimiter=delimiter), [])]
    except csv.Error:
        return []
