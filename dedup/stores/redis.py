"""The log in Redis 7, shared by processes on many machines.

Keys, all in one Cluster slot through the tag in braces:

    {dedup}:log         hash: schema, identity, last, floor, header. Does not expire
    {dedup}:notes       list: what people said of stories. Does not expire either
    {dedup}:rows:K      hash: position -> row, for the 1,024 positions of slice K
    {dedup}:texts:K     hash: position -> story, where there is one
    {dedup}:times       sorted set: time and position of every row, in the order of time
    {dedup}:id:ID       sorted set: the positions of an id

The others expire when nothing was written to them for `ttl`, 30 days unless the URL says otherwise. An index refuses
one shorter than its window and lateness; it only clears up after an index nobody uses any more: what is old is dropped
by `expire`. Keys are never listed with KEYS or SCAN.

Redis keeps what it acknowledged only if told to: set `appendonly yes`, and `maxmemory-policy noeviction`, for any other
may throw the log away. With `appendfsync everysec` a power cut can take back the last second, and `kill -9` the last
two while the disk is slow, since Redis then holds back what it writes; with `appendfsync always` neither takes any.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence
from functools import partial
from itertools import count, repeat
from typing import Any

from dedup.errors import IndexFormatError, SettingsError, StoreError
from dedup.settings import parse_window
from dedup.stores.address import Address
from dedup.stores.protocol import Row, Rows, Store
from dedup.stores.session import Session

# Each leads from schema k to k + 1, the first from nothing; what a release made is never changed. Run atomically.
MIGRATIONS: tuple[str, ...] = ("redis.call('HSET', KEYS[1], 'last', 0, 'floor', 1)",)

_SLICE = 1024  # positions in a slice; the scripts are given it
_SLICES_AT_ONCE = 8  # slices read in one round trip
_AHEAD = 8  # rows a reader asks for in the round trip that tells it whether there are any
_EXPIRE_AT_ONCE = 1_000  # rows dropped by one run of the script, during which the server waits
_ROW = struct.Struct("<qqI")  # token of the append, published_us, bytes of the id; the id and the record follow
_TOKEN = 8  # its first bytes
_TIME = struct.Struct(">QQ")  # published_us + 2**63 and position: bytes in this order sort by time

# KEYS[1] is the log's hash in every script; the other keys are named after ARGV[1], the prefix, and share its slot.
_MIGRATE = """
local found = tonumber(redis.call('HGET', KEYS[1], 'schema') or 0)
if found == tonumber(ARGV[2]) then
  %s
  redis.call('HSET', KEYS[1], 'schema', found + 1)
