"""What routes share."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from jinja2 import Environment

from dedup.serve.desk import Desk
from dedup.serve.metrics import Metrics
from dedup.serve.options import ServeOptions


@dataclass(frozen=True, slots=True)
class State:
    """One server's parts."""

    options: ServeOptions
    desk: Desk
    metrics: Metrics
    templates: Environment

    @classmethod
    def of(cls, request: Request) -> State:
        """The state of the server that got a request."""
        state: State = request.app.state.dedup
        return state
