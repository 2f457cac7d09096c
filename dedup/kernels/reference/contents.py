"""The slow twin of `native.contents`: whole contents and URLs, one at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

import xxhash

FEW_CONTENT_WORDS = 3

TRACKERS = (
    *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "srsltid", "msclkid", "yclid", "ysclid"),
    *("igshid", "igsh", "twclid", "ttclid", "li_fat_id", "mibextid", "fb_action_ids", "fb_action_types", "fb_source"),
    *(
        "mc_cid",
        "mc_eid",
        "mkt_tok",
        "_hsenc",
        "_hsmi",
        "_ga",
        "_gl",
        "vero_id",
        "oly_anon_id",
        "oly_enc_id",
        "ss_email_id",
    ),
    *("cmpid", "ncid", "ocid", "smid", "sref", "ftag", "icid", "s_cid", "wt_mc", "wt.mc_id", "xtor", "CMP", "cvid"),
    *("at_medium", "at_campaign", "at_link_id", "at_link_origin", "at_link_type", "at_format", "at_ptr_name"),
    *("ns_source", "ns_mchannel", "ns_campaign", "ns_linkname", "ns_fee", "taid", "tblci", "dicbo"),
    *("feedtype", "feedname", "guccounter", "guce_referrer", "guce_referrer_sig"),
    *("amp", "amp_js_v", "amp_gsa", "amp_ct", "usqp"),
)
"""Query parameters that say where a reader came from or how the page is shown, never which article; beside them all
that begin with utm_. Names that somewhere name an article, such as id, p, ref, source or from, are none of them."""

_AMP_CACHE = re.compile(rb"(?:[^/?#]*\.)?cdn\.ampproject\.org/[cv]/(?:s/)?(?=[^/?#]*\.)", re.IGNORECASE)
_AMP_VIEWER = re.compile(rb"(?:www\.)?(?:google|bing)\.[^/?#]*/amp/(?:s/)?(?=[^/?#]*\.)", re.IGNORECASE)
_PORT = re.compile(rb":(?:80|443)\Z")
_VARIANT = re.compile(rb"(?:www|m|mobile|amp)\.(?=.*\.)", re.DOTALL)


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
    """What of a URL names the article; b"" if only a host is left.

    Left out are scheme, default port, `www.`, `m.`, `mobile.` and `amp.` before a host, AMP caches and viewers around
    an address, `/amp` and slashes at its end, parameters that only track, and a fragment unless it is a route
    (`#!...`, `#/...`). The host is in lower case. A name that is no address, `urn:...` or `tag:...`, stays as it is.
    """
    address, mark, fragment = url.partition(b"#")
    routed = fragment[:1] in (b"!", b"/") and mark
    blank = bytes(range(33))
    address, route = (url if routed else address).strip(blank), b""
    if routed:
        address, _, route = address.partition(b"#")
        route = b"#" + route
    scheme, mark, rest = address[:12].partition(b"://")
    if mark and len(scheme) < 10:
        address = address[len(scheme) + 3 :]
    if address[:4].lower() in (b"urn:", b"tag:"):
        return address + route
    for _ in range(2):
        wrapped = _AMP_CACHE.match(address) or _AMP_VIEWER.match(address)
        address = address[wrapped.end() :] if wrapped else address
    address, _, query = address.partition(b"?")
    host, slash, path = address.partition(b"/")
    host = _PORT.sub(b"", host.lower())
    while variant := _VARIANT.match(host):
        host = host[variant.end() :]
    path = (slash + path).rstrip(b"/")
    path = path[:-4].rstrip(b"/") if path.endswith(b"/amp") else path
    parts = (part.removeprefix(b"amp;") for part in query.split(b"&"))
    kept = [part for part in parts if part and not part.startswith(b"utm_") and not _tracks(part.split(b"=")[0])]
    rest = path + b"".join(b"&" + part for part in kept) + route
    return host + rest if rest else b""


def _tracks(name: bytes) -> bool:
    return int(xxhash.xxh32_intdigest(name)) in {hash_name(tracker) for tracker in TRACKERS}


def hash_url(url: bytes) -> int:
    """XXH32 of the canonical form, never 0 but for none."""
    form = canonical_url(url)
    return max(int(xxhash.xxh32_intdigest(form)), 1) if form else 0