end
"""
_CREATE = """
if redis.call('HEXISTS', KEYS[1], 'schema') == 0 then return {} end
if redis.call('HSETNX', KEYS[1], 'header', ARGV[2]) == 1 then redis.call('HSET', KEYS[1], 'identity', ARGV[3]) end
return redis.call('HMGET', KEYS[1], 'identity', 'header')
"""
# ARGV: prefix, slice, identity, expected, ttl, token, the token at `expected` ('' where that is not known), then id,
# time, row, story ('' for none, else '+' and it) of each row. Returns the last position found, -1 if the log is another
# or has another row at `expected`. An append that was written, though its caller did not hear so, is told by its token
# and answers as it did the first time.
_APPEND = """
local prefix, slice, expected, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4]), ARGV[5]
local state = redis.call('HMGET', KEYS[1], 'identity', 'last')
if state[1] ~= ARGV[3] then return -1 end
local before = redis.call('HGET', prefix .. 'rows:' .. math.floor(expected / slice), expected)
if ARGV[7] ~= '' and before and string.sub(before, 1, 8) ~= ARGV[7] then return -1 end
local last, count = tonumber(state[2]), (#ARGV - 7) / 4
if last ~= expected then
  for position = expected + 1, math.min(last, expected + count) do
    local row = redis.call('HGET', prefix .. 'rows:' .. math.floor(position / slice), position)
    if row then
      if string.sub(row, 1, 8) == ARGV[6] then return expected end
      break
    end
  end
  return last
end
local touched = {}
for k = 1, count do
  local position, at = expected + k, 4 + 4 * k
  local number = math.floor(position / slice)
  local rows, id = prefix .. 'rows:' .. number, prefix .. 'id:' .. ARGV[at]
  redis.call('HSET', rows, position, ARGV[at + 2])
  redis.call('ZADD', prefix .. 'times', 0, ARGV[at + 1])
  redis.call('ZADD', id, position, position)
  redis.call('EXPIRE', id, ttl)
  touched[rows] = true
  if ARGV[at + 3] ~= '' then
    local texts = prefix .. 'texts:' .. number
    redis.call('HSET', texts, position, string.sub(ARGV[at + 3], 2))
    touched[texts] = true
  end
end
for key in pairs(touched) do redis.call('EXPIRE', key, ttl) end
if count > 0 then redis.call('EXPIRE', prefix .. 'times', ttl) end
redis.call('HSET', KEYS[1], 'last', expected + count)
return expected
"""
# ARGV: prefix, slice, then ids. Returns position, row, story of the latest row of each; nothing for those without.
_LATEST = """
local found = {}
for k = 3, #ARGV do
  local position = redis.call('ZREVRANGE', ARGV[1] .. 'id:' .. ARGV[k], 0, 0)[1]
  local number = position and math.floor(tonumber(position) / tonumber(ARGV[2]))
  local row = position and redis.call('HGET', ARGV[1] .. 'rows:' .. number, position)
  found[k - 2] = row and {row, redis.call('HGET', ARGV[1] .. 'texts:' .. number, position)} or {}
end
return found
"""
# ARGV: prefix, slice, then ids. Returns the position of the latest row of each, false for those without.
_POSITIONS = """
local found = {}
for k = 3, #ARGV do
  local position = redis.call('ZREVRANGE', ARGV[1] .. 'id:' .. ARGV[k], 0, 0)[1]
  local rows = position and ARGV[1] .. 'rows:' .. math.floor(tonumber(position) / tonumber(ARGV[2]))
  found[k - 2] = position and redis.call('HEXISTS', rows, position) == 1 and position or false
end
return found
"""
# ARGV: prefix, slice, the first time to keep, most rows to look at. Returns rows looked at and rows dropped.
_EXPIRE = """
local old = redis.call('ZRANGEBYLEX', ARGV[1] .. 'times', '-', '(' .. ARGV[3], 'LIMIT', 0, ARGV[4])
local dropped = 0
for _, member in ipairs(old) do
  local position = struct.unpack('>I8', member, 9)
  local number = math.floor(position / tonumber(ARGV[2]))
  local rows = ARGV[1] .. 'rows:' .. number
  local row = redis.call('HGET', rows, position)
  if row then
    local length = struct.unpack('<I4', row, 17)
    redis.call('ZREM', ARGV[1] .. 'id:' .. string.sub(row, 21, 20 + length), position)
    redis.call('HDEL', rows, position)
    redis.call('HDEL', ARGV[1] .. 'texts:' .. number, position)
    dropped = dropped + 1
  end
  redis.call('ZREM', ARGV[1] .. 'times', member)
end
return {#old, dropped}
"""
# ARGV: prefix, slice. Moves the floor over what was dropped, or has expired with its slice; returns it.
_FLOOR = """
local state = redis.call('HMGET', KEYS[1], 'floor', 'last')
if not state[1] then return 1 end
local floor, last, slice = tonumber(state[1]), tonumber(state[2]), tonumber(ARGV[2])
while floor <= last do
  local number = math.floor(floor / slice)
  local rows = ARGV[1] .. 'rows:' .. number
  if redis.call('EXISTS', rows) == 0 then
    floor = math.min((number + 1) * slice, last + 1)
  elseif redis.call('HEXISTS', rows, floor) == 1 then
    break
  else
    floor = floor + 1
  end
end
redis.call('HSET', KEYS[1], 'floor', floor)
return floor
"""


class RedisStore(Store):
    """The log in Redis; one client a process, made anew in a forked child, used under a lock."""

    def __init__(self, address: Address) -> None:
        """Connect, and bring the schema up to date.

        Raises:
            SettingsError: an option that cannot work, or redis is not installed.
            IndexFormatError: what is there is of a later release.
            StoreError: the server cannot be reached.
        """
        try:
            import redis
        except ModuleNotFoundError:
            raise SettingsError(f"{address.label} takes the Redis driver: pip install 'dedup-stories[redis]'") from None
        self._address, self._label = address, address.label
        self._cluster = address.choice("cluster", "no", "yes") == "yes"
        self.ttl = _seconds(address)
        self._prefix = f"{{{address.name}}}:".encode()
        self._log = self._prefix + b"log"
        self._identity: bytes | None = None
        self._tail = 0, b""  # position and token of the last row that was read or written: is it still the same?
        errors = redis.exceptions
        denied = (errors.AuthenticationError, errors.AuthorizationError)
        passing = (
            errors.ConnectionError,
            errors.TimeoutError,
            errors.ReadOnlyError,  # a replica, until the failover is over
            errors.ClusterDownError,
            errors.MasterDownError,
            errors.RedisClusterException,  # no node of the cluster answers
        )
        self._session: Session[Any] = Session(
            self._label,
            address.retry,
            connect=self._connect,
            error=(errors.RedisError, errors.RedisClusterException),
            lost=lambda exc: isinstance(exc, passing) and not isinstance(exc, denied),
        )
        self._session.run(lambda _: None)

    def __repr__(self) -> str:
        return f"<RedisStore {self._label}>"

    def header(self) -> bytes | None:
        """See `Store`."""
        return self._learn(self._session.run(lambda client: client.hmget(self._log, ["identity", "header"])))

    def create(self, header: bytes) -> bytes:
        """See `Store`."""
        state = self._script(_CREATE, header, secrets.token_hex(8))
        if not state:
            raise self._replaced(0)
        standing = self._learn(state)
        return header if standing is None else standing

    def last(self) -> int:
        """See `Store`."""
        return int(self._session.run(lambda client: client.hget(self._log, "last")) or 0)

    def floor(self) -> int:
        """See `Store`."""
        return int(self._script(_FLOOR, _SLICE))

    def append(self, expected: int, rows: Rows) -> bool:
        """See `Store`."""
        if self._identity is None and self.header() is None:
            raise StoreError(f"{self._label} has no header yet; create it first")
        token = secrets.randbits(63)
        tokens = struct.pack("<q", token), self._tail[1] if self._tail[0] == expected else b""
        arguments: list[Any] = [_SLICE, self._identity, expected, self.ttl, *tokens]
        columns = map(str.encode, rows.ids), rows.times, rows.records(), rows.stories or repeat(None)
        for position, name, time, record, story in zip(count(expected + 1), *columns, strict=False):
            arguments += (
                name,
                _TIME.pack(time + 2**63, position),
                _ROW.pack(token, time, len(name)) + name + record,
                b"" if story is None else b"+" + story,
            )
        found = int(self._script(_APPEND, *arguments))
        if found < expected:
            raise self._replaced(expected)
        if found == expected and rows.ids:
            self._tail = expected + len(rows.ids), tokens[0]
        return found == expected

    def read(self, after: int, limit: int, *, stories: bool = False) -> list[tuple[int, Row]]:
        """See `Store`."""
        found: list[tuple[int, Row]] = []
        ahead = _AHEAD
        floor, last = 1, after + 1
        while len(found) < limit and after < last:
            start = max(after + 1, floor)
            stop = min(start + ahead, (start // _SLICE + _SLICES_AT_ONCE) * _SLICE)
            floor, last, rows = self._session.run(partial(self._fetch, start=start, stop=stop, stories=stories))
            found += rows
            after = stop - 1
            ahead = max(limit - len(found), 2 * ahead)  # doubling passes quickly over what has expired
            ahead = min(ahead, last - after)  # each position that is asked for costs something, there or not
        return found[:limit]

    def get(self, name: str) -> Row | None:
        """See `Store`."""
        (row,) = self._script(_LATEST, _SLICE, name.encode())
        return _unpack(row[0], None) if row else None

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """See `Store`."""
        found = self._script(_POSITIONS, _SLICE, *(name.encode() for name in names))
        return {name: int(position) for name, position in zip(names, found, strict=True) if position}

    def stories(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Store`."""
        found = self._script(_LATEST, _SLICE, *(name.encode() for name in names))
        return {name: row[1] for name, row in zip(names, found, strict=True) if row and row[1] is not None}

    def expire(self, before_us: int) -> int:
        """See `Store`."""
        time = struct.pack(">Q", before_us + 2**63)
        total, looked_at = 0, 1
        while looked_at:
            looked_at, dropped = self._script(_EXPIRE, _SLICE, time, _EXPIRE_AT_ONCE)
            total += dropped
        self.floor()  # so that readers of the log's beginning need not pass over what is gone
        return total

    def add_note(self, note: bytes) -> int:
        """See `Store`."""
        return int(self._session.run(lambda client: client.rpush(self._prefix + b"notes", note)))

    def notes(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """See `Store`."""
        key = self._prefix + b"notes"
        found = self._session.run(lambda client: client.lrange(key, after, after + limit - 1))
        return list(enumerate(found, after + 1))

    def close(self) -> None:
        """See `Store`."""
        self._session.close()

    def _connect(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        make = redis.RedisCluster if self._cluster else redis.Redis
        patience = max(1.0, self._address.retry)  # seconds; also for a server that is there but hangs
        try:
            client = make.from_url(
                self._address.server,
                retry=Retry(NoBackoff(), 0),  # the session tries again
                socket_timeout=patience,
                socket_connect_timeout=patience,
            )
        except ValueError:  # its text may quote the password
            raise SettingsError(f"{self._label} is no address that the Redis driver can read") from None
        try:
            self._migrate(client)
        except TypeError as exc:  # the first connection is made with the URL's options
            raise SettingsError(f"{self._label} has an option that the Redis driver does not know ({exc})") from None
        except BaseException:
            client.close()
            raise
        return client

    def _migrate(self, client: Any) -> None:
        found = int(client.hget(self._log, "schema") or 0)
        if found > len(MIGRATIONS):
            raise IndexFormatError(
                f"{self._label} has schema {found}, this release reads up to {len(MIGRATIONS)}; "
                "upgrade dedup-stories, or rebuild into a new store"
            )
        for schema in range(found, len(MIGRATIONS)):
            client.eval(_MIGRATE % MIGRATIONS[schema], 1, self._log, self._prefix, schema)

    def _script(self, text: str, *arguments: Any) -> Any:
        return self._session.run(
            lambda client: client.register_script(text)(keys=[self._log], args=[self._prefix, *arguments])
        )

    def _learn(self, state: Sequence[bytes | None]) -> bytes | None:
        """The header, from the log's identity and header; the first identity seen is the one to hold on to."""
        if self._identity is None:
            self._identity = state[0]
        return state[1]

    def _replaced(self, position: int) -> StoreError:
        return StoreError(
            f"{self._label} is not the log it was: it was emptied or replaced, or the server lost its end, where this "
            f"process had read up to {position}; open it again"
        )

    def _fetch(self, client: Any, start: int, stop: int, *, stories: bool) -> tuple[int, int, list[tuple[int, Row]]]:
        """Floor, last position, and the rows kept from `start` to before `stop`, in one round trip."""
        kinds = (b"rows:", b"texts:") if stories else (b"rows:",)
        positions = range(start, stop)
        with client.pipeline(transaction=False) as pipe:
            pipe.hmget(self._log, ["identity", "floor", "last"])
            pipe.hget(b"%brows:%d" % (self._prefix, (start - 1) // _SLICE), str(start - 1))
            for kind in kinds:
                for number in range(start // _SLICE, (stop - 1) // _SLICE + 1):
                    inside = range(max(start, number * _SLICE), min(stop, (number + 1) * _SLICE))
                    pipe.hmget(b"%b%b%d" % (self._prefix, kind, number), list(inside))
            (identity, floor, last), before, *parts = pipe.execute()
        lost = self._tail[0] == start - 1 and before is not None and not before.startswith(self._tail[1])
        if floor is None or lost or (self._identity is not None and identity != self._identity):
            raise self._replaced(start - 1)
        values = [value for part in parts for value in part]
        rows, texts = values[: len(positions)], values[len(positions) :] or [None] * len(positions)
        # Rows past `last` may have been appended while the slices were read, in some of which they are missing then.
        found = [
            (position, _unpack(row, text))
            for position, row, text in zip(positions, rows, texts, strict=True)
            if row is not None and position <= int(last)
        ]
        if found and found[-1][0] > self._tail[0]:
            self._tail = found[-1][0], rows[found[-1][0] - start][:_TOKEN]
        return int(floor), int(last), found


def _unpack(row: bytes, story: bytes | None) -> Row:
    _, published_us, length = _ROW.unpack_from(row)
    end = _ROW.size + length
    return Row(row[_ROW.size : end].decode(), published_us, row[end:], story)


def _seconds(address: Address) -> int:
    text = address.options.get("ttl", "30d")
    try:
        ttl = parse_window(text)
    except SettingsError:
        ttl = None
    if ttl is None or not 1 <= ttl < 2**31:
        raise SettingsError(f'ttl= is a number and a unit (s, m, h, d, w) such as 30d, got "{text}" in {address.label}')
    return int(ttl)
