"""Feeds that lie elsewhere: through fsspec, from memory and from a server on this machine."""

from __future__ import annotations

import gzip
import http.server
import sys
import threading

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFile

from dedup.errors import FeedError
from dedup.readers import ReadSettings, open_feeds
from dedup.writers import check_outputs

LINES = b'{"title": "Tide", "text": "It rose."}\n{"title": "Ebb", "text": "It fell."}\n'


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    store.pipe({"/dedup/a.jsonl": LINES, "/dedup/b.jsonl.gz": gzip.compress(LINES), "/dedup/c.txt": b"prose"})
    yield store
    store.rm("/dedup", recursive=True)


@pytest.fixture
def server():
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path.startswith("/feed.jsonl")
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(LINES) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(LINES)

        do_HEAD = do_GET  # noqa: N815  # as http.server has it

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def titles(pattern):
    feeds = open_feeds([pattern], ReadSettings())
    return [title.as_py() for feed in feeds for batch in feed.batches() for title in batch.column("title")]


@pytest.mark.usefixtures("memory")
def test_an_address_and_a_glob_of_addresses_are_read():
    assert titles("memory://dedup/a.jsonl") == ["Tide", "Ebb"]
    assert titles("memory://dedup/*.jsonl*") == ["Tide", "Ebb"] * 2


@pytest.mark.usefixtures("memory")
def test_rows_of_a_remote_feed_can_be_kept():
    (feed,) = open_feeds(["memory://dedup/b.jsonl.gz"], ReadSettings())
    assert sum(batch.num_rows for batch in feed.batches()) == 2
    assert feed.path == "memory://dedup/b.jsonl.gz"
    assert list(feed.kept_rows(np.array([False, True]))) == [LINES.splitlines()[1]]
    check_outputs([feed], ["kept.jsonl"])


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # aiohttp's, of the session that fsspec leaves open
def test_a_page_is_read_over_http(server):
    assert titles(f"{server}/feed.jsonl?format=jsonl") == ["Tide", "Ebb"]
    with pytest.raises(FeedError, match="cannot be fetched"):
        titles(f"{server}/none")


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("memory://dedup/none.jsonl", "cannot be fetched"),
        ("memory://dedup/*.xml", "no file matches"),
        ("nowhere://a/b", "cannot be fetched"),
        ("memory://dedup/c.txt", "is no feed"),
    ],
)
def test_what_cannot_be_read_from_elsewhere_is_one_line(address, problem):
    with pytest.raises(FeedError, match=problem) as caught:
        titles(address)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(104, "Connection reset by peer")])
def test_a_connection_that_breaks_is_no_lack_of_room(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(MemoryFile, "read", fail)
    with pytest.raises(FeedError, match=rf"a\.jsonl: cannot be fetched \({type(error).__name__}") as caught:
        titles("memory://dedup/a.jsonl")
    assert "TMPDIR" not in str(caught.value)


def test_without_fsspec_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(FeedError, match=r"pip install 'dedup-stories\[remote\]'"):
        titles("s3://bucket/feed.jsonl")
