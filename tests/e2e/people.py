"""What a person does at the sign-in pages, in a browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

Decide = Callable[[str], str]
"""From the authorization URL that a client opens to the address that the browser ends at."""


@dataclass
class Person:
    """Somebody at a browser of their own."""

    page: Page
    server: str
    """Address of the server, without a path."""
    key: str | None = None
    """Pasted to sign in; None: signs in by the click that the local workspace offers."""

    def sign_in(self) -> None:
        """Fill in the sign-in page that is shown."""
        expect(self.page).to_have_title("Sign in")
        if self.key is None:
            self.page.get_by_role("button", name=re.compile("^Continue as")).click()
            return
        self.page.get_by_label("Your SocialAPI key").fill(self.key)
        self.page.get_by_role("button", name="Sign in with this key").click()

    def open(self, url: str) -> None:
        """Open an authorization request, up to the consent page."""
        self.page.goto(url)
        if self.page.title() == "Sign in":
            self.sign_in()
        expect(self.page.get_by_role("group", name="What it may do")).to_be_visible()

    def grant(self, role: str) -> str:
        """Agree at the consent page, in a role; the address that the browser ends at."""
        self.page.get_by_role("radio", name=role, exact=True).check()
        return self._answer("Connect")

    def granting(self, role: str) -> Decide:
        """Agree to what is opened, in a role."""

        def decide(url: str) -> str:
            self.open(url)
            return self.grant(role)

        return decide

    def denying(self, url: str) -> str:
        """Refuse."""
        self.open(url)
        return self._answer("Do not connect")

    def disconnect_all(self) -> int:
        """End everything at the connected apps; how many there were."""
        self.page.goto(f"{self.server}/oauth/apps")
        count = 0
        while buttons := self.page.get_by_role("button", name=re.compile("^Disconnect")).all():
            buttons[0].click()
            expect(self.page.get_by_role("status")).to_contain_text("is disconnected")
            count += 1
        return count

    def _answer(self, button: str) -> str:
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.wait_for_url("**/callback?*")
        return self.page.url
