"""API keys and their scopes."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Access
from tools.answers import Ok
from tools.fields import Named, Notice, Own, SafeId
from tools.operation import Args, Effect, Operation, Result

GROUP = "API Keys"


class Key(Result):
    brand_ids: list[str] | None = None
    created_at: str | None = None
    id: str | None = None
    is_active: bool | None = None
    last_used_at: str | None = None
    name: Own | None = None
    preview: str | None = None
    scopes: list[str] | None = None


class KeyList(Result):
    count: int | None = None
    data: list[Key] | None = None


class ListKeys(Args):
    """No arguments."""


LIST_KEYS = Operation(
    name="list_keys",
    endpoint="GET /keys",
    group=GROUP,
    title="List API keys",
    description="List the API keys with their scopes and brands; the keys themselves are never shown.",
    args=ListKeys,
    result=KeyList,
    scope=Access.ADMIN,
    effect=Effect.READ,
    open_world=False,
    example={},
)


class CreatedKey(Result):
    brand_ids: list[str] | None = None
    id: str | None = None
    message: Notice | None = None
    name: Own | None = None
    raw_key: Own | None = None
    scopes: list[str] | None = None


class CreateKey(Args):
    name: Annotated[str, Field(description="Name.", min_length=1)]
    brand_ids: Annotated[list[str] | None, Field(description="Brand ids; none given means all."), Named("brand")] = None
    scopes: Annotated[list[str] | None, Field(description="Scopes; none given means all.")] = None


CREATE_KEY = Operation(
    name="create_key",
    endpoint="POST /keys",
    group=GROUP,
    title="Create an API key",
    description="Create an API key, restricted to scopes and brands if given. The key is shown once.",
    args=CreateKey,
    result=CreatedKey,
    scope=Access.ADMIN,
    effect=Effect.CREATE,
    open_world=False,
    secret_results=frozenset({"raw_key"}),
    example={"name": "Reports", "scopes": ["posts:read"]},
)


class RevokeKey(Args):
    key_id: Annotated[SafeId, Field(description="Key id.")]


REVOKE_KEY = Operation(
    name="revoke_key",
    endpoint="DELETE /keys/{id}",
    group=GROUP,
    title="Revoke an API key",
    description="Make an API key worthless at once and for good.",
    args=RevokeKey,
    result=Ok,
    scope=Access.ADMIN,
    effect=Effect.DELETE,
    open_world=False,
    example={"key_id": "key_spare"},
    path_arguments={"id": "key_id"},
    idempotent=True,
)


class KeyScope(Result):
    description: Notice | None = None
    group: Notice | None = None
    name: Notice | None = None


class KeyScopeList(Result):
    count: int | None = None
    data: list[KeyScope] | None = None


class ListKeyScopes(Args):
    """No arguments."""


LIST_KEY_SCOPES = Operation(
    name="list_key_scopes",
    endpoint="GET /keys/scopes",
    group=GROUP,
    title="List scopes",
    description="List the scopes that a key can have, with their meaning.",
    args=ListKeyScopes,
    result=KeyScopeList,
    scope=Access.ALWAYS,
    effect=Effect.READ,
    open_world=False,
    example={},
    resource="socialapi://scopes",
)


class UpdatedKey(Result):
    brand_ids: list[str] | None = None
    id: str | None = None
    name: Own | None = None
    scopes: list[str] | None = None


class UpdateKey(Args):
    key_id: Annotated[SafeId, Field(description="Key id.")]
    brand_ids: Annotated[list[str] | None, Field(description="Brand ids; none given means all."), Named("brand")] = None
    name: Annotated[str | None, Field(description="Name.")] = None
    scopes: Annotated[list[str] | None, Field(description="Scopes; none given means all.")] = None


UPDATE_KEY = Operation(
    name="update_key",
    endpoint="PATCH /keys/{id}",
    group=GROUP,
    title="Change an API key",
    description="Replace the name, scopes or brands of a key; the key itself stays.",
    args=UpdateKey,
    result=UpdatedKey,
    scope=Access.ADMIN,
    effect=Effect.UPDATE,
    open_world=False,
    example={"key_id": "key_readonly", "name": "Read-only", "scopes": ["posts:read"]},
    path_arguments={"id": "key_id"},
    choices=("name may be left out, as the guide's example does.",),
)


class RotateKey(Args):
    key_id: Annotated[SafeId, Field(description="Key id.")]


ROTATE_KEY = Operation(
    name="rotate_key",
    endpoint="POST /keys/{id}/rotate",
    group=GROUP,
    title="Rotate an API key",
    description="Replace the secret of a key; the old one stops working at once. The new key is shown once.",
    args=RotateKey,
    result=CreatedKey,
    scope=Access.ADMIN,
    effect=Effect.UPDATE,
    open_world=False,
    secret_results=frozenset({"raw_key"}),
    example={"key_id": "key_readonly"},
    path_arguments={"id": "key_id"},
    idempotent=False,
)
