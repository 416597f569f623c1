"""The pages of the sign-in, from what they show to their HTML: no script, no style but `pages.css`, nothing of others.

Every value is escaped here, and what strangers wrote is cleaned as well: callers pass both as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from auth import markup
from auth.display import shown as shown
from auth.display import visible

HEADERS: Mapping[str, str] = {
    # form-action is left open: browsers hold the redirects after a form to it, and these lead to the client.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""For every page, errors too. Under no-referrer, browsers post our forms with `Origin: null`; see `Sec-Fetch-Site`."""

HSTS_HEADER: Mapping[str, str] = {"Strict-Transport-Security": "max-age=31536000"}
"""Only where the server is reached over https, and there for every answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """The client that asks, and where it stands."""

    client_name: str
    is_verified: bool
    """The operator set the client up, or its metadata document was read at `domain`; False: it registered itself."""
    domain: str | None
    """The host of the client's metadata document."""
    destination: str
    """The receiver of the answer, as `auth.redirects.display_host` says it."""
    is_loopback_only: bool
    """All of the client's redirect URIs are on the person's computer."""
    resource: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SignIn:
    csrf: str
    request_id: str | None
    """The pending authorization to go on with; None: sign in to see the connected apps."""
    asking: Asking | None
    local_user: str | None
    """The name of the person of the local sample workspace, where there is one."""
    wrong: str | None
    """What was wrong with the last try."""
    back: str = ""
    keeps_name: str | None = None
    """What the narrower key is called that a typed key may be replaced by; None: typed keys are kept as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeChoice:
    name: str
    description: str
    group: str
    presets: tuple[str, ...]
    """The names of the presets that include it."""
    is_ticked: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class PresetChoice:
    name: str
    meaning: str
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BrandChoice:
    brand_id: str
    name: str
    is_ticked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    csrf: str
    request_id: str
    asking: Asking
    account: str
    scopes: tuple[ScopeChoice, ...]
    presets: tuple[PresetChoice, ...]
    brands: tuple[BrandChoice, ...]
    can_narrow_brands: bool
    key_note: str | None
    """What becomes of the person's key."""
    lifetime_days: int
    wrong: str | None
    """What was wrong with the last answer; pass on what was chosen in it, so that nothing grows again."""
    is_some_brands: bool = False
    account_id: str = ""
    """Comes back with the form, so that the answer is taken for this account alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectedApp:
    grant_id: str
    client_name: str
    destination: str
    scopes: tuple[str, ...]
    """What each allows, in words."""
    brands: tuple[str, ...]
    """Names; none: all brands of the key."""
    created_at: datetime
    last_used_at: datetime
    upstream_key: str | None
    """The name or preview of the key in the workspace that belongs to this app alone."""
    needs_sign_in: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectedApps:
    csrf: str
    account: str
    apps: tuple[ConnectedApp, ...]
    notice: str | None
    """What has just happened; `revoked` words it for an app."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    title: str
    text: str
    advice: str | None


def sign_in(page: SignIn) -> str:
    """Ask for an API key, or offer the local workspace: POST /oauth/sign-in with `csrf`, maybe `request` or `back`,
    and `action` of `key` (then `api_key`) or `local`.
    """
    if page.asking is None:
        apps = "which apps are connected to your workspace, and to disconnect them"
        about = f"<p>Sign in to see {'what your assistant asks of you, and to decide' if page.back else apps}.</p>"
    else:
        about = (
            f"<p>{_name(page.asking)} asks to work with your social accounts. Sign in to see what it wants, "
            "and to decide.</p>" + markup.facts(_facts_of(page.asking)) + _loopback_warning(page.asking)
        )
    wrong = markup.alert(page.wrong, "api-key", "Go to the key")
    return markup.document("Sign in", wrong + about + _local_form(page) + _key_form(page), is_narrow=True)


def _local_form(page: SignIn) -> str:
    if page.local_user is None:
        return ""
    button = (
        '<div class="actions"><button class="go" name="action" value="local">'
        f"Continue as {markup.name(page.local_user) or 'the local user'}</button></div>"
    )
    return (
        '<section class="part" aria-labelledby="local"><h2 id="local">Use the local sample workspace</h2>'
        "<p>This server has a workspace of its own with sample data. No key is needed, and nothing reaches "
        f"a real account.</p>{markup.form('/oauth/sign-in', button, fields=_sign_in_fields(page))}</section>"
    )


