"""What the pages of `person_pages` look like: plain HTML of the sign-in's parts, every value cleaned and escaped here.

Whatever an assistant or a stranger may have written stands beside a bar, and the page says what that means.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from auth import markup
from auth.display import visible

_FACT = re.compile(r"((?:[1-9]\. )?[A-Za-z][A-Za-z0-9_ ]{0,40}): (.*)")
_LONGEST = 4000
"""Characters of a line: a question is bounded as a whole already, and whoever agrees to a text reads all of it."""
_QUOTED = "<p>What stands beside a bar is quoted: an assistant or a stranger may have written it.</p>"
_LABELS: Mapping[str, str] = {
    "client_secret": "OAuth 2.0 client secret of your X app",
    "metadata.bot_token": "Bot token of your Telegram bot",
    "raw_key": "API key",
    "secret": "Signing secret of the webhook",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What an assistant asks of a person."""

    address: str
    """Where the form is posted: a path of our own making."""
    csrf: str
    account: str
    summary: str
    """Its first line is ours; the others may hold anybody's text."""
    expires_at: datetime
    typed: str | None = None
    """What has to be typed to agree."""
    secrets: tuple[str, ...] = ()
    """The arguments to be typed, on the page that asks for those."""
    wrong: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """A value that is waiting to be looked at."""

    address: str
    csrf: str
    account: str
    title: str
    """Of the operation that brought it."""
    field: str
    name: str
    """What it is called, as the caller wrote it; may be nothing."""
    expires_at: datetime


def approval(page: Asked) -> str:
    """Ask whether something may happen: POST with `csrf`, `decision` of `approve` or `refuse`, and maybe `typed`."""
    field = ""
    if page.typed is not None:
        field = (
            '<label class="field" for="typed">Type the name to go ahead</label>'
            f'<input type="text" id="typed" name="typed" autocomplete="off" spellcheck="false" required'
            f"{_marks(page, 'typed-hint')}>"
            f'<div id="typed-hint"><p>This cannot be undone. It is called:</p>{_quote(page.typed)}</div>'
        )
    # Enter in a field presses a form's first button, and that must not be a yes.
    buttons = (
        '<div class="actions"><button name="decision" value="refuse" formnovalidate>Do not do it</button>'
        '<button class="go" name="decision" value="approve">Go ahead</button></div>'
    )
    about = "<p>Your assistant wants to do this in your name. It happens only if you agree here.</p>"
    html = (
        markup.alert(page.wrong, "typed", "Go to the name")
        + about
        + _told(page)
        + _form(page.address, page.csrf, field + buttons)
    )
    return markup.document("Your assistant asks you first", html)


def secrets_form(page: Asked) -> str:
    """Ask for what an assistant must not see: POST with `csrf`, `decision` (`give`, `refuse`) and each `secret-N`."""
    fields = "".join(
        f'<label class="field" for="secret-{number}">{markup.text(label(path))}</label>'
        f'<input type="password" id="secret-{number}" name="secret-{number}" autocomplete="off" spellcheck="false"'
        f" required{_marks(page, 'secret-hint')}>"
        for number, path in enumerate(page.secrets, 1)
    )
    hint = (
        '<p id="secret-hint">It is sealed, used for this one call and then erased. '
        "Your assistant does not get to see it.</p>"
    )
    buttons = (
        '<div class="actions"><button name="decision" value="refuse" formnovalidate>Do not give it</button>'
        '<button class="go" name="decision" value="give">Use it for this</button></div>'
    )
    about = "<p>Your assistant wants to do this in your name, and it needs something that only you should know.</p>"
    html = (
        markup.alert(page.wrong, "secret-1", "Go to the field")
        + about
        + _told(page)
        + _form(page.address, page.csrf, fields + hint + buttons)
    )
    return markup.document("Your assistant needs a secret", html)


def hidden(page: Hidden) -> str:
    """Offer to show a value once: POST with `csrf`."""
    button = '<div class="actions"><button class="go" name="action" value="show">Show it once</button></div>'
    html = (
        "<p>This was made for you, and your assistant does not get to see it. "
        f"It is shown one time only: have the place ready where you will keep it. "
        f"It waits until {markup.moment(page.expires_at)}.</p>"
        f"{_about(page)}{_form(page.address, page.csrf, button)}"
    )
    return markup.document("A secret for you", html)


def shown(page: Hidden, value: str) -> str:
    """Show a value."""
    # Not cleaned: it has to be copied as it is. Selected as a whole by one click, without a script.
    secret = f'<code class="secret" id="value" tabindex="0">{markup.exactly(value)}</code>'
    html = (
        f'<h2 id="what">{markup.text(label(page.field))}</h2>{secret}'
        '<div class="box care" role="status"><p>Copy it now: this page does not show it again. '
        "Do not paste it into a conversation with an assistant.</p></div>"
        f"{_about(page)}"
    )
    return markup.document("A secret for you", html)


def told(title: str, text: str, *, is_good: bool) -> str:
    """Say what came of it."""
    look = "good" if is_good else "care"
    return markup.document(
        title, f'<div class="box {look}" role="status"><p>{markup.text(text)}</p></div>', is_narrow=True
    )


def not_yours(account: str, more: str = "") -> str:
    """Say that there is nothing for this person here, whether or not there is for somebody else."""
    also = f"<p>{markup.text(more)}</p>" if more else ""
    html = (
        '<div class="box wrong"><p>This page is not yours, or it is over.</p></div>'
        f"<p>You are signed in as {markup.name(account)}. If your assistant works for another account, sign out "
        'under <a href="/oauth/apps">connected apps</a>, and open this page again. '
        f"Otherwise ask your assistant to try again.</p>{also}"
    )
    return markup.document("Nothing to see here", html, is_narrow=True)


def label(path: str) -> str:
    """What a secret is called."""
    return _LABELS.get(path) or path.rpartition(".")[2].replace("_", " ").capitalize()


def _told(page: Asked) -> str:
    first, *lines = page.summary.split("\n")
    rows: list[tuple[str, str]] = []
    others: list[str] = []
    for line in lines:
        found = _FACT.fullmatch(line)
        if found is None:
            others.append(_quote(line))
        else:
            rows.append((markup.text(found[1][0].upper() + found[1][1:].replace("_", " ")), _quote(found[2])))
    rows += [("Signed in as", markup.name(page.account)), ("Answer until", markup.moment(page.expires_at))]
    return f"<h2>{markup.text(first)}</h2>{''.join(others)}{markup.facts(rows)}{_QUOTED if lines else ''}"


def _about(page: Hidden) -> str:
    rows = [("What it is", markup.text(label(page.field))), ("From", markup.text(page.title))]
    if page.name:
        rows.append(("Called", _quote(page.name)))
    return markup.facts([*rows, ("Signed in as", markup.name(page.account))])


def _marks(page: Asked, hint: str) -> str:
    if page.wrong is None:
        return f' aria-describedby="{hint}"'
    return f' aria-invalid="true" aria-describedby="wrong {hint}"'


def _quote(text: str) -> str:
    return f'<blockquote dir="auto">{markup.text(text, _LONGEST) or "(nothing that can be seen)"}</blockquote>'


def _form(address: str, csrf: str, body: str) -> str:
    return markup.form(address, body, fields=[("csrf", csrf)])


def same_name(typed: str, wanted: str) -> bool:
    """Whether somebody typed a name as it is shown: nobody can type what cannot be seen."""
    seen = _seen(wanted)
    return bool(seen) and _seen(typed) == seen


def _seen(text: str) -> str:
    return normalize("NFC", visible(text, len(text) + 1))
