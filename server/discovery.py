"""Finds the operation that a request in plain language needs: BM25 over the catalogue and the words of managers."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from typing import Any

from tools.definitions import Definition, definitions
from tools.words import WORDS
from tools.words_gaps import GAPS
from tools.words_glossary import in_english
from tools.words_languages import MEANINGS, PLATFORMS
from tools.words_reading import (
    adjectives,
    after_lead,
    asking,
    asking_pairs,
    changes,
    clauses_of,
    empty,
    english,
    key_of,
    meanings,
    pair_of,
    relative,
    shortened,
    stating,
    stem_of,
    trigrams,
    wishing,
    words_of,
)

MAX_TOKENS = 400
"""What an answer of `found_text` may cost, in tokens of o200k_base."""

_MAX_LETTERS, _MAX_WORDS = 600, 40
"""What of a query is read: nobody asks at such length, and pasted text would drown the request in it."""
_SATURATION, _LENGTH = 1.2, 0.2
"""k1 and b of BM25F (Robertson and Zaragoza 2009, §3.6); b is small, because a long entry has many ways to be asked."""
# Measured on the tuning part of bench/discovery/requests.tsv; none of them is sharp.
_NAME, _TITLE, _LINE, _FURTHER, _DESCRIPTION, _ARGUMENT, _CHOICE = 3.0, 1.5, 2.0, 1.5, 0.4, 0.1, 0.2
_MEANT, _MISSPELT, _PAIR, _PAIR_APART = 0.65, 0.8, 0.3, 0.4
_INTENT, _SILENT, _VERB, _OPENING, _SEVERAL = 1.7, 1.1, 1.3, 1.15, 1.2
_UNNAMED_PLATFORM, _UNCOVERED = 0.8, 0.9
_LOOSE = frozenset({"short", "meta"})
_ADDRESS = re.compile(r"https?://\S+")

_HEAD = (
    "Best first. Call [read] with run_read_operation, [write] with run_write_operation. "
    "All arguments: describe_operation."
)
_AGAIN = (
    "Ask again in English, in other words: the thing (post, comment, DM, review, account, file…) and what to do "
    "with it."
)
_NONE_FITS = f"None fits? {_AGAIN}"
_NOTHING = f"No operation matches. {_AGAIN}"


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
    openings: frozenset[str]
    """The stems with which its phrases open: what is done, mostly."""
    platforms: frozenset[str]
    """Those that it is for; none if it is for all."""


@dataclass(frozen=True, slots=True)
class _Request:
    words: Sequence[str]
    clauses: Sequence[Sequence[str]]
    places: Sequence[Mapping[str, float]]
    """For each word that says something: the terms it may stand for, by weight."""
    named: frozenset[str]
    """The platforms that it names."""


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
    request = _request(query, index)
    effect, weight, opening = _intent(request, index)
    # "Show" asks, and says nothing of what for; neither does "right now", which else has something published.
    silent = {"publish"} if effect == "read" else set[str]()
    scores = _bm25([place for place in request.places if "show" not in place and place.keys() - silent], index)
    several = any(_is_plural(word, index) for word in request.words)
    for number in list(scores):
        entry = index.entries[number]
        if entry.platforms and request.named and not entry.platforms & request.named:
            scores[number] *= 0 if len(entry.platforms) == 1 else _UNCOVERED
        if len(entry.platforms) == 1 and not request.named:
            scores[number] *= _UNNAMED_PLATFORM
        if entry.match.effect == effect:
            scores[number] *= weight
        if entry.verb in opening:
            scores[number] *= _VERB
        if entry.openings & opening.keys():
            scores[number] *= _OPENING
        if several and entry.verb == "list":
            scores[number] *= _SEVERAL
    called = "_".join(request.words)
    ranked = sorted(
        filter(scores.__getitem__, scores),
        key=lambda number: (index.entries[number].match.name != called, -scores[number], number),
    )
    matches = (index.entries[number].match for number in ranked)
    return [match for match in matches if allowed(match.name)][: max(limit, 0)]


def notes(query: str, matches: Sequence[Match]) -> list[str]:
    """What the operations found do not do of what is asked for, as far as that is known."""
    request = _request(query, _index())
    terms = {*request.words, *map(stem_of, request.words), *request.named}
    terms |= {term for place in request.places for term in place.keys() & {"update", "delete"}}
    lines = [gap.text for gap in GAPS if gap.fits(terms)][:1]
    covered = _covered(matches[0].name) if matches and request.named else frozenset[str]()
    if covered and not covered & request.named and not lines:
        lines.append(f"{matches[0].name} is not for {' or '.join(sorted(request.named))}.")
    return lines


def _covered(name: str) -> frozenset[str]:
    """The platforms that an operation is for; none if it is for all."""
    return frozenset(platform.removesuffix("_page") for platform in _operations()[name]["platforms"])


def found_text(query: str, matches: Sequence[Match], remarks: Sequence[str] = ()) -> str:
    """The answer of `find_operations`: the lines that fit into 400 tokens, how to run them, what if none fits.

    The query is not repeated: the model knows it, and it may be of any length. Remarks are ours, and stand on top.
    """
    if not matches:
        return "\n".join([*remarks, _NOTHING])
    lines: list[str] = []
    left = MAX_TOKENS - sum(map(_most_tokens, (_HEAD, _NONE_FITS, *remarks)))
    for match in matches:
        line = f"{len(lines) + 1}. {match.line} [{match.effect}]"
        left -= _most_tokens(line) if match in _known() else len(line.encode("utf-8", "replace"))
        if left < 0:
            break
        lines.append(line)
    return "\n".join([*remarks, _HEAD, *lines, _NONE_FITS])


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
            yield {pair_of(a, b): v * w * factor for a, v in first.items() for b, w in second.items()}


def _request(query: str, index: _Index) -> _Request:
    clauses = clauses_of(_ADDRESS.sub(" ", query[:_MAX_LETTERS]))
    said = [word for clause in clauses for word in clause][:_MAX_WORDS]
    if not all(map(str.isascii, said)) or not english() & set(said):
        said = in_english(
            said, lambda word: bool(_known_readings(word, index) or word in empty() or _parts(word, index))
        )
        clauses = [said]
    places = list(_places(said, index))
    return _Request(said, [clause for clause in clauses if clause], places, _named(places))


def _named(places: Sequence[Mapping[str, float]]) -> frozenset[str]:
    """The platforms named; a short video or a word of Meta's names none, though it may well be about one."""
    terms = {term for place in places if not _LOOSE & place.keys() for term in place}
    return frozenset(platform for platform in PLATFORMS.split() if stem_of(platform) in terms)


