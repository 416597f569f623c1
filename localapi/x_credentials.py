"""X credentials: the apps that accounts on X are connected through, encrypted at rest and never shown again."""

import json
import re
from datetime import timedelta

from sqlalchemy import func, select

from localapi.context import Context, Installation, Refusal, missing_field, wire_time
from localapi.event_shapes import account_disconnected
from localapi.routing import implements
from localapi.tables import Account, Brand, User
from localapi.tables_settings import XCredentials, XTest
from tools.operation import Empty
from tools.x_credentials import (
    DELETE_BRAND_X_CREDENTIALS,
    DELETE_X_CREDENTIALS,
    LIST_X_CREDENTIALS,
    SET_BRAND_X_CREDENTIALS,
    SET_X_CREDENTIALS,
    TEST_X_CREDENTIALS,
    DeleteBrandXCredentials,
    DeleteXCredentials,
    ListXCredentials,
    SetBrandXCredentials,
    SetXCredentials,
    TestXCredentials,
    TwitterByokItem,
    TwitterByokList,
    TwitterByokTest,
)

TESTS_A_MINUTE = 10
TESTS_PERIOD = timedelta(minutes=1)
HINT_CHARACTERS = 6
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{10,200}")
_SECRET = re.compile(r"[\x21-\x7e]{10,500}")


@implements(LIST_X_CREDENTIALS)
async def list_x_credentials(context: Context, args: ListXCredentials) -> TwitterByokList:
    query = select(XCredentials).where(XCredentials.user_id == context.user.id)
    rows = await context.session.scalars(query.order_by(XCredentials.brand_id))
    data = [
        TwitterByokItem(
            client_id_hint=row.client_id_hint,
            created_at=wire_time(row.created_at),
            updated_at=wire_time(row.updated_at),
            **({"brand_id": row.brand_id} if row.brand_id else {}),
        )
        for row in rows
    ]
    return TwitterByokList(data=data, count=len(data))


@implements(SET_X_CREDENTIALS)
async def set_x_credentials(context: Context, args: SetXCredentials) -> Empty:
    await _save(context, "", args.client_id, args.client_secret)
    return Empty()


@implements(SET_BRAND_X_CREDENTIALS)
async def set_brand_x_credentials(context: Context, args: SetBrandXCredentials) -> Empty:
    await _own_brand(context, args.brand_id)
    await _save(context, args.brand_id, args.client_id, args.client_secret)
    return Empty()


@implements(DELETE_X_CREDENTIALS)
async def delete_x_credentials(context: Context, args: DeleteXCredentials) -> Empty:
    await _delete(context, "")
    return Empty()


@implements(DELETE_BRAND_X_CREDENTIALS)
async def delete_brand_x_credentials(context: Context, args: DeleteBrandXCredentials) -> Empty:
    await _own_brand(context, args.brand_id)
    await _delete(context, args.brand_id)
    return Empty()


@implements(TEST_X_CREDENTIALS)
async def test_x_credentials(context: Context, args: TestXCredentials) -> TwitterByokTest:
    # Counted in a transaction of its own: that of the request only reads.
    context.late_result = lambda: _test(context, args)
    return TwitterByokTest()


async def _test(context: Context, args: TestXCredentials) -> TwitterByokTest:
    async with context.installation.database.write() as session:
        since = context.now - TESTS_PERIOD
        counted = Context(installation=context.installation, session=session, caller=context.caller)
        await counted.lock_user()
        recent = await session.scalar(
            select(func.count()).select_from(XTest).where(XTest.user_id == context.user.id, XTest.at > since)
        )
        if int(recent or 0) >= TESTS_A_MINUTE:
            what = f"at most {TESTS_A_MINUTE} tests a minute; wait for a while"
            raise Refusal(429, "byok.test_rate_limited", what, retry_after_seconds=60)
        session.add(XTest(id=context.ids.uuid(), user_id=context.user.id, at=context.now))
    reason = problem(args.client_id, args.client_secret)
    return TwitterByokTest(valid=reason is None, reason=reason or "")


def problem(client_id: str, client_secret: str) -> str | None:
    """Why the simulated X refuses a pair: it knows no apps, so it judges by their form."""
    if not _CLIENT_ID.fullmatch(client_id):
        return "this is no OAuth 2.0 client id: those have 10 or more letters, digits, - and _"
    if not _SECRET.fullmatch(client_secret):
        return "this is no OAuth 2.0 client secret: those have 10 or more characters and no spaces"
    return None


