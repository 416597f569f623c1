"""What a stranger's text becomes before a model reads it: visible, on one line, and with nothing that acts."""

import re
from unicodedata import is_normalized, normalize

from tools.fields import PLATFORMS

MIN_LIMIT = 32
"""Characters that a limit must leave room for; less would cut the note about the cut."""
LINE_END = " ¶ "

# Control, format, filler, private-use and tag characters, variation selectors, noncharacters, halves of surrogate
# pairs. Unassigned ones stay where emoji come from. Arabic number signs are of the format kind, and visible.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffc\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
    "\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U0010ffff"
)
_EMOJI = (
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_UNSEEN = re.compile(f"[{_INVISIBLE}]+")
_IS_EMOJI = re.compile(_EMOJI)
_SELECTOR, _JOINER, _KEYCAP = "\ufe0f", "\u200d", "\u20e3"
_SPACES = re.compile("[\\s\u2800]{2,}+|[^\\S ]|\u2800")
_ENDS = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")

# Readable stand-ins for what could be taken for a fence.
_LOOKALIKES = str.maketrans("«»≪≫⟪⟫《》⋘⋙⪡⪢", "“”“”“”〈〉“”“”")
_HAS_LOOKALIKE = re.compile("[«»≪≫⟪⟫《》⋘⋙⪡⪢]")
_TAG = re.compile(r"<(?=[<A-Za-z/!?|])")
_SCHEME = re.compile(
    r"(?<![A-Za-z0-9])(javascript|vbscript|(?:data|file|blob|about|intent|mailto|tel|sms|view-source)(?=:\S)):", re.I
)
_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]+)++")
# Endings that clients make links of without a scheme or a path. Country codes that are English words are left out.
_ENDINGS = frozenset(
    {
        *("com", "net", "org", "info", "biz", "pro", "shop", "xyz", "top", "site", "online", "club", "live", "link"),
        *("click", "store", "app", "dev", "io", "co", "ai", "ly", "gg", "gl", "gd", "ru", "cn", "tk", "ml", "ga", "cf"),
        *("gq", "cc", "ws", "tv", "uk", "de", "fr", "es", "nl", "pl", "br", "jp", "eu", "ch"),
    }
)
_ACTIVE = re.compile(r"[.<`:!\]]")

