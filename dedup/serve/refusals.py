"""Answers to what cannot be done: a status and one line that says what was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping


class Refusal(Exception):  # noqa: N818  # it is an answer, not a fault
    """A request that is turned down.

    Attributes:
        status: of HTTP, 400 to 503.
        message: one line for people.
        headers: of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = " ".join(message.split())
        self.headers = dict(headers or {})


def refusal_body(message: str) -> bytes:
    """What every refusal says, as JSON."""
    return json.dumps({"error": message}, ensure_ascii=False).encode("utf-8", "replace")