def _intent(request: _Request, index: _Index) -> tuple[str, float, Mapping[str, float]]:
    """Whether somebody asks or has something changed, how much that counts, and how the clause opens that says so.

    It counts less where it is not said.
    """
    for clause in map(after_lead, request.clauses):
        effect = _said(clause, index)
        if effect:
            return effect, _INTENT, next(_places(clause, index), {})
    opening = request.places[0] if request.places else {}
    if wishing() & set(request.words) or any(changes() & set(place) for place in request.places):
        return "write", _SILENT, opening
    return "read", _SILENT, opening


def _said(clause: Sequence[str], index: _Index) -> str:
    """What a clause wants by the way it opens, or by "that are"; empty if that does not tell."""
    place = next(_places(clause, index), {})
    if "show" in place or (clause and clause[0] in asking()) or tuple(clause[:2]) in asking_pairs():
        return "read"
    if _is_plural(next((word for word in clause if word not in adjectives()), ""), index):
        return "read"
    if changes() & set(place) and clause[0] not in stating():
        return "write"
    return "read" if any(pair in relative() for pair in pairwise(clause)) else ""


def _is_plural(word: str, index: _Index) -> bool:
    """Whether a word names several things: "posts with errors" are to be seen."""
    return word.endswith("s") and stem_of(word) == word[:-1] and bool(_known_readings(word, index))


