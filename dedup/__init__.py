"""Near-duplicate news stories: find the copies and variants of a story, keep one, merge nothing that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dedup.errors import DedupError, FeedError, IndexFormatError, SettingsError, StoreError
from dedup.settings import LookupSettings, Settings

if TYPE_CHECKING:
    from dedup.batch import find_duplicates
    from dedup.decision import Decision
    from dedup.index import StoryIndex
    from dedup.readers import read_feed
    from dedup.result import Result
    from dedup.stories import STORY_SCHEMA

__version__ = "0.1.0"

__all__ = [
    "STORY_SCHEMA",
    "Decision",
    "DedupError",
    "FeedError",
    "IndexFormatError",
    "LookupSettings",
    "Result",
    "Settings",
    "SettingsError",
    "StoreError",
    "StoryIndex",
    "__version__",
    "find_duplicates",
    "read_feed",
]

_HOMES = {
    "STORY_SCHEMA": "dedup.stories",
    "Decision": "dedup.decision",
    "Result": "dedup.result",
    "StoryIndex": "dedup.index",
    "find_duplicates": "dedup.batch",
    "read_feed": "dedup.readers",
}


def __getattr__(name: str) -> Any:
    """Load what needs NumPy, Arrow and Numba on first use, so that `import dedup` is instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dedup' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
