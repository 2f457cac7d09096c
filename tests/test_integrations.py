"""The Scrapy pipeline in a real crawl, and the recipes, each run as its user would."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

from dedup.index import StoryIndex
from tests.indexes import feed
from tests.services import new_name

RECIPES = pathlib.Path(__file__).parents[1] / "data" / "recipes"
SPIDER = """
import scrapy

class Story(scrapy.Item):
    url, headline, text, dedup = (scrapy.Field() for _ in range(4))

class Spider(scrapy.Spider):
    name = "stories"
    custom_settings = {settings}

    async def start(self):
        for k in range({pages}):
            yield scrapy.Request(f"http://127.0.0.1:{port}/{{k}}.html")

    def parse(self, response):
        yield Story(
            url=response.url, headline=response.css("h1::text").get(), text=response.css("p::text").get()
        )
"""
PIPELINE = {
    "ITEM_PIPELINES": {"dedup.integrations.scrapy.DedupPipeline": 300},
    "DEDUP_FIELDS": {"title": "headline"},
    "LOG_LEVEL": "INFO",
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(tmp_path):
    """A folder and the port it is served on."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def need(module, extra):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"no {module}: pip install 'dedup-stories[{extra}]'")


def crawl(tmp_path, port, pages, *, spider=SPIDER, **settings):
    """The items of a crawl, and its log."""
    code = spider.format(settings=PIPELINE | settings, pages=pages, port=port)
    (tmp_path / "spider.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "always", "-m", "scrapy", "runspider", "spider.py", "-O", "items.jsonl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    ours = [line for line in done.stderr.splitlines() if "Deprecat" in line and "dedup" in line]
    assert not ours, ours
    return items, done.stderr


def write_pages(folder, stories):
    for k, story in enumerate(stories):
        (folder / f"{k}.html").write_text(f"<h1>{story['title']}</h1><p>{story['text']}</p>")


def test_a_crawl_keeps_one_of_each_and_the_next_crawl_none(site, tmp_path):
    need("scrapy", "scrapy")
    folder, port = site
    stories = feed(12, duplicates=0.0)
    write_pages(folder, [*stories, *stories[:5]])
    items, log = crawl(tmp_path, port, 17)
    assert sorted(item["headline"] for item in items) == sorted(story["title"] for story in stories)
    assert "'item_dropped_count': 5" in log
    assert "'item_dropped_reasons_count/DuplicateStory': 5" in log
    assert "'dedup/new': 12" in log
    items, log = crawl(tmp_path, port, 17)
    assert items == []
    assert "'dedup/redelivered': 17" in log


def test_a_crawl_may_annotate_instead(site, tmp_path):
    need("scrapy", "scrapy")
    folder, port = site
    story = feed(1)[0]
    write_pages(folder, [story, story])
    items, _ = crawl(tmp_path, port, 2, DEDUP_ACTION="annotate", DEDUP_STORE=f"sqlite:///{tmp_path}/other.db")
    assert sorted(item["dedup"]["verdict"] for item in items) == ["duplicate", "new"]


ODD_ITEMS = """
import dataclasses, scrapy

@dataclasses.dataclass
class Plain:
    id: str
    title: str

@dataclasses.dataclass
class Marked(Plain):
    dedup: dict | None = None

class Fixed(scrapy.Item):
    id, title = scrapy.Field(), scrapy.Field()

class Spider(scrapy.Spider):
    name = "odd"
    custom_settings = {settings}

    async def start(self):
        yield {{"title": "Nobody knows what this story is to be called"}}
        yield {{"title": "Nor this one", "id": "", "url": None}}
        yield {{"id": "wordless"}}
        yield Plain("p", "Storm floods the harbour of Bergen tonight")
        yield Plain("q", "Storm floods the harbour of Bergen tonight")
        yield Fixed(id="f", title="Court jails former minister for bribery")
        yield Marked("m", "Wolves win cup final after a shootout")
        yield {{"id": "d", "title": "Bank raises its key rate to 4.5 percent"}}
"""


def test_items_that_cannot_be_decided_on_pass_as_they_are_and_are_counted(tmp_path):
    need("scrapy", "scrapy")
    items, log = crawl(tmp_path, 0, 0, spider=ODD_ITEMS, DEDUP_ACTION="annotate", DEDUP_FIELDS={})
    assert len(items) == 8
    assert {item["id"] for item in items if item.get("dedup")} == {"m", "d"}
    assert "ERROR" not in log
    assert log.count('Plain has no field "dedup"') == log.count('Fixed has no field "dedup"') == 1
    for count in ("id': 2", "words': 1", "field': 3"):
        assert f"'dedup/without_{count}" in log
    with StoryIndex.open(f"sqlite:///{tmp_path}/stories.db") as index:
        assert index.position == 2


def test_a_crawl_whose_store_does_not_answer_says_just_that(tmp_path):
    need("scrapy", "scrapy")
    store = f"sqlite:///{tmp_path}/no/such/folder/stories.db"
    (tmp_path / "spider.py").write_text(ODD_ITEMS.format(settings=PIPELINE | {"DEDUP_STORE": store}))
    command = [sys.executable, "-m", "scrapy", "runspider", "spider.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "there is no folder" in done.stderr
    assert "AttributeError" not in done.stderr


def test_a_crawl_with_settings_that_cannot_work_says_so(site, tmp_path):
    need("scrapy", "scrapy")
    _, port = site
    (tmp_path / "spider.py").write_text(SPIDER.format(settings=PIPELINE | {"DEDUP_ACTION": "hide"}, pages=1, port=port))
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "runspider", "spider.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert 'DEDUP_ACTION is "drop" or "annotate", got "hide"' in done.stderr


def test_the_polling_recipe_prints_what_is_new(site, tmp_path):
    need("feedparser", "feeds")
    folder, port = site
    stories = feed(6, duplicates=0.0)

    def publish(some):
        entries = "".join(
            f"<item><guid isPermaLink='false'>{s['id']}</guid><title>{s['title']}</title>"
            f"<description>{s['text']}</description><pubDate>Thu, 01 Jun 2023 0{k}:00:00 GMT</pubDate></item>"
            for k, s in enumerate(some)
        )
        (folder / "feed.xml").write_text(f'<rss version="2.0"><channel><title>A</title>{entries}</channel></rss>')

    def poll():
        command = [sys.executable, RECIPES / "poll_feeds.py", f"sqlite:///{tmp_path}/stories.db", "0"]
        url = f"http://127.0.0.1:{port}/feed.xml"
        done = subprocess.run([*map(str, command), url], capture_output=True, text=True, check=True)
        return [json.loads(line)["id"] for line in done.stdout.splitlines()]

    publish(stories[:4])
    assert poll() == ["s0", "s1", "s2", "s3"]
    publish([*stories[2:], stories[0] | {"id": "copy"}])
    assert poll() == ["s4", "s5"]


@pytest.mark.service
def test_the_stream_recipe_survives_a_worker_that_dies_before_it_acknowledges(redis_server, tmp_path):
    client = redis_server.client()
    stream, into = new_name(), new_name()
    stories = [story | {"published": None} for story in feed(30, duplicates=0.0)]
    for story in [*stories, stories[3] | {"id": "copy"}]:
        client.xadd(stream, {"story": json.dumps(story)})
    store = f"sqlite:///{tmp_path}/stories.db"
    url = redis_server.url("x").partition("?")[0]
    dies = (
        "import runpy, sys; recipe = runpy.run_path(sys.argv[1]); StoryIndex = recipe['StoryIndex'];"
        "recipe['main'].__globals__['handle'] = lambda index, client, stream, into, messages: ("
        "index.add_many(__import__('json').loads(fields[b'story']) for _, fields in messages),"
        "__import__('os')._exit(9));"
        "recipe['main'](*sys.argv[2:])"
    )
    arguments = [RECIPES / "consume_stream.py", store, url, stream, into]
    assert subprocess.run([sys.executable, "-c", dies, *arguments], check=False).returncode == 9
    finishes = (
        "import runpy, sys; recipe = runpy.run_path(sys.argv[1]); recipe['main'].__globals__['ABANDONED_MS'] = 0;"
        "recipe['main'](*sys.argv[2:], wait_ms=100, rounds=3)"
    )
    subprocess.run([sys.executable, "-c", finishes, *arguments], check=True)
    passed_on = [fields[b"id"].decode() for _, fields in client.xrange(into)]
    assert passed_on == [story["id"] for story in stories]
    assert client.xpending(stream, "dedup")["pending"] == 0


@pytest.mark.service
def test_a_message_that_holds_no_story_is_set_aside_and_holds_up_no_other(redis_server, tmp_path):
    client = redis_server.client()
    stream, into = new_name(), new_name()
    first, last = feed(2, duplicates=0.0)
    bad = {
        "{not json": "Expecting property name",
        "[" * 100_000: "nested too deeply",
        "7": "no JSON object",
        '{"id": "x", "title": 7}': "title is a text, got int",
        '{"title": "nobody"}': "needs an id or a URL",
        '{"id": "x", "\\ud800": ""}': "a story has a title",
    }
    for written in (json.dumps(first | {"published": None}), *bad, json.dumps(last | {"published": None})):
        client.xadd(stream, {"story": written})
    client.xadd(stream, {"other": "field"})
    runs = "import runpy, sys; runpy.run_path(sys.argv[1])['main'](*sys.argv[2:], wait_ms=100, rounds=2)"
    url = redis_server.url("x").partition("?")[0]
    command = [
        sys.executable,
        "-c",
        runs,
        RECIPES / "consume_stream.py",
        f"sqlite:///{tmp_path}/s.db",
        url,
        stream,
        into,
    ]
    subprocess.run(command, check=True)
    assert [fields[b"id"].decode() for _, fields in client.xrange(into)] == [first["id"], last["id"]]
    refused = [fields for _, fields in client.xrange(f"{stream}:refused")]
    assert [fields.get(b"story", b"").decode() for fields in refused] == [*bad, ""]
    for fields, reason in zip(refused, [*bad.values(), 'no field "story"'], strict=True):
        assert reason in fields[b"reason"].decode()
    assert client.xpending(stream, "dedup")["pending"] == 0


@pytest.mark.service
def test_the_job_recipe_decides_once_whoever_gets_the_job_and_however_often(redis_server, tmp_path):
    need("rq", "test")
    from rq import Queue
    from rq.serializers import JSONSerializer

    stories = [story | {"published": None} for story in feed(40, duplicates=0.0)]
    client, url = redis_server.client(), redis_server.url("x").partition("?")[0]
    waiting, new = new_name(), new_name()
    queue = Queue(waiting, connection=client, serializer=JSONSerializer)
    jobs = [queue.enqueue("decide_jobs.decide", stories[k : k + 8]) for k in (0, 8, 16, 24, 32, 0)]
    copies = [story | {"id": f"copy of {story['id']}"} for story in stories[:2]]
    after = queue.enqueue("decide_jobs.decide", copies, depends_on=[jobs[0], jobs[5]])
    told = {"DEDUP_STORE": f"sqlite:///{tmp_path}/stories.db", "NEW_QUEUE": new, "NEW_JOB": "publish.story"}
    command = [sys.executable, "-W", "ignore", "-m", "rq.cli", "worker", "--burst", "--worker-class", "rq.SimpleWorker"]
    command += ["--serializer", "json", "--path", str(RECIPES), "--url", url, "--quiet", waiting]
    workers = [subprocess.Popen(command, env=os.environ | told) for _ in range(2)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    first, *others, again = [job.return_value() or [] for job in jobs]
    kept = {decision["id"]: decision for decisions in (first, *others) for decision in decisions}
    assert [decision["verdict"] for decision in kept.values()] == ["new"] * len(stories)
    assert sorted(decision["redelivered"] for decision in (*first, *again)) == [False] * 8 + [True] * 8
    assert [decision["position"] for decision in again] == [decision["position"] for decision in first]
    assert [(copy["verdict"], copy["cluster_id"]) for copy in after.return_value() or []] == [
        ("duplicate", "s0"),
        ("duplicate", "s1"),
    ]
    handed_on = Queue(new, connection=client, serializer=JSONSerializer).jobs
    assert sorted(job.args[0]["id"] for job in handed_on) == sorted(story["id"] for story in stories)
