"""The slow twin of `native.cells`: one value at a time."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence

_SURROGATE = re.compile("[\ud800-\udfff]")


def decode_escaped(string: bytes) -> tuple[bytes, bool]:
    """What stands between the quotes of a JSON string, as UTF-8; and whether a lone surrogate became U+FFFD."""
    text = json.loads(b'"%s"' % string)
    clean = _SURROGATE.sub("\ufffd", text)
    return clean.encode(), clean != text


def delimited_fields(
    record: bytes, delimiter: str, targets: Mapping[int, Sequence[tuple[int, int]]]
) -> dict[int, bytes]:
    """The value of every role that a record fills: of its fields that are not blank, the one of least rank.

    Args:
        record: one record without its line end.
        delimiter: between two fields.
        targets: the (role, rank) of each column, by its number.
    """
    lines = io.StringIO(record.decode("latin-1"), newline="").readlines()
    fields = next(csv.reader(lines, delimiter=delimiter))
    best: dict[int, tuple[int, bytes]] = {}
    for column, field in enumerate(fields):
        for role, rank in targets.get(column, ()):
            if field.strip(" \t\n\r\f\v") and (role not in best or rank < best[role][0]):
                best[role] = (rank, field.encode("latin-1"))
    return {role: text for role, (_, text) in best.items()}
