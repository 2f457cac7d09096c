"""Private Redis and PostgreSQL servers on loopback; tests that need one skip with the reason where there is none."""

from __future__ import annotations

import getpass
import importlib.util
import os
import pathlib
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

PASSWORD = "pa55word"  # noqa: S105  # of servers that live as long as the tests
_PATIENCE = 20.0  # seconds for a server to come up


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def session_of(store):
    """The connection behind a store, for tests that meddle with it."""
    return store._session


def new_name():
    """Of a log that no other test uses."""
    return f"t{secrets.token_hex(6)}"


def wait_until(ready, what):
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not come up"
        time.sleep(0.02)


class RedisServer:
    """A Redis that keeps what it acknowledged, with a password."""

    def __init__(self, binary, folder, *, cluster=False):
        self.port, self.folder = free_port(), folder
        self.process: subprocess.Popen[bytes]
        self.command = [
            *(binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--logfile", "log"),
            *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),  # "everysec" may lose what is under way
            *("--requirepass", PASSWORD, "--daemonize", "no"),
            *(("--cluster-enabled", "yes", "--cluster-port", str(free_port())) if cluster else ()),
        ]
        self.cluster = cluster
        try:
            self.start()
            if cluster:
                self.client().cluster("ADDSLOTSRANGE", 0, 16383)
                wait_until(lambda: self.client().cluster("INFO")["cluster_state"] == "ok", "the cluster")
        except BaseException:
            self.kill()
            raise

    def client(self):
        import redis

        return redis.Redis(port=self.port, password=PASSWORD)

    def url(self, name):
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0?name={name}" + ("&cluster=yes" if self.cluster else "")

    def start(self):
        import redis

        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def ready():
            try:
                return self.client().ping()
            except redis.RedisError:
                return False

        wait_until(ready, "Redis")

    def kill(self):
        self.process.kill()
        self.process.wait()


class PostgresServer:
    """A PostgreSQL cluster of its own, with a password; run by a user who is not root, as it demands."""

    def __init__(self, binaries, folder):
        self.port, self.folder, self.binaries = free_port(), folder, binaries
        self.user = getpass.getuser()
        if os.geteuid() == 0:
            self.user = next(name for name in ("postgres", "nobody") if _exists(name))
            shutil.chown(folder, self.user)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(secret, self.user)
        self.run("initdb", "-U", "tester", "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "-N")
        options = f"-F -p {self.port} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=40"
        self.options = f"{options} -c shared_buffers=32MB"
        self.start()

    def run(self, program, *args):
        subprocess.run(
            [self.binaries / program, "-D", self.folder / "data", *args],
            user=self.user if os.geteuid() == 0 else None,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )

    def url(self, name):
        return f"postgresql://tester:{PASSWORD}@127.0.0.1:{self.port}/postgres?name={name}"

    def start(self):
        self.run("pg_ctl", "start", "-w", "-l", self.folder / "log", "-o", self.options)

    def kill(self):
        self.run("pg_ctl", "stop", "-m", "immediate")


def _exists(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _need_driver(module, extra):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"no {module}: pip install 'dedup-stories[{extra}]'")


def _redis_server(*, cluster):
    _need_driver("redis", "redis")
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server: apt-get install redis-server")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(binary, folder, cluster=cluster)
        yield server
        server.kill()


@pytest.fixture(scope="session")
def redis_server():
    yield from _redis_server(cluster=False)


@pytest.fixture(scope="session")
def redis_cluster():
    """One node that owns every slot: it refuses whatever would span two."""
    yield from _redis_server(cluster=True)


@pytest.fixture(scope="session")
def postgres_server():
    _need_driver("psycopg", "postgres")
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # short enough for a socket's name
        pathlib.Path(folder).chmod(0o755)
        server = PostgresServer((found[-1] if found else pathlib.Path(str(on_path))).parent, pathlib.Path(folder))
        yield server
        server.kill()
