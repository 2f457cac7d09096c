"""Runs one command and prints its wall time, CPU time and peak memory as JSON.

A process of its own, with the standard library only: a child's peak memory is never reported below its parent's at
the moment it was started, so the parent has to be small.
"""

import json
import os
import subprocess
import sys
import time


def main(arguments: list[str]) -> None:
    """Runs `arguments[1:]` on the cores `arguments[0]` lists ("0,1", or "" for any)."""
    cores = {int(core) for core in arguments[0].split(",") if core}
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    begin = time.perf_counter()
    process = subprocess.Popen(arguments[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    record = {
        "exit_code": process.returncode,
        "wall_seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
    }
    print(json.dumps(record))


if __name__ == "__main__":
    main(sys.argv[1:])
