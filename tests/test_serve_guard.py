"""Who may ask `dedup serve`: keys, pages of other sites, and what Miniflux signed."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json

import pytest

from dedup.errors import SettingsError
from dedup.serve.guard import MOST_AT_ONCE, Guard
from dedup.serve.metrics import Metrics
from dedup.serve.options import ServeOptions
from tests.servers import BANK, COPY, FERRY, KEY, client, told

SECRET = "miniflux secret"  # noqa: S105  # of this test alone


def miniflux(api, event, *, secret=SECRET, signature=None):
    body = json.dumps(event).encode()
    signature = signature or hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return api.post("/webhooks/miniflux", content=body, headers={"X-Miniflux-Signature": signature})


def entry(number, story):
    return {
        "id": number, "title": story["title"], "url": story.get("url", ""), "content": f"<p>{story['text']}</p>",
        "published_at": "2023-06-01T10:00:00Z", "status": "unread", "tags": [],
    }  # fmt: skip


def test_miniflux_is_told_which_entries_are_duplicates():
    with client(miniflux_secret=SECRET) as api:
        event = {
            "event_type": "new_entries",
            "feed": {"id": 8, "title": "Wire", "feed_url": "https://wire.example/feed"},
            "entries": [entry(11, FERRY), entry(12, BANK)],
        }
        assert miniflux(api, event).json()["duplicates"] == []
        again = {
            **event,
            "feed": {"title": "Post"},
            "entries": [entry(13, COPY), entry(14, {**BANK, "title": "Snow in May"})],
        }
        answer = miniflux(api, again).json()
        assert answer["duplicates"][0] == 13
        assert answer["decisions"][0]["cluster_id"] == "miniflux:11"
        saved = {"event_type": "save_entry", "entry": {**entry(15, COPY), "feed": {"title": "Echo"}}}
        assert miniflux(api, saved).json()["duplicates"] == [15]
        assert api.get("/stories/miniflux:15").json()["story"]["source"] == "Echo"


def test_more_entries_than_may_come_at_once_are_refused_and_not_kept():
    event, entries = {"event_type": "new_entries", "feed": {}}, [entry(11, FERRY), entry(12, BANK)]
    with client(miniflux_secret=SECRET, most_stories=1) as api:
        assert told(miniflux(api, {**event, "entries": entries}), 413) == "at most 1 entries at once, got 2"
        told(api.get("/stories/miniflux:11"), 404)
        assert miniflux(api, {**event, "entries": entries[:1]}).status_code == 200


def test_a_webhook_that_miniflux_did_not_sign_is_refused():
    event = {"event_type": "new_entries", "feed": {}, "entries": []}
    with client(miniflux_secret=SECRET) as api:
        for signature in ("", "0" * 64, "ü", "x" * 10_000):
            told(miniflux(api, event, signature=signature.encode() or b" "), 401)
        told(miniflux(api, event, secret="another"), 401)  # noqa: S106
        assert miniflux(api, event).json() == {"duplicates": [], "decisions": []}
    with client() as api:
        assert "no webhook of Miniflux is configured" in told(miniflux(api, event), 404)


@pytest.mark.parametrize(
    "event",
    [
        [], {}, {"event_type": "other"}, {"event_type": "new_entries"}, {"event_type": "new_entries", "entries": {}},
        {"event_type": "new_entries", "entries": [7]}, {"event_type": "new_entries", "entries": [{"id": "7"}]},
        {"event_type": "new_entries", "entries": [{"id": 7, "title": 8}]}, {"event_type": "save_entry"},
    ],
)  # fmt: skip
def test_an_event_of_another_shape_is_refused(event):
    with client(miniflux_secret=SECRET) as api:
        told(miniflux(api, event), 422)


def test_without_the_key_nothing_is_told():
    with client(base="http://wall.example", key=KEY) as api:
        for path in (
            "/",
            "/clusters",
            "/stories/a",
            "/metrics",
            "/feedback",
            "/static/wall.js",
            "/openapi.json",
            "/none",
        ):
            answer = api.get(path)
            assert "show the API key" in told(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Basic ")
        told(api.post("/stories", json=FERRY), 401)
        assert api.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"x-api-key": KEY},
        {"authorization": "Basic " + base64.b64encode(f"me:{KEY}".encode()).decode()},
    ],
)
def test_the_key_is_taken_in_three_ways(headers):
    with client(base="http://wall.example", key=KEY) as api:
        assert api.get("/clusters", headers=headers).status_code == 200
        wrong = {name: value[:-3] + "AAA" for name, value in headers.items()}
        told(api.get("/clusters", headers=wrong), 401)


@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(
    ("name", "before"), [("authorization", b"Bearer "), ("x-api-key", b""), ("authorization", None)]
)
def test_a_key_that_is_not_ascii_is_taken_in_either_coding(name, before, coding):
    key = "schl\u00fcssel-\u00e6\u00f8-0123-\u00e0"
    with client(base="http://wall.example", key=key) as api:

        def ask(value):
            shown = before + value if before is not None else b"Basic " + base64.b64encode(b"me:" + value)
            return api.get("/clusters", headers={name: shown})

        assert ask(key.encode(coding)).status_code == 200
        told(ask(key.encode(coding)[:-1]), 401)
        told(ask(key.replace("\u00e6", "a").encode(coding)), 401)


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Basic", "Basic !", "Basic w4Q=", "Digest x", "Bearer \xff", "", "  "]
)
def test_a_key_that_cannot_be_read_is_a_wrong_one(value):
    with client(base="http://wall.example", key=KEY) as api:
        told(api.get("/clusters", headers={"authorization": value.encode("latin-1")}), 401)


def test_a_server_that_others_reach_needs_a_key():
    for host in ("0.0.0.0", "::", "192.0.2.7"):  # noqa: S104
        with pytest.raises(SettingsError, match="an API key is needed"):
            ServeOptions(host=host)
        assert ServeOptions(host=host, key=KEY).key == KEY
    for host in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert ServeOptions(host=host).key == ""
    with pytest.raises(SettingsError, match="fewer than 16"):
        ServeOptions(key="short")
    assert KEY not in repr(ServeOptions(key=KEY))


def test_without_a_key_a_name_pointed_at_this_machine_is_refused():
    for base in ("http://evil.example", "http://127.evil.example", "http://localhost.evil.example", "http://192.0.2.1"):
        with client(base=base) as api:
            assert "only this machine" in told(api.get("/"), 421)
    with client() as api:
        for host in ("[", "[::1", "]", "", "evil.example", "[evil]", "\u00ff"):
            assert "only this machine" in told(api.get("/", headers={"host": host.encode("latin-1")}), 421)
    for base in ("http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:1"):
        with client(base=base) as api:
            assert api.get("/").status_code == 200


def test_a_page_of_another_site_cannot_post():
    with client() as api:
        api.post("/stories", json=[FERRY, COPY])
        form = {"left": "a", "right": "b", "same": "no"}
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site", "origin": "http://localhost"},
            {"origin": "http://localhost:99"},
        ):
            assert "another site" in told(api.post("/feedback", data=form, headers=headers), 403)
        assert api.get("/feedback").text == ""
        own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
        assert api.post("/feedback", data=form, headers=own).status_code == 200


def test_every_answer_carries_the_policy_that_lets_only_our_scripts_run():
    with client() as api:
        for path in ("/", "/clusters", "/nothing", "/static/htmx.min.js", "/explain"):
            headers = api.get(path).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"


def test_requests_that_run_are_counted_and_those_without_a_key_take_no_places_of_others():
    statuses = []

    async def receive():
        raise AssertionError("nobody reads the body here")

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def main():
        release = asyncio.Event()

        async def wait(_scope, _receive, send):
            await release.wait()
            await send({"type": "http.response.start", "status": 200})

        guard = Guard(wait, ServeOptions(), Metrics())

        def ask(path):
            scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"localhost")]}
            return asyncio.create_task(guard(scope, receive, send))

        running = [ask(path) for path in ("/webhooks/miniflux", "/clusters") for _ in range(MOST_AT_ONCE)]
        async with asyncio.timeout(30):
            await asyncio.gather(ask("/clusters"), ask("/webhooks/miniflux"))
        assert statuses == [503, 503]
        running.append(ask("/healthz"))
        release.set()
        await asyncio.gather(*running)
        await ask("/clusters")

    asyncio.run(main())
    assert statuses[2:] == [200] * (2 * MOST_AT_ONCE + 2)
