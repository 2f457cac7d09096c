"""What commands are forked from: imported once, by the process that forks them; cf. `tests.commands`."""

from __future__ import annotations

import subprocess
import sys

from dedup.startup import import_lean

import_lean()

import dedup.__main__  # noqa: E402
import dedup.cli  # noqa: E402
import dedup.explain_job  # noqa: E402
import dedup.ingest  # noqa: E402
import dedup.job  # noqa: E402
import dedup.similar_job  # noqa: F401, E402
from dedup.warmup import warm_up  # noqa: E402

# Compiled by another process, and only loaded here: else every command would say that it had compiled them.
subprocess.run([sys.executable, "-c", "from dedup.warmup import warm_up; warm_up(lambda _: None)"], check=True)
warm_up(lambda _: None)
