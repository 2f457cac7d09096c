"""Which field of a feed fills which role of a story."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedup.kernels.reference.fields import plain_name
from dedup.readers.layouts import Layout, is_path
from dedup.readers.selectors import ENVELOPE, Path, parse_path
from dedup.stories import STORY_SCHEMA

ROLES: tuple[str, ...] = tuple(STORY_SCHEMA.names)
"""What a field can be in a story, in the order of the schema's columns."""

ALIASES: dict[str, str] = {
    "id": "id guid uri article_id story_id item_id entry_id doc_id uuid",
    "title": "title headline article_title main_headline heading name",
    "text": "text full_text maintext body content article article_text article_body text_content content_text body_text"
    " plaintext plain_text fulltext story content:encoded content_html body_html body_xhtml"
    " description summary abstract lede lead excerpt description_text snippet teaser subtitle meta_description",
    "url": "url link canonical_link canonical_url article_url external_url permalink href web_url",
    "source": "source publisher source_name name_source publication site_name meta_site_name newspaper outlet provider"
    " source_domain domain domain_url source_hostname hostname canonical_domain feed feed_title site website",
    "published": "published published_at publishedAt pubDate published_date publish_date publish_time publication_date"
    " date_published date_publish publishing_date date datetime date_time dateTimePub timestamp seendate"
    " version_created dc:date created created_at date_created updated updated_at published_parsed updated_parsed",
    "lang": "lang language lang_code language_code meta_lang xml:lang",
}
"""The names known for each role, best first: a story's own text before its summary. Letter case, `-`, `_` and spaces
do not count."""


class FieldTable(NamedTuple):
    """The fields looked for, as kernels read them; described in `dedup.kernels.native.cells`."""

    slots: NDArray[np.int64]
    names: NDArray[np.uint8]
    name_offsets: NDArray[np.int64]
    targets: NDArray[np.int64]
    target_offsets: NDArray[np.int64]


class Fields:
    """The fields that a reader looks for: the known names, or those mapped in their place.

    Attributes:
        plain: the plain name of every field.
        numbers: the number of a field by its plain name.
        targets: the (role number, rank) pairs of a field by its plain name.
        by_role: the plain names that can fill each role, best first: the rank is the place in this list.
        paths: of the fields that lie deeper in a row, by plain name: their name as it is written, and the way there.
        layout: of the feed; one that is known by nothing if it is none of those known.
    """

    def __init__(self, mapping: Mapping[str, str], layout: Layout | None = None) -> None:
        self.layout = layout or Layout(name="", nothing=frozenset())
        known = {role: names.split("|") if names else [] for role, names in self.layout.roles.items()}
        usual = {role: known.get(role, ALIASES[role].split()) for role in ROLES}
        chosen = {role: mapping[role].split("|") if role in mapping else usual[role] for role in ROLES}
        self.paths: dict[bytes, tuple[str, Path]] = {
            plain_name(name): (name, parse_path(name) or ())
            for names in chosen.values()
            for name in names
            if is_path(name)
        }
        by_role = {role: list(dict.fromkeys(map(plain_name, names))) for role, names in chosen.items()}
        for role, other in (("title", "text"), ("text", "title")):
            if role in mapping and other not in mapping:  # a field moved to one of the two leaves the other
                by_role[other] = [name for name in by_role[other] if name not in by_role[role]]
        self.by_role = [by_role[role] for role in ROLES]
        self.targets: dict[bytes, list[tuple[int, int]]] = {}
        for number, names in enumerate(self.by_role):
            for rank, name in enumerate(names):
                self.targets.setdefault(name, []).append((number, rank))
        self.plain = list(self.targets)
        self.numbers = {name: number for number, name in enumerate(self.plain)}

    @property
    def needs_values(self) -> bool:
        """Whether rows must be taken apart by json.loads, because a field lies deep or a row may be left out."""
        return bool(self.paths or self.layout.left_out)

    @property
    def context(self) -> frozenset[str]:
        """The paths into the envelope around rows, without their mark."""
        names = (name for name, _ in self.paths.values())
        return frozenset(name.removeprefix(ENVELOPE) for name in names if name.startswith(ENVELOPE))

    def names_of(self, role: str) -> list[bytes]:
        """The plain names that can fill a role, best first."""
        return self.by_role[ROLES.index(role)]

    @cached_property
    def table(self) -> FieldTable:
        """The fields as kernels read them."""
        slots = np.full(1 << (4 * len(self.plain)).bit_length(), -1, dtype=np.int64)
        for number, name in enumerate(self.plain):
            slot = _fnv1a(name) % len(slots)
            while slots[slot] >= 0:
                slot = (slot + 1) % len(slots)
            slots[slot] = number
        pairs = [pair for name in self.plain for pair in self.targets[name]]
        return FieldTable(
            slots,
            np.frombuffer(b"".join(self.plain), dtype=np.uint8),
            _offsets([len(name) for name in self.plain]),
            np.array(pairs, dtype=np.int64).reshape(-1, 2),
            _offsets([len(self.targets[name]) for name in self.plain]),
        )


def _offsets(sizes: list[int]) -> NDArray[np.int64]:
    return np.cumsum([0, *sizes], dtype=np.int64)


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