def _key_form(page: SignIn) -> str:
    kept = (
        "Where your key may make keys, it is replaced at once by a narrower key of its own, named "
        f"{markup.name(page.keeps_name)}."
        if page.keeps_name
        else "It is sealed, and used only for what you allow."
    )
    described, invalid = ("wrong key-hint", ' aria-invalid="true"') if page.wrong else ("key-hint", "")
    look = ' class="go"' if page.local_user is None else ""
    body = (
        '<label class="field" for="api-key">Your SocialAPI key</label>'
        '<input type="password" id="api-key" name="api_key" autocomplete="off" spellcheck="false" required'
        f'{invalid} aria-describedby="{described}">'
        f'<p id="key-hint">The key is checked with the API and not shown again. {kept}</p>'
        f'<div class="actions"><button{look} name="action" value="key">Sign in with this key</button></div>'
    )
    return (
        '<section class="part" aria-labelledby="key"><h2 id="key">Use a SocialAPI key</h2>'
        f"{markup.form('/oauth/sign-in', body, fields=_sign_in_fields(page))}</section>"
    )


def _sign_in_fields(page: SignIn) -> list[tuple[str, str]]:
    return [("csrf", page.csrf), *((n, v) for n, v in (("request", page.request_id), ("back", page.back)) if v)]


def consent(page: Consent) -> str:
    """Ask what a client may do: POST /oauth/consent with `csrf`, `request`, `account`, `decision` of `approve` or
    `deny`, and `preset`, `scope` (several), `brands` of `all` or `some` (absent: not asked), `brand` (several).
    """
    lasting = (
        f"For up to {markup.days(page.lifetime_days)}. You can end it at any time under "
        '<a href="/oauth/apps">connected apps</a>.'
    )
    rows = [*_facts_of(page.asking), ("Signed in as", markup.name(page.account)), ("How long", lasting)]
    note = f"<p>{markup.text(page.key_note)}</p>" if page.key_note else ""
    # Enter on a choice presses a form's first button, and that must not be a yes.
    buttons = (
        '<div class="actions"><button name="decision" value="deny">Do not connect</button>'
        '<button class="go" name="decision" value="approve">Connect</button></div>'
    )
    choices = markup.form(
        "/oauth/consent",
        _preset_choices(page) + _scope_choices(page) + _brand_choices(page) + note + buttons,
        fields=[("csrf", page.csrf), ("request", page.request_id), ("account", page.account_id)],
        attributes=' id="choices" tabindex="-1"',
    )
    wrong = markup.alert(page.wrong, "choices", "Go to the choices")
    return markup.document(
        f"Connect {shown(page.asking.client_name)}?",
        f"{wrong}<p>This app asks to work with your social accounts.</p>"
        f"{markup.facts(rows)}{_loopback_warning(page.asking)}{choices}",
    )


def _preset_choices(page: Consent) -> str:
    rows = "".join(
        markup.choice(
            "radio",
            markup.name(preset.name),
            field="preset",
            value=preset.name,
            identifier=f"preset-{number}",
            is_checked=preset.is_chosen,
            more=markup.text(preset.meaning),
        )
        for number, preset in enumerate(page.presets, 1)
    )
    return f"<fieldset><legend>What it may do</legend>{rows}</fieldset>" if rows else ""


def _scope_choices(page: Consent) -> str:
    if not page.scopes:
        return ""
    groups: dict[str, list[str]] = {}
    for number, scope in enumerate(page.scopes, 1):
        groups.setdefault(scope.group, []).append(_scope_choice(scope, number, page.presets))
    sets = "".join(
        f"<fieldset><legend>{markup.name(group)}</legend>{''.join(rows)}</fieldset>" for group, rows in groups.items()
    )
    included = "the role above includes and is ticked here" if page.presets else "is ticked here"
    # Closed, it would hide that a choice has been made in it.
    is_open = "" if page.presets and all(scope.is_ticked for scope in page.scopes) else " open"
    return (
        f'<details{is_open}><summary>Single permissions</summary><div class="inside">'
        f"<p>The app gets what {included}: untick what it should not have.</p>{sets}</div></details>"
    )


def _scope_choice(scope: ScopeChoice, number: int, presets: tuple[PresetChoice, ...]) -> str:
    within = "".join(f" in-{role}" for role, preset in enumerate(presets, 1) if preset.name in scope.presets)
    roles = "In every role"
    if not all(preset.name in scope.presets for preset in presets):
        roles = "Roles: " + (", ".join(markup.name(preset) for preset in scope.presets) or "none")
    words = f'<span class="roles">{roles}</span><span class="outside">Not in the chosen role</span>'
    return markup.choice(
        "checkbox",
        markup.text(scope.description),
        field="scope",
        value=scope.name,
        identifier=f"scope-{number}",
        is_checked=scope.is_ticked,
        more=f"<code>{markup.text(scope.name)}</code>{words if presets else ''}",
        look=f"choice permission{within}",
    )


