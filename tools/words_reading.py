"""Reads a request: its clauses, words and stems, and whether a clause asks for something or has it changed.

Knows words only, and nothing of operations; `server/discovery.py` does.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from tools.words_glossary import fold
from tools.words_languages import (
    ADJECTIVES,
    ASKING,
    ASKING_PAIRS,
    CHANGING,
    EMPTY,
    ENGLISH,
    LEADING,
    MEANINGS,
    RELATIVE,
    STATING,
    WISHING,
)

_WORD = re.compile(r"[^\W_]+")
_FULL_WIDTH = "\u3001\u3002\uff01\uff0c\uff1f"
_CLAUSE = re.compile(rf"[,;:.!?…]+(?:\s|$)|[{_FULL_WIDTH}]")
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""), ("n", ""))


def clauses_of(text: str) -> list[list[str]]:
    """The words of each clause."""
    return [words_of(part) for part in _CLAUSE.split(text)]


def words_of(text: str) -> list[str]:
    """The words of a text in small letters without accents."""
    return _WORD.findall(fold(text))


def stem_of(word: str) -> str:
    """A word without its English ending; the same for words of other languages, which is enough to match them."""
    if word.endswith(("ss", "us")):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            rest = word.removesuffix(ending) + instead
            doubled = ending in {"ing", "ed"} and len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "ls"
            return rest[:-1] if doubled else rest
    return word


def pair_of(first: str, second: str) -> str:
    """Two stems in either order: "archive the chat" and "chat archive" ask for the same."""
    return f"{first} {second}" if first <= second else f"{second} {first}"


def shortened(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def trigrams(word: str) -> set[str]:
    padded = f"  {word}  "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def after_lead(clause: Sequence[str]) -> Sequence[str]:
    """A clause without what only introduces it: "could you", "I want to"."""
    lead = next((lead for lead in _leads() if tuple(clause[: len(lead)]) == lead), ())
    return after_lead(clause[len(lead) :]) if lead else clause


@cache
def empty() -> frozenset[str]:
    return frozenset(words_of(EMPTY))


@cache
def asking() -> frozenset[str]:
    return frozenset(words_of(ASKING))


@cache
def english() -> frozenset[str]:
    return frozenset(ENGLISH.split())


@cache
def wishing() -> frozenset[str]:
    return frozenset(WISHING.split())


@cache
def _leads() -> Sequence[tuple[str, ...]]:
    """The longest first."""
    return sorted((tuple(words_of(lead)) for lead in LEADING.split(",")), key=len, reverse=True)


@cache
def asking_pairs() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(pair.split("_")) for pair in ASKING_PAIRS.split())


@cache
def stating() -> frozenset[str]:
    return frozenset(words_of(STATING))


@cache
def adjectives() -> frozenset[str]:
    return frozenset(ADJECTIVES.split())


@cache
def relative() -> frozenset[tuple[str, ...]]:
    return frozenset((first, second) for first in ("that", "which", "who") for second in RELATIVE.split())


@cache
def changes() -> frozenset[str]:
    return frozenset(stem_of(word) for word in words_of(CHANGING))


def meanings() -> Mapping[str, Sequence[str]]:
    """Stem, or two stems joined by `_` → stems of the catalogue for it."""
    found: dict[str, list[str]] = defaultdict(list)
    for meaning, texts in MEANINGS.items():
        for text in texts.split():
            found[key_of(words_of(text.replace("_", " ")))].append(stem_of(meaning))
    return found


def key_of(words: Iterable[str]) -> str:
    return "_".join(map(stem_of, words))
