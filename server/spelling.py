"""How names are compared: in words without case and accents, whole, and telephone numbers by their digits."""

import re
import unicodedata

from server.naming_refusals import on_a_line

_PHONE = re.compile(r"\+?\(?\d(?:[\s().-]*\d){6,}")
_WORD = re.compile(r"[^\W_]+")


def plainly(text: str) -> str:
    """Without case and accents."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def words_of(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(plainly(text)))


def phones_joined(text: str) -> str:
    """With the digits of each telephone number in one word, however it is written."""
    return _PHONE.sub(lambda number: "".join(filter(str.isdigit, number[0])), text)


def whole(*names: str) -> frozenset[str]:
    """Names as they are compared whole: without case, and as they are shown besides; of a telephone number the digits.

    Whoever copies a name from a list of ours means that name.
    """
    spread = [unicodedata.normalize("NFKC", text) for name in names for text in (name, on_a_line(name))]
    folded = [" ".join(text.casefold().replace("\ufe0f", "").split()) for text in spread]
    return frozenset(filter(None, [*folded, *(phones_joined(text).removeprefix("+") for text in folded)]))
