"""`dedup`, and `python -m dedup`: the command line, quiet when it is stopped even while it is still being imported."""

from __future__ import annotations

import gc
import os
import sys

from dedup.interrupts import heed_stops, stopped_code

_OBJECTS = 100_000  # made between two collections of garbage: what is imported stays, and is not worth a look


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
    try:
        heed_stops()
        _fill_closed_streams()
        from dedup.cli import app

        app()
    except KeyboardInterrupt:
        sys.stderr.write("dedup: stopped; no file is left half written\n")
        sys.exit(stopped_code())


def _fill_closed_streams() -> None:
    """Keep the numbers of streams that were closed (`>&-`) from the files of this process; messages may go nowhere."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # it lives as long as the process


if __name__ == "__main__":
    main()
