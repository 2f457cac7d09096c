"""The slow twin of `native.contents`: whole contents and URLs, one at a time."""

from __future__ import annotations

from collections.abc import Sequence

import xxhash

FEW_CONTENT_WORDS = 3

TRACKERS = (
    *("fbclid", "gclid", "gclsrc", "dclid", "msclkid", "yclid", "igshid", "twclid", "mc_cid", "mc_eid"),
    *("cmpid", "ncid", "ocid", "smid", "sref", "feedtype", "feedname", "guccounter", "_hsenc", "_hsmi"),
)
"""Query parameters that say where a reader came from, never which article; beside them all that begin with utm_."""


def hash_name(name: str) -> int:
    """XXH32 of a parameter's name."""
    return int(xxhash.xxh32_intdigest(name.encode()))


def hash_content(tokens: Sequence[tuple[bytes, bool]], source: int, raw: int) -> tuple[int, int]:
    """128 bits of a story's (token, is a function word) pairs; `raw` twice for a story without tokens."""
    if not tokens:
        return raw, raw
    few = sum(not function for _, function in tokens) < FEW_CONTENT_WORDS
    salt = (source + 1) << 8 if few else 0
    data = b"".join(token + b" " for token, _ in tokens)
    return int(xxhash.xxh64_intdigest(data, salt)), int(xxhash.xxh64_intdigest(data, salt + 1))


def canonical_url(url: bytes) -> bytes:
    """A URL without scheme, www., fragment, final slash and tracking parameters; b"" if only a host is left."""
    url = url.split(b"#", 1)[0].strip(bytes(range(33)))
    scheme, mark, rest = url[:12].partition(b"://")
    if mark and len(scheme) < 10:
        url = url[len(scheme) + 3 :]
    url = url.removeprefix(b"www.")
    address, _, query = url.partition(b"?")
    host, slash, path = address.partition(b"/")
    path = (slash + path).rstrip(b"/")
    kept = [
        part for part in query.split(b"&") if part and not part.startswith(b"utm_") and not _tracks(part.split(b"=")[0])
    ]
    rest = path + b"".join(b"&" + part for part in kept)
    return host.lower() + rest if rest else b""


def _tracks(name: bytes) -> bool:
    return int(xxhash.xxh32_intdigest(name)) in {hash_name(tracker) for tracker in TRACKERS}


def hash_url(url: bytes) -> int:
    """XXH32 of the canonical form, never 0 but for none."""
    form = canonical_url(url)
    return max(int(xxhash.xxh32_intdigest(form)), 1) if form else 0
