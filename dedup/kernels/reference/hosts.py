"""Publishers' names in the hosts of their addresses: what the compiled comparison goes by."""

from __future__ import annotations

import re

_HOST = re.compile(rb"(?>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)([A-Za-z0-9.-]+)(?=[/?#:]|\Z)")


def host_names(address: bytes, second_levels: frozenset[bytes]) -> set[bytes]:
    """What a publisher may be called after its host: "bbc", "bbccouk" and "newsbbccouk" for news.bbc.co.uk."""
    found = _HOST.match(address)
    labels = found[1].lower().split(b".") if found else []
    if labels[:1] == [b"www"]:
        labels = labels[1:]
    if len(labels) < 2:
        return set()
    national = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in second_levels
    own = len(labels) - (3 if national else 2)
    names = {labels[own], *(b"".join(labels[k:]) for k in range(own + 1))}
    return {name.replace(b"-", b"") for name in names} - {b""}
