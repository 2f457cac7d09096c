"""The everyday words of English, counted in real news: what has small letters there is no name where all have capitals.

Makes `dedup/everyday.txt`, a word or its first letters a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain

from benchmarks.labelled import FEEDS, PAIR_SETS, SETS, Folder
from dedup.kernels.native.meanings import EVERYDAY_LETTERS
from dedup.kernels.reference.xxh32 import singular
from dedup.words import FUNCTION_WORDS

_WORD = re.compile(r"(?<![\w.@/'\u2019])[A-Za-z]{2,}(?!\w|\.\w|@)")  # not in a URL or an address
_ENGLISH = re.compile(r"\b(the|and|of|for|with|after|says)\b")
_INSIDE = re.compile(r"[\w,;]\s+$")  # what stands before a word inside a sentence
_STORIES = 4  # that have a word in small letters, at least
_SHARE = 0.2  # of the times that it could have had a capital, at least
_FOREIGN = set(" ".join(FUNCTION_WORDS.values()).split()) - set(FUNCTION_WORDS["en"].split())
_CASED = 0.6  # share of a title's words with capitals that makes it one in title case


def everyday(folder: Folder) -> list[str]:
    """The everyday words of the sets in a folder, sorted, longer ones cut to `EVERYDAY_LETTERS`."""
    small, capital, stories = Counter[str](), Counter[str](), Counter[str]()
    for title, text in _stories(folder):
        found = [list(_words(part, titled=titled)) for part, titled in ((title, True), (text, False))]
        own = Counter(word for word, is_small in chain(*found) if is_small)
        small += own
        stories.update(own.keys())
        capital.update(word for word, is_small in chain(*found) if not is_small)
    often = [word for word, count in stories.items() if count >= _STORIES and word not in _FOREIGN]
    return sorted({_form(word) for word in often if small[word] >= _SHARE * (small[word] + capital[word])})


def _stories(folder: Folder) -> Iterator[tuple[str, str]]:
    """Title and text of what may be English."""
    for name in folder.present(SETS):
        stories = folder.read_pairs(name).stories if name in PAIR_SETS else folder.read_feed(name).stories
        for title, text in zip(stories["title"].to_pylist(), stories["text"].to_pylist(), strict=True):
            if name not in FEEDS or _ENGLISH.search(title + " " + text):
                yield title, text


def _words(part: str, *, titled: bool) -> Iterator[tuple[str, bool]]:
    """The words of a part, lower case, and whether each has a small letter; others only where a name would have one."""
    found = list(_WORD.finditer(part))
    capitals = sum(match.group()[0].isupper() for match in found)
    loud = part.isupper() or (titled and capitals > _CASED * len(found))
    for match in found:
        word = match.group()
        if word[0].islower():
            yield word.lower(), True
        elif not loud and _INSIDE.search(part, max(match.start() - 3, 0), match.start()):
            yield word.lower(), False


def _form(word: str) -> str:
    return word[:EVERYDAY_LETTERS] if len(word) > EVERYDAY_LETTERS else singular(word.encode()).decode()
