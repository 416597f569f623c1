"""What people do at the pages of the server that a door stands in front of."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx2

from auth.records import Session, digest
from tests.auth.authorities import Browser
from tests.auth.doors import AtTheDoor


def text_of(result: Mapping[str, Any]) -> str:
    return str(result["content"][0]["text"])


def page_in(result: Mapping[str, Any]) -> str:
    """The path of the page that a result leads to."""
    found = re.search(r"https://auth\.example(/\w+/[\w-]+)", text_of(result))
    assert found is not None, text_of(result)
    return found[1]


async def decide(browser: Browser, path: str, decision: str = "approve", **more: str) -> httpx2.Response:
    """Post the form of the page that is shown."""
    return await browser.post(path, {"csrf": browser.hidden("csrf"), "decision": decision, **more})


async def type_secret(browser: Browser, path: str, value: str) -> httpx2.Response:
    """Open the page for a secret, and fill it in."""
    await browser.get(path)
    return await decide(browser, path, "give", **{"secret-1": value})


async def somebody_else(door: AtTheDoor) -> Browser:
    """A browser in which another person is signed in."""
    browser, secret, now = door.browser(), "s" * 43, door.services.clock()
    session = Session(
        session_hash=digest(secret),
        subject="usr_other",
        authenticated_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(hours=1),
    )
    await door.served.authority.store.create_session(session)
    browser.http.cookies.set("__Host-session", secret)
    return browser
