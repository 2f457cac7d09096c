"""Poll RSS and Atom feeds, and print what is new.

    python poll_feeds.py STORE SECONDS URL...

Needs feedparser. SECONDS 0 polls once, for cron.
"""

import json
import sys
import time
from calendar import timegm

import feedparser

from dedup import StoryIndex


def stories(url):
    """The entries of a feed as stories; none if it cannot be fetched this time."""
    parsed = feedparser.parse(url)
    for entry in parsed.entries:
        moment = entry.get("published_parsed") or entry.get("updated_parsed")
        texts = [content.value for content in entry.get("content", [])] or [entry.get("summary", "")]
        yield {
            "id": entry.get("id") or entry.get("link"),
            "title": entry.get("title", ""),
            "text": texts[0],
            "url": entry.get("link", ""),
            "source": parsed.feed.get("title", ""),
            "published": timegm(moment) if moment else None,
        }


def poll(index, urls):
    """Add what the feeds have, and print the stories that nobody had before."""
    for url in urls:
        for decision in index.add_many(story for story in stories(url) if story["id"]):
            if decision.is_new and not decision.redelivered:
                print(json.dumps(decision.to_dict()), flush=True)


def main(store, seconds, *urls):
    """Poll until stopped."""
    with StoryIndex.open(store) as index:
        while True:
            poll(index, urls)
            if not int(seconds):
                return
            time.sleep(int(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
