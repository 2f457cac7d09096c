"""The slow twin of `native.fields`: one JSON row at a time, by json.loads.

Readers also call it for the rows the compiled finder calls odd, so it is the specification of every JSON feed: numbers
keep the digits they were written with, lists are joined, objects give their name, title or value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

WHITE_SPACE = " \t\n\r\f\v"
_SURROGATE = re.compile("[\ud800-\udfff]")
_MEMBERS = ("name", "title", "value", "text", "rendered", "#text", "$date", "$oid", "href", "url")


# What stands for each byte that is no UTF-8 once it is decoded with "surrogateescape".
_WINDOWS = {0xDC00 + byte: bytes([byte]).decode("cp1252", "replace") for byte in range(0x80, 0x100)}
_BROKEN = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # a lone surrogate, as some write it


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Value(NamedTuple):
    """What fills a role: the rank and name of the field it came from, and the text as UTF-8."""

    rank: int
    name: str
    text: bytes
    replaced: bool
    """Whether lone surrogates became U+FFFD, or bytes that are no UTF-8 other letters."""


def plain_name(name: str) -> bytes:
    """A field's name as it is compared: UTF-8, ASCII letters lower, without `-`, `_` and spaces.

    >>> plain_name("Published-At")
    b'publishedat'
    """
    return name.encode("utf-8", "surrogatepass").lower().translate(None, b"-_ ")


def decode_text(data: bytes) -> str:
    """The text of bytes that should be UTF-8; what is none is taken for Windows-1252, a letter each.

    A letter that may be wrong still tells two words apart, where U+FFFD in its place would make them one.

    >>> decode_text("Köln, ".encode() + "Müller".encode("cp1252"))
    'Köln, Müller'
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _BROKEN.sub(b"\xef\xbf\xbd", data).decode("utf-8", "surrogateescape").translate(_WINDOWS)


def load_row(row: bytes) -> dict[str, object]:
    """The object a row holds, its numbers as `Number`, its text by `decode_text`, NaN and infinities as None.

    Raises:
        ValueError: the row is no valid JSON (json.JSONDecodeError), nested too deep, or no object.
    """
    try:
        value = json.loads(decode_text(row), parse_int=Number, parse_float=Number, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError(f"is not a JSON object but {_kind(value)}")  # noqa: TRY004 - the row is wrong, not the caller
    return value


def _kind(value: object) -> str:
    if isinstance(value, Number):
        return "a number"
    return {list: "an array", str: "a string", bool: "true or false"}.get(type(value), "null")


def text_of(value: object) -> str:
    r"""The text that a JSON value stands for, "" for none.

    >>> text_of({"id": None, "name": "Example Times"}), text_of([{"value": "one"}, "two"])
    ('Example Times', 'one\ntwo')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(text for text in map(text_of, value) if text.strip(WHITE_SPACE))
    if isinstance(value, dict):
        texts = (text_of(value[member]) for member in _MEMBERS if member in value)
        return next((text for text in texts if text.strip(WHITE_SPACE)), "")
    return str(value)


def story_fields(row: bytes, targets: Mapping[bytes, Sequence[tuple[int, int]]]) -> dict[int, Value]:
    """The value of every role that a JSON row fills: of its fields that are not blank, the one of least rank.

    Args:
        row: the row's bytes.
        targets: the (role, rank) of each field looked for, by plain name.

    Raises:
        ValueError: see `load_row`.
    """
    damaged = not _is_utf8(row)
    best: dict[int, Value] = {}
    for name, value in load_row(row).items():
        for role, rank in targets.get(plain_name(name), ()):
            if role in best and best[role].rank <= rank:
                continue
            text = text_of(value)
            if text.strip(WHITE_SPACE):
                clean = _SURROGATE.sub("\ufffd", text)
                replaced = clean != text or (damaged and not text.isascii())
                best[role] = Value(rank, name, clean.encode(), replaced)
    return best


def _is_utf8(row: bytes) -> bool:
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True
