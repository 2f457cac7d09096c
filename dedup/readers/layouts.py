"""The layouts of JSON that news services, libraries and standards write: how each is told, and where its fields are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dedup.readers.selectors import ENVELOPE, KEY, parse_path

_NONE = frozenset({"None", "null", "NULL", "nan"})
_CANCELED = ("canceled", "cancelled", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the rows of a file lie, and the fields in them.

    Attributes:
        name: as people know it.
        roles: fields for roles, `a|b` where several can fill one, best first; the usual names count for the others.
        rows: where an envelope holds the rows, alternatives such as `articles.results`; `a|b` is either member, `*`
            any. Empty for layouts that have no envelope.
        signs: members that the envelope has, all of them.
        row_signs: members that rows have: the names of one of these lists, all of them; empty for whatever they have.
        bare_signs: the same for rows outside an envelope; empty for rows that are not known there.
        nothing: values that say there is none.
        left_out: (field, values, reason): rows that are no stories, and are counted.
    """

    name: str
    roles: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    signs: str = ""
    row_signs: tuple[str, ...] = ()
    bare_signs: tuple[str, ...] = ()
    nothing: frozenset[str] = _NONE
    left_out: tuple[tuple[str, tuple[str, ...], str], ...] = ()


def is_path(name: str) -> bool:
    """Whether a name leads deeper than to a member of the row."""
    return name == KEY or name.startswith(ENVELOPE) or parse_path(name) is not None


_REMOVED = (
    ("title", ("[Removed]",), "that the service removed"),
    ("content", ("[Removed]",), "that the service removed"),
)

