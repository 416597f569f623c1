"""Text of others made fit to be read by a person: nothing in it hides, turns around, or covers what stands beside it.

None of these functions escapes: where the text goes decides how.
"""

import unicodedata

NAMELESS = "An app without a name"

# RFC 1035 §2.3.4 allows 253 characters; a port and its colon come after.
MAX_PLACE = 260

# More marks on one letter than any language writes grow over the lines above and below.
_MAX_MARKS = 3
# Shown as nothing or as a gap, though Unicode calls them letters, marks or symbols: fillers, variation selectors.
_UNSEEN = frozenset(
    chr(code)
    for codes in (
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
    for code in codes
)
# Controls, format characters (bidi and zero-width among them), surrogates, private use and unassigned.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_ABOVE_OR_BELOW = frozenset({"Mn", "Me"})


def shown(text: str, limit: int = 80) -> str:
    """Return a name that a stranger gave, at most `limit` characters and never empty."""
    return visible(text, limit) or NAMELESS


def visible(text: str, limit: int) -> str:
    """Return what can be seen of a text, on one line and cut with an ellipsis; it may be nothing."""
    line = _line(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def place(text: str) -> str:
    """Return a host or an address whole; one too long loses its beginning: its end says whose it is."""
    line = _line(text)
    return line if len(line) <= MAX_PLACE else "…" + line[1 - MAX_PLACE :]


def _line(text: str) -> str:
    letters: list[str] = []
    room = 0
    for letter in text:
        category = unicodedata.category(letter)
        if letter.isspace():
            letters.append(" ")
            room = 0
        elif category in _DROPPED or letter in _UNSEEN:
            continue
        elif category in _ABOVE_OR_BELOW:
            # A mark without a letter of its own would sit on the page's text.
            if room:
                letters.append(letter)
                room -= 1
        else:
            letters.append(letter)
            room = _MAX_MARKS
    return " ".join("".join(letters).split())
