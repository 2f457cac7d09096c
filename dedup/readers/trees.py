"""XML read element by element from a stream of bytes: no entities, no network, bounded depth, width and memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from dedup.errors import FeedError
from dedup.readers.bytestreams import ByteStream
from dedup.readers.settings import ReadSettings

DEEPEST = 200
"""Elements inside each other; a feed has a dozen, and what its stories' own markup adds."""

WIDEST = 500
"""Attributes of one element."""

LONGEST = 32 << 20
"""Bytes of one element, or between two that are wanted: as a tree they take many times more."""

MOST_BESIDE = 10_000
"""Elements beside the wanted ones: a feed says a few dozen things of itself."""

_CHUNK = 1 << 16
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
_WIDE_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)


class Root(NamedTuple):
    """The outermost element."""

    name: str
    """Without its namespace, in lower case."""
    namespace: str
    attributes: dict[str, str]


class BrokenXMLError(Exception):
    """The XML breaks its own rules, or is in an encoding that only feedparser reads; says where, for people."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


class _FoundError(Exception):
    """The outermost element has been met: nothing before it can be behind it."""


def markup_text(head: bytes) -> str:
    """The beginning of XML as text, enough of it to find names in; "" for what is no markup."""
    for mark, encoding in _WIDE_MARKS:
        if head.startswith(mark):
            text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
            return text if text.startswith("<") else ""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").decode("latin-1")
    return text if text.startswith("<") else ""


def read_root(name: str, head: bytes, *, whole: bool) -> Root:
    """The outermost element of XML that begins with `head`.

    Args:
        name: the feed's, for messages.
        head: its beginning.
        whole: the head is the whole feed.

    Raises:
        FeedError: entities are declared, or there is no element, or none yet.
    """
    found: list[Root] = []

    def declare(*_: object) -> None:
        raise FeedError(
            name, "declares XML entities, which no feed needs and attacks are made of; take out its <!DOCTYPE ...>"
        )

    def start(tag: str, attributes: dict[str, str]) -> None:
        namespace, _, local = tag.rpartition("}")
        found.append(Root(local.lower(), namespace, attributes))
        raise _FoundError

    parser = expat.ParserCreate(namespace_separator="}")
    parser.EntityDeclHandler = declare
    parser.StartElementHandler = start
    try:
        parser.Parse(head.lstrip(b" \t\r\n"), False)
    except _FoundError:
        return found[0]
    except (expat.ExpatError, ValueError, LookupError):
        pass  # broken before its first element, or in an encoding that expat does not know
    else:
        if not whole:  # what else is declared before its first element is not known
            raise FeedError(
                name, f"is XML without an element in its first {len(head) >> 10} KB; take out the comments before it"
            )
    match = _ROOT.search(markup_text(head))
    if match is None:
        raise FeedError(name, "is XML without an element; fetch it again")
    return Root(match[1].lower(), "", {})


def local_name(element: Element) -> str:
    """An element's name without its namespace, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def namespace_of(element: Element) -> str:
    """An element's namespace, "" for none."""
    return str(element.tag).rpartition("}")[0].removeprefix("{")


def walk_elements(
    stream: ByteStream, settings: ReadSettings, name: str, wanted: Callable[[str], bool]
) -> Iterator[tuple[Element, list[Element]]]:
    """The elements wanted, each with the elements around it, outermost first; let go of when the next is asked for.

    Args:
        stream: the XML.
        settings: how it is read: no element may be longer than the limit of a row.
        name: the feed's, for messages.
        wanted: tells from an element's local name whether it is wanted; nothing inside one is asked about.

    Raises:
        FeedError: the XML is deeper, wider or longer than any feed.
        BrokenXMLError: it is not well-formed.
    """
    parser: XMLPullParser[Element] = XMLPullParser(events=("start", "end"))
    open_: list[Element] = []
    inside = 0  # the depth of the wanted element that is open, 0 for none
    held = 0  # bytes fed since the last wanted element ended
    line = 1
    blank = True
    limit = min(settings.row_limit, LONGEST)
    while True:
        chunk = stream.read(_CHUNK)
        if blank:
            chunk = chunk.lstrip(b" \t\r\n")
            blank = not chunk
        held += len(chunk)
        try:
            parser.feed(chunk) if chunk else parser.close()
            events = list(parser.read_events())
        except ParseError as exc:
            raise BrokenXMLError(f"its XML is broken ({exc})", exc.position[0]) from exc
        except (ValueError, LookupError) as exc:
            raise BrokenXMLError(f"its encoding is not known ({exc})", line) from exc
        for event, element in cast("list[tuple[str, Element]]", events):
            if event == "start":
                _check_bounds(name, element, len(open_), line)
                if not inside and wanted(local_name(element)):
                    inside = len(open_) + 1
                open_.append(element)
                continue
            open_.pop()
            if inside == len(open_) + 1:
                yield element, open_
                inside = held = 0
                if open_:
                    open_[-1].remove(element)
                    _check_rest(name, open_[-1], line)
        line += chunk.count(b"\n")
        if held > limit:
            raise FeedError(name, f"an element of over {limit:,} bytes lies here: no story", row=line)
        if not chunk:
            return


def _check_rest(name: str, parent: Element, line: int) -> None:
    if len(parent) > MOST_BESIDE:
        raise FeedError(name, f"holds over {MOST_BESIDE:,} elements that are no stories, as no feed does", row=line)


def _check_bounds(name: str, element: Element, depth: int, line: int) -> None:
    if depth >= DEEPEST:
        raise FeedError(name, f"is nested over {DEEPEST} elements deep, as no feed is", row=line)
    if len(element.attrib) > WIDEST:
        raise FeedError(name, f"has an element of {len(element.attrib):,} attributes, as no feed has", row=line)
