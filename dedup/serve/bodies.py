"""Bodies of requests: read within a time, parsed as JSON or a form, refused with what was expected."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from dedup.errors import SettingsError
from dedup.incoming import read_fields
from dedup.serve.refusals import Refusal
from dedup.single import StoryFields

_MOST_FIELDS = 20  # of a form
_LONGEST_NAME = 4000  # characters of an id


async def read_body(request: Request, patience: float) -> bytes:
    """The whole body.

    Raises:
        Refusal: 413 from the gate, 408 if it takes longer than `patience` seconds, 400 if the sender has gone.
    """
    try:
        async with asyncio.timeout(patience):
            return await request.body()
    except TimeoutError:
        raise Refusal(408, f"the body did not arrive within {patience:g} s", {"connection": "close"}) from None
    except ClientDisconnect:
        raise Refusal(400, "the connection was lost before the body had arrived") from None


def require_json(request: Request) -> None:
    """Refuse a body that is not said to be JSON: a page of another site can send any other kind unasked.

    Raises:
        Refusal: 415.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refusal(415, f'expected "Content-Type: application/json", got "{kind[:80]}"')


def parse_json(body: bytes) -> Any:
    """The value that a body holds.

    Raises:
        Refusal: 400, with where it breaks.
    """
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        raise Refusal(400, f"the body is not UTF-8 at byte {exc.start}") from exc
    except json.JSONDecodeError as exc:
        what = exc.msg.removesuffix(" at")  # which some messages end in
        raise Refusal(
            400, f"broken JSON: {what[:1].lower()}{what[1:]} at line {exc.lineno}, column {exc.colno}"
        ) from exc
    except RecursionError as exc:
        raise Refusal(400, "the JSON is nested too deeply") from exc
    except ValueError as exc:  # a number of thousands of digits
        raise Refusal(400, "the JSON holds a number that is too long") from exc


def _refuse_constant(name: str) -> None:
    raise Refusal(400, f"{name} is no JSON; write null")


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form.

    Raises:
        Refusal: 400.
    """
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as exc:
        raise Refusal(400, f"the form cannot be read; it has up to {_MOST_FIELDS} fields in UTF-8") from exc
    return dict(pairs)


def read_posted(value: Any, most: int) -> list[StoryFields]:
    """The stories in what was posted: an object, or an array of objects.

    Raises:
        Refusal: 422 for what is no story, 413 for too many.
    """
    rows = value if isinstance(value, list) else [value]
    if len(rows) > most:
        raise Refusal(413, f"at most {most:,} stories at once, got {len(rows):,}")
    return [_read_story(row, f"story {number}: " if isinstance(value, list) else "") for number, row in enumerate(rows)]


def _read_story(row: Any, where: str) -> StoryFields:
    if not isinstance(row, dict):
        raise Refusal(422, f"{where}a story is a JSON object, got {_kind(row)}")
    try:
        fields = read_fields(row)
    except SettingsError as exc:
        raise Refusal(422, f"{where}{exc}") from exc
    check_name(fields.id, where)
    return fields


def check_name(name: str, where: str = "") -> None:
    """Refuse an id that no store should carry.

    Raises:
        Refusal: 422.
    """
    if not name or len(name) > _LONGEST_NAME:
        raise Refusal(422, f"{where}an id has 1 to {_LONGEST_NAME:,} characters, got {len(name):,}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise Refusal(422, f"{where}an id is text that UTF-8 can say, got a lone surrogate") from None


def _kind(value: object) -> str:
    names = {
        str: "a text",
        bool: "true or false",
        type(None): "null",
        list: "an array",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)
