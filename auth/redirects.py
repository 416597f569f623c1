"""Where an authorization response may be sent: rules for registering a redirect URI and for matching one.

A URI is read strictly before anything else, when it is registered and again each time it is used (RFC 9700 §4.1.3,
OAuth 2.1 §2.3.1), so that what this module reads and what a browser reads are the same.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from typing import Literal
from urllib.parse import parse_qsl

ApplicationType = Literal["web", "native"]

MAX_CHARACTERS = 2048

ON_THIS_COMPUTER = "an app on this computer"
"""How a consent page calls a loopback redirect: any local process may be the one that listens."""

# In a browser these run or show what the URI itself carries.
_CARRYING = "javascript livescript vbscript mocha data blob filesystem about view-source jar mhtml wyciwyg srcdoc"
# These reach files, other programs, or the browser's own pages.
_REACHING = (
    "file intent content android-app res resource mk its hcp help shell search search-ms vnd.ms.radio x-help "
    "applescript chrome chrome-extension chrome-search chrome-untrusted devtools edge opera brave vivaldi "
    "moz-extension safari-extension safari-web-extension"
)
# Over these other protocols a code would leave in the clear, or as a message.
_SENDING = (
    "ftp ftps sftp tftp ssh telnet rlogin gopher ws wss ldap ldaps smb nfs dav davs git svn rsync rtsp irc ircs dict "
    "imap imaps pop pops smtp smtps redis news nntp mailto tel fax modem sms smsto mms mmsto sip sips xmpp callto "
    "facetime facetime-audio"
)
# These are names or shops, not places.
_NAMING = "urn tag cid mid feed market itms itms-apps itms-services"

REFUSED_SCHEMES = frozenset(f"{_CARRYING} {_REACHING} {_SENDING} {_NAMING}".split())
"""Schemes that no redirect URI may have; every scheme that starts with `ms-` is refused too."""

# Members of the answer: with two of one name, nobody could tell which is ours (RFC 9207 §2.4).
_ANSWERED = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})
_LOOPBACK = IPv4Network("127.0.0.0/8")
# RFC 3986 §2, so no control character, space, backslash, quote, or anything outside ASCII.
_CHARACTERS = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?P<query>\?[^#]*)?"
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# A browser reads a host whose last label is a number as an IPv4 address, however short: 127.1, 0x7f.1, 2130706433.
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)")


class RedirectRefused(ValueError):
    """A redirect URI that breaks a rule; `reason` says which, without quoting the URI."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class RedirectUri:
    """A redirect URI that was read strictly.

    `scheme` and `host` are in lower case; `host` keeps the brackets of an IPv6 address and is empty where the URI
    names none. `portless` is the text as it was given, without its port.
    """

    text: str
    scheme: str
    host: str
    port: int | None
    portless: str

    @property
    def is_loopback(self) -> bool:
        """Whether the host is `localhost`, within 127.0.0.0/8, or `[::1]`, written in full (RFC 8252 §7.3)."""
        return self.host in {"localhost", "[::1]"} or _is_loopback_address(self.host)

    @property
    def is_web(self) -> bool:
        return self.scheme in {"http", "https"}

    @property
    def is_local(self) -> bool:
        """Whether a response stays on the person's computer: also for the names below `localhost` (RFC 6761 §6.3)."""
        return self.is_loopback or self.host.endswith(".localhost")


def parse(text: str) -> RedirectUri:
    """Read a redirect URI, of any client.

    Raises:
        RedirectRefused: longer than 2048 characters, a character that RFC 3986 §2 does not allow, relative,
            a fragment, user information, a port out of 1 to 65535, a host that a browser may read as another, a scheme
            of the deny list, plain http to anything but this computer, or a private-use scheme without a path.
    """
    if len(text) > MAX_CHARACTERS:
        raise RedirectRefused(f"a redirect URI has at most {MAX_CHARACTERS} characters")
    if not _CHARACTERS.fullmatch(text):
        raise RedirectRefused("a redirect URI is written in the characters of RFC 3986, without spaces or backslashes")
    if "#" in text:
        raise RedirectRefused("a redirect URI has no fragment")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise RedirectRefused("a redirect URI is absolute: it starts with a scheme")
    scheme = parts["scheme"].lower()
    if scheme in REFUSED_SCHEMES or scheme.startswith("ms-"):
        raise RedirectRefused("this scheme never receives an authorization response")
    host, port, portless = _read_authority(text, parts)
    uri = RedirectUri(text=text, scheme=scheme, host=host, port=port, portless=portless)
    if uri.is_web and not host:
        raise RedirectRefused("an http or https redirect URI names a host")
    if scheme == "http" and not uri.is_loopback:
        raise RedirectRefused("http is for 127.0.0.1, [::1] and localhost only; use https")
    if not uri.is_web and not host and not parts["path"].startswith("/"):
        # RFC 8252 §7.1: com.example.app:/callback.
        raise RedirectRefused("a private-use scheme is followed by / or by //")
    return uri


