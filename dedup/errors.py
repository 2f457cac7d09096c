"""Everything this package raises on purpose.

DedupError              catch this to catch them all     exit code 1
├── SettingsError       a value that cannot work         exit code 2
├── FeedError           a feed that cannot be read       exit code 3
├── IndexFormatError    not an index this release reads  exit code 4
└── StoreError          a store that does not answer     exit code 1
"""

import re

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(message: str) -> str:
    r"""A message on one line: what breaks lines or steers a terminal, in the name of a file say, is spelled out.

    >>> print(one_line("a\nb.jsonl: is no text"))
    a\nb.jsonl: is no text
    """
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), message)


class DedupError(Exception):
    """Base of every error this package raises on purpose; its message is one line for people."""

    exit_code = 1


class SettingsError(DedupError, ValueError):
    """A setting or argument that cannot work; the message says what would."""

    exit_code = 2


class FeedError(DedupError):
    """A feed, or a row of one, that cannot be read.

    Attributes:
        path: the feed as the user named it, `-` for standard input.
        row: the line (or row) number counted from 1, None where the whole feed is meant.
    """

    exit_code = 3

    def __init__(self, path: str, problem: str, *, row: int | None = None) -> None:
        one_line = " ".join(problem.split())  # it may quote the feed
        super().__init__(f"{path}{'' if row is None else f', line {row}'}: {one_line}")
        self.path = path
        self.row = row


class IndexFormatError(DedupError):
    """A store or file that this release does not read; the message says how to rebuild it."""

    exit_code = 4


class StoreError(DedupError):
    """A store that cannot be reached, refuses, or is not the log it was; named without its password."""
