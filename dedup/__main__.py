"""`dedup`, and `python -m dedup`: the command line, quiet on Ctrl-C even while it is still being imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from dedup.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("dedup: stopped; no output is left half written\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
