"""Frozen settings, validated on construction: a value that cannot work never gets past here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Literal

from dedup.errors import SettingsError

Strictness = Literal["strict", "balanced", "loose"]
STRICTNESS: tuple[Strictness, ...] = ("strict", "balanced", "loose")
_LONGEST = 2**40  # seconds
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MICROSECOND = 1_000_000
_MOST_BANDS = 1024
_SELDOM = 1e-300  # a probability


def _is_whole(value: object, first: int, last: float) -> bool:
    """Whether a value is an integer within bounds; callers from Python may pass anything."""
    return isinstance(value, int) and not isinstance(value, bool) and first <= value <= last


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _make_plain(settings: LookupSettings | Settings) -> None:
    """Make Python's of NumPy's numbers, of which no JSON can be written."""
    for name in (each.name for each in fields(settings)):
        value = getattr(settings, name)
        if isinstance(value, (int, float)):
            continue
        if isinstance(value, Integral):
            object.__setattr__(settings, name, int(value))
        elif isinstance(value, Real):
            object.__setattr__(settings, name, float(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupSettings:
    """One way of looking candidates up: how its signature is cut into bands.

    `rows` signature values make a band, and the number of bands is what makes two stories of the stated Jaccard
    `similarity` share at least one band with probability `recall`: 1 - (1 - s**rows)**bands >= recall (Leskovec,
    Rajaraman and Ullman, Mining of Massive Datasets, section 3.4). More rows make fewer candidates, more bands more.
    """

    rows: int
    similarity: float
    recall: float

    def __post_init__(self) -> None:
        _make_plain(self)
        if not _is_whole(self.rows, 1, 16):
            raise SettingsError(f"rows is the number of signature values in a band, 1 to 16, got {self.rows!r}")
        for name, value in (("similarity", self.similarity), ("recall", self.recall)):
            if not (_is_number(value) and 0.0 < value < 1.0):
                raise SettingsError(f"{name} is a fraction between 0 and 1, got {value!r}; write 0.7 for 70 %")
        # of what is too seldom for a float the number of bands cannot be told
        if self.similarity**self.rows < _SELDOM or self.bands > _MOST_BANDS:
            raise SettingsError(
                f"recall {self.recall} at similarity {self.similarity} with {self.rows} rows takes more than "
                f"{_MOST_BANDS} bands; use fewer rows, a higher similarity or a lower recall"
            )

    @property
    def bands(self) -> int:
        """Number of bands that reaches the recall target."""
        return max(1, math.ceil(math.log(1.0 - self.recall) / math.log1p(-(self.similarity**self.rows))))

    @property
    def num_perm(self) -> int:
        """Length of the signature, bands * rows values."""
        return self.bands * self.rows

    def recall_at(self, similarity: float) -> float:
        """Probability that two stories of this Jaccard similarity (0..1) share a band."""
        return 1.0 - (1.0 - similarity**self.rows) ** self.bands


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What decides which stories are one; equal settings over an equal feed give equal clusters.

    Attributes:
        shingle_width: tokens in a shingle of title + text.
        text: lookup over the shingles of title + text. One duplicate in ten is less alike than 0.27.
        title: lookup over the title's words.
        seed: of the MinHash permutations, which are datasketch's.
        window: seconds between two stories that can still be one; None for no limit.
        lateness: seconds that a story may come after others published later than itself and still be compared with all
            in its window; None for no limit, which a bounded memory cannot keep: an index needs one.
        rule: "evidence" weighs all the evidence; a float is the classical rule, the least Jaccard similarity (0..1) of
            the shingles of title + text that makes two stories duplicates.
        strictness: how sure the evidence must be: "strict", "balanced" or "loose". The first two are set where 98 %
            and 95 % of what is merged is right, by models that had not seen the pair; the last has the best F1.
        keep: which story of a cluster is shown: "earliest" published, "longest", or "source:A,B" for the first of
            these sources that has one (else the earliest).
        bucket_limit: most leaders that one band bucket holds before it is split by a finer key.
        boilerplate: the phrases of sources that are no evidence, as `dedup.boilerplate.learn_boilerplate` tells them;
            "" for none.
        threads: threads that hash; None for one a core. Does not change the result.
    """

    shingle_width: int = 3
    text: LookupSettings = field(default_factory=lambda: LookupSettings(rows=2, similarity=0.27, recall=0.95))
    title: LookupSettings = field(default_factory=lambda: LookupSettings(rows=4, similarity=0.585, recall=0.95))
    seed: int = 1
    window: float | None = 72 * 3600.0
    lateness: float | None = None
    rule: float | Literal["evidence"] = "evidence"
    strictness: Strictness = "balanced"
    keep: str = "earliest"
    bucket_limit: int = 32
    boilerplate: str = ""
    threads: int | None = None

    def __post_init__(self) -> None:
        _make_plain(self)
        if not _is_whole(self.shingle_width, 1, 16):
            raise SettingsError(f"shingle_width is a number of tokens from 1 to 16, got {self.shingle_width!r}")
        for name, lookup in (("text", self.text), ("title", self.title)):
            if not isinstance(lookup, LookupSettings):
                raise SettingsError(f"{name} is a LookupSettings, got {lookup!r}")
        if not _is_whole(self.seed, 0, 2**32 - 1):
            raise SettingsError(f"seed is an integer from 0 to 4294967295, got {self.seed!r}")
        self._check_times()
        if self.rule != "evidence" and not (_is_number(self.rule) and 0.0 < self.rule <= 1.0):
            raise SettingsError(f'rule is "evidence" or a similarity above 0 and up to 1.0, got {self.rule!r}')
        if self.strictness not in STRICTNESS:
            raise SettingsError(f'strictness is "strict", "balanced" or "loose", got {self.strictness!r}')
        if not isinstance(self.keep, str) or (self.keep not in ("earliest", "longest") and not self.preferred_sources):
            raise SettingsError(f'keep is "earliest", "longest" or "source:NAME,NAME", got "{self.keep}"')
        if not _is_whole(self.bucket_limit, 1, 255):
            raise SettingsError(f"bucket_limit is a number of leaders from 1 to 255, got {self.bucket_limit!r}")
        if not isinstance(self.boilerplate, str):
            raise SettingsError(f'boilerplate is the phrases learned, or "" for none, got {self.boilerplate!r}')
        if self.threads is not None and not _is_whole(self.threads, 1, math.inf):
            raise SettingsError(f"threads is a number, at least 1, or None for one a core, got {self.threads!r}")

    def _check_times(self) -> None:
        if self.window is not None and not (
            _is_number(self.window) and 0.0 < self.window < 2**40 and self.window_us >= 1
        ):
            raise SettingsError(
                f"window is a positive number of seconds, 0.000001 at least, or None for no limit, got {self.window!r}"
            )
        if self.lateness is not None and not (_is_number(self.lateness) and 0.0 <= self.lateness < 2**40):
            raise SettingsError(f"lateness is a number of seconds, or None for no limit, got {self.lateness!r}")

    @property
    def preferred_sources(self) -> tuple[str, ...]:
        """The sources named by keep="source:A,B", best first; empty for the other policies."""
        prefix, _, names = self.keep.partition(":")
        if prefix != "source":
            return ()
        return tuple(name.strip() for name in names.split(",") if name.strip())

    @property
    def window_us(self) -> int:
        """The window in microseconds; -1 for no limit."""
        return -1 if self.window is None else int(self.window * _MICROSECOND)

    @property
    def lateness_us(self) -> int:
        """The lateness in microseconds; -1 for no limit."""
        return -1 if self.lateness is None else int(self.lateness * _MICROSECOND)