_WORD = re.compile(
    r"[A-Za-z0-9_.@-]{1,30}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_SHORT = 30
_JOINED_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MOST_WORDS, _LONGEST_WORD = 2, 18
_KEY = re.compile(r"\w{1,64}", re.ASCII)
# Letters of any script: an id may be made of a name.
_PLAIN = re.compile(r"[\w.:,()~@=+/%-]{1,2048}")
# Everything an address may hold but what means something in markdown or HTML.
_ADDRESS = re.compile(r"https?://([A-Za-z0-9._-]+)(?::\d{1,5})?((?:[/?#][A-Za-z0-9/._~%=&?+,:;@!$*#-]*)?)")
MAX_ADDRESS_LENGTH = 4096
_REDIRECT = re.compile(r"/(?:redirect|redir|url|l\.php)(?:[/?]|$)")

# The platforms, where they keep pictures and videos, and the service; none of them shows what a stranger hosts.
# RFC 2606: nobody owns names under .example; the local API's platforms live there.
PLATFORM_HOSTS = frozenset(
    {
        *("instagram.com", "cdninstagram.com", "facebook.com", "fbcdn.net", "fbsbx.com", "threads.com", "threads.net"),
        *("tiktok.com", "tiktokcdn.com", "tiktokcdn-us.com", "tiktokcdn-eu.com", "youtube.com", "youtu.be"),
        *("ytimg.com", "ggpht.com", "x.com", "twitter.com", "twimg.com", "linkedin.com", "licdn.com", "pinterest.com"),
        *("pinimg.com", "telegram.org", "t.me", "whatsapp.com", "whatsapp.net", "business.google.com"),
        *("local.google.com", "maps.google.com", *(f"lh{number}.googleusercontent.com" for number in range(3, 7))),
        *("social-api.ai", *(f"{name}.example" for name in PLATFORMS)),
    }
)
_LINK_SHIMS = ("l.", "lm.")


def clean(text: str, *, limit: int = 2000) -> str:
    """Text on one line, NFC, of visible characters, whose links are text, at most `limit` characters long.

    What was cut is counted at the end, in characters. Cleaning it again changes nothing.

    Raises:
        ValueError: `limit` is below 32.
    """
    if limit < MIN_LIMIT:
        raise ValueError(f"limit must be at least {MIN_LIMIT}; got {limit}")
    # What lies far behind the end is counted, and not read.
    beyond = max(0, len(text) - 4 * limit)
    cleaned = _harmless(_visible(text[: 4 * limit] if beyond else text))
    if len(cleaned) <= limit and not beyond:
        return cleaned
    room = limit - len(_cut_mark(len(cleaned) + beyond))
    head, end = cleaned, room
    while len(head) > room:
        # The end of the head may mean something else than before: half an emoji, or a name that ends in .com now.
        head = _harmless(_visible(cleaned[:end]))
        end -= 1
    return (head + _cut_mark(len(cleaned) + beyond - len(head))).lstrip()


def is_word(text: str, *, key: bool = False) -> bool:
    """Whether it is one short harmless word, a time or a UUID; for a key, letters of ASCII, digits and _ only."""
    if key:
        return _KEY.fullmatch(text) is not None
    if len(text) <= _SHORT and not _says_little(text):
        return False
    return _WORD.fullmatch(text) is not None and ("." not in text or _harmless(text) == text)


def _says_little(text: str) -> bool:
    """Whether it is a name at most: words that are joined by _ . - or capitals can make a sentence."""
    words = _JOINED_WORDS.findall(text)
    return len(words) <= _MOST_WORDS and all(len(word) <= _LONGEST_WORD for word in words)


def is_plain(text: str) -> bool:
    """Whether it looks like an id, a code, a time or a cursor."""
    if _PLAIN.fullmatch(text) is None or "://" in text:
        return False
    return (text.isascii() and "." not in text) or _harmless(_visible(text)) == text


def is_address(text: str) -> bool:
    """Whether it is a web address without characters that mean something in markdown or HTML."""
    return len(text) <= MAX_ADDRESS_LENGTH and _ADDRESS.fullmatch(text) is not None


def is_platform_address(text: str) -> bool:
    """Whether it is such an address of a platform or of the service, and leads to no other one."""
    match = _ADDRESS.fullmatch(text) if len(text) <= MAX_ADDRESS_LENGTH and text.startswith("https://") else None
    if match is None:
        return False
    host, rest = match[1].lower(), match[2].lower().replace("%2f", "/")
    if "//" in rest or _REDIRECT.search(rest) or host.startswith(_LINK_SHIMS):
        return False
    while host and host not in PLATFORM_HOSTS:
        host = host.partition(".")[2]
    return bool(host)


def _visible(text: str) -> str:
    """The text without characters that nobody sees, on one line."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = _UNSEEN.sub(_unseen, text)
    if not is_normalized("NFC", text):
        return _visible(normalize("NFC", text))
    if text.isprintable() and "  " not in text and "\u2800" not in text:
        return text.strip()
    return _SPACES.sub(_space, text.strip()).strip()


def _unseen(match: re.Match[str]) -> str:
    """What stays of invisible characters: those that make one emoji of several signs, as in couples and keycaps."""
    found, (before, after) = match[0], _around(match, 1)
    if found == _SELECTOR and after == _KEYCAP and before and before in "0123456789#*":
        return found
    if not _IS_EMOJI.match(before):
        return ""
    if found in {_JOINER, _SELECTOR + _JOINER} and _IS_EMOJI.match(after):
        return found
    return _SELECTOR if found[0] == _SELECTOR else ""


def _space(match: re.Match[str]) -> str:
    return LINE_END if _ENDS.search(match[0]) else " "


def _harmless(text: str) -> str:
    """The text with nothing that a client renders, fetches or takes for a fence."""
    if not text.isascii() and _HAS_LOOKALIKE.search(text):
        text = text.translate(_LOOKALIKES)
    if not _ACTIVE.search(text):
        return text
    text = text.replace("```", "'''").replace("://", "[:]//")
    if ":" in text:
        text = _SCHEME.sub(r"\1[:]", text)
    text = _TAG.sub("\u2039", text)
    if "." in text:
        text = _DOTTED.sub(_dotted, text)
    # Last, since the brackets put in above may be followed by a parenthesis: "tel:(".
    return text.replace("](", "] (").replace("![", "! [")


def _dotted(match: re.Match[str]) -> str:
    """Words with dots between; with brackets around the dots where they may be a host."""
    words, (before, after) = match[0], _around(match, 2)
    return words.replace(".", "[.]") if _is_host(words.lower().split("."), before, after) else words


def _is_host(labels: list[str], before: str, after: str) -> bool:
    if before == "//" or "www" in labels or labels[-1] in _ENDINGS:
        return True
    # "3.5/5" is a rating, "00.5-07:00" the end of a time; four numbers are an address.
    if not labels[-1][0].isalpha() and not (len(labels) == 4 and all(label.isdecimal() for label in labels)):
        return False
    if len(before) == 2 and before[1] == "@" and before[0].isalnum():
        return True
    return after[:1] in {"/", "#"} or (after[:1] in {":", "?"} and after[1:].isalnum())


def _around(match: re.Match[str], count: int) -> tuple[str, str]:
    """The characters before and after, fewer at the ends of the text."""
    start, end = match.span()
    return match.string[max(0, start - count) : start], match.string[end : end + count]


def _cut_mark(count: int) -> str:
    return f" …(+{count})"
