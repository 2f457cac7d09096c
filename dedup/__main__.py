"""`dedup`, and `python -m dedup`: the command line, quiet when it is stopped even while it is still being imported."""

from __future__ import annotations

import gc
import sys

from dedup.interrupts import heed_stops, stopped_code

_OBJECTS = 100_000  # made between two collections of garbage: what is imported stays, and is not worth a look


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    try:
        heed_stops()
        from dedup.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("dedup: stopped; no output is left half written\n")
        sys.exit(stopped_code())


if __name__ == "__main__":
    main()
