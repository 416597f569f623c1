"""Sends one signed request to a webhook endpoint, and says what came of it."""

import hashlib
import hmac
import time
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from auth.addresses import Address, is_public
from auth.egress import Egress, EgressRefused, read_url

TIMEOUT_SECONDS = 10.0
SHOWN_BYTES = 2048
"""Of an answer's body, for the delivery log."""
AT_ONCE = 256
"""Deliveries that one process sends at a time."""
# Beside them, pings and test calls, for which somebody waits.
_PLACES = AT_ONCE + 64
# A name server that never answers holds a thread until the system gives up, and must not hold all.
_NAMES_AT_ONCE = 128

_NOT_HTTPS = "url must be https; plain http is for endpoints on the machine of a local server"
_NOT_PUBLIC = "url must be on the public internet; this address is private, of this machine, or reserved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an attempt."""

    status_code: int | None = None
    body: str = ""
    error: str = ""
    """Our own words; empty where there was an answer."""
    duration_ms: int = 0

    @property
    def is_success(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def signatures(secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """Both signature headers: of the body alone, and of the time and the body."""
    timed = f"{timestamp}.".encode() + body
    return {
        "X-SocialAPI-Signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
        "X-SocialAPI-Signature-V2": f"sha256={hmac.new(secret.encode(), timed, hashlib.sha256).hexdigest()}",
        "X-SocialAPI-Timestamp": str(timestamp),
    }


class Sender:
    """Sends to the public internet; on a server for this machine alone, to this machine too."""

    def __init__(self, public_url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.is_local = _is_loopback(urlsplit(public_url).hostname or "")
        self._timeout_seconds = timeout_seconds
        self._egress = Egress(
            is_allowed=self._may_reach,
            ports=None,
            total_seconds=timeout_seconds,
            at_once=_PLACES,
            names_at_once=_NAMES_AT_ONCE,
        )

    def problem(self, url: str) -> str | None:
        """Why an address cannot be an endpoint, as far as it tells without asking the network."""
        if url[:5].lower() == "http:":
            return None if self.is_local and _is_loopback(urlsplit(url).hostname or "") else _NOT_HTTPS
        try:
            target = read_url(url)
        except EgressRefused as refusal:
            return f"url cannot be an endpoint: {refusal.reason}"
        is_here = target.host.rstrip(".") == "localhost" or target.host.rstrip(".").endswith(".localhost")
        if target.address is None:
            return _NOT_PUBLIC if is_here and not self.is_local else None
        return None if self._may_reach(target.address) else _NOT_PUBLIC

    async def send(
        self, url: str, body: bytes, *, secret: str, event: str, timestamp: int, delivery_id: str | None = None
    ) -> Outcome:
        """POST a body once. Whatever happens is an outcome."""
        headers = {
            "Content-Type": "application/json",
            "X-SocialAPI-Event": event,
            **signatures(secret, body, timestamp),
            **({} if delivery_id is None else {"X-SocialAPI-Delivery": delivery_id}),
        }
        began = time.monotonic()
        try:
            if urlsplit(url).scheme == "http":
                status, answer = await self._plain(url, body, headers)
            else:
                replied = await self._egress.post(url, body, headers=headers, max_bytes=SHOWN_BYTES)
                status, answer = replied.status, replied.body
        except EgressRefused as refusal:
            return Outcome(error=refusal.reason, duration_ms=_since(began))
        text = answer.decode("utf-8", "replace").replace("\x00", "\ufffd")
        return Outcome(status_code=status, body=text, duration_ms=_since(began))

    async def close(self) -> None:
        """Send no more."""
        await self._egress.close()

    def _may_reach(self, address: Address) -> bool:
        return is_public(address) or (self.is_local and address.is_loopback)

    async def _plain(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """To this machine: its names are not looked up, as a name server could answer anything."""
        if not self.is_local or not _is_loopback(urlsplit(url).hostname or ""):
            raise EgressRefused(_NOT_HTTPS)
        timeout = aiohttp.ClientTimeout(total=self._timeout_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                return response.status, await response.content.read(SHOWN_BYTES)
        except TimeoutError:
            raise EgressRefused("the answer took too long") from None
        except aiohttp.ClientConnectorError:
            raise EgressRefused("no connection to the host") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise EgressRefused("the answer is broken") from None


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