def parse_window(text: str) -> float | None:
    """Seconds in "72h", "90m", "3d" or "none".

    >>> parse_window("72h")
    259200.0

    Raises:
        SettingsError: for anything else, and for more than an index can count.
    """
    if text.strip().lower() in ("none", "unlimited"):
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise SettingsError(f'window is a number and a unit (s, m, h, d, w) such as 72h or 3d, or "none", got "{text}"')
    if seconds >= _LONGEST:
        raise SettingsError(f'window is less than 34,800 years, or "none" for no limit, got "{text}"')
    return seconds


def parse_duration(text: str) -> float | None:
    """Seconds in "72h", "90m" or "3d", None for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", text.lower())
    return None if match is None else float(match[1]) * _SECONDS[match[2]]


def parse_rule(text: str) -> float | Literal["evidence"]:
    """The rule named by "evidence" or "jaccard=0.8".

    Raises:
        SettingsError: for anything else.
    """
    if text.strip() == "evidence":
        return "evidence"
    match = re.fullmatch(r"\s*jaccard\s*=\s*(\d*\.?\d+)\s*", text)
    if match is None or not 0.0 < float(match[1]) <= 1.0:
        raise SettingsError(f'rule is "evidence" or "jaccard=T" with T above 0 and up to 1, got "{text}"')
    return float(match[1])
