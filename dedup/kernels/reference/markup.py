"""HTML out of a field: entities decoded, tags removed. Works on bytes: all of HTML's own signs are ASCII."""

from __future__ import annotations

import re
from html.entities import html5

_ENTITY = re.compile(rb"&(?:#([0-9]+)|#[xX]([0-9A-Fa-f]+)|([A-Za-z][A-Za-z0-9]*));")

# The elements of HTML, living and dead. "<" and another word is a tag only with an attribute: wires put companies'
# tickers and names in angle brackets.
ELEMENTS = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink blockquote body
    br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl
    dt em embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header
    hgroup hr html i iframe img input ins kbd label legend li link main map mark marquee math menu meta meter
    nav nobr noframes noscript object ol optgroup option output p param path picture pre progress q rp rt ruby
    s samp script search section select slot small source span strike strong style sub summary sup svg table
    tbody td template textarea tfoot th thead time title tr track tt u ul use var video wbr
"""
BLOCKS = "p br hr div li ul ol dl dt dd tr td th h1 h2 h3 h4 h5 h6"

_ELEMENTS, _BLOCKS = frozenset(ELEMENTS.split()), frozenset(BLOCKS.split())

# Tried in this order at every "<".
_TAG = (
    rb"(?P<tag><(?P<sign>[/!?])?(?P<name>[A-Za-z0-9]*+)(?P<rest>[^<>]*)>)"
    rb"|(?P<torn><[A-Za-z/!?][^<>]*=[\"'][^<>]*)"  # a tag cut off: only an attribute tells it from "a <b and c"
)
_MARKUP = re.compile(rb"(?P<comment><!--)|(?P<cdata><!\[CDATA\[)|" + _TAG, re.IGNORECASE)
_UNCOMMENTED = re.compile(_TAG)
_HIDDEN = b"script", b"style"


def plain_text(raw: bytes) -> bytes:
    """The field without HTML.

    Entities that end in ";" are decoded, and those that this brings to light once more. Then a comment, a script or
    style with its contents, "<![CDATA[" and every tag becomes a space, a tag that ends a block a line feed. "<" that
    opens no tag is text.
    """
    return _remove_tags(_ENTITY.sub(_character, _ENTITY.sub(_character, raw)))


def _remove_tags(text: bytes) -> bytes:
    """Linear, so by hand: a regex would look through the rest of the text for the end of every comment and script."""
    lower, missing = text.lower(), set[bytes]()
    pieces, at = [], 0

    def find(ending: bytes, start: int) -> int:
        """Where what is hidden ends, -1 for nowhere; an ending that was not found is not looked for again."""
        place = -1 if ending in missing else lower.find(ending, start)
        if place < 0:
            missing.add(ending)
        return place

    found = _MARKUP.search(text)
    while found:
        pieces.append(text[at : found.start()])
        filler, at = b" ", found.end()
        end = find(b"-->", at) if found["comment"] else -1
        if end >= 0:
            at = end + 3
        elif found["comment"] and not (found := _UNCOMMENTED.match(text, at - 4)):
            filler, at = b"<", at - 3  # what opens no tag either
        else:
            filler, at = _space(found), found.end()
            if found["tag"] and not found["sign"] and (name := found["name"].lower()) in _HIDDEN:
                end = find(b"</" + name, at)
                at = at if end < 0 else end
        pieces.append(filler)
        found = _MARKUP.search(text, at)
    return b"".join((*pieces, text[at:]))


def _space(found: re.Match[bytes]) -> bytes:
    """What stands for a piece of markup: itself, if it is none."""
    if found["tag"] is None:
        return b" "
    name, rest = found["name"].lower().decode("ascii"), found["rest"]
    if found["sign"] != b"/" and found["sign"] is not None:
        return b" "
    if found["sign"] == b"/" or (
        name[:1].isalpha() and (name in _ELEMENTS or rest[:1] in (b":", b"-") or b"=" in rest)
    ):
        return b"\n" if name in _BLOCKS else b" "
    return found[0]


def _character(found: re.Match[bytes]) -> bytes:
    """What an entity stands for in UTF-8, or itself if nothing of its name is known."""
    decimal, hexadecimal, name = found.groups()
    if name is not None:
        text = html5.get(name.decode("ascii") + ";")
        return found[0] if text is None else text.encode()
    digits, base = (decimal, 10) if decimal is not None else (hexadecimal, 16)
    digits = digits.lstrip(b"0")
    point = int(digits, base) if 0 < len(digits) <= 7 else 0
    if 0x80 <= point < 0xA0:  # what was meant is Windows' character set
        return bytes([point]).decode("cp1252", "replace").encode()
    if point == 0 or point > 0x10FFFF or 0xD800 <= point < 0xE000:
        return "\ufffd".encode()
    return chr(point).encode()