async def source_of(context: Context, brand_id: str | None) -> str:
    """Whose credentials a connection for a brand uses: the brand's own before the user's default.

    Raises:
        Refusal: 412, there are none.
    """
    query = select(XCredentials.brand_id).where(
        XCredentials.user_id == context.user.id, XCredentials.brand_id.in_(["", brand_id or ""])
    )
    found = set(await context.session.scalars(query))
    if brand_id and brand_id in found:
        return "brand"
    if "" in found:
        return "user"
    what = "X needs the credentials of an app of yours first; the dashboard keeps them"
    raise Refusal(412, "byok.credentials_missing", what, platform="twitter")


async def reseal(installation: Installation) -> int:
    """Encrypt everything under a new key, and forget the old ones; how many rows it were."""
    box = installation.box
    current = box.add_key()
    async with installation.database.write() as session:
        # Whoever saves holds their user: what is under way is waited for, and what comes later reads the new key.
        await session.execute(select(User.id).order_by(User.id).with_for_update())
        rows = list(await session.scalars(select(XCredentials).where(XCredentials.key_id != current)))
        for row in rows:
            plain = box.unseal(row.key_id, row.sealed, bound_to=_bound(row))
            row.key_id, row.sealed = box.seal(plain, bound_to=_bound(row))
    box.keep_only(current)
    return len(rows)


def _bound(row: XCredentials) -> str:
    return f"x-credentials|{row.user_id}|{row.brand_id}|{row.id}"


async def _save(context: Context, brand_id: str, client_id: str, client_secret: str) -> None:
    for name, value in (("client_id", client_id), ("client_secret", client_secret)):
        if not value.strip():
            raise missing_field(name)
    reason = problem(client_id, client_secret)
    if reason is not None:
        raise Refusal(
            400,
            "validation.field_invalid",
            reason,
            field="client_id" if "id" in reason.split(":")[0] else "client_secret",
        )
    await context.lock_user()
    row = await _find(context, brand_id)
    if row is None:
        row = XCredentials(id=context.ids.uuid(), user_id=context.user.id, brand_id=brand_id, created_at=context.now)
        context.session.add(row)
    else:
        await _lose_access(context, brand_id, "credentials_rotated")
    secret = json.dumps({"client_id": client_id, "client_secret": client_secret})
    row.client_id_hint, row.updated_at = client_id[:HINT_CHARACTERS], context.now
    row.key_id, row.sealed = context.installation.box.seal(secret, bound_to=_bound(row))


async def _delete(context: Context, brand_id: str) -> None:
    row = await _find(context, brand_id)
    if row is None:
        what = "there are no such credentials; see GET /platforms/twitter/credentials"
        raise Refusal(404, "resource.not_found", what, resource="x_credentials", id=brand_id or "default")
    await _lose_access(context, brand_id, "credentials_deleted")
    await context.session.delete(row)


async def _lose_access(context: Context, brand_id: str, why: str) -> None:
    """The tokens of accounts that were connected through an app die with its secret."""
    query = select(Account).where(
        Account.user_id == context.user.id, Account.platform == "twitter", Account.status == "active"
    )
    if brand_id:
        query = query.where(Account.brand_id == brand_id)
    for account in list(await context.session.scalars(query)):
        if account.metadata_.get("byok_source", "user") != ("brand" if brand_id else "user"):
            continue
        account.status, account.reconnect_reason = "reconnect_required", why
        await account_disconnected(
            context.session, context.installation, account, "access_revoked", has_to_reconnect=True
        )


async def _find(context: Context, brand_id: str) -> XCredentials | None:
    found: XCredentials | None = await context.session.scalar(
        select(XCredentials)
        .where(XCredentials.user_id == context.user.id, XCredentials.brand_id == brand_id)
        .with_for_update()
    )
    return found


async def _own_brand(context: Context, brand_id: str) -> None:
    brand = await context.session.get(Brand, brand_id)
    if brand is None:
        raise Refusal(404, "brand.not_found", "no such brand; see GET /brands")
    if brand.user_id != context.user.id:
        raise Refusal(403, "byok.credentials_forbidden", "this brand is not yours")
