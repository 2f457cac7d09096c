"""`dedup serve` as a process: what it refuses to begin with, and how it ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import threading
import urllib.parse

import pytest
from typer.testing import CliRunner

from dedup.cli import app
from dedup.stores import open_store
from tests.commands import dedup as run_dedup
from tests.servers import BANK, COPY, FERRY, server


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (["--host", "0.0.0.0"], 2, "an API key is needed"),  # noqa: S104
        (["--host", "no.such.host.invalid"], 2, "an API key is needed"),
        (["--port", "99999"], 2, "--port"),
        (["--most-stories", "0"], 2, "--most-stories"),
        (["--latest", "0"], 2, "--latest"),
        (["--api-key-file", "nowhere"], 2, "nowhere cannot be read as a secret"),
        (["--store", "mysql://x"], 2, "a store is"),
        (["--store", "sqlite:////no/such/folder/x.db"], 1, "there is no folder"),
        (["--keep", "newest"], 2, "source:NAME"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_an_exit_code(tmp_path, monkeypatch, args, code, part):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["serve", *([] if "--port" in args else ["--port", "0"]), *args])
    assert done.exit_code == code, done.output
    assert part in done.output.splitlines()[-1]


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        args = ["serve", "--store", f"sqlite:///{tmp_path}/a.db", "--port", str(port)]
        done = CliRunner().invoke(app, args)
    assert done.exit_code == 2
    assert f"cannot listen at 127.0.0.1, port {port}" in done.output


def test_a_store_of_something_else_is_not_served(tmp_path):
    (tmp_path / "notes.db").write_text("these are my notes\n" * 100)
    args = ["serve", "--store", f"sqlite:///{tmp_path}/notes.db", "--port", "0"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 4
    assert "is a file of another kind" in done.output


def test_a_stop_in_the_middle_of_the_rush_loses_no_story_that_was_answered_for(tmp_path):
    store = f"sqlite:///{tmp_path}/stories.db"
    answered: list[str] = []

    def send(address, worker, started):
        parts = urllib.parse.urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            for k in range(100_000):
                name = f"{worker}-{k}"
                story = {"id": name, "title": f"Story n{k} of w{worker} m{k}", "text": f"x{k} y{k} z{k} w{worker}"}
                connection.request("POST", "/stories", json.dumps(story), {"content-type": "application/json"})
                if connection.getresponse().read().startswith(b'{"id"'):
                    answered.append(name)
                if k == 20:
                    started.release()

    with server(store) as (process, address):
        started = threading.Semaphore(0)
        workers = [threading.Thread(target=send, args=(address, worker, started)) for worker in range(4)]
        for worker in workers:
            worker.start()
        for _ in workers:
            assert started.acquire(timeout=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "every story that was answered for is in the store" in process.stderr.read()
        for worker in workers:
            worker.join()
    with open_store(store) as opened:
        kept = {row.id for _, row in opened.read(0, 10**6)}
    assert len(answered) > 80
    assert set(answered) <= kept


def test_connections_that_ask_nothing_shut_nobody_out_and_are_closed(tmp_path):
    with server(f"sqlite:///{tmp_path}/stories.db") as (_, address), contextlib.ExitStack() as opened:
        parts = urllib.parse.urlsplit(address)
        place = parts.hostname, parts.port
        idle = [opened.enter_context(socket.create_connection(place, timeout=60)) for _ in range(300)]
        idle[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: local")  # the beginning of a head is no request either
        for path in ("/healthz", "/clusters"):
            connection = http.client.HTTPConnection(*place, timeout=30)
            with contextlib.closing(connection):
                connection.request("GET", path)
                assert connection.getresponse().status == 200
        assert [each.recv(1) for each in idle] == [b""] * len(idle)


def test_two_servers_on_one_store_show_one_wall(tmp_path):
    store = f"sqlite:///{tmp_path}/stories.db"

    def ask(address, method, path, body=None):
        parts = urllib.parse.urlsplit(address)
        with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)) as connection:
            connection.request(method, path, json.dumps(body) if body else None, {"content-type": "application/json"})
            return json.loads(connection.getresponse().read())

    with server(store) as (_, one), server(store) as (_, other):
        assert ask(one, "POST", "/stories", FERRY)["verdict"] == "new"
        assert ask(other, "POST", "/stories", COPY)["cluster_id"] == "a"
        assert ask(one, "POST", "/stories", BANK)["verdict"] == "new"
        assert ask(one, "GET", "/clusters") == ask(other, "GET", "/clusters")
        assert ask(one, "POST", "/feedback", {"left": "a", "right": "b", "same": True})["same"]
    code, output, message = run_dedup("feedback", "--store", store)
    assert (code, json.loads(output)["same"]) == (0, True)
    assert "1 judged pairs" in message


def test_feedback_of_no_index_is_told(tmp_path):
    code, _, message = run_dedup("feedback", "--store", f"sqlite:///{tmp_path}/empty.db")
    assert code == 4
    assert "holds no index" in message
