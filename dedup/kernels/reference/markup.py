"""HTML out of a field: entities decoded, tags removed. Works on bytes: all of HTML's own signs are ASCII."""

from __future__ import annotations

import re
from html.entities import html5

_ENTITY = re.compile(rb"&(?:#([0-9]+)|#[xX]([0-9A-Fa-f]+)|([A-Za-z][A-Za-z0-9]*));")

# Tried in this order at every "<".
_MARKUP = re.compile(
    rb"(?P<comment><!--.*?-->)"
    rb"|(?P<cdata><!\[CDATA\[)"
    rb"|(?P<hidden><(?P<name>script|style)(?![A-Za-z0-9])[^<>]*>.*?(?=</(?P=name)))"
    rb"|(?P<tag><[A-Za-z/!?][^<>]*>)"
    rb"|(?P<torn><[A-Za-z/!?][^<>]*=[\"'][^<>]*)",  # a tag cut off: only an attribute tells it from "a <b and c"
    re.DOTALL | re.IGNORECASE,
)
_BLOCK = re.compile(rb"</?(?:p|br|hr|div|li|ul|ol|dl|dt|dd|tr|td|th|h[1-6])(?![A-Za-z0-9])", re.IGNORECASE)


def plain_text(raw: bytes) -> bytes:
    """The field without HTML.

    Entities that end in ";" are decoded, and those that this brings to light once more. Then a comment, a script or
    style with its contents, "<![CDATA[" and every tag becomes a space, a tag that ends a block a line feed. "<" that
    opens no tag is text.
    """
    return _MARKUP.sub(_space, _ENTITY.sub(_character, _ENTITY.sub(_character, raw)))


def _space(found: re.Match[bytes]) -> bytes:
    """What stands for a piece of markup."""
    return b"\n" if found["tag"] and _BLOCK.match(found[0]) else b" "


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
