"""The gate before every route: who may ask, from which page, how much, and how many at once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from dedup.serve.metrics import Metrics
from dedup.serve.options import ServeOptions
from dedup.serve.refusals import Refusal, refusal_body

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/healthz",)  # without a key
WEBHOOKS = ("/webhooks/miniflux",)  # signed in their own way
MOST_AT_ONCE = 256  # requests; others are told to come again
_SAFE = ("GET", "HEAD", "OPTIONS")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer a browser would not say which page a form was on
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_ASK = {"www-authenticate": 'Basic realm="dedup", charset="UTF-8"'}


class Guard:
    """Checks a request, limits its body and how many run, measures it, and puts the page's policy on every answer."""

    def __init__(self, app: App, options: ServeOptions, metrics: Metrics) -> None:
        self._app, self._options, self._metrics = app, options, metrics
        self._key = hashlib.sha256(options.key.encode()).digest() if options.key else None
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            else:  # a WebSocket, of which there are none
                await send({"type": "websocket.close", "code": 1008})
            return
        started = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self._check(scope, headers)
            with self._place(scope["path"]):
                await self._app(scope, self._limited(receive, headers), answer)
        except Refusal as refusal:
            await refuse(answer, refusal)
        finally:
            self._metrics.observe(scope, status, time.perf_counter() - started)

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        """Refuse who may not ask.

        Raises:
            Refusal: 401 without the key, 403 from a page of another site, 421 for a name that is not this machine's.
        """
        path = scope["path"]
        if self._key is None:
            # Else a page elsewhere could ask, whose name was pointed at this machine.
            if not _is_local(_hostname(headers.get("host", ""))):
                raise Refusal(421, "without an API key only this machine is served: ask for localhost or 127.0.0.1")
        elif path not in OPEN and path not in WEBHOOKS and not self._shows_key(headers):
            raise Refusal(401, "show the API key: Authorization: Bearer KEY, or as the password of Basic", _ASK)
        if scope["method"] not in _SAFE and _is_foreign(headers):
            raise Refusal(403, "sent by a page of another site, so it was refused")

    @contextmanager
    def _place(self, path: str) -> Iterator[None]:
        """A place among the requests that run; what needs no key has places of its own, so that it takes no others.

        Raises:
            Refusal: 503, all are taken.
        """
        kind = path if path in OPEN or path in WEBHOOKS else ""
        if self._running[kind] >= MOST_AT_ONCE:
            raise Refusal(503, f"{MOST_AT_ONCE} requests are running already; come again", {"retry-after": "1"})
        self._running[kind] += 1
        try:
            yield
        finally:
            self._running[kind] -= 1

    def _shows_key(self, headers: dict[str, str]) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        written = given.encode("latin-1").strip()  # as bytes: some of Latin-1's blanks end letters of UTF-8
        if scheme.lower() == "basic":
            try:
                written = base64.b64decode(written, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != "bearer":
            written = headers.get("x-api-key", "").encode("latin-1")
        # Callers write a key that is not ASCII in UTF-8 or in Latin-1: it is compared in both readings.
        readings = written.strip(), written.strip().decode("latin-1").encode()
        shown = [hmac.compare_digest(hashlib.sha256(one).digest(), self._key or b"") for one in readings]
        return any(shown)

    def _limited(self, receive: Receive, headers: dict[str, str]) -> Receive:
        """The body, refused as soon as it is known to be too long.

        Raises:
            Refusal: 413, or 400 for a length that is no number.
        """
        most, seen = self._options.most_bytes, 0
        told = headers.get("content-length", "0")
        if not (told.isascii() and told.isdigit()):
            raise Refusal(400, "Content-Length is no number")
        too_long = Refusal(
            413, f"the body is longer than {most:,} bytes; send fewer stories at once", {"connection": "close"}
        )
        if int(told[:20]) > most:
            raise too_long

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most:
                    raise too_long
            return message

        return counted


async def refuse(send: Send, refusal: Refusal) -> None:
    """Send a refusal."""
    headers = [(b"content-type", b"application/json"), *((k.encode(), v.encode()) for k, v in refusal.headers.items())]
    body = refusal_body(refusal.message)
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _hostname(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _is_local(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _is_foreign(headers: dict[str, str]) -> bool:
    """Whether a browser says that a page of another site sent this; other programs send neither header."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
