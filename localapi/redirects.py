"""Addresses that a browser may be sent to after somebody connected an account or paid."""

from urllib.parse import urlsplit

from sqlalchemy import select

from localapi.context import Context, invalid_field
from localapi.tables_settings import RedirectUri

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def check_redirect(name: str, uri: str) -> None:
    """Refuse what is neither https nor http on this machine; raises Refusal 400 for the field `name`."""
    # urlsplit drops what browsers drop: white space in front, line breaks within. A backslash is a slash to browsers.
    if not uri.isprintable() or " " in uri or "\\" in uri:
        raise invalid_field(name, "an address has no spaces, control characters or backslashes")
    try:
        parts = urlsplit(uri)
        # The port is parsed when it is asked for.
        host = parts.hostname if parts.port is None or parts.port > 0 else None
    except ValueError:
        raise invalid_field(name, "this is not an address that a browser can go to") from None
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and host in LOCAL_HOSTS:
        return
    raise invalid_field(name, "use https, or http on localhost")


async def check_listed(context: Context, name: str, uri: str) -> None:
    """Refuse an address that is not in the user's list, if there is one (behaviour §9)."""
    listed = set(await context.session.scalars(select(RedirectUri.uri).where(RedirectUri.user_id == context.user.id)))
    if listed and uri not in listed:
        raise invalid_field(name, "this address is not in the list of allowed ones; add it to /oauth/redirect-uris")
