"""Servers for the tests: in this process, spoken to without a network, and one of its own as a user starts it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time

from starlette.testclient import TestClient

from dedup.index import StoryIndex
from dedup.serve.app import create_app
from dedup.serve.options import ServeOptions
from dedup.serve.server import make_desk
from tests.indexes import memory_url

TEXT = "The ferry Aurora ran aground on Monday and all 48 passengers were taken off safely, the coast guard said."
FERRY = {
    "id": "a",
    "title": "Ferry runs aground off Kvaloy",
    "text": TEXT,
    "source": "Wire",
    "url": "https://wire.example/a",
}
COPY = {
    **FERRY,
    "id": "b",
    "title": "Ferry runs aground off Kvaloy!",
    "source": "Post",
    "url": "https://post.example/b",
}
BANK = {
    "id": "c",
    "title": "Bank raises its key rate to 4.5 percent",
    "text": "Inflation stays above target, it said.",
    "source": "Echo",
}
KEY = "0123456789abcdef"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@contextlib.contextmanager
def client(url=None, *, base="http://localhost", texts=True, raising=True, headers=None, **options):
    """Speaks to a server in this process; `client.desk` is what it works with."""
    url = url or memory_url()
    chosen = ServeOptions(**options)
    desk = make_desk(url, StoryIndex.open(url, texts=texts), chosen)
    app = create_app(desk, chosen)
    with TestClient(app, base_url=base, headers=headers, raise_server_exceptions=raising) as speaking:
        yield speaking


@contextlib.contextmanager
def server(store, *args, env=None):
    """`dedup serve` in a process of its own on a free port; yields the process and its address."""
    command = [sys.executable, "-m", "dedup", "serve", "--store", store, "--port", "0", *map(str, args)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    try:
        assert process.stderr is not None
        deadline = time.monotonic() + 120  # kernels may have to be compiled first
        for line in process.stderr:
            address = re.search(r"serving at (http://\S+)", line)
            if address:
                break
            assert time.monotonic() < deadline, line
        else:
            raise AssertionError("it did not start")
        yield process, address[1]
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def told(answer, status):
    """The one line of a refusal."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    line = answer.json()["error"]
    assert line
    assert "\n" not in line
    return line
