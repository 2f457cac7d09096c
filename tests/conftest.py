"""How property tests search: anew at every run of a developer, the same in CI, so that a red run is this change's."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

from tests.browsers import browser
from tests.services import postgres_server, redis_cluster, redis_server

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for jobs in the background, and theirs
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault(
    "NUMBA_DISABLE_JIT", "0"
)  # no small feed is read without compiled kernels, but where it is tested

LONGEST = (
    *("test_spark.py", "test_uncompiled.py", "test_real_feeds.py", "test_index_shared.py", "test_docs.py"),
    *("test_integrations.py", "test_peers.py", "test_serve.py", "test_stores.py"),
)

__all__ = ["browser", "postgres_server", "redis_cluster", "redis_server"]

settings.register_profile("ci", derandomize=True, max_examples=50)
if os.environ.get("CI"):
    settings.load_profile("ci")
if few := os.environ.get("DEDUP_EXAMPLES"):  # where kernels run uncompiled
    settings.register_profile("few", derandomize=True, max_examples=int(few), deadline=None)
    settings.load_profile("few")


def pytest_collection_modifyitems(config, items):
    """Where several processes test, the files that take longest go first, so that all end at about one time."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
