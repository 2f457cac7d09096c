"""What a log says of itself: enough to know whether two releases, or two settings, would decide alike."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from typing import Any

import numpy as np
import pyarrow as pa

from dedup import places, subjects, things, words
from dedup.errors import DedupError, IndexFormatError, SettingsError
from dedup.evidence import everyday_words
from dedup.hashing import hash_batch, story_columns
from dedup.records import READABLE, VERSION, Layout
from dedup.settings import LookupSettings, Settings
from dedup.signature import SCHEME
from dedup.stories import STORY_SCHEMA
from dedup.verdict import judgement

FORMAT = 1
_LOOKUPS = ("text", "title")
_FREE = ("threads",)  # settings that do not change a decision
_PROBES = (
    {"title": "Ferry Åsa runs aground — 48 rescued", "text": "OSLO (AP) - The ferry ran aground at 3.15 on Monday."},
    {"title": "UPDATE 1-北京で記者会見", "text": "<p>10万人が参加した。</p> Read more"},
    {"title": "", "text": "Премьер-министр сказал, что бюджет вырастет на 2,5 процента в 2024 году. " * 3},
)


def describe(settings: Settings) -> bytes:
    """The header of a log that is decided with these settings by this release: JSON."""
    header = {
        "format": FORMAT,
        "record": VERSION,
        "layout": Layout.of(settings).describe(),
        **deciding(settings),
    }
    return json.dumps(header, indent=1, sort_keys=True).encode()


def deciding(settings: Settings) -> dict[str, Any]:
    """All that decisions depend on: the settings, and digests of how this release reads stories and judges them."""
    return {"signature": f"{SCHEME}/xxh32", "settings": _settings_document(settings), **_release(settings)}


def difference(found: dict[str, Any], expected: dict[str, Any]) -> str | None:
    """The first thing that two descriptions, as JSON gives them back, do not agree in, for people; None for nothing.

    Args:
        found: of what is there.
        expected: of what would be made now; of `found` only what is named here counts, and all of its settings.
    """
    there, wanted = found.get("settings", {}), expected["settings"]
    usual = [each.name for each in dataclasses.fields(Settings)]
    settings = [*usual, *sorted(there.keys() - set(usual))]
    rest = sorted(expected.keys() - {"format", "settings"})  # behind the settings, which also change how one reads
    pairs = [
        ("format", found.get("format"), expected["format"]),
        *((name, there.get(name), wanted.get(name)) for name in settings),
        *((name, found.get(name), expected[name]) for name in rest),
    ]
    return next((_differing(name, one, other) for name, one, other in pairs if one != other), None)


def settings_of(header: bytes, label: str) -> Settings:
    """The settings that a log is decided with.

    Args:
        header: of the log.
        label: the store's name in messages.

    Raises:
        IndexFormatError: no header of this package, or of a format that this release does not read.
    """
    document = _parse(header, label)
    if document["format"] != FORMAT:
        raise IndexFormatError(_mismatch(label, _differing("format", document["format"], FORMAT)))
    try:
        values = dict(document["settings"])
        for name in _LOOKUPS:
            values[name] = LookupSettings(**values[name])
        return Settings(**values)
    except (DedupError, KeyError, TypeError, ValueError) as exc:
        raise IndexFormatError(f"{label} has a header that cannot be read ({exc}); begin with a new store") from exc


def check(header: bytes, settings: Settings, label: str) -> None:
    """Refuse a log that was decided with other settings, or by a release that reads or judges stories otherwise.

    Raises:
        IndexFormatError: naming what was found and what was expected, and how to rebuild.
    """
    found, expected = _parse(header, label), _parse(describe(settings), label)
    if found.get("record") in READABLE:  # old records are read beside new ones
        found["record"] = VERSION
    differing = difference(found, expected)
    if differing is not None:
        raise IndexFormatError(_mismatch(label, differing))


def with_lateness(settings: Settings) -> Settings:
    """The settings as an index takes them: the lateness is the window where none is given.

    Raises:
        SettingsError: they have no window.
    """
    if settings.window is None:
        raise SettingsError(
            "an index remembers what lies in its window, so it needs one; for a very long one write 520w"
        )
    return settings if settings.lateness is not None else dataclasses.replace(settings, lateness=settings.window)


def check_ttl(ttl: int | None, settings: Settings, label: str) -> None:
    """Refuse a store that would let stories go before an index with these settings has forgotten them.

    Args:
        ttl: of the store, in seconds; None if it lets nothing go.
        settings: with a window and a lateness.
        label: the store's name in messages.

    Raises:
        SettingsError: naming the least that would do.
    """
    needed = math.ceil(((settings.window or 0.0) + (settings.lateness or 0.0)) / 3600)
    if ttl is not None and ttl < needed * 3600:
        raise SettingsError(
            f"{label} lets stories go after {ttl / 3600:g} h without a new one, but window and lateness together are "
            f"{needed} h; write ttl={needed}h or more into its URL"
        )


def _settings_document(settings: Settings) -> dict[str, Any]:
    values = dataclasses.asdict(settings)
    if not settings.boilerplate:  # as before there was such a thing
        del values["boilerplate"]
    return {name: value for name, value in values.items() if name not in _FREE}


def _release(settings: Settings) -> dict[str, Any]:
    """Digests of how this release reads stories and of how it judges them."""
    around = {"url": "https://example.org/a", "source": "Example", "published": None, "lang": ""}
    rows = [{"id": str(k), **around, **probe} for k, probe in enumerate(_PROBES)]
    batch = pa.RecordBatch.from_pylist(rows, schema=STORY_SCHEMA)
    read = hash_batch(batch, settings)
    facts: list[np.ndarray[Any, Any]] = [
        read.facts.hashes,
        read.facts.bounds,
        *story_columns(read.facts).values(),
        read.keys,
    ]
    judged = judgement(settings)
    return {
        "reading": _digest(*facts, _word_lists()),
        "model": _digest(judged.weights, np.array([judged.rule, judged.threshold])),
    }


def _word_lists() -> np.ndarray[Any, Any]:
    """All words that are looked up, as bytes: a story is read otherwise where a list has one more."""
    modules = words, places, subjects, things
    lists = {name: value for module in modules for name, value in vars(module).items() if name.isupper()}
    told = json.dumps(lists, sort_keys=True).encode() + b" ".join(everyday_words())
    return np.frombuffer(told, dtype=np.uint8)


def _digest(*arrays: np.ndarray[Any, Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()[:16]


def _parse(header: bytes, label: str) -> dict[str, Any]:
    try:
        document = json.loads(header)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "format" not in document:
        raise IndexFormatError(
            f"{label} holds a log, but not an index of this package; give the index a store of its own"
        )
    return document


def _mismatch(label: str, differing: str) -> str:
    return (
        f"{label} was made with {differing}; open it with what it was made with, or rebuild it: "
        f"dedup rebuild --store {label} --into NEW"
    )


def _differing(name: str, found: object, expected: object) -> str:
    return f"{name} {_short(found)}, expected {_short(expected)}"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
