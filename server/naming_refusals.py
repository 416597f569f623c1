"""What is said of names that do not fit one thing each: every list of candidates once, and all of it short."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from server.foreign_text import clean
from server.results import plain
from server.token_estimate import estimate

LONGEST_NAME = 80
MAX_NAMES = 10
"""Wrong names of one kind."""
MAX_TOKENS = 2500
"""Of all candidates; names may be long, and in scripts that cost much."""
_MARKS = str.maketrans("„“”‟", "''''")


def quoted(text: str) -> str:
    """A name in quotation marks that it cannot end: it is its holder's to choose, who may be a stranger."""
    return f"“{on_a_line(text)}”"


def on_a_line(text: str) -> str:
    """A name as it stands between such marks: short, of printable characters."""
    return clean(plain(text), limit=LONGEST_NAME).translate(_MARKS)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A name that fits several accounts or brands, or none."""

    kind: str
    sentence: str
    """Where it stood, what it was, and how many it fits."""
    candidates: tuple[str, ...]
    """Those that could be meant, as they are shown."""


def refusal(wrong: Iterable[Wrong], most: int) -> list[str]:
    """The lines for all wrong names of a call, with at most so many candidates in one list."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in wrong:
        alike.setdefault((one.kind, one.candidates), []).append(one.sentence)
    lines: list[str] = []
    named, unnamed = Counter[str](), Counter[str]()
    room = MAX_TOKENS
    for (kind, candidates), sentences in alike.items():
        shown = sentences[: MAX_NAMES - named[kind]]
        named[kind] += len(shown)
        if not shown:
            unnamed[kind] += len(sentences)
            continue
        lines += shown
        if len(sentences) > len(shown):
            lines.append(f"and {len(sentences) - len(shown)} more {kind} names like these")
        count = 0
        for candidate in candidates[:most]:
            room -= estimate(candidate) + 2
            if room < 0:
                break
            lines.append(f"- {candidate}")
            count += 1
        if len(candidates) > count:
            lines.append(f"- and {len(candidates) - count} more, see list_{kind}s")
    return lines + [f"and {count} more {kind} names that do not fit one {kind}" for kind, count in unnamed.items()]
