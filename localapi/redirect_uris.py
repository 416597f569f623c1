"""Addresses that connections may return to: once there is one, no other is taken."""

from sqlalchemy import func, select

from localapi.context import Context, Refusal, invalid_field, wire_time
from localapi.redirects import check_redirect
from localapi.routing import implements
from localapi.tables_settings import RedirectUri
from tools.operation import Empty
from tools.redirect_uris import (
    CREATE_REDIRECT_URI,
    DELETE_REDIRECT_URI,
    LIST_REDIRECT_URIS,
    CreateRedirectUri,
    DeleteRedirectUri,
    ListRedirectUris,
    RedirectURI,
    RedirectURIList,
)

MOST = 20


@implements(LIST_REDIRECT_URIS)
async def list_redirect_uris(context: Context, args: ListRedirectUris) -> RedirectURIList:
    query = select(RedirectUri).where(RedirectUri.user_id == context.user.id)
    rows = await context.session.scalars(query.order_by(RedirectUri.created_at, RedirectUri.id))
    data = [_answer(row) for row in rows]
    return RedirectURIList(data=data, count=len(data))


@implements(CREATE_REDIRECT_URI)
async def create_redirect_uri(context: Context, args: CreateRedirectUri) -> RedirectURI:
    check_redirect("uri", args.uri)
    await context.lock_user()
    query = select(RedirectUri).where(RedirectUri.user_id == context.user.id)
    if await context.session.scalar(query.where(RedirectUri.uri == args.uri)) is not None:
        raise Refusal(400, "validation.redirect_uri_duplicate", "this address is in the list already", field="uri")
    count = await context.session.scalar(
        select(func.count()).select_from(RedirectUri).where(RedirectUri.user_id == context.user.id)
    )
    if int(count or 0) >= MOST:
        raise invalid_field("uri", f"the list holds {MOST} addresses; remove one first")
    row = RedirectUri(
        id=context.ids.prefixed("sapi_ruri_"),
        user_id=context.user.id,
        uri=args.uri,
        label=(args.label or "").strip(),
        created_at=context.now,
    )
    context.session.add(row)
    return _answer(row)


@implements(DELETE_REDIRECT_URI)
async def delete_redirect_uri(context: Context, args: DeleteRedirectUri) -> Empty:
    row = await context.session.get(RedirectUri, args.redirect_uri_id)
    if row is None or row.user_id != context.user.id:
        what = "no such address; see GET /oauth/redirect-uris"
        raise Refusal(404, "resource.not_found", what, resource="redirect_uri", id=args.redirect_uri_id)
    await context.session.delete(row)
    return Empty()


def _answer(row: RedirectUri) -> RedirectURI:
    return RedirectURI(id=row.id, uri=row.uri, label=row.label, created_at=wire_time(row.created_at))
