"""Compile the kernels that most tests need: `python -m tests.compiled`.

Before several processes test at once: each would compile them for itself, one after another.
"""

from __future__ import annotations

import sys

from dedup import explain_job, similar_job
from dedup.ingest import run_index
from dedup.serve.server import run_server
from dedup.warmup import run_batch, warm_up


def main() -> None:
    for run in (run_batch, run_index, run_server, similar_job._run_once, explain_job._run_once):
        warm_up(lambda line: print(line, file=sys.stderr), run)


if __name__ == "__main__":
    main()
