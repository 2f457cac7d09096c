"""Routes for machines: JSON in and out."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Query, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

from dedup.display import spell_time
from dedup.readers.dates import parse_date
from dedup.serve import miniflux
from dedup.serve.bodies import parse_form, parse_json, read_body, require_json
from dedup.serve.pages import explanation_page, judged_page, wants_html
from dedup.serve.refusals import Refusal
from dedup.serve.state import State
from dedup.serve.wall import Card


class _Anything(StringConvertor):
    """The rest of an address whatever it holds: ids have slashes and, some, line ends."""

    regex = "(?s:.*)"


register_url_convertor("anything", _Anything())
router = APIRouter()
_STORIES = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"oneOf": [{"type": "object"}, {"type": "array"}]}}},
    }
}
_MOST_CLUSTERS = 1000
_SIMILAR = "/similar"


def answer(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
    return Response(body, status, media_type="application/json")


@router.post("/stories", openapi_extra=_STORIES)
async def post_stories(request: Request) -> Response:
    """Decide on a story, or an array of stories, and keep them; once this answers, the store has them."""
    state = State.of(request)
    require_json(request)
    body = await read_body(request, state.options.patience)
    return Response(await state.desk.decide(lambda: state.desk.take(body)), media_type="application/json")


@router.get("/stories/{name:anything}")
async def get_story(request: Request, top: Annotated[int, Query(ge=1, le=100)] = 10) -> Response:
    """A story and what was decided on it; with /similar behind its id, other stories on the same event.

    Write "/" in an id as %2F.
    """
    state = State.of(request)
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    name, similar = raw.partition(b"/stories/")[2], False
    if name.endswith(_SIMILAR.encode()):
        name, similar = name[: -len(_SIMILAR)], True
    wanted = _decode(name)
    if similar:
        return answer({"id": wanted, "similar": await state.desk.look(lambda: state.desk.similar(wanted, top))})
    return answer(await state.desk.look(lambda: state.desk.story(wanted)))


def _decode(name: bytes) -> str:
    try:
        return unquote_to_bytes(name).decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(400, "the id in the address is not UTF-8") from None


@router.get("/clusters")
async def get_clusters(
    request: Request,
    since: Annotated[str | None, Query(max_length=100)] = None,
    after: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_CLUSTERS)] = 100,
) -> Response:
    """Clusters of the latest stories, the one that got a story last first.

    `since`, a date: those with a story published since. `after`, a position: those that got a story behind it, the one
    that got its last story first first. The answer's `position` is the one to go on from: with it as `after` the next
    answer tells what came since, or was too much for this one.
    """
    state = State.of(request)
    moment = None if since is None else parse_date(since)
    if since is not None and moment is None:
        raise Refusal(422, f'since is a date such as 2026-01-31T10:00Z, got "{since}"')

    def find() -> dict[str, Any]:
        position, cards = state.desk.survey(limit, after=after, since=moment)
        return {"position": position, "clusters": list(map(_card, cards, state.desk.canonicals(cards)))}

    return answer(await state.desk.look(find))


def _card(card: Card, canonical: str | None) -> dict[str, Any]:
    return {
        "cluster_id": card.name,
        "canonical_id": canonical,
        "position": card.latest,
        "sources": card.sources,
        "stories": [
            {
                "id": member.told.id,
                "title": member.told.title if member.told.kept else None,
                "url": member.told.url,
                "source": member.told.source,
                "published": spell_time(member.told.time_us) or None,
                "kind": member.kind,
                "score": round(member.score, 4) if member.kind else None,
            }
            for member in card.members
        ],
    }


@router.get("/explain")
async def get_explanation(
    request: Request, left: Annotated[str, Query(max_length=4000)], right: Annotated[str, Query(max_length=4000)]
) -> Response:
    """Why two stories are one, or are not: JSON, or a page for browsers."""
    state = State.of(request)
    found = await state.desk.look(lambda: state.desk.explain(left, right))
    if wants_html(request):
        return explanation_page(request, found, left, right)
    return answer(found.to_dict())


@router.post("/feedback")
async def post_feedback(request: Request) -> Response:
    """Keep what somebody says of two stories: `left` and `right`, their ids, and `same`, true or false."""
    state = State.of(request)
    body = await read_body(request, state.options.patience)
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not form:
        require_json(request)
    given = parse_form(body) if form else parse_json(body)
    left, right, same = _read_judgement(given)
    kept = await state.desk.look(lambda: state.desk.judge(left, right, same=same))
    state.metrics.judged(same=same)
    return judged_page(request, left, right, same=same) if form else answer(kept, 201)


def _read_judgement(given: Any) -> tuple[str, str, bool]:
    if not isinstance(given, dict):
        raise Refusal(422, 'expected an object with "left", "right" and "same"')
    left, right = given.get("left"), given.get("right")
    same = {"yes": True, "no": False}.get(str(given.get("same")), given.get("same"))
    if not isinstance(left, str) or not isinstance(right, str):
        raise Refusal(422, '"left" and "right" are ids of stories, as texts')
    if not isinstance(same, bool):
        raise Refusal(422, '"same" is true or false (in a form yes or no)')
    return left, right, same


@router.get("/feedback")
async def get_feedback(request: Request) -> Response:
    """The judged pairs, as JSON lines: what was said last of each."""
    state = State.of(request)
    return Response(await state.desk.look(state.desk.judged), media_type="application/x-ndjson")


@router.post("/webhooks/miniflux")
async def post_miniflux(request: Request) -> Response:
    """Take new entries of Miniflux; the answer names those that are duplicates."""
    state = State.of(request)
    body = await read_body(request, state.options.patience)
    miniflux.check_signature(body, request.headers.get(miniflux.SIGNATURE, ""), state.options.miniflux_secret)
    entries = miniflux.read_event(parse_json(body), state.options.most_stories)
    rows = [row for _, row in entries]
    decisions = await state.desk.decide(lambda: state.desk.add(rows)) if rows else []
    return answer(miniflux.answer([number for number, _ in entries], decisions))


@router.get("/healthz")
async def get_health(request: Request) -> Response:
    """Whether the store answers and can take stories."""
    state = State.of(request)
    await state.desk.look(state.desk.check)
    return answer({"status": "ok"})


@router.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """What Prometheus reads."""
    state = State.of(request)
    text = state.metrics.expose() + await state.desk.look(state.desk.metrics)
    return Response(text, media_type="text/plain; version=0.0.4")
