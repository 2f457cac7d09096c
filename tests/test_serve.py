"""The API and the pages of `dedup serve`, in this process."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest

from dedup.feedback import judged_pairs
from dedup.index import StoryIndex
from dedup.settings import Settings
from dedup.stores import open_store
from tests.indexes import memory_url
from tests.servers import BANK, BROWSER, COPY, FERRY, TEXT, client, told


def test_a_posted_story_is_decided_and_kept():
    with client() as api:
        first, second = api.post("/stories", json=FERRY).json(), api.post("/stories", json=COPY).json()
        assert (first["verdict"], first["cluster_id"]) == ("new", "a")
        assert (second["verdict"], second["cluster_id"]) == ("duplicate", "a")
        assert second["reasons"]
        assert api.post("/stories", json=COPY).json()["redelivered"]
        found = api.get("/stories/b").json()
        assert found["story"]["title"] == COPY["title"]
        assert found["decision"]["cluster_id"] == "a"
        assert found["cluster"] == ["a", "b"]


def test_many_stories_are_decided_in_their_order():
    with client() as api:
        answer = api.post("/stories", json=[FERRY, COPY, BANK, FERRY])
        assert [each["verdict"] for each in answer.json()["decisions"]] == ["new", "duplicate", "new", "new"]
        assert [each["redelivered"] for each in answer.json()["decisions"]] == [False, False, False, True]
        assert api.post("/stories", json=[]).json() == {"decisions": []}


def test_one_story_that_cannot_be_taken_keeps_the_whole_batch_out():
    with client() as api:
        line = told(api.post("/stories", json=[FERRY, {"title": 7, "id": "x"}]), 422)
        assert line.startswith("story 1: title is a text, got int")
        told(api.get("/stories/a"), 404)


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        (b"", 400, "broken JSON"),
        (b"{", 400, "line 1, column 2"),
        (b'{"title": "a\x01"}', 400, "control character at line 1, column 13"),
        (b'{"title": "\xff"}', 400, "not UTF-8 at byte 11"),
        (b'{"title": NaN}', 400, "NaN is no JSON"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"id": ' + b"9" * 10_000 + b"}", 400, "too long"),
        (b"7", 422, "got a number"),
        (b'"story"', 422, "got a text"),
        (b"null", 422, "got null"),
        (b"{}", 422, "a story has a title, a text or both"),
        (b'[{"title": "a"}]', 422, "needs an id or a URL"),
        (b'{"title": "a", "id": ["b"]}', 422, "id is a text or an integer"),
        (b'{"title": "a", "id": "b", "published": {}}', 422, "published is"),
        (b'{"title": "a", "id": "' + b"b" * 5000 + b'"}', 422, "1 to 4,000 characters"),
    ],
)
def test_a_body_that_is_no_story_is_refused_with_what_was_expected(body, status, part):
    with client() as api:
        answer = api.post("/stories", content=body, headers={"content-type": "application/json"})
        assert part in told(answer, status)


def test_odd_values_of_a_story_are_taken_as_the_library_takes_them():
    odd = [
        {"id": 7, "title": "\ud800 lone"},
        {"id": "x" * 4000, "title": "\x00", "published": "9999-12-31T23:59:59-23:59"},
        {"id": "../../etc", "text": "t" * 100_000, "published": 1e300, "lang": None},
        {"id": "%2F?#", "title": "", "published": -(10**18)},
        {"id": "z", "title": "z", "published": "0001-01-01T00:00:00+14:00", "url": "javascript:alert(1)"},
    ]
    with client() as api:
        answer = api.post("/stories", content=json.dumps(odd), headers={"content-type": "application/json"})
        assert answer.status_code == 200, answer.text
        assert api.get("/").status_code == 200
        assert api.get("/clusters").status_code == 200
        assert api.get("/stories/%252F%3F%23").json()["story"]["id"] == "%2F?#"


def test_other_kinds_of_content_are_refused():
    with client() as api:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/octet-stream"):
            answer = api.post("/stories", content=b"{}", headers={"content-type": kind})
            assert 'expected "Content-Type: application/json"' in told(answer, 415)


def test_a_body_past_the_limit_is_refused_told_or_not():
    def streamed():
        for _ in range(100):
            yield b" " * 100

    with client(most_bytes=1000) as api:
        kind = {"content-type": "application/json"}
        assert "longer than 1,000 bytes" in told(api.post("/stories", content=b" " * 1001, headers=kind), 413)
        assert "longer than 1,000 bytes" in told(api.post("/stories", content=streamed(), headers=kind), 413)
    with client(most_stories=2) as api:
        assert "at most 2 stories at once, got 3" in told(api.post("/stories", json=[FERRY, COPY, BANK]), 413)


def test_ids_with_slashes_and_other_signs_are_found():
    names = ["https://x.example/a/b?c=d#e", "a/similar", "/", "%", "å ∑", "a\nb", ".."]
    with client() as api:
        api.post("/stories", json=[{**FERRY, "id": name} for name in names])
        for name in names:
            quoted = "".join(f"%{byte:02X}" for byte in name.encode())
            assert api.get(f"/stories/{quoted}").json()["story"]["id"] == name
            assert api.get(f"/stories/{quoted}/similar").json()["id"] == name
        assert "not UTF-8" in told(api.get("/stories/%FF"), 400)
        assert "no story" in told(api.get("/stories/nobody"), 404)
        assert "no story" in told(api.get("/stories/nobody/similar"), 404)


def test_clusters_are_told_since_a_date_and_behind_a_position():
    old = {**BANK, "published": "2023-06-01T10:00Z"}
    new = {**FERRY, "published": "2023-06-02T10:00Z"}
    with client() as api:
        api.post("/stories", json=[old, new, {**COPY, "published": "2023-06-02T11:00Z"}])
        found = api.get("/clusters").json()
        assert [cluster["cluster_id"] for cluster in found["clusters"]] == ["a", "c"]
        assert [each["id"] for each in found["clusters"][0]["stories"]] == ["a", "b"]
        assert found["clusters"][0]["stories"][1]["published"] == "2023-06-02T11:00:00Z"
        assert found["position"] == 3
        since = api.get("/clusters", params={"since": "2023-06-02"}).json()["clusters"]
        assert [cluster["cluster_id"] for cluster in since] == ["a"]
        assert api.get("/clusters", params={"after": 3}).json()["clusters"] == []
        api.post("/stories", json={**old, "id": "d"})
        after = api.get("/clusters", params={"after": 3}).json()
        assert [cluster["cluster_id"] for cluster in after["clusters"]] == ["c"]
        assert "since is a date" in told(api.get("/clusters", params={"since": "soon"}), 422)
        told(api.get("/clusters", params={"after": "-1"}), 422)
        told(api.get("/clusters", params={"limit": "many"}), 422)


def test_going_on_from_the_position_that_was_told_misses_no_cluster():
    stories = [{"id": str(k), "title": f"n{k} m{k} title t{k}", "text": f"x{k} y{k} z{k}"} for k in range(25)]
    with client() as api:
        api.post("/stories", json=stories[:20])

        def ask(after):
            found = api.get("/clusters", params={"after": after, "limit": 8}).json()
            return found["position"], [cluster["cluster_id"] for cluster in found["clusters"]]

        assert ask(0) == (8, [str(k) for k in range(8)])
        api.post("/stories", json=[{**stories[8], "id": "again"}, *stories[20:]])  # the next to be told moves behind
        assert ask(8) == (17, [str(k) for k in range(9, 17)])
        assert ask(17) == (25, ["17", "18", "19", "8", "20", "21", "22", "23"])
        assert ask(25) == (26, ["24"])
        assert ask(26) == (26, [])


def test_what_a_cluster_shows_is_known_when_it_has_left_the_wall_until_the_window_has_passed():
    url = memory_url()
    StoryIndex.open(url, Settings(keep="longest")).close()
    short = {**FERRY, "id": "short", "published": "2023-06-02T10:00Z"}
    long = {**short, "id": "long", "text": f"{TEXT} Nobody was hurt, it added."}
    others = [{"id": str(k), "title": f"n{k} m{k} title t{k}", "text": f"x{k} y{k} z{k}"} for k in range(5)]
    with client(url, latest=3) as api:
        api.post("/stories", json=[short, long])
        assert api.get("/stories/short").json()["decision"]["canonical_id"] == "long"
        api.post("/stories", json=others)
        assert api.get("/stories/short").json()["cluster"] is None
        assert api.get("/stories/short").json()["decision"]["canonical_id"] == "long"
        assert api.post("/stories", json={**short, "id": "again"}).json()["canonical_id"] == "long"
        assert api.get("/clusters").json()["clusters"][0]["canonical_id"] == "long"
        assert api.get("/stories/again").json()["decision"]["canonical_id"] == "long"
        for other in others:
            api.post("/stories", json={**other, "id": f"later {other['id']}", "published": "2024-06-02T10:00Z"})
        decision = api.get("/stories/short").json()["decision"]
        assert (decision["verdict"], decision["leader_id"], decision["canonical_id"]) == ("new", "short", None)


def test_similar_stories_are_told_with_their_titles():
    told_otherwise = {
        "id": "d",
        "title": "Inquiry into Kvaloy grounding of ferry Aurora begins",
        "text": "Investigators boarded the ferry Aurora to learn why it ran aground with passengers on board.",
        "source": "Echo",
    }
    with client() as api:
        api.post("/stories", json=[FERRY, COPY, BANK, told_otherwise])
        found = api.get("/stories/b/similar", params={"top": 3}).json()["similar"]
        assert found[0]["id"] == "d"
        assert found[0]["title"] == told_otherwise["title"]
        assert 0 < found[0]["score"] <= 1
        assert not {"a", "b"} & {each["id"] for each in found}
        told(api.get("/stories/b/similar", params={"top": 0}), 422)


def test_an_explanation_is_json_or_a_page_as_asked():
    with client() as api:
        api.post("/stories", json=[FERRY, COPY, BANK])
        pair = {"left": "a", "right": "b"}
        assert api.get("/explain", params=pair).json()["verdict"] == "duplicate"
        assert api.get("/explain", params={"left": "a", "right": "c"}).json()["verdict"] == "different"
        page = api.get("/explain", params=pair, headers=BROWSER)
        assert page.headers["content-type"].startswith("text/html")
        assert "<!DOCTYPE html>" in page.text
        piece = api.get("/explain", params=pair, headers={"hx-request": "true"})
        assert "<!DOCTYPE html>" not in piece.text
        assert 'class="explanation"' in piece.text
        assert 'no story "x"' in told(api.get("/explain", params={"left": "a", "right": "x"}), 404)
        assert "right: field required" in told(api.get("/explain", params={"left": "a"}), 422)


def test_what_people_say_of_a_pair_is_kept_with_the_words_and_the_last_word_counts():
    url = memory_url()
    with client(url) as api:
        api.post("/stories", json=[FERRY, COPY, BANK])
        assert api.post("/feedback", json={"left": "a", "right": "c", "same": True}).status_code == 201
        form = api.post("/feedback", data={"left": "b", "right": "a", "same": "no"}, headers=BROWSER)
        assert "Recorded: not the same." in form.text
        api.post("/feedback", json={"left": "c", "right": "a", "same": False})
        lines = [json.loads(line) for line in api.get("/feedback").text.splitlines()]
        assert [(one["left"]["id"], one["right"]["id"], one["same"], one["were_one_cluster"]) for one in lines] == [
            ("c", "a", False, False),
            ("b", "a", False, True),
        ]
        assert lines[1]["right"]["text"] == TEXT
        assert "dedup_feedback_total" in api.get("/metrics").text
    with open_store(url) as store:
        assert judged_pairs(store) == lines
        assert len(store.notes(0, 9)) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"left": "a", "right": "x", "same": True}, 404),
        ({"left": "a", "right": "a", "same": True}, 422),
        ({"left": "a", "right": "b"}, 422),
        ({"left": "a", "right": "b", "same": "perhaps"}, 422),
        ({"left": 1, "right": "b", "same": True}, 422),
        ({"left": "\ud800", "right": "b", "same": True}, 422),
        ({"left": "a", "right": "b", "same": 1}, 422),
        ([], 422),
    ],
)
def test_feedback_that_cannot_be_is_refused_and_not_kept(body, status):
    url = memory_url()
    with client(url) as api:
        api.post("/stories", json=[FERRY, COPY])
        told(api.post("/feedback", content=json.dumps(body), headers={"content-type": "application/json"}), status)
        assert api.get("/feedback").text == ""


def test_an_index_without_texts_says_that_it_has_none():
    with client(texts=False) as api:
        api.post("/stories", json=[FERRY, COPY])
        assert api.get("/stories/a").json()["story"] is None
        assert "keeps no words" in told(api.get("/explain", params={"left": "a", "right": "b"}), 409)
        assert "The store keeps no words" in api.get("/").text
        assert api.post("/feedback", json={"left": "a", "right": "b", "same": True}).json()["left"] == {"id": "a"}


def test_unknown_addresses_and_methods_are_told_in_one_line():
    with client() as api:
        assert "nothing at this address" in told(api.get("/nothing"), 404)
        assert "DELETE is not for this address" in told(api.delete("/stories"), 405)
        told(api.get("/static/../app.py"), 404)
        told(api.get("/static/%2e%2e/app.py"), 404)
        page = api.get("/nothing", headers=BROWSER)
        assert page.status_code == 404
        assert "nothing at this address" in page.text


def test_requests_are_counted_by_route():
    with client() as api:
        api.post("/stories", json=[FERRY, COPY])
        api.get("/stories/a")
        api.get("/no/such/place")
        text = api.get("/metrics").text
        assert 'dedup_http_requests_total{method="POST",route="/stories",status="200"} 1.0' in text
        assert 'route="/stories/{name:anything}",status="200"' in text
        assert 'route="other",status="404"' in text
        assert "dedup_duplicates_total 1\n" in text


def test_a_store_that_does_not_answer_is_told_as_such_and_not_as_a_fault():
    with client() as api:
        from dedup.serve.state import State

        state = api.app._app.state.dedup
        assert isinstance(state, State)
        state.desk._index.close()
        line = told(api.post("/stories", json=FERRY), 503)
        assert "is closed" in line


@pytest.mark.parametrize(
    "done", ["DELETE FROM log", "UPDATE log SET identity = identity + 1", "UPDATE log SET last = 0"]
)
def test_a_log_that_takes_no_stories_any_more_is_not_healthy(tmp_path, done):
    with client(f"sqlite:///{tmp_path}/stories.db") as api:
        assert api.get("/healthz").json() == {"status": "ok"}
        api.post("/stories", json=[FERRY, BANK])
        assert api.get("/healthz").json() == {"status": "ok"}
        with contextlib.closing(sqlite3.connect(tmp_path / "stories.db", isolation_level=None)) as other:
            other.execute(done)
        assert "is not the log it was" in told(api.post("/stories", json=COPY), 503)
        assert "is not the log it was" in told(api.get("/healthz"), 503)


def test_stories_that_another_adds_leave_a_server_healthy():
    url = memory_url()
    with client(url) as api, StoryIndex.open(url) as other:
        api.post("/stories", json=FERRY)
        other.add(BANK)
        assert api.get("/healthz").json() == {"status": "ok"}


def test_the_wall_shows_one_card_a_cluster_and_finds_words_in_all_of_its_members():
    with client() as api:
        api.post("/stories", json=[BANK, FERRY, {**COPY, "title": "Ferry runs aground off Kvaloy, all safe"}])
        page = api.get("/").text
        assert page.count('<article class="card"') == 2
        assert page.index("Ferry runs aground") < page.index("Bank raises")
        assert "1 copy" in page
        assert api.get("/", params={"q": "ALL  safe"}).text.count('<article class="card"') == 1
        assert "Nothing on the wall says that" in api.get("/", params={"q": "volcano"}).text


def test_the_wall_goes_on_to_earlier_cards_and_holds_the_latest_stories_only():
    with client(latest=70) as api:
        api.post(
            "/stories",
            json=[{"id": str(k), "title": f"n{k} m{k} title t{k}", "text": f"x{k} y{k} z{k}"} for k in range(99)],
        )
        first = api.get("/").text
        assert first.count('<article class="card"') == 30
        assert "?q=&amp;before=" in first
        second = api.get("/", params={"before": 70}, headers={"hx-request": "true"}).text
        assert "<!DOCTYPE" not in second
        assert "n68 m68" in second
        assert "n69 m69" not in second
        last = api.get("/", params={"before": 35}).text
        assert last.count('<article class="card"') == 5
        assert "Earlier stories" not in last


def test_new_stories_are_announced():
    with client() as api:
        api.post("/stories", json=[FERRY, COPY, BANK])
        assert "2 new stories" in api.get("/new", params={"after": 1}).text
        assert "new" not in api.get("/new", params={"after": 3}, headers={"hx-request": "true"}).text


def test_pages_escape_what_stories_say():
    attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    with client() as api:
        one = {**FERRY, "id": attack, "title": attack, "source": attack, "url": "javascript:alert(1)"}
        other = {**COPY, "id": attack + "2", "source": attack, "url": 'https://x.example/"><script>'}
        api.post("/stories", json=[one, other])
        pages = [
            api.get("/", params={"q": attack[:100]}),
            api.get("/"),
            api.get("/similar-news", params={"id": attack}, headers=BROWSER),
            api.get("/explain", params={"left": attack, "right": attack + "2"}, headers=BROWSER),
            api.get(f"/similar-news?id={attack}none", headers=BROWSER),
        ]
        for page in pages:
            assert "<script>alert" not in page.text
            assert "<img" not in page.text
            assert "javascript:" not in page.text
