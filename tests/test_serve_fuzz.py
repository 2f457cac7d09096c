"""Requests of every kind get an answer below 500, with one clear line where they are refused."""

from __future__ import annotations

import json
import urllib.parse

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.servers import BANK, COPY, FERRY, client

LITERALS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
JSON = st.recursive(
    LITERALS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
FIELDS = ("id", "title", "text", "url", "source", "published", "lang", "event_type", "entries", "left", "right", "same")
DATES = st.sampled_from(["2023-06-01", "9999-12-31T23:59:59-14:00", "0001-01-01", "1e400", "-1", "99999999999999", ""])
STORIES = st.dictionaries(st.sampled_from(FIELDS), JSON | DATES, max_size=7)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    (STORIES | st.lists(STORIES, max_size=4)).map(lambda value: json.dumps(value).encode()),
)
QUOTED = st.binary(max_size=9).map(urllib.parse.quote)
NAMES = st.sampled_from(["a", "b", "c", "none", "", "%00", "%FF", "a/similar", "..", "%2F"]) | st.binary(
    max_size=9
).map(urllib.parse.quote)
PATHS = st.one_of(
    st.sampled_from(["/", "/stories", "/clusters", "/explain", "/feedback", "/new", "/similar-news", "/healthz"]),
    st.sampled_from(["/metrics", "/webhooks/miniflux", "/static/", "/static/wall.js", "/openapi.json", "/nothing"]),
    NAMES.map(lambda name: f"/stories/{name}"),
    NAMES.map(lambda name: f"/stories/{name}/similar"),
    QUOTED.map(lambda path: f"/{path}"),
)
QUERIES = st.dictionaries(
    st.sampled_from(["left", "right", "id", "q", "before", "after", "since", "limit", "top"]),
    st.sampled_from(["a", "b", "c", "none", "0", "1", "-1", "9" * 30, "2023-06-01", "1e9", "nan", ""])
    | st.text(max_size=20),
    max_size=4,
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "accept", "hx-request", "origin", "authorization", "x-miniflux-signature"]),
    st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/html", "true", "*/*", "null"])
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    max_size=4,
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])


@pytest.fixture(scope="module")
def api():
    with client(raising=False, most_bytes=5000, most_stories=3, miniflux_secret="s" * 20) as speaking:
        speaking.post("/stories", json=[FERRY, COPY, BANK])
        yield speaking


def check(answer):
    assert answer.status_code < 500, (answer.request.method, answer.request.url, answer.text[:300])
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        if answer.headers["content-type"] == "application/json":
            line = answer.json()["error"]
            assert line
            assert "\n" not in line
        else:
            assert 'role="alert"' in answer.text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(METHODS, PATHS, QUERIES, HEADERS, BODIES)
def test_no_request_is_answered_with_a_fault(api, method, path, query, headers, body):
    check(api.request(method, path, params=query, headers=headers, content=body))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(STORIES | st.lists(STORIES | JSON, max_size=3))
def test_no_story_is_answered_with_a_fault_nor_spoils_the_wall(api, posted):
    body = json.dumps(posted).encode()
    check(api.post("/stories", content=body, headers={"content-type": "application/json"}))
    for path in ("/", "/clusters", "/metrics"):
        assert api.get(path).status_code == 200


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["/explain", "/similar-news", "/", "/clusters", "/new"]), QUERIES, st.booleans())
def test_no_question_is_answered_with_a_fault(api, path, query, piece):
    check(api.get(path, params=query, headers={"hx-request": "true"} if piece else {}))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["left", "right", "same"]), st.sampled_from(["a", "b", "yes", "no", 1, True, None]) | JSON
    )
)
def test_no_judgement_is_answered_with_a_fault(api, said):
    body = json.dumps(said).encode()
    check(api.post("/feedback", content=body, headers={"content-type": "application/json"}))
    form = "&".join(f"{name}={value}" for name, value in said.items()).encode("utf-8", "replace")
    check(api.post("/feedback", content=form, headers={"content-type": "application/x-www-form-urlencoded"}))
