"""Media addresses: whether a platform could and should fetch from there."""

import ipaddress
from urllib.parse import urlsplit

_INSIDE = (".local", ".internal", ".localhost")


def address_problem(address: str) -> str | None:
    """Why the platforms could not or should not fetch from there. Names are not looked up: nothing is fetched here."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return "the media address cannot be read"
    if parts.scheme not in {"http", "https"} or not host:
        return "the media address is not http(s)"
    try:
        inside = not ipaddress.ip_address(host).is_global
    except ValueError:
        # The last label of a name is never a number; 127.1 and 0x7f.0.0.1 are addresses in disguise.
        inside = "." not in host or host.endswith(_INSIDE) or host.rpartition(".")[2][0].isdigit()
    return "the media address is not public" if inside else None
