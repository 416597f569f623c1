"""Addresses that are signed and good for minutes, for what a browser fetches without a credential."""

import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import quote

from localapi.context import Installation

MINUTES = 15


def address(installation: Installation, *parts: str) -> str:
    """The address of what these parts name, such as `media` and an id, from now on."""
    until = str(int((installation.clock.now() + timedelta(minutes=MINUTES)).timestamp()))
    path = "/".join(quote(part, safe="") for part in parts)
    return f"{installation.public_url}/{path}/{_signature(installation, until, parts)}/{until}"


def is_good(installation: Installation, signature: str, until: str, *parts: str) -> bool:
    """Whether an address is ours and not over."""
    if not re.fullmatch(r"[0-9]{1,12}", until) or int(until) < installation.clock.now().timestamp():
        return False
    return hmac.compare_digest(signature.encode(), _signature(installation, until, parts).encode())


def _signature(installation: Installation, until: str, parts: tuple[str, ...]) -> str:
    text = "\0".join((*parts, until)).encode()
    return hashlib.blake2b(text, key=installation.cursors.key, digest_size=16).hexdigest()
