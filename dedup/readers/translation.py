"""XML feeds as JSON lines in a temporary file: from there they are read, and their rows kept, like any other."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element

from dedup.errors import FeedError
from dedup.readers.bytestreams import ByteStream
from dedup.readers.fields import ROLES
from dedup.readers.layouts import Layout
from dedup.readers.loosefeeds import MOST_BYTES, parse_loosely
from dedup.readers.newsxml import CanceledError, RowOf, newsml_row, nitf_row, scrapy_row
from dedup.readers.paths import Spool
from dedup.readers.settings import ReadSettings, Reject
from dedup.readers.syndication import FeedHead, Names, Row, UnsureError, entry_row, feed_head
from dedup.readers.trees import BrokenXMLError, Root, walk_elements

_ATOM_VERSIONS = {"http://www.w3.org/2005/Atom": "Atom 1.0", "http://purl.org/atom/ns#": "Atom 0.3"}
_FEED_ROOTS = ("rss", "rdf", "feed")
_CANCELED = "that the publisher canceled"
_ENDS_EARLY = "no element found"  # what expat says at the end of XML that is cut off
_STORY_ROLES = {role: role for role in ROLES}


def xml_layout(root: Root) -> Layout | None:
    """The layout of XML by its outermost element; None where only feedparser may know."""
    if root.name == "items" and not root.namespace:
        return Layout(name="Scrapy items", nothing=frozenset())
    name = {"newsmessage": "NewsML-G2", "newsitem": "NewsML-G2", "nitf": "NITF"}.get(root.name)
    if root.name == "rss":
        version = next((value for key, value in root.attributes.items() if key.lower() == "version"), "2.0")
        name = f"RSS {version[:8]}"
    elif root.name == "rdf":
        name = "RSS 1.0"
    elif root.name == "feed":
        name = _ATOM_VERSIONS.get(root.namespace, "Atom")
    return None if name is None else Layout(name=name, roles=_STORY_ROLES, nothing=frozenset())


UNKNOWN = Layout(name="a feed", roles=_STORY_ROLES, nothing=frozenset())
"""XML that feedparser may make something of."""


@dataclass(slots=True)
class Translation:
    """The rows of an XML feed as JSON lines."""

    spool: Spool
    names: dict[str, dict[str, None]] = field(default_factory=dict)
    """For every role the elements that filled it, in the order they were met."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows that are no stories, by reason."""
    tail: Reject | None = None
    """Where the XML stops being XML."""
    broken: str = ""
    """What feedparser read although it is broken."""


class _Writer:
    """Takes rows, and what filled their roles."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.rows = 0
        self.names: dict[str, dict[str, None]] = {}
        self.left_out: Counter[str] = Counter()

    def add(self, row: Row, names: Names) -> None:
        line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")
        self.file.write(line + b"\n")
        self.rows += 1
        for role, name in names.items():
            self.names.setdefault(role, {}).setdefault(name)

    def clear(self) -> None:
        """Take back all rows."""
        self.file.seek(0)
        self.file.truncate()
        self.rows, self.names = 0, {}


def translate(name: str, path: Path, settings: ReadSettings, root: Root) -> Translation:
    """Read an XML feed to its end.

    Args:
        name: the feed's, for messages.
        path: of its bytes.
        settings: how it is read.
        root: its outermost element.

    Raises:
        FeedError: it is no feed, or only feedparser could tell, which is not installed.
    """
    with tempfile.TemporaryFile() as file:
        writer = _Writer(file)
        if root.name in ("newsmessage", "newsitem", "packageitem"):
            tail, broken = _read_items(name, path, settings, writer, "newsitem", newsml_row), ""
        elif root.name == "nitf":
            tail, broken = _read_items(name, path, settings, writer, "nitf", nitf_row), ""
        elif root.name == "items" and not root.namespace:
            tail, broken = _read_items(name, path, settings, writer, "item", scrapy_row), ""
        else:
            tail, broken = _read_feed(name, path, settings, writer, root)
        file.flush()
        file.seek(0, os.SEEK_SET)
        return Translation(Spool(name, file), writer.names, writer.left_out, tail, broken)


def _read_items(
    name: str, path: Path, settings: ReadSettings, writer: _Writer, wanted: str, row_of: RowOf
) -> Reject | None:
    """Take a row of every element wanted; return where the XML breaks off."""
    with ByteStream(name, path) as stream:
        try:
            for element, around in walk_elements(stream, settings, name, wanted.__eq__):
                try:
                    writer.add(*row_of(element, around))
                except CanceledError:
                    writer.left_out[_CANCELED] += 1
        except BrokenXMLError as exc:
            if stream.damage is not None:
                return Reject(exc.line, "cut off", f"{stream.damage}; fetch it again", b"")
            return Reject(exc.line, "broken XML", str(exc), b"")
    return None


def _read_entries(name: str, stream: ByteStream, settings: ReadSettings, writer: _Writer) -> None:
    """Take a row of every entry of a feed that is written as most are.

    Raises:
        UnsureError: it is not.
        BrokenXMLError: it is not even XML.
    """
    first: tuple[list[Element], FeedHead] | None = None
    for element, around in walk_elements(stream, settings, name, ("item", "entry").__contains__):
        if not around:
            raise UnsureError
        first = first or (list(around), feed_head(around))
        if around[-1] is not first[0][-1]:
            raise UnsureError  # entries of two feeds
        writer.add(*entry_row(element, first[1]))
    if first is not None and feed_head(first[0]) != first[1]:
        raise UnsureError  # the head goes on behind the first entry


def _read_feed(name: str, path: Path, settings: ReadSettings, writer: _Writer, root: Root) -> tuple[Reject | None, str]:
    """Take a row of every entry of RSS or Atom; return where its packed data break off, and what else is broken."""
    if root.name in _FEED_ROOTS:
        with ByteStream(name, path) as stream:
            try:
                _read_entries(name, stream, settings, writer)
            except (BrokenXMLError, UnsureError):
                writer.clear()
            else:
                return None, ""
    with ByteStream(name, path) as stream:
        data = stream.read(MOST_BYTES + 1)
        damage = stream.damage
    if len(data) > MOST_BYTES:
        raise FeedError(name, f"is over {MOST_BYTES >> 20} MB and not written as most feeds are; split it")
    kind, rows, broken = parse_loosely(name, data)
    if not rows and (broken or not kind):
        what = f"is XML of another kind, its outermost element <{root.name}>" if not broken else f"is broken: {broken}"
        raise FeedError(name, f"{what}; no entry was found in it")
    for row, names in rows:
        writer.add(row, names)
    if damage is None and _ENDS_EARLY in broken:
        damage, broken = "it ends before its outermost element does", ""
    tail = None if damage is None else Reject(1 + data.count(b"\n"), "cut off", f"{damage}; fetch it again", b"")
    return tail, broken
