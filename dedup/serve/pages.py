"""Routes for people: the wall, and the pieces that htmx puts into it. Every page also works without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dedup.display import spell_span, spell_time
from dedup.explain import Explanation
from dedup.serve.refusals import refusal_body
from dedup.serve.state import State
from dedup.serve.wall import Card, plain

router = APIRouter(include_in_schema=False)
_CARDS = 30  # on a page
_SIMILAR = 8  # stories under a card
_MOST_NEW = 500  # stories counted for the notice
_MOST_TERMS = 10
_SECOND = 1_000_000


def make_templates() -> Environment:
    """The templates; whatever is put into them is escaped."""
    templates = Environment(
        loader=PackageLoader("dedup.serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(moment=_moment, since=_since, query=urlencode)
    return templates


def _moment(time_us: int | None) -> str:
    """A time for people: "2023-06-13 05:05"."""
    return spell_time(time_us)[:16].replace("T", " ") or "undated"


def _since(card: Card) -> str:
    """How long a card's stories took, "" for one moment."""
    times = card.times
    return spell_span((times[-1] - times[0]) / _SECOND) if times and times[-1] > times[0] else ""


def wants_html(request: Request) -> bool:
    """Whether a browser asks, or htmx in one."""
    return _is_piece(request) or "text/html" in request.headers.get("accept", "")


def _is_piece(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A template as an answer: a piece for htmx, a whole page for others."""
    state = State.of(request)
    found = state.templates.get_template(template).render(piece=_is_piece(request), **values)
    headers = {"vary": "HX-Request, Accept", "cache-control": "no-store"}
    return Response(found.encode("utf-8", "replace"), status, headers, media_type="text/html")


def refusal(request: Request, status: int, message: str, headers: Mapping[str, str]) -> Response:
    """What cannot be done, in the form that was asked for."""
    message = " ".join(message.split())
    if request.method in ("GET", "POST") and wants_html(request):
        answer = page(request, "refusal.html", status, message=message)
    else:
        answer = Response(refusal_body(message), status, media_type="application/json")
    answer.headers.update(headers)
    return answer


@router.get("/")
async def get_wall(
    request: Request,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The wall, its latest cards first; those with all the words of `q`, from a position on."""
    state = State.of(request)
    terms = plain(q).split()[:_MOST_TERMS]
    cards = await state.desk.look(lambda: state.desk.cards(_CARDS + 1, before=before, terms=terms))
    wall = state.desk.wall
    return page(
        request,
        "cards.html" if _is_piece(request) else "wall.html",
        cards=cards[:_CARDS],
        more=cards[_CARDS - 1].latest if len(cards) > _CARDS else None,
        q=q,
        before=before,
        position=wall.position,
        stories=len(wall),
        clusters=wall.clusters,
    )


@router.get("/new")
async def get_new(request: Request, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> Response:
    """A notice that stories came in behind a position."""
    state = State.of(request)

    def count() -> int:
        cards = state.desk.cards(_MOST_NEW, after=after)
        return sum(member.position > after for card in cards for member in card.members)

    return page(request, "new.html", count=await state.desk.look(count), after=after, most=_MOST_NEW)


@router.get("/similar-news")
async def get_similar(request: Request, story: Annotated[str, Query(alias="id", max_length=4000)]) -> Response:
    """Similar news of a story."""
    state = State.of(request)
    found = await state.desk.look(lambda: state.desk.neighbours(story, _SIMILAR))
    return page(request, "similar.html", story=story, found=found)


def explanation_page(request: Request, found: Explanation, left: str, right: str) -> Response:
    """Why two stories are one, or not."""
    return page(request, "explanation.html", fragment=Markup(found.to_html()), left=left, right=right)  # noqa: S704  # escaped there


def judged_page(request: Request, left: str, right: str, *, same: bool) -> Response:
    """That what was said has been kept."""
    return page(request, "judged.html", left=left, right=right, same=same)
