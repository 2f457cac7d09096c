"""What a server is asked for, checked before anything is opened."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path

from dedup.errors import SettingsError

_LEAST_KEY = 16  # characters
KEY_VARIABLE, MINIFLUX_VARIABLE = "DEDUP_API_KEY", "DEDUP_MINIFLUX_SECRET"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How to serve.

    Attributes:
        host, port: to listen at; port 0 for any that is free.
        key: what callers must show, "" for none, which only a loopback address allows.
        miniflux_secret: that Miniflux signs its webhook with, "" for no such webhook.
        most_bytes: of a request's body.
        most_stories: in one request.
        latest: stories that the wall shows, the last of the log; about 1 KB of memory each.
        patience: seconds that a body may take to arrive.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    key: str = field(default="", repr=False)
    miniflux_secret: str = field(default="", repr=False)
    most_bytes: int = 8 << 20
    most_stories: int = 1000
    latest: int = 20_000
    patience: float = 30.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"--port is a number from 0 to 65535, got {self.port}")
        if self.key and len(self.key) < _LEAST_KEY:
            raise SettingsError(
                f"the API key has {len(self.key)} characters, fewer than {_LEAST_KEY}; make a longer one"
            )
        if not self.key and not is_loopback(self.host):
            raise SettingsError(
                f"{self.host} can be reached from elsewhere, so an API key is needed: put one into {KEY_VARIABLE} or "
                "a file named with --api-key-file, or listen at 127.0.0.1"
            )
        for name, value in (("--most-bytes", self.most_bytes), ("--most-stories", self.most_stories)):
            if value < 1:
                raise SettingsError(f"{name} is at least 1, got {value}")
        if not 1 <= self.latest <= 1_000_000:
            raise SettingsError(f"--latest is a number of stories from 1 to 1,000,000, got {self.latest}")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host: every address that its name stands for is a loopback one."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False  # it cannot be listened at either
    return bool(host) and all(ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def read_secret(file: Path | None, variable: str) -> str:
    """A secret from a file or the environment, "" for none; never from the command line, which others can list.

    Raises:
        SettingsError: the file cannot be read, or is empty.
    """
    if file is None:
        return os.environ.get(variable, "").strip()
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{file} cannot be read as a secret: {getattr(exc, 'strerror', None) or exc}") from exc
    if not secret:
        raise SettingsError(f"{file} is empty; put the secret into it")
    return secret