def _brand_choices(page: Consent) -> str:
    if not page.can_narrow_brands or not page.brands:
        return "<p>It reaches the brands that your key reaches, and no others.</p>"
    extent = "".join(
        markup.choice(
            "radio",
            title,
            field="brands",
            value=value,
            identifier=f"brands-{value}",
            is_checked=page.is_some_brands == (value == "some"),
        )
        for value, title in (("all", "All brands, also those added later"), ("some", "Only these brands"))
    )
    rows = "".join(
        markup.choice(
            "checkbox",
            markup.name(brand.name) or markup.name(brand.brand_id) or "A brand without a name",
            field="brand",
            value=brand.brand_id,
            identifier=f"brand-{number}",
            is_checked=brand.is_ticked,
        )
        for number, brand in enumerate(page.brands, 1)
    )
    return (
        f"<fieldset><legend>Brands that it may reach</legend>{extent}"
        f'<div class="brands" role="group" aria-labelledby="brands-some-title">{rows}</div></fieldset>'
    )


def connected_apps(page: ConnectedApps) -> str:
    """List a person's grants: POST /oauth/apps with `csrf` and `action` of `revoke` (then `grant`) or `sign-out`."""
    told = f'<div class="box good" role="status"><p>{markup.text(page.notice)}</p></div>' if page.notice else ""
    some = "These apps can work with your social accounts until you disconnect them."
    about = some if page.apps else "No app is connected to your workspace."
    rows = "".join(_app(app, number, page.csrf) for number, app in enumerate(page.apps, 1))
    leave = '<div class="actions"><button name="action" value="sign-out">Sign out</button></div>'
    out = markup.form("/oauth/apps", leave, fields=[("csrf", page.csrf)], attributes=' class="part"')
    return markup.document(
        "Connected apps", f"{told}<p>Signed in as {markup.name(page.account)}. {about}</p>{rows}{out}"
    )


def _app(app: ConnectedApp, number: int, csrf: str) -> str:
    # No section, which would be a landmark: an app that is connected twice would make two of one name.
    name = markup.client(app.client_name)
    rows = [
        ("Answers go to", markup.place(app.destination)),
        ("May", markup.items(markup.text(scope) for scope in app.scopes) or "Nothing"),
        ("Brands", markup.items(markup.name(brand) for brand in app.brands) or "All brands that your key reaches"),
        ("Connected", markup.moment(app.created_at)),
        ("Last used", markup.moment(app.last_used_at)),
    ]
    if app.upstream_key:
        rows.append(("Its key in your workspace", markup.name(app.upstream_key)))
    tired = (
        '<p><span class="label care">Needs a new sign-in</span> Its key is no longer accepted. '
        "Connect again from the app.</p>"
        if app.needs_sign_in
        else ""
    )
    button = f'<button name="action" value="revoke">Disconnect<span class="heard"> {name}</span></button>'
    end = markup.form("/oauth/apps", button, fields=[("csrf", csrf), ("grant", app.grant_id)])
    return (
        f'<article class="app part" aria-labelledby="app-{number}"><h2 id="app-{number}">{name}</h2>'
        f"{tired}{markup.facts(rows)}{end}</article>"
    )


def revoked(client_name: str, upstream_key: str | None) -> str:
    """Word what follows from a revocation, as the notice of `ConnectedApps`; plain text, not HTML."""
    done = f"{shown(client_name)} is disconnected."
    if not upstream_key:
        return done
    return (
        f"{done} Its key is still in your workspace, where only you can remove it: "
        f"delete the key {visible(upstream_key, markup.LONGEST_NAME)} there."
    )


def problem(page: Problem) -> str:
    """Say what went wrong, and what to do next."""
    advice = f"<p>{markup.text(page.advice)}</p>" if page.advice else ""
    body = f'<div class="box wrong"><p>{markup.text(page.text)}</p></div>{advice}'
    return markup.document(page.title, body, is_narrow=True)


def notice(title: str, text: str) -> str:
    """Say that something is done."""
    return markup.document(title, f"<p>{markup.text(text)}</p>", is_narrow=True)


@cache
def stylesheet() -> bytes:
    """Return what /oauth/pages.css serves, as text/css in UTF-8."""
    return files("auth").joinpath("pages.css").read_bytes()


def _name(asking: Asking) -> str:
    return f"<strong>{markup.client(asking.client_name)}</strong>"


def _facts_of(asking: Asking) -> list[tuple[str, str]]:
    if not asking.is_verified:
        label = '<span class="label care">Not verified: it gave this name itself</span>'
    elif asking.domain:
        label = f'<span class="label good">Verified domain: {markup.place(asking.domain)}</span>'
    else:
        label = '<span class="label good">Set up by whoever runs this server</span>'
    return [
        ("App", f"{_name(asking)} {label}"),
        ("The answer goes to", markup.place(asking.destination)),
        ("It will use", f"<code>{markup.place(asking.resource)}</code>"),
    ]


def _loopback_warning(asking: Asking) -> str:
    if not asking.is_loopback_only:
        return ""
    return (
        '<div class="box care"><p>The answer goes to this computer, and any program on this computer could be the '
        "one that listens.</p><p>Go on only if you started this yourself, here, a moment ago.</p></div>"
    )
