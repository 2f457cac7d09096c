"""The bits a token and a story carry from the text kernels to the stages after them."""

from __future__ import annotations

# Tokens.flags, one byte a token. "Letter" and "upper" are meant before case folding.
NUMBER = 1  # holds a digit
CAPITAL = 2  # its first letter was upper or title case
CAPS = 4  # two letters or more, all upper case
SENTENCE = 8  # first of its field, or after the end of a sentence or line
BREAK = 16  # the gap before held a spaced dash, "--", "|", "::" or the like
MARK = 32  # the gap before held ":" or a dash directly after the token before
FUNCTION = 64  # among the function words of dedup.words
BIGRAM = 128  # one or two characters of a script without spaces

# What debris removal also needs of the gap before a token; not handed on.
OPEN = 1  # the gap held an opening bracket
CLOSE = 2  # the gap held a closing bracket
COLON = 4  # the gap held ":"

# Tokens.marks, one byte a story.
UPDATED = 1  # the title says UPDATE 1-, UPDATED:, WRAPUP 2-, or the text begins "(Adds ...)"
CORRECTED = 2  # the title says CORRECTED-, REFILE-, or the text begins "(Corrects ...)"

# Limits that keep a token bounded whatever the text.
LONGEST = 64  # code points in a token; the rest makes further tokens
MOST_MARKS = 7  # combining marks kept on a character of a script without spaces
MOST_STACKED = 30  # combining marks in a row that normalisation looks at together: Unicode annex 15, stream-safe text

# How far debris removal looks.
DATELINE = 10  # tokens before the dash that ends a dateline, at most
COLON_DATELINE = 3  # likewise before a colon
BRACKETED = 40  # tokens of "(Adds ...)", at most
PUBLISHER = 12  # tokens of a publisher's name behind a title, at most
PREFIX = 4  # tokens of a wire's prefix to a title, its number not counted, at most
ROUNDS = 3  # pieces of debris taken from a beginning, at most
ABBREVIATION = 4  # bytes of a word after which "." ends no sentence before a dateline is over, as in "Jan. 3"
PLACE_WORDS = 6  # tokens of a place and a date before a dash, at most
PLACE_CAPITALS = 3  # words in capitals among these, at most; more are a headline
PLACE_NUMBERS = 2  # numbers among these, at most, and in a row: a day and a year, not the scores of two teams
PLACE = 4  # bytes of a single word in capitals that can be a dateline by itself
