"""How property tests search: anew at every run of a developer, the same in CI, so that a red run is this change's."""

from __future__ import annotations

import os

from hypothesis import settings

from tests.browsers import browser
from tests.services import postgres_server, redis_cluster, redis_server

__all__ = ["browser", "postgres_server", "redis_cluster", "redis_server"]

settings.register_profile("ci", derandomize=True, max_examples=50)
if os.environ.get("CI"):
    settings.load_profile("ci")