def _places(words: Sequence[str], index: _Index) -> Iterator[dict[str, float]]:
    """For each word that says something, and each pair of words known as one: terms it may stand for, by weight."""
    used: set[int] = set()
    for at, word in enumerate(words):
        if at in used:
            continue
        partner = next(
            (to for to in range(at + 1, min(at + 5, len(words))) if key_of([word, words[to]]) in index.meanings), None
        )
        if partner is not None:
            used.add(partner)
            yield dict.fromkeys(index.meanings[key_of([word, words[partner]])], 1.0)
        elif word not in empty():
            yield from _readings(word, index)


def _readings(word: str, index: _Index) -> list[dict[str, float]]:
    """What a word may stand for; two of them for a compound such as "Instagramkommentar"."""
    known = _known_readings(word, index)
    if known:
        return [known]
    parts = _parts(word, index)
    near = None if parts else _nearest(word)
    if near is not None:
        return [{term: weight * _MISSPELT for term, weight in _known_readings(near, index).items()}]
    return parts


def _parts(word: str, index: _Index) -> list[dict[str, float]]:
    for cut in range(4, len(word) - 3):
        head, tail = (_known_readings(part, index) for part in (word[:cut], word[cut:]))
        if tail and (head := head or _known_readings(word[:cut].removesuffix("s"), index)):
            return [head, tail]
    return []


def _known_readings(word: str, index: _Index) -> dict[str, float]:
    stem = stem_of(word)
    meanings = index.meanings.get(stem, ())
    if stem in index.scores:
        return {**dict.fromkeys(meanings, _MEANT), stem: 1.0}
    return dict.fromkeys(meanings, 1.0)


def _nearest(word: str) -> str | None:
    """The known word that is most like an unknown one, if any is like it: one slip, or more in a long word."""
    if len(word) < 5:
        return None
    near = {known for part in shortened(word) for known in _by_part(shortened).get(part, ())}
    if not near and len(word) >= 7:
        shared = Counter(known for part in trigrams(word) for known in _by_part(trigrams).get(part, ()))
        near = {known for known, count in shared.items() if 2 * count >= 0.55 * (len(word) + len(known) + 4)}
    # A slip seldom changes the first letter, and names that are near by chance mostly do.
    near = {known for known in near if known[0] == word[0]}
    return max(near, key=lambda known: (SequenceMatcher(None, word, known).ratio(), known), default=None)


@cache
def _by_part(parts: Callable[[str], set[str]]) -> Mapping[str, Sequence[str]]:
    """Part of a word → the known words that have it. Made when the first word is misspelt."""
    texts = [text for name, entry in _operations().items() for text, _ in _texts(name, entry["tool"])]
    texts += [text.replace("_", " ") for text in MEANINGS.values()]
    known = {word for text in texts for word in words_of(text)} | empty()
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(known):
        if len(word) >= 4:
            for part in parts(word):
                found[part].append(word)
    return found


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
    return _Index(entries, _weighed(frequencies), meanings())


def _entry(name: str, entry: Mapping[str, Any]) -> _Entry:
    tool = entry["tool"]
    effect = "read" if tool["annotations"]["readOnlyHint"] else "write"
    platforms = _covered(name)
    match = Match(name=name, line=f"{_signature(name, tool)} - {WORDS[name][0]}", effect=effect)
    verb = stem_of(name.partition("_")[0])
    phrases = [words_of(phrase) for phrase in WORDS[name][1].split(",")]
    openings = frozenset(stem_of(words[0]) for words in phrases if len(words) > 1) - empty()
    return _Entry(match, verb, openings, platforms)


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
        stems = [stem_of(word) for word in words_of(text) if word not in empty()]
        for stem in stems:
            counts[stem] += weight
        for first, second in pairwise(stems):
            counts[pair_of(first, second)] += weight
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
