"""XML of news agencies and of Scrapy: NewsML-G2, NITF and `<items><item>`, one element to one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from dedup.readers.syndication import Names, Row
from dedup.readers.trees import local_name

_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "br", "tr", "hl2", "pre", "blockquote"})
"""Elements that end a line of text."""

_BESIDE = frozenset({"media", "script", "style"})
"""Elements whose words are no part of a story's text."""

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CANCELED = frozenset({"canceled", "cancelled", "withdrawn"})


_DEEPEST_VALUE = 20

RowOf = Callable[[Element, list[Element]], tuple[Row, Names]]


class CanceledError(Exception):
    """The item says that it is no story any more."""


def text_below(element: Element) -> str:
    """All text in an element, a line for every paragraph."""
    lines = [""]
    for part in _parts(element):
        if part is None:
            lines.append("")
        else:
            lines[-1] += part
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def _parts(element: Element) -> Iterator[str | None]:
    """The texts in an element in their order, None between two lines; without recursion, however deep it is."""
    waiting: list[tuple[Element, int]] = [(element, 0)]
    yield element.text or ""
    while waiting:
        parent, place = waiting.pop()
        if place == len(parent):
            if waiting:
                if local_name(parent) in _BLOCKS:
                    yield None
                yield parent.tail or ""
            continue
        child = parent[place]
        waiting.append((parent, place + 1))
        if local_name(child) in _BESIDE:
            yield child.tail or ""
            continue
        waiting.append((child, 0))
        if local_name(child) in _BLOCKS:
            yield None
        yield child.text or ""


def _find(element: Element, path: str) -> Element | None:
    """The first element at the end of a path of local names."""
    return next(_find_all(element, path), None)


def _find_all(element: Element, path: str) -> Iterator[Element]:
    name, _, rest = path.partition("/")
    for child in element:
        if local_name(child) == name:
            yield from _find_all(child, rest) if rest else (child,)


def _texts(element: Element, path: str) -> str:
    return "\n".join(text for text in map(text_below, _find_all(element, path)) if text)


def _first(*values: tuple[str, str]) -> tuple[str, str]:
    """The first name and value of which the value is not empty."""
    return next(((name, value) for name, value in values if value), ("", ""))


def _attribute(element: Element | None, *names: str) -> str:
    return "" if element is None else next((element.get(name, "") for name in names if element.get(name)), "")


def _filled(roles: dict[str, tuple[str, str]]) -> tuple[Row, Names]:
    filled = {role: (name, value) for role, (name, value) in roles.items() if value}
    return {role: value for role, (_, value) in filled.items()}, {role: name for role, (name, _) in filled.items()}


def newsml_row(item: Element, around: list[Element]) -> tuple[Row, Names]:
    """The row of a NewsML-G2 newsItem.

    Raises:
        CanceledError: its publishing status says so.
    """
    status = _attribute(_find(item, "itemmeta/pubstatus"), "qcode", "literal")
    if status.rpartition(":")[2].lower() in _CANCELED:
        raise CanceledError
    provider = _find(item, "itemmeta/provider")
    content = _find(item, "contentset")
    inlines = ("inlinexml/html/body", "inlinexml/nitf/body/body.content", "inlinexml", "inlinedata")
    inline = next((text for path in inlines if content is not None and (text := _texts(content, path))), "")
    lang = item.get(_LANG) or _attribute(_find(item, "contentmeta/language"), "tag") or _lang_around(around)
    row, names = _filled(
        {
            "id": ("@guid", item.get("guid", "")),
            "url": ("@guid", item.get("guid", "")),  # of all versions of an item
            "title": _first(
                ("contentMeta/headline", _texts_first(item, "contentmeta/headline")),
                ("itemMeta/title", _texts_first(item, "itemmeta/title")),
            ),
            "text": _first(
                ("contentSet/inlineXML", inline), ("contentMeta/description", _texts(item, "contentmeta/description"))
            ),
            "source": _first(
                ("itemMeta/provider", "" if provider is None else _texts(provider, "name")),
                ("itemMeta/provider", _attribute(provider, "literal", "qcode", "uri")),
            ),
            "published": _first(
                ("itemMeta/versionCreated", _texts_first(item, "itemmeta/versioncreated")),
                ("itemMeta/firstCreated", _texts_first(item, "itemmeta/firstcreated")),
            ),
            "lang": ("xml:lang", lang),
        }
    )
    row["version"] = item.get("version", "")
    row["description"] = _texts(item, "contentmeta/description")
    return row, names


def _lang_around(around: list[Element]) -> str:
    """The language that the elements around one declare."""
    return next((element.get(_LANG, "") for element in reversed(around) if element.get(_LANG)), "")


def _texts_first(element: Element, path: str) -> str:
    found = _find(element, path)
    return "" if found is None else text_below(found).replace("\n", " ")


def nitf_row(item: Element, around: list[Element]) -> tuple[Row, Names]:
    """The row of an `<nitf>` document.

    Raises:
        CanceledError: its editorial status says so.
    """
    data = _find(item, "head/docdata")
    body = _find(item, "body")
    head = None if body is None else _find(body, "body.head")
    if data is not None and item.get("management-status", data.get("management-status", "")).lower() in _CANCELED:
        raise CanceledError
    none = Element("none")
    data, head, body = (none if part is None else part for part in (data, head, body))
    return _filled(
        {
            "id": ("doc-id", _attribute(_find(data, "doc-id"), "id-string")),
            "title": _first(
                ("hedline/hl1", _texts_first(head, "hedline/hl1")), ("head/title", _texts_first(item, "head/title"))
            ),
            "text": _first(
                ("body.content", _texts(body, "body.content")),
                ("abstract", _texts(head, "abstract")),
            ),
            "source": _first(
                ("distributor", _texts_first(head, "distributor")),
                ("doc.copyright", _attribute(_find(data, "doc.copyright"), "holder")),
            ),
            "published": _first(
                ("date.issue", _attribute(_find(data, "date.issue"), "norm")),
                ("date.release", _attribute(_find(data, "date.release"), "norm")),
            ),
            "lang": ("xml:lang", item.get(_LANG) or _lang_around(around)),
        }
    )


def scrapy_row(item: Element, _: list[Element]) -> tuple[Row, Names]:
    """The row of an `<item>` as Scrapy exports it: its fields as they are named, lists as lists."""
    return {str(child.tag): _scrapy_value(child) for child in item}, {}


def _scrapy_value(element: Element, depth: int = 0) -> object:
    if not len(element) or depth > _DEEPEST_VALUE:
        return "".join(element.itertext())
    if all(child.tag == "value" for child in element):
        return [_scrapy_value(child, depth + 1) for child in element]
    return {str(child.tag): _scrapy_value(child, depth + 1) for child in element}
