"""Consume stories from a Redis stream, at least once each.

    python consume_stream.py STORE REDIS STREAM NEW_STREAM

Needs redis. A message has the story as JSON in its field "story". What is new goes to NEW_STREAM before the message is
acknowledged; a message that a worker died over is claimed by another and its story gets the decision it got, so that
nothing is lost. Readers of NEW_STREAM see a story twice at most, under one id.
"""

import json
import os
import socket
import sys

import redis

from dedup import StoryIndex

GROUP, AT_ONCE, ABANDONED_MS = "dedup", 100, 60_000


def handle(index, client, stream, into, messages):
    """Decide on some messages, pass on what is new, acknowledge."""
    decisions = index.add_many(json.loads(fields[b"story"]) for _, fields in messages)
    with client.pipeline() as pipe:
        for (name, fields), decision in zip(messages, decisions, strict=True):
            if decision.is_new:
                pipe.xadd(into, {"story": fields[b"story"], "id": decision.id})
            pipe.xack(stream, GROUP, name)
        pipe.execute()


def main(store, url, stream, into, wait_ms=5_000, rounds=0):
    """Consume until stopped, or for some rounds."""
    client = redis.Redis.from_url(url)
    worker = f"{socket.gethostname()}-{os.getpid()}"
    try:
        client.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except redis.ResponseError as exc:
        if "BUSYGROUP" not in str(exc):
            raise
    with StoryIndex.open(store) as index:
        done = 0
        while not rounds or done < rounds:
            done += 1
            messages = client.xautoclaim(stream, GROUP, worker, ABANDONED_MS, count=AT_ONCE)[1]
            if not messages:
                found = client.xreadgroup(GROUP, worker, {stream: ">"}, count=AT_ONCE, block=wait_ms)
                messages = found[0][1] if found else []
            if messages:
                handle(index, client, stream, into, messages)


if __name__ == "__main__":
    main(*sys.argv[1:])
