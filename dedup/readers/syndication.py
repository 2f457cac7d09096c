"""RSS and Atom the fast way: entries of well-formed feeds that are written as most are; all else is for feedparser.

An entry becomes a row: the story's fields under the names of their roles, then what else the entry holds, under the
names that feedparser has for it. Whatever feedparser would read in a way of its own raises UnsureError.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from dedup.readers.dates import parse_date
from dedup.readers.trees import local_name, namespace_of

Row = dict[str, object]
Names = dict[str, str]
"""For every role that an entry fills, the XML element that it came from."""

_XML = "{http://www.w3.org/XML/1998/namespace}"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DUBLIN = "http://purl.org/dc/elements/1.1/"
_ATOM = frozenset({"http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"})
_RSS = frozenset(
    {
        *("", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/", "http://backend.userland.com/rss2"),
        *("http://purl.org/net/rss1.1#", "http://backend.userland.com/RSS2", "http://blogs.law.harvard.edu/tech/rss"),
    }
)
_PREFIXES = {
    _DUBLIN: "dc",
    "http://search.yahoo.com/mrss/": "media",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://wellformedweb.org/CommentAPI/": "wfw",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
}
_RSS_FIELDS = frozenset({"title", "link", "description", "pubdate", "guid", "source"})
_ATOM_FIELDS = frozenset(
    {"title", "link", "summary", "content", "id", "published", "issued", "updated", "modified", "created", "source"}
)
_TELLING = frozenset(
    {
        *("title", "link", "links", "description", "summary", "content", "encoded", "body", "fullitem"),
        *("abstract", "id", "guid", "source", "subtitle", "tagline", "info", "copyright", "language", "lang"),
        *("item", "entry", "channel", "pubdate", "published", "issued", "updated", "modified", "created"),
        *("date", "lastmodified", "origlink", "div", "expirationdate", "validity", "productname", "prodlink"),
        *("payload", "base", "location", "longdesc"),
    }
)
"""Names that say something about a story where they stand, in whatever namespace."""

_PLAIN_LINK = re.compile(r"https?://[a-z0-9.-]+(?::\d+)?(?:/[!-~]*)?(?<![<>\"\\^`{|}])")
_ODD = re.compile("[\x80-\x9f\ufffd]")
_TEXT_TYPES = ("", "text", "html", "text/plain", "text/html")


class UnsureError(Exception):
    """Only feedparser knows what this feed means."""


class FeedHead(NamedTuple):
    """What a feed says of all its entries."""

    title: str
    lang: str


def feed_head(around: Sequence[Element]) -> FeedHead:
    """The head of a feed, from the elements around one of its entries, outermost first.

    Raises:
        UnsureError: feedparser might read it differently.
    """
    for element in around:
        if _has_base(element):
            raise UnsureError
    if namespace_of(around[-1]) in _ATOM:
        lang = next((lang for lang in map(_lang, reversed(around)) if lang), "")
        return FeedHead(_child_text(around[-1], "title", _ATOM), lang)
    if any(map(_lang, around)):
        raise UnsureError
    home = around[-1] if local_name(around[-1]) == "channel" else _channel(around[-1])
    return FeedHead(_child_text(home, "title", _RSS), _child_text(home, "language", _RSS | {_DUBLIN}))


def entry_row(entry: Element, head: FeedHead) -> tuple[Row, Names]:
    """The row of an `<item>` or `<entry>`, and the elements that its story was read from.

    Args:
        entry: with all inside it.
        head: of its feed.

    Raises:
        UnsureError: feedparser might read it differently.
    """
    if namespace_of(entry) in _ATOM:
        return _Entry(entry, _ATOM_FIELDS, _ATOM).atom(head)
    if namespace_of(entry) in _RSS:
        return _Entry(entry, _RSS_FIELDS, _RSS).rss(head)
    raise UnsureError


class _Entry:
    """The elements of one entry, those that stories are read from apart from the others."""

    def __init__(self, entry: Element, fields: frozenset[str], namespaces: frozenset[str]) -> None:
        self.found: dict[str, list[Element]] = {}
        self.others: list[Element] = []
        self.lang = _lang(entry)
        if _has_base(entry) or any(map(_has_base, entry)):
            raise UnsureError
        for child in entry:
            name, namespace = local_name(child), namespace_of(child)
            if namespace in namespaces and name in fields:
                self.found.setdefault(name, []).append(child)
            elif namespace == _CONTENT and name == "encoded":
                self.found.setdefault("content:encoded", []).append(child)
            elif namespace == _DUBLIN and name == "date":
                self.found.setdefault("dc:date", []).append(child)
            elif name in _TELLING:
                raise UnsureError
            else:
                self.others.append(child)

    def rss(self, head: FeedHead) -> tuple[Row, Names]:
        """The row of an `<item>`."""
        if self.lang:
            raise UnsureError
        names: Names = {}
        row: Row = {}
        guid, link = self.text("guid"), self.text("link")
        permanent = "guid" in self.found and _attribute(self.found["guid"][0], "ispermalink", "true") == "true"
        if link or "link" in self.found:
            self.fill(row, names, "url", "link", _plain_link(link))
        elif guid and permanent:
            self.fill(row, names, "url", "guid", _plain_link(guid))
        self.fill(row, names, "id", "guid", guid)
        self.fill(row, names, "title", "title", self.text("title"))
        encoded, description = self.text("content:encoded"), self.text("description")
        self.fill(row, names, "text", "content:encoded", encoded)
        self.fill(row, names, "text", "description", description)
        self.fill(row, names, "source", "source", self.text("source"))
        self.fill(row, names, "source", "channel title", head.title)
        self.fill(row, names, "published", "pubDate", _plain_date(self.text("pubdate")))
        self.fill(row, names, "published", "dc:date", _plain_date(self.text("dc:date")))
        self.fill(row, names, "lang", "channel language", head.lang)
        if encoded:
            row |= {"summary": description, "content": [{"type": "text/html", "value": encoded}]}
        return self.with_others(row), names

    def atom(self, head: FeedHead) -> tuple[Row, Names]:
        """The row of an `<entry>`."""
        names: Names = {}
        row: Row = {}
        for name in ("title", "summary", "content"):
            _check_text(self.found.get(name, []))
        links = self.found.pop("link", [])
        pages = [link for link in links if link.get("rel", "alternate") == "alternate"]
        if len(pages) > 1 or any(_is_page(link) for link in links if link not in pages):
            raise UnsureError
        if pages:
            self.fill(row, names, "url", "link", _plain_link(pages[0].get("href", "")))
        else:
            self.fill(row, names, "url", "id", _plain_link(self.text("id")))
        self.fill(row, names, "id", "id", self.text("id"))
        self.fill(row, names, "title", "title", self.text("title"))
        self.fill(row, names, "text", "content", self.text("content"))
        self.fill(row, names, "text", "summary", self.text("summary"))
        if len(self.found.get("source", [])) > 1:
            raise UnsureError
        if "source" in self.found:
            self.fill(row, names, "source", "source title", _child_text(self.found["source"][0], "title", _ATOM))
        self.fill(row, names, "source", "feed title", head.title)
        for name in ("published", "issued", "updated", "modified", "created"):
            self.fill(row, names, "published", name, _plain_date(self.text(name)))
        own = [_lang(element) for element in self.found.get("content", [])]
        for lang in (*own, self.lang, head.lang):
            self.fill(row, names, "lang", "xml:lang", lang)
        if "content" in self.found:
            row |= {"summary": self.text("summary"), "content": [{"value": self.text("content")}]}
        row |= {"links": [dict(link.attrib) for link in links]} if links else {}
        return self.with_others(row), names

    def text(self, name: str) -> str:
        """The text of the one element of this name, "" for none."""
        elements = self.found.get(name, [])
        if len(elements) > 1:
            raise UnsureError
        return _plain_text(elements[0]) if elements else ""

    def fill(self, row: Row, names: Names, role: str, name: str, value: str) -> None:
        """Let a value fill a role that is still empty."""
        if value and role not in row:
            row[role], names[role] = value, name

    def with_others(self, row: Row) -> Row:
        """The row with all that no story needs behind it; what is there several times is a list."""
        rest: dict[str, list[object]] = {}
        for child in self.others:
            prefix = _PREFIXES.get(namespace_of(child), "")
            name = local_name(child) if prefix in ("", "dc") else f"{prefix}_{local_name(child)}"
            name = {"creator": "author", "category": "tags", "subject": "tags"}.get(name, name)
            text = "".join(child.itertext()).strip()
            value: object = {**child.attrib, "value": text} if child.attrib and text else text or dict(child.attrib)
            rest.setdefault(name, []).append({"term": text, **child.attrib} if name == "tags" else value)
        for name, values in rest.items():
            row[f"{name}_detail" if name in row else name] = values if len(values) > 1 or name == "tags" else values[0]
        return row


def _attribute(element: Element, name: str, default: str) -> str:
    """An attribute whatever the case of its name."""
    return next((value for key, value in element.attrib.items() if key.lower() == name), default)


def _has_base(element: Element) -> bool:
    """Whether links in an element are relative to another address."""
    return f"{_XML}base" in element.attrib or "base" in element.attrib


def _lang(element: Element) -> str:
    return element.get(f"{_XML}lang", "").replace("_", "-")


def _channel(root: Element) -> Element:
    """The channel that stands beside the items, as in RSS 1.0."""
    for child in root:
        if local_name(child) == "channel":
            return child
    raise UnsureError


def _plain_text(element: Element) -> str:
    """An element's text, if feedparser would change nothing but the white space around it."""
    if len(element):
        raise UnsureError
    text = (element.text or "").strip()
    if not text.isascii():
        if _ODD.search(text):
            raise UnsureError  # feedparser takes these for Windows-1252
        try:
            text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            pass
        else:
            raise UnsureError  # feedparser takes this for UTF-8 encoded twice
    return text


def _check_text(elements: Iterable[Element]) -> None:
    """Refuse text constructs other than text in place."""
    for element in elements:
        odd = element.get("src") or element.get("mode", "escaped") not in ("escaped", "xml")
        if odd or element.get("type", "") not in _TEXT_TYPES:
            raise UnsureError


def _is_page(link: Element) -> bool:
    """Whether feedparser would take a link that is no alternate for the story's page all the same."""
    return link.get("rel", "") not in ("self", "edit", "enclosure", "replies", "related", "via", "next", "hub")


def _plain_link(text: str) -> str:
    if text and not _PLAIN_LINK.fullmatch(text):
        raise UnsureError
    return text


def _plain_date(text: str) -> str:
    if text and parse_date(text) is None:
        raise UnsureError
    return text


def _children(element: Element, name: str, namespaces: Iterable[str]) -> Iterator[Element]:
    for child in element:
        if local_name(child) == name:
            if namespace_of(child) not in namespaces:
                raise UnsureError
            yield child


def _child_text(element: Element, name: str, namespaces: frozenset[str]) -> str:
    children = list(_children(element, name, namespaces))
    _check_text(children)
    if len(children) > 1:
        raise UnsureError
    return _plain_text(children[0]) if children else ""
