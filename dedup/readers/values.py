"""The story fields of one row of a known layout, by json.loads: also those that lie deep in it or in its envelope."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dedup.kernels.reference.fields import WHITE_SPACE, Value, load_row, plain_name, text_of
from dedup.readers.fields import Fields
from dedup.readers.selectors import ENVELOPE, KEY, parse_path, text_at

_SURROGATE = re.compile("[\ud800-\udfff]")


class NoStoryError(Exception):
    """A row that its layout says is no story; the message says why."""


def layout_values(raw: bytes, fields: Fields, context: Mapping[str, str]) -> dict[int, Value]:
    """The value of every role that a row fills: of its fields that are not blank, the one of least rank.

    Args:
        raw: the row's bytes.
        fields: looked for.
        context: what its envelope says, by path.

    Raises:
        ValueError: see `load_row`.
        NoStoryError: the row is one that the layout leaves out.
    """
    row = load_row(raw)
    for name, values, reason in fields.layout.left_out:
        if text_at(row, parse_path(name) or ()) in values if parse_path(name) else text_of(row.get(name)) in values:
            raise NoStoryError(reason)
    spelled: dict[bytes, str] = {}
    for name in row:
        spelled.setdefault(plain_name(name), name)
    found: dict[int, Value] = {}
    for role, names in enumerate(fields.by_role):
        for rank, plain in enumerate(names):
            name, text = _value(row, plain, spelled, fields, context)
            if text.strip(WHITE_SPACE) and text not in fields.layout.nothing:
                clean = _SURROGATE.sub("\ufffd", text)
                replaced = clean != text or not (text.isascii() or _is_utf8(raw))
                found[role] = Value(rank, name, clean.encode(), replaced)
                break
    return found


def _value(
    row: Mapping[str, object], plain: bytes, spelled: Mapping[bytes, str], fields: Fields, context: Mapping[str, str]
) -> tuple[str, str]:
    """The name and text of a field; a member of the row goes before a path of the same name."""
    if plain in spelled:
        return spelled[plain], text_of(row[spelled[plain]])
    if plain not in fields.paths:
        return "", ""
    name, path = fields.paths[plain]
    if name == KEY or name.startswith(ENVELOPE):
        return name, context.get(name.removeprefix(ENVELOPE), "")
    return name, text_at(row, path)


def _is_utf8(row: bytes) -> bool:
    try:
        row.decode()
    except UnicodeDecodeError:
        return False
    return True
