"""The application: routes, errors in one line, and the gate around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from dedup import __version__
from dedup.errors import SettingsError, StoreError
from dedup.serve import api, pages
from dedup.serve.desk import Desk
from dedup.serve.guard import Guard
from dedup.serve.metrics import Metrics
from dedup.serve.options import ServeOptions
from dedup.serve.refusals import Refusal
from dedup.serve.state import State

_STATIC = Path(__file__).parent / "static"


def create_app(desk: Desk, options: ServeOptions) -> Guard:
    """An ASGI application that serves an index; at its shutdown it finishes what was begun and closes the desk."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(title="dedup", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    metrics = Metrics()
    app.state.dedup = State(options, desk, metrics, pages.make_templates())
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(SettingsError, _wrong)
    app.add_exception_handler(StoreError, _unavailable)
    return Guard(app, options, metrics)


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refusal)  # noqa: S101  # as registered
    return pages.refusal(request, exc.status, exc.message, exc.headers)


async def _not_served(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101  # as registered
    told = {404: "there is nothing at this address", 405: f"{request.method} is not for this address"}
    message = told.get(exc.status_code, str(exc.detail))
    return pages.refusal(request, exc.status_code, message, dict(exc.headers or {}))


async def _not_valid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101  # as registered
    first = exc.errors()[0]
    name = str(first["loc"][-1])
    return pages.refusal(request, 422, f"{name}: {first['msg'][:1].lower()}{first['msg'][1:]}", {})


async def _wrong(request: Request, exc: Exception) -> Response:
    return pages.refusal(request, 422, str(exc), {})


async def _unavailable(request: Request, exc: Exception) -> Response:
    return pages.refusal(request, 503, str(exc), {"retry-after": "5"})
