"""The command line in a process of its own, forked from one that has imported it and loaded its kernels.

Each command has its own exit code, folder and streams, as one that a shell starts; only the second in which Python,
Numba and the kernels are loaded is spent once for all of them. What is said of that second, or of signals and pipes,
is tested on commands that are started anew.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile

STREAMS = ("stdin", "stdout", "stderr")


def dedup(*args, stdin=b"", cwd=None):
    """A finished command: its exit code, what it wrote, and its messages, which are no traceback."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in STREAMS]
        os.mkfifo(paths[0])
        told = [*map(str, args)], str(cwd or pathlib.Path.cwd()), dict(os.environ), paths
        process = context.Process(target=_be_command, args=told)
        process.start()
        with contextlib.suppress(BrokenPipeError), paths[0].open("wb") as pipe:  # waits until it has opened its end
            pipe.write(stdin)
        process.join()
        code, output, message = process.exitcode, paths[1].read_bytes(), paths[2].read_bytes().decode()
        process.close()
    return code, output, checked(message)


def dedup_anew(*args):
    """The same of a command that is started as a shell starts it."""
    done = subprocess.run([sys.executable, "-m", "dedup", *map(str, args)], capture_output=True, check=False)
    return done.returncode, done.stdout, checked(done.stderr.decode())


def checked(message):
    assert "Traceback" not in message, message
    return message


def _be_command(args, cwd, environ, paths):
    """Run it in this process, whose streams are a pipe and two files."""
    for number, path in enumerate(paths):
        file = os.open(path, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # they are this process's as long as it lives
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    sys.argv = ["dedup", *args]
    from dedup.__main__ import main

    try:
        main()
    finally:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
