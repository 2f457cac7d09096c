"""Where rows that could not be read are put aside."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from dedup.readers.settings import Reject


class RejectFile:
    """A file of rows that could not be read, one JSON object a line."""

    def __init__(self, target: BinaryIO | Path | str | None) -> None:
        self._path = Path(target) if isinstance(target, (str, Path)) else None
        self._file = None if isinstance(target, (str, Path)) else target

    def open(self) -> None:
        """Begin the file, if it has not begun: only once reading begins, when it is known not to be a feed itself."""
        if self._path is not None and self._file is None:
            self._file = self._path.open("wb")
            weakref.finalize(self, self._file.close)

    def add(self, feed: str, rejects: Iterable[Reject]) -> None:
        """Put rows aside."""
        if self._file is None:
            return
        for reject in rejects:
            row = reject.raw.decode("utf-8", "backslashreplace")
            line = {"feed": feed, "line": reject.line, "reason": reject.reason, "row": row}
            self._file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
