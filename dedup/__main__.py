"""`dedup`, and `python -m dedup`: the command line, quiet on Ctrl-C even while it is still being imported."""

from __future__ import annotations

import gc
import sys

_OBJECTS = 100_000  # made between two collections of garbage: what is imported stays, and is not worth a look


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    try:
        from dedup.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("dedup: stopped; no output is left half written\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
