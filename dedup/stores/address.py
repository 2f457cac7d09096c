"""A store's URL taken apart: what goes to the driver, what this package means, what messages may show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from dedup.errors import SettingsError

EXPECTED = (
    'a store is "sqlite:///path.db", "sqlite:////absolute/path.db", "redis://host:6379/0?name=stories", '
    '"rediss://...", "postgresql://user@host/database?name=stories" or "memory://name"'
)
_OPTIONS = {
    "sqlite": ("retry", "sync"),
    "redis": ("cluster", "name", "retry", "ttl"),
    "postgresql": ("name", "retry"),
    "memory": (),
}
_SCHEMES = {"rediss": "redis", "postgres": "postgresql"}
_HOST = re.compile(r"(?:[\w.%-]*|\[[\da-fA-F:.]+\])(?::\d+)?")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a store is.

    Attributes:
        kind: "sqlite", "redis", "postgresql" or "memory".
        label: the store's name in messages: no user, no password, no driver's option.
        path: what follows the host, decoded, without its leading "/".
        server: the URL without this package's options; holds the password, so for the driver alone.
        options: this package's options.
    """

    kind: str
    label: str
    path: str
    server: str = field(repr=False)
    options: Mapping[str, str]

    @property
    def name(self) -> str:
        """The log's name inside a server that many share, fit for an SQL identifier.

        Raises:
            SettingsError: it is not.
        """
        name = self.options.get("name", "dedup")
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f'name= is up to 40 of a-z, 0-9 and "_", not starting with a digit, got "{name}" in {self.label}'
            )
        return name

    @property
    def retry(self) -> float:
        """Seconds to keep trying when the store does not answer.

        Raises:
            SettingsError: not a number from 0 to 3600.
        """
        text = self.options.get("retry", "10")
        if not re.fullmatch(r"\d{1,4}(\.\d+)?", text) or float(text) > 3600:
            raise SettingsError(f'retry= is a number of seconds from 0 to 3600, got "{text}" in {self.label}')
        return float(text)

    def choice(self, option: str, *choices: str) -> str:
        """The value of an option that has few, the first being the usual one.

        Raises:
            SettingsError: another value.
        """
        value = self.options.get(option, choices[0])
        if value not in choices:
            raise SettingsError(f'{option}= is {" or ".join(choices)}, got "{value}" in {self.label}')
        return value


def parse(url: str) -> Address:
    """The parts of a store's URL.

    Raises:
        SettingsError: for one that names no store. The message never quotes what may be a password, which in a
            malformed URL can stand anywhere.
    """
    scheme, separator, _ = url.partition("://")
    kind = _SCHEMES.get(scheme, scheme)
    if not separator or kind not in _OPTIONS:
        got = f'"{scheme}://"' if re.fullmatch(r"[a-z0-9+.-]{1,20}", scheme) and separator else "no such URL"
        raise SettingsError(f"{EXPECTED}, got {got}")
    unreadable = SettingsError(
        f"this {scheme} URL cannot be read; in a user name, password or path write %40 for @, %2F for /, %3A for :, "
        f"%3F for ?, %23 for #, %25 for %. {EXPECTED[0].upper()}{EXPECTED[1:]}"
    )
    try:
        parts = urlsplit(url)
    except ValueError:  # its text quotes the URL
        raise unreadable from None
    host = parts.netloc.rpartition("@")[2]
    hosts = all(_HOST.fullmatch(each) for each in host.split(","))  # libpq takes several
    if (
        parts.fragment
        or "\0" in unquote(parts.path)
        or not hosts
        or (kind != "sqlite" and re.search(r"[@:]|./", parts.path))
    ):
        raise unreadable
    options = {}
    foreign = []
    for piece in filter(None, parts.query.split("&")):
        option, equals, value = piece.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]+", option):
            raise unreadable
        if option in _OPTIONS[kind]:
            options[option] = unquote(value)
        else:
            foreign.append((option, piece))
    label = _label(parts, host, options)
    for option, _ in foreign:  # the drivers' own: libpq has dozens, redis-py's concern TLS
        if not (kind == "postgresql" or (kind == "redis" and option.startswith("ssl_"))):
            known = ", ".join(_OPTIONS[kind]) or "none"
            raise SettingsError(f'no option "{option}" in {label}; there are: {known}')
    if kind == "redis" and not re.fullmatch(r"/?[0-9]*", parts.path):  # the driver would take database 0
        raise SettingsError(f'{label} names no database of Redis, which is a number, as in "redis://host:6379/0"')
    return Address(
        kind=kind,
        label=label,
        path=unquote(parts.path)[1:],
        server=_server(parts, [piece for _, piece in foreign]),
        options=options,
    )


def _server(parts: SplitResult, options: list[str]) -> str:
    """The URL with some options only; by hand, since `geturl` leaves the slashes of an empty host out."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?' if options else ''}{'&'.join(options)}"


def _label(parts: SplitResult, host: str, options: Mapping[str, str]) -> str:
    name = f"?name={options['name']}" if "name" in options else ""
    return f"{parts.scheme}://{host}{parts.path}{name}"
