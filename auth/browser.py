"""What the pages share: cookies, the token in each form, who may post, and how an answer goes out.

A browser that opens an authorization request gets a cookie of its own for it. The request's row keeps only its hash,
so whoever approves sits at the browser that asked (GHSA-rww4-4w9c-7733). Each request has another cookie, so that two
tabs do not disturb each other.
"""

import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from auth import pages
from auth.authority import Authority
from auth.errors import NotForTheClient
from auth.policy import REQUEST_LIFETIME, SESSION_LIFETIME
from auth.records import digest

CONNECT_AGAIN = "Go back to your app and connect again."
MAX_PENDING = 10
"""Requests that one browser may have open: a Cookie header has to stay below what servers accept."""

Purpose = Literal["request", "session", "visit"]

_SECONDS: Mapping[Purpose, int] = {
    "request": int(REQUEST_LIFETIME.total_seconds()),
    "session": int(SESSION_LIFETIME.total_seconds()),
    "visit": int(REQUEST_LIFETIME.total_seconds()),
}


class Browser:
    """One request of a browser, and the cookies that its answer sets."""

    def __init__(self, authority: Authority, request: Request) -> None:
        self.authority, self.request = authority, request
        self._headers: list[tuple[str, str]] = []
        self._known = dict(request.cookies)

    @property
    def session_secret(self) -> str | None:
        return self._known.get(self._name("session"))

    def request_secret(self, request_id: str) -> str | None:
        """What the browser that opened a request knows."""
        return self._known.get(self._name("request", request_id))

    def open_request(self, request_id: str) -> str:
        """Give this browser the secret of a new request; the oldest ones go when there are too many."""
        prefix = self._name("request", "")[:-8]
        pending = [name for name in self._known if name.startswith(prefix)]
        for name in pending[: max(0, len(pending) - MAX_PENDING + 1)]:
            self._drop(name)
        secret = self.authority.random()
        self._set(self._name("request", request_id), secret, _SECONDS["request"])
        return secret

    def close_request(self, request_id: str) -> None:
        self._drop(self._name("request", request_id))

    def set_session(self, secret: str) -> None:
        self._set(self._name("session"), secret, _SECONDS["session"])

    def drop_session(self) -> None:
        self._drop(self._name("session"))

    def visit_secret(self) -> str:
        """What ties a form to this browser where there is neither a request nor a session yet."""
        name = self._name("visit")
        if name not in self._known:
            self._set(name, self.authority.random(), _SECONDS["visit"])
        return self._known[name]

    def csrf(self, secret: str, purpose: str) -> str:
        """The token of a form: only a page of ours, in the browser with that secret, can have it."""
        key = self.authority.vault.derive("csrf")[0].reveal()
        return hmac.digest(key, f"{purpose}|{secret}".encode(), "sha256").hex()

    def check_post(self, given: str, secret: str | None, purpose: str, *, advice: str = CONNECT_AGAIN) -> None:
        """Refuse a form that another site posts, or another browser.

        Raises:
            NotForTheClient: 403.
        """
        if not self._is_own_site() or secret is None:
            raise _not_from_here(advice)
        keys = self.authority.vault.derive("csrf")
        right = [hmac.digest(key.reveal(), f"{purpose}|{secret}".encode(), "sha256").hex() for key in keys]
        if not any(hmac.compare_digest(one.encode(), given.encode()) for one in right):
            raise _not_from_here(advice)

    def _is_own_site(self) -> bool:
        headers = self.request.headers
        site = headers.get("sec-fetch-site")
        if site is not None and site not in {"same-origin", "none"}:
            return False
        origin = headers.get("origin")
        # Our pages send no referrer, so a browser may write null; the token in the form vouches for those.
        return origin in {None, "null", self.authority.policy.issuer}

    def page(self, html: str, status: int = 200) -> Response:
        return self._with_cookies(HTMLResponse(html, status))

    def go(self, address: str) -> Response:
        """See other: a browser fetches it with GET, whatever it sent (RFC 9700 §4.12)."""
        return self._with_cookies(RedirectResponse(address, 303))

    def _with_cookies(self, response: Response) -> Response:
        response.headers.update(pages.HEADERS)
        if self.authority.policy.is_secure:
            response.headers.update(pages.HSTS_HEADER)
        for name, value in self._headers:
            response.headers.append(name, value)
        return response

    def _name(self, purpose: Purpose, request_id: str = "") -> str:
        # Browsers take the prefix only over https; plain http is for this computer alone, where cookies are shared by
        # every program that listens at the same address, whatever its port.
        issuer = urlsplit(self.authority.policy.issuer)
        prefix = "__Host-" if self.authority.policy.is_secure else f"socialapi-{issuer.port or 80}-"
        if purpose != "request":
            return f"{prefix}{purpose}"
        return f"{prefix}authz-{digest(request_id).hex()[:8]}"

    def _set(self, name: str, value: str, seconds: int) -> None:
        self._known[name] = value
        self._headers.append(("set-cookie", self._cookie(name, value, seconds)))

    def _drop(self, name: str) -> None:
        self._known.pop(name, None)
        self._headers.append(("set-cookie", self._cookie(name, "", 0)))

    def _cookie(self, name: str, value: str, seconds: int) -> str:
        # Names and values are of our own making: base64url and hexadecimal.
        secure = "; Secure" if self.authority.policy.is_secure else ""
        return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def _not_from_here(advice: str) -> NotForTheClient:
    return NotForTheClient(
        "This form does not belong to this browser",
        "It was opened in another browser, by another site, or too long ago. Nothing was done.",
        advice=advice,
        status=403,
    )