def check_registration(
    text: str, *, application_type: ApplicationType | None = None, allows_private_schemes: bool = True
) -> RedirectUri:
    """Decide whether a client may register a redirect URI.

    `web` clients receive responses over https at another computer; `native` ones, and those that do not say, also on
    a loopback address or at a private-use scheme (RFC 8252 §7, RFC 7591 §2).

    Args:
        text: the URI as the client sent it.
        application_type: what the client says it is.
        allows_private_schemes: whether schemes such as `cursor:` may be registered at all.

    Raises:
        RedirectRefused: the URI breaks a rule of `parse`, or one of these.
    """
    uri = parse(text)
    if application_type == "web" and (uri.scheme != "https" or uri.is_local):
        raise RedirectRefused("a web client's redirect URI is https and not on this computer")
    if _ANSWERED & {name for name, _ in parse_qsl(text.partition("?")[2], keep_blank_values=True)}:
        raise RedirectRefused("the query of a redirect URI leaves code, state, iss and error to the answer")
    if not uri.is_web and not allows_private_schemes:
        raise RedirectRefused("private-use schemes are not accepted here; use https, or http to a loopback address")
    return uri


def find_match(registered: Iterable[str], asked: str) -> RedirectUri | None:
    """Return the asked URI, read strictly, if the client registered it, else None.

    Equal means the same string (OAuth 2.1 §2.3.1); for http to a loopback host, the same but for the port
    (RFC 8252 §7.3). `localhost`, `127.0.0.1` and `[::1]` stay three hosts.
    """
    try:
        uri = parse(asked)
    except RedirectRefused:
        return None
    return uri if any(_is_same(candidate, uri) for candidate in registered) else None


def display_host(text: str) -> str:
    """Name the receiver of a response for a consent page: a host, or words for an app.

    Raises:
        RedirectRefused: not a redirect URI.
    """
    uri = parse(text)
    if uri.is_local:
        return ON_THIS_COMPUTER
    if not uri.is_web:
        return f"the app that opens {uri.scheme}: links"
    return uri.host if uri.port is None else f"{uri.host}:{uri.port}"


def _is_same(registered: str, asked: RedirectUri) -> bool:
    if registered == asked.text:
        return True
    if asked.scheme != "http" or not asked.is_loopback:
        return False
    try:
        return parse(registered).portless == asked.portless
    except RedirectRefused:
        return False


def _read_authority(text: str, parts: re.Match[str]) -> tuple[str, int | None, str]:
    """Return host, port, and the text without the port."""
    if parts["authority"] is None:
        return "", None, text
    if "@" in parts["authority"]:
        raise RedirectRefused("a redirect URI has no user information")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None or (authority["port"] and int(authority["port"]) > 65535):
        raise RedirectRefused("the port is a number from 1 to 65535, without leading zeros")
    host = authority["host"].lower()
    _check_host(host)
    if authority["port"] is None:
        return host, None, text
    start = parts.start("authority")
    portless = text[: start + authority.end("host")] + text[start + authority.end("port") :]
    return host, int(authority["port"]), portless


def _check_host(host: str) -> None:
    try:
        if host.startswith("["):
            address = IPv6Address(host[1:-1])
            # ::ffff:127.0.0.1 is 127.0.0.1 to a network stack and a foreign host to a filter; one spelling is enough.
            if address.ipv4_mapped or str(address) != host[1:-1]:
                raise RedirectRefused("an IPv6 host is written in its short form and maps no IPv4 address")
        elif _NUMERIC.fullmatch(host):
            IPv4Address(host)
        elif not _NAME.fullmatch(host) or len(host) > 253:
            raise RedirectRefused("the host is a name of letters, digits and hyphens, or an address")
    except AddressValueError:
        raise RedirectRefused("an address is written in full: 127.0.0.1, [::1]") from None


def _is_loopback_address(host: str) -> bool:
    try:
        return IPv4Address(host) in _LOOPBACK
    except AddressValueError:
        return False
