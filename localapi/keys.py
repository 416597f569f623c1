"""API keys: made, restricted, rotated, revoked; only their hashes are kept."""

from collections.abc import Sequence

from sqlalchemy import select

from auth.scopes import SCOPES
from localapi.context import Context, Refusal, key_hash, missing_field, wire_time
from localapi.credentials import KEY_PREFIX
from localapi.routing import implements
from localapi.tables import Brand, Key
from tools.answers import Ok
from tools.keys import (
    CREATE_KEY,
    LIST_KEY_SCOPES,
    LIST_KEYS,
    REVOKE_KEY,
    ROTATE_KEY,
    UPDATE_KEY,
    CreatedKey,
    CreateKey,
    KeyList,
    KeyScope,
    KeyScopeList,
    ListKeys,
    ListKeyScopes,
    RevokeKey,
    RotateKey,
    UpdatedKey,
    UpdateKey,
)
from tools.keys import Key as KeyRow

_PREVIEW_LENGTH = len(KEY_PREFIX) + 5
_SHOWN_ONCE = "Keep this key now: it is not shown again."


@implements(LIST_KEYS)
async def list_keys(context: Context, args: ListKeys) -> KeyList:
    query = select(Key).where(Key.user_id == context.user.id).order_by(Key.created_at, Key.id)
    rows = [_row(key) for key in await context.session.scalars(query)]
    return KeyList(data=rows, count=len(rows))


@implements(CREATE_KEY)
async def create_key(context: Context, args: CreateKey) -> CreatedKey:
    if not args.name.strip():
        raise missing_field("name", "name is empty")
    await _check(context, args.scopes, args.brand_ids)
    raw_key = KEY_PREFIX + context.ids.random_hex(62)
    key = Key(
        id=context.ids.uuid(),
        user_id=context.user.id,
        name=args.name,
        hash=key_hash(raw_key),
        preview=raw_key[:_PREVIEW_LENGTH] + "...",
        scopes=args.scopes or [],
        brand_ids=args.brand_ids or [],
        created_at=context.now,
    )
    context.session.add(key)
    return _created(key, raw_key)


@implements(UPDATE_KEY)
async def update_key(context: Context, args: UpdateKey) -> UpdatedKey:
    key = await _find(context, args.key_id)
    if args.name is not None and not args.name.strip():
        raise missing_field("name", "name is empty")
    await _check(context, args.scopes, args.brand_ids)
    for name in ("name", "scopes", "brand_ids"):
        value = getattr(args, name)
        if value is not None:
            setattr(key, name, value)
    return UpdatedKey(id=key.id, name=key.name, scopes=key.scopes, brand_ids=key.brand_ids)


@implements(ROTATE_KEY)
async def rotate_key(context: Context, args: RotateKey) -> CreatedKey:
    key = await _find(context, args.key_id)
    if not key.is_active:
        raise _no_key(args.key_id)
    raw_key = KEY_PREFIX + context.ids.random_hex(62)
    key.hash, key.preview = key_hash(raw_key), raw_key[:_PREVIEW_LENGTH] + "..."
    return _created(key, raw_key)


@implements(REVOKE_KEY)
async def revoke_key(context: Context, args: RevokeKey) -> Ok:
    (await _find(context, args.key_id)).is_active = False
    return Ok(ok=True)


@implements(LIST_KEY_SCOPES)
async def list_key_scopes(context: Context, args: ListKeyScopes) -> KeyScopeList:
    rows = [KeyScope(name=str(scope), description=info.description, group=info.group) for scope, info in SCOPES.items()]
    return KeyScopeList(data=rows, count=len(rows))


async def _check(context: Context, scopes: Sequence[str] | None, brand_ids: Sequence[str] | None) -> None:
    known = {str(scope) for scope in SCOPES}
    for scope in scopes or []:
        if scope not in known:
            raise Refusal(
                400,
                "validation.scope_invalid",
                f"there is no scope {scope[:60]!r}; see GET /keys/scopes",
                field="scopes",
            )
    if brand_ids:
        query = select(Brand.id).where(Brand.user_id == context.user.id, Brand.id.in_(brand_ids))
        owned = set(await context.session.scalars(query))
        for brand_id in brand_ids:
            if brand_id not in owned:
                raise Refusal(
                    400, "validation.brand_invalid", f"{brand_id[:60]!r} is none of your brands", field="brand_ids"
                )


async def _find(context: Context, key_id: str) -> Key:
    found = await context.session.scalar(select(Key).where(Key.id == key_id, Key.user_id == context.user.id))
    if found is None:
        raise _no_key(key_id)
    return found


def _no_key(key_id: str) -> Refusal:
    return Refusal(404, "resource.not_found", "no such key; see GET /keys", resource="key", id=key_id)


def _created(key: Key, raw_key: str) -> CreatedKey:
    return CreatedKey(
        id=key.id, name=key.name, raw_key=raw_key, scopes=key.scopes, brand_ids=key.brand_ids, message=_SHOWN_ONCE
    )


def _row(key: Key) -> KeyRow:
    fields = {
        "id": key.id,
        "name": key.name,
        "preview": key.preview,
        "scopes": key.scopes,
        "brand_ids": key.brand_ids,
        "is_active": key.is_active,
        "created_at": wire_time(key.created_at),
    }
    if key.last_used_at is not None:
        fields["last_used_at"] = wire_time(key.last_used_at)
    return KeyRow.model_validate(fields)
