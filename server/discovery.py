"""Finds the operation that a request in plain language needs: BM25 over the catalogue and the words of managers."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from typing import Any

from tools.definitions import Definition, definitions
from tools.words import WORDS
from tools.words_languages import ASKING, CHANGING, EMPTY, MEANINGS

MAX_TOKENS = 400
"""What an answer of `found_text` may cost, in tokens of o200k_base."""

_MAX_LETTERS, _MAX_WORDS = 600, 40
"""What of a query is read: nobody asks at such length, and pasted text would drown the request in it."""
_SATURATION, _LENGTH = 1.2, 0.35
"""k1 and b of BM25F (Robertson and Zaragoza 2009, §3.6); b is small, because a long entry has many ways to be asked."""
# Measured on the tuning part of bench/discovery/requests.tsv; none of them is sharp.
_NAME, _TITLE, _LINE, _FURTHER, _DESCRIPTION, _ARGUMENT, _CHOICE = 3.0, 1.5, 2.0, 1.5, 0.4, 0.1, 0.2
_MEANT, _MISSPELT, _PAIR, _PAIR_APART = 0.65, 0.8, 0.5, 0.4
_INTENT, _SILENT, _VERB, _OTHER_PLATFORM, _UNNAMED_PLATFORM = 1.5, 1.1, 1.2, 0.5, 0.85
_PLATFORMS = frozenset(
    {"instagram", "facebook", "tiktok", "youtube", "twitter", "linkedin"}
    | {"google", "pinterest", "telegram", "whatsapp"}
)
_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"https?://\S+")
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""), ("n", ""))

_HEAD = (
    "Best first. Call [read] with run_read_operation, [write] with run_write_operation. "
    "All arguments: describe_operation."
)
_NONE_FITS = (
    "None fits? Ask again in other words: the thing (post, comment, DM, review, account, file…) and what to do with it."
)
_NOTHING = "No operation matches. " + _NONE_FITS.removeprefix("None fits? ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An operation that may be the one meant."""

    name: str
    line: str
    """`name(required arguments) - what it does`; without required ones, the first optional, marked with `?`."""
    effect: str
    """`read` or `write`: which of `run_read_operation` and `run_write_operation` runs it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    match: Match
    verb: str
    """The stem of the first word of its name."""
    platforms: frozenset[str]
    """The one platform that it is about; none if it is about several."""


@dataclass(frozen=True, slots=True)
class _Index:
    entries: Sequence[_Entry]
    scores: Mapping[str, Mapping[int, float]]
    """Term → entry → its part of the BM25 score. A term is a stem, or two stems that stand together."""
    meanings: Mapping[str, Sequence[str]]
    """Stem, or pair of words as `a_b` → stems of the catalogue for it."""


def find(query: str, allowed: Callable[[str], bool], *, limit: int = 6) -> list[Match]:
    """The operations that a request may mean, best first, of those whose name is allowed.

    Empty where no word of the request is known. Reads the first 600 characters.
    """
    index = _index()
    words = _words(_ADDRESS.sub(" ", query[:_MAX_LETTERS]))[:_MAX_WORDS]
    places = list(_places(words, index))
    # "Show" and "list" ask, and say nothing of what for; "show again" is a pair of its own.
    scores = _bm25([place for place in places if "show" not in place], index)
    named = _PLATFORMS & {term for place in places for term in place}
    effect, weight = _intent(words, places)
    for number in scores:
        entry = index.entries[number]
        if entry.platforms and not entry.platforms & named:
            scores[number] *= _OTHER_PLATFORM if named else _UNNAMED_PLATFORM
        if entry.match.effect == effect:
            scores[number] *= weight
        if places and entry.verb in places[0]:
            scores[number] *= _VERB
    called = "_".join(words)
    ranked = sorted(scores, key=lambda number: (index.entries[number].match.name != called, -scores[number], number))
    matches = (index.entries[number].match for number in ranked)
    return [match for match in matches if allowed(match.name)][: max(limit, 0)]


def found_text(query: str, matches: Sequence[Match]) -> str:
    """The answer of `find_operations`: the lines that fit into 400 tokens, how to run them, what if none fits.

    The query is not repeated: the model knows it, and it may be of any length.
    """
    if not matches:
        return _NOTHING
    lines: list[str] = []
    left = MAX_TOKENS - _most_tokens(_HEAD) - _most_tokens(_NONE_FITS)
    for match in matches:
        line = f"{len(lines) + 1}. {match.line} [{match.effect}]"
        left -= _most_tokens(line) if match in _known() else len(line.encode("utf-8", "replace"))
        if left < 0:
            break
        lines.append(line)
    return "\n".join([_HEAD, *lines, _NONE_FITS])


def _most_tokens(text: str) -> int:
    """No fewer tokens than a text of ours has: o200k_base cuts none of the lines into less than 3.0 letters each."""
    return len(text) // 3 + 2


def _bm25(places: Sequence[Mapping[str, float]], index: _Index) -> dict[int, float]:
    """Entry → score: for each place of the request its best reading, and the same for words that stand together."""
    scores: dict[int, float] = defaultdict(float)
    terms = [*places, *_pairs(places)]
    for readings in terms:
        best: dict[int, float] = defaultdict(float)
        for term, weight in readings.items():
            for number, score in index.scores.get(term, {}).items():
                best[number] = max(best[number], weight * score)
        for number, score in best.items():
            scores[number] += score
    return scores


def _pairs(places: Sequence[Mapping[str, float]]) -> Iterator[dict[str, float]]:
    for apart, factor in ((1, _PAIR), (2, _PAIR_APART)):
        for first, second in zip(places, places[apart:], strict=False):
            yield {_pair(a, b): v * w * factor for a, v in first.items() for b, w in second.items()}


def _pair(first: str, second: str) -> str:
    """Two stems in either order: "archive the chat" and "chat archive" ask for the same."""
    return f"{first} {second}" if first <= second else f"{second} {first}"


def _intent(words: Sequence[str], places: Sequence[Mapping[str, float]]) -> tuple[str, float]:
    """Whether somebody asks or has something changed, and how much that counts: less where it is not said."""
    if (words and words[0] in _asking()) or (places and "show" in places[0]):
        return "read", _INTENT
    if places and _changes() & set(places[0]):
        return "write", _INTENT
    return ("write", _SILENT) if any(_changes() & set(place) for place in places) else ("read", _SILENT)


def _places(words: Sequence[str], index: _Index) -> Iterator[dict[str, float]]:
    """For each word that says something, and each pair of words known as one: terms it may stand for, by weight."""
    used: set[int] = set()
    for at, word in enumerate(words):
        if at in used:
            continue
        partner = next(
            (to for to in range(at + 1, min(at + 5, len(words))) if f"{word}_{words[to]}" in index.meanings), None
        )
        if partner is not None:
            used.add(partner)
            yield dict.fromkeys(index.meanings[f"{word}_{words[partner]}"], 1.0)
        elif word not in _empty():
            yield from _readings(word, index)


def _readings(word: str, index: _Index) -> list[dict[str, float]]:
    """What a word may stand for; two of them for a compound such as "Instagramkommentar"."""
    known = _known_readings(word, index)
    if known:
        return [known]
    near = _nearest(word)
    if near is not None:
        return [{term: weight * _MISSPELT for term, weight in _known_readings(near, index).items()}]
    for cut in range(4, len(word) - 3):
        head, tail = (_known_readings(part, index) for part in (word[:cut], word[cut:]))
        if tail and (head := head or _known_readings(word[:cut].removesuffix("s"), index)):
            return [head, tail]
    return []


def _known_readings(word: str, index: _Index) -> dict[str, float]:
    stem = _stem(word)
    meanings = index.meanings.get(stem, ())
    if stem in index.scores:
        return {**dict.fromkeys(meanings, _MEANT), stem: 1.0}
    return dict.fromkeys(meanings, 1.0)


def _nearest(word: str) -> str | None:
    """The known word that is most like an unknown one, if any is like it: one slip, or more in a long word."""
    if len(word) < 5:
        return None
    near = {known for part in _shortened(word) for known in _by_part(_shortened).get(part, ())}
    if not near and len(word) >= 7:
        shared = Counter(known for part in _trigrams(word) for known in _by_part(_trigrams).get(part, ()))
        near = {known for known, count in shared.items() if 2 * count >= 0.55 * (len(word) + len(known) + 4)}
    return max(near, key=lambda known: (SequenceMatcher(None, word, known).ratio(), known), default=None)


@cache
def _by_part(parts: Callable[[str], set[str]]) -> Mapping[str, Sequence[str]]:
    """Part of a word → the known words that have it. Made when the first word is misspelt."""
    texts = [text for name, entry in _operations().items() for text, _ in _texts(name, entry["tool"])]
    texts += [text.replace("_", " ") for text in MEANINGS.values()]
    known = {word for text in texts for word in _words(text)} | _empty()
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(known):
        if len(word) >= 4:
            for part in parts(word):
                found[part].append(word)
    return found


def _shortened(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _trigrams(word: str) -> set[str]:
    padded = f"  {word}  "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _words(text: str) -> list[str]:
    """The words of a text in small letters without accents."""
    text = text.casefold()
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return _WORD.findall(text)


def _stem(word: str) -> str:
    """A word without its English ending; the same for words of other languages, which is enough to match them."""
    if word.endswith(("ss", "us")):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            rest = word.removesuffix(ending) + instead
            doubled = ending in {"ing", "ed"} and len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "ls"
            return rest[:-1] if doubled else rest
    return word


@cache
def _empty() -> frozenset[str]:
    return frozenset(_words(EMPTY))


@cache
def _asking() -> frozenset[str]:
    return frozenset(_words(ASKING))


@cache
def _changes() -> frozenset[str]:
    return frozenset(_stem(word) for word in _words(CHANGING))


@cache
def _known() -> frozenset[Match]:
    return frozenset(entry.match for entry in _index().entries)


@cache
def _operations() -> Mapping[str, Definition]:
    """What is looked for: our own tools are listed anyway."""
    return {name: entry for name, entry in definitions().items() if entry["group"] is not None}


@cache
def _index() -> _Index:
    """Everything that a search needs; takes about 70 ms to make."""
    catalogue = _operations()
    entries = [_entry(name, entry) for name, entry in catalogue.items()]
    frequencies = [_frequencies(name, entry["tool"]) for name, entry in catalogue.items()]
    return _Index(entries, _weighed(frequencies), _meanings())


def _entry(name: str, entry: Mapping[str, Any]) -> _Entry:
    tool = entry["tool"]
    effect = "read" if tool["annotations"]["readOnlyHint"] else "write"
    platforms = {platform.removesuffix("_page") for platform in entry["platforms"]}
    match = Match(name=name, line=f"{_signature(name, tool)} - {WORDS[name][0]}", effect=effect)
    return _Entry(match, _stem(name.partition("_")[0]), frozenset(platforms) if len(platforms) == 1 else frozenset())


def _signature(name: str, tool: Mapping[str, Any]) -> str:
    schema = tool["inputSchema"]
    required: list[str] = schema.get("required", [])
    first = [f"{argument}?" for argument in schema["properties"]][:1]
    return f"{name}({', '.join(required or first)})"


def _texts(name: str, tool: Mapping[str, Any]) -> list[tuple[str, float]]:
    """What describes an operation, phrase by phrase, with the weight of its kind."""
    line, further = WORDS[name]
    arguments = tool["inputSchema"]["properties"]
    return [
        (name.replace("_", " "), _NAME),
        (tool["title"], _TITLE),
        (line, _LINE),
        *((phrase, _FURTHER) for phrase in further.split(",")),
        (tool["description"], _DESCRIPTION),
        *((argument.replace("_", " "), _ARGUMENT) for argument in arguments),
        *((str(choice), _CHOICE) for argument in arguments.values() for choice in argument.get("enum", ())),
    ]


def _frequencies(name: str, tool: Mapping[str, Any]) -> Mapping[str, float]:
    """Term → how often it describes the operation, by weight."""
    counts: dict[str, float] = defaultdict(float)
    for text, weight in _texts(name, tool):
        stems = [_stem(word) for word in _words(text) if word not in _empty()]
        for stem in stems:
            counts[stem] += weight
        for first, second in pairwise(stems):
            counts[_pair(first, second)] += weight
    return counts


def _weighed(frequencies: Sequence[Mapping[str, float]]) -> Mapping[str, Mapping[int, float]]:
    """BM25: rare terms count more, repeated ones less and less, and those of a long entry a little less."""
    total = len(frequencies)
    lengths = [sum(counts.values()) for counts in frequencies]
    average = sum(lengths) / total
    holders = Counter(term for counts in frequencies for term in counts)
    scores: dict[str, dict[int, float]] = defaultdict(dict)
    for number, counts in enumerate(frequencies):
        norm = _SATURATION * (1 - _LENGTH + _LENGTH * lengths[number] / average)
        for term, count in counts.items():
            rarity = math.log(1 + (total - holders[term] + 0.5) / (holders[term] + 0.5))
            scores[term][number] = rarity * count * (_SATURATION + 1) / (count + norm)
    return scores


def _meanings() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for meaning, texts in MEANINGS.items():
        for text in texts.split():
            found[_key(_words(text.replace("_", " ")))].append(_stem(meaning))
    return found


def _key(words: Iterable[str]) -> str:
    parts = list(words)
    return "_".join(parts) if len(parts) > 1 else _stem(parts[0])
