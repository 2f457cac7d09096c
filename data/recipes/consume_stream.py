"""Consume stories from a Redis stream, at least once each.

    python consume_stream.py STORE REDIS STREAM NEW_STREAM

Needs redis. A message has the story as JSON in its field "story". What is new goes to NEW_STREAM before the message is
acknowledged; a message that a worker died over is claimed by another and its story gets the decision it got, so that
nothing is lost. Readers of NEW_STREAM see a story twice at most, under one id. A message that holds no story goes to
the stream "STREAM:refused" with the reason, so that it holds up no other.
"""

import json
import os
import socket
import sys

import redis

from dedup import StoryIndex
from dedup.incoming import fields_batch, read_fields

GROUP, AT_ONCE, ABANDONED_MS = "dedup", 100, 60_000


def read(fields):
    """The story of a message; a ValueError if it holds none, however often it is tried."""
    if b"story" not in fields:
        raise ValueError('there is no field "story"')
    try:
        story = json.loads(fields[b"story"])
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if not isinstance(story, dict):
        raise ValueError("the story is no JSON object")  # noqa: TRY004  # as all that is no story
    return read_fields(story)


def handle(index, client, stream, into, messages):
    """Decide on some messages, pass on what is new, set aside what holds no story, acknowledge."""
    stories, refused = {}, {}
    for name, fields in messages:
        try:
            stories[name] = read(fields)
        except ValueError as exc:
            refused[name] = str(exc).encode("utf-8", "replace")
    decisions = dict(zip(stories, index.add_many(fields_batch(list(stories.values()))), strict=True))
    with client.pipeline() as pipe:
        for name, fields in messages:
            if name in refused:
                pipe.xadd(f"{stream}:refused", {**fields, b"message": name, b"reason": refused[name]})
            elif decisions[name].is_new:
                pipe.xadd(into, {"story": fields[b"story"], "id": decisions[name].id})
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
