"""`dedup serve`: open the index, listen, and stop without losing what was begun."""

from __future__ import annotations

import gc
import secrets
import signal
import socket
from dataclasses import dataclass

import pyarrow as pa
import uvicorn

from dedup.errors import SettingsError
from dedup.index import StoryIndex
from dedup.ingest import IndexOptions, open_index, run_index
from dedup.job import say
from dedup.serve.app import create_app
from dedup.serve.connections import Connection
from dedup.serve.desk import Desk
from dedup.serve.options import ServeOptions
from dedup.stores import open_store
from dedup.stores.address import parse
from dedup.warmup import warm_up

_ASKING_TIME = 10  # seconds that a connection gets to ask in, the first time and again
_LAST_REQUESTS = 30  # seconds that running requests get at shutdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """What the command `dedup serve` was asked for."""

    store: str
    index: IndexOptions
    options: ServeOptions
    texts: bool = True

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; requests that are running then are answered first.

        Raises:
            SettingsError: it cannot listen there, or other options that cannot work.
            StoreError: the store does not answer.
            IndexFormatError: it holds something else, or was made otherwise.
        """
        parse(self.store)  # a URL that names no store is told before anything slow is begun
        listening = _listen(self.options.host, self.options.port)
        try:
            warm_up(say, run_server)
            store = f"memory://{secrets.token_hex(8)}" if self.store == "memory://" else self.store
            index, _ = open_index(store, self.index, (), texts=self.texts)
            server = uvicorn.Server(_configure(make_desk(store, index, self.options), self.options))
            host, port = listening.getsockname()[:2]
            say(f"{index!r:.200}: serving at http://{f'[{host}]' if ':' in host else host}:{port}")
            gc.collect()
            gc.freeze()  # what stays is not gone through again: that takes 0.1 s, in which nobody is answered
            _ignore_stops()  # uvicorn takes them while it runs, and raises them again when it has stopped
            server.run([listening])
        finally:
            listening.close()
        say("stopped; every story that was answered for is in the store")


def run_server(stories: pa.RecordBatch) -> None:
    """All that a server does with an index, on a few stories, so that no request waits for a compiler."""
    run_index(stories)
    with StoryIndex.open("memory://") as index:
        index.add_many(stories)
        one, other = stories.column("id").to_pylist()[:2]
        index.similar(one)
        index.similar({"id": "4", "title": "Ferry runs aground off the coast"})  # as of a story past the window
        index.explain(one, other)


def make_desk(store: str, index: StoryIndex, options: ServeOptions) -> Desk:
    """The desk of an open index; it closes both stores."""
    shelf = open_store(store)
    return Desk(index, shelf, latest=options.latest, most_stories=options.most_stories)


def _configure(desk: Desk, options: ServeOptions) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(desk, options),
        log_level="warning",
        access_log=False,
        server_header=False,
        http=Connection,  # no limit_concurrency: it counts connections, and those that ask nothing shut others out
        timeout_keep_alive=_ASKING_TIME,
        timeout_graceful_shutdown=_LAST_REQUESTS,
        proxy_headers=False,
    )


def _ignore_stops() -> None:
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens before anything slow is begun.

    Raises:
        SettingsError: the address is taken, or is none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(1024)
        except OSError:
            listening.close()
            raise
    except (OSError, UnicodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise SettingsError(
            f"cannot listen at {host}, port {port} ({reason}); choose others with --host, --port"
        ) from exc
    return listening
