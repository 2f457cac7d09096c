"""What the server counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


class Metrics:
    """Requests by route and status, their seconds, and what people said of pairs."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        names = ("method", "route")
        self._requests = Counter(
            "dedup_http_requests", "Requests answered.", (*names, "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "dedup_http_request_seconds", "From request to answer.", names, buckets=_BUCKETS, registry=self._registry
        )
        self._judged = Counter("dedup_feedback", "Pairs judged by people.", ("same",), registry=self._registry)

    def observe(self, scope: Mapping[str, Any], status: int, seconds: float) -> None:
        """Count a request that was answered; those of no route share one name, so that names stay few."""
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def judged(self, *, same: bool) -> None:
        """Count a judgement."""
        self._judged.labels("yes" if same else "no").inc()

    def expose(self) -> str:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry).decode()
