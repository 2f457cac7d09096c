"""The webhook of Miniflux: new entries come in signed, the ids of those that are duplicates go out.

Miniflux posts its events with a signature, the HMAC-SHA256 of the body under the secret that it shows beside the
webhook's address; cf. https://miniflux.app/docs/webhooks.html. It does not read the answer; whoever stands between may,
or look at `duplicates` to mark them as read.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from dedup.decision import Decision
from dedup.errors import SettingsError
from dedup.incoming import read_fields
from dedup.serve.refusals import Refusal
from dedup.single import StoryFields

SIGNATURE = "x-miniflux-signature"
EVENTS = ("new_entries", "save_entry")


def check_signature(body: bytes, given: str, secret: str) -> None:
    """Refuse what Miniflux has not signed.

    Raises:
        Refusal: 404 where no secret was configured, 401 for a wrong signature.
    """
    if not secret:
        raise Refusal(404, "no webhook of Miniflux is configured: start the server with its secret")
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    if not hmac.compare_digest(expected, given.strip().lower().encode("utf-8", "replace")):
        raise Refusal(401, f"{SIGNATURE} is not the HMAC-SHA256 of the body under the secret of this webhook")


def read_event(value: Any, most: int) -> list[tuple[int, StoryFields]]:
    """The entries of an event, with their ids.

    Raises:
        Refusal: 422 for another event, or an entry that cannot be read; 413 for too many.
    """
    if not isinstance(value, dict) or value.get("event_type") not in EVENTS:
        raise Refusal(422, f'expected an event of Miniflux, "event_type" {" or ".join(EVENTS)}')
    entries = value.get("entries") if value["event_type"] == EVENTS[0] else [value.get("entry")]
    if not isinstance(entries, list):
        raise Refusal(422, '"entries" is an array of entries')
    if len(entries) > most:
        raise Refusal(413, f"at most {most:,} entries at once, got {len(entries):,}")
    return [_read_entry(entry, value.get("feed")) for entry in entries]


def _read_entry(entry: Any, feed: Any) -> tuple[int, StoryFields]:
    number = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise Refusal(422, "an entry is an object with a whole number as its id")
    own = entry.get("feed")
    feed = own if isinstance(own, dict) else feed if isinstance(feed, dict) else {}
    story = {
        "id": f"miniflux:{number}",
        "title": entry.get("title"),
        "text": entry.get("content"),
        "url": entry.get("url"),
        "source": feed.get("title"),
        "published": entry.get("published_at"),
    }
    try:
        return number, read_fields(story)
    except SettingsError as exc:
        raise Refusal(422, f"entry {number}: {exc}") from exc


def answer(numbers: list[int], decisions: list[Decision]) -> dict[str, Any]:
    """Which entries are duplicates, and of what."""
    told = [
        {
            "entry_id": number,
            "verdict": decision.verdict,
            "cluster_id": decision.cluster_id,
            "canonical_id": decision.canonical_id,
        }
        for number, decision in zip(numbers, decisions, strict=True)
    ]
    return {"duplicates": [each["entry_id"] for each in told if each["verdict"] != "new"], "decisions": told}