LAYOUTS: tuple[Layout, ...] = (
    Layout(
        name="JSON Feed",
        rows=("items",),
        signs="version items",
        roles={
            "text": "content_text|content_html|summary",
            "url": "url|external_url",
            "source": "/title",
            "published": "date_published|date_modified",
            "lang": "language|/language",
        },
    ),
    Layout(
        name="Miniflux",
        rows=("entries|entry",),
        signs="event_type",
        roles={"text": "content", "source": "feed.title|/feed.title", "published": "published_at", "id": "id|hash"},
        bare_signs=("feed.title published_at reading_time",),
    ),
    Layout(
        name="feedparser",
        rows=("entries",),
        signs="entries feed",
        bare_signs=("title_detail",),
        roles={
            "text": "content.value|summary|description",
            "source": "source.title|/feed.title",
            "published": "published|updated|created|published_parsed|updated_parsed",
            "lang": "content[0].language|language|title_detail.language|/feed.language",
        },
    ),
    Layout(
        name="Event Registry",
        rows=("articles.results", "recentActivityArticles.activity"),
        row_signs=("uri dateTimePub", "uri dateTime"),
        bare_signs=("uri dateTimePub", "uri dateTime"),
        roles={
            "text": "body",
            "source": "source.title|source.uri",
            "published": "dateTimePub|dateTime|date",
            "id": "uri",
        },
    ),
    Layout(
        name="NewsCatcher",
        rows=("articles", "clusters.articles"),
        row_signs=("link name_source", "link domain_url", "link clean_url published_date"),
        bare_signs=("link name_source", "link domain_url", "link clean_url published_date"),
        roles={
            "text": "content|description|summary",
            "url": "link",
            "source": "name_source|domain_url|clean_url",
            "published": "published_date",
            "id": "id|_id",
        },
    ),
    Layout(
        name="GNews",
        rows=("articles",),
        signs="totalArticles",
        row_signs=("publishedAt",),
        bare_signs=("publishedAt image source.url",),
        roles={"text": "content|description", "source": "source.name", "published": "publishedAt"},
        left_out=_REMOVED,
    ),
    Layout(
        name="NewsAPI.org",
        rows=("articles",),
        signs="status totalResults articles",
        row_signs=("publishedAt",),
        bare_signs=("publishedAt urlToImage",),
        roles={"text": "content|description", "source": "source.name", "published": "publishedAt"},
        left_out=_REMOVED,
    ),
    Layout(
        name="GDELT",
        rows=("articles",),
        row_signs=("seendate domain", "seendate url"),
        bare_signs=("seendate domain", "seendate url"),
        roles={"text": "", "source": "domain", "published": "seendate", "lang": "language"},
    ),
    Layout(
        name="mediastack",
        rows=("data",),
        signs="pagination data",
        row_signs=("published_at source", "published_at url"),
        roles={"text": "description", "source": "source", "published": "published_at"},
    ),
    Layout(
        name="Currents",
        rows=("news",),
        signs="status news",
        roles={"text": "description", "source": "", "published": "published", "id": "id"},
    ),
    Layout(
        name="newsdata.io",
        rows=("results",),
        row_signs=("article_id pubDate", "source_id pubDate"),
        bare_signs=("article_id pubDate", "source_id pubDate"),
        roles={
            "text": "content|description",
            "url": "link",
            "source": "source_name|source_id",
            "published": "pubDate",
            "id": "article_id",
        },
        nothing=_NONE | {"ONLY AVAILABLE IN PAID PLANS", "ONLY AVAILABLE IN PROFESSIONAL AND CORPORATE PLANS"},
    ),
    Layout(
        name="ninjs 3",
        rows=("_items", "items"),
        row_signs=("headlines bodies", "headlines versionCreated"),
        bare_signs=("headlines bodies", "headlines versionCreated"),
        roles={
            "title": "headlines[role=main].value|headlines[0].value",
            "text": "bodies[contentType=text/plain].value|bodies[0].value|descriptions.value",
            "source": "infoSources[0].name|infoSources.name",
            "published": "versionCreated|contentCreated",
            "id": "uri",
            "url": "uri",  # of all versions of an item
        },
        left_out=(("pubStatus", _CANCELED, "that the publisher canceled"),),
    ),
    Layout(
        name="ninjs 1",
        rows=("_items", "items"),
        row_signs=("headline versioncreated", "headline body_xhtml", "headline body_text uri"),
        bare_signs=("headline versioncreated", "headline body_xhtml", "headline body_text uri"),
        roles={
            "title": "headline",
            "text": "body_text|body_xhtml|body_html|description_text",
            "source": "infosource.name|infosource|source",
            "published": "versioncreated|firstcreated",
            "id": "uri",
            "url": "uri",  # of all versions of an item
        },
        left_out=(("pubstatus", _CANCELED, "that the publisher canceled"),),
    ),
    Layout(
        name="fundus",
        rows=("*",),
        row_signs=("body.sections", "body publishing_date", "plaintext publishing_date"),
        bare_signs=("body.sections", "body publishing_date", "plaintext publishing_date"),
        roles={
            "text": "plaintext|body.**",
            "url": "url|html.requested_url",
            "source": f"{KEY}|publisher|source",
            "published": "publishing_date",
        },
    ),
    Layout(
        name="news-please",
        bare_signs=("maintext date_publish", "maintext source_domain", "date_publish date_download"),
        roles={
            "text": "maintext|text|description",
            "source": "source_domain",
            "published": "date_publish",
            "id": "filename",
        },
    ),
    Layout(
        name="trafilatura",
        bare_signs=("source-hostname", "fingerprint hostname", "fingerprint raw_text"),
        roles={
            "text": "text|excerpt",
            "url": "source|url",
            "source": "source-hostname|hostname|sitename",
            "published": "date",
            "id": "id|fingerprint",
        },
    ),
    Layout(
        name="newspaper4k",
        bare_signs=("meta_site_name", "canonical_link meta_lang", "meta_description publish_date"),
        roles={
            "text": "text|summary|meta_description",
            "url": "canonical_link|url",
            "source": "meta_site_name|source_url",
            "published": "publish_date",
            "lang": "language|meta_lang",
        },
    ),
    Layout(
        name="Media Cloud",
        bare_signs=("canonical_domain publication_date", "text_content article_title", "media_name publish_date"),
        roles={
            "title": "article_title|title",
            "text": "text_content|text",
            "source": "media_name|canonical_domain|media_url",
            "published": "publication_date|publish_date",
        },
    ),
)
"""Best known first: where a file could be of several, it is of the first."""

TRAFILATURA_TSV = Layout(
    name="trafilatura",
    roles={"id": "id", "url": "url", "source": "hostname", "text": "text", "published": "date"},
)
TRAFILATURA_COLUMNS = (
    *("url", "id", "fingerprint", "hostname", "title", "image", "date"),
    *("text", "comments", "license", "pagetype"),
)
"""What stands in the columns of trafilatura's CSV, which is tab-separated and has no header."""
