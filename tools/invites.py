"""Invites: links by which somebody outside connects an account."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Access
from tools.fields import Address, AnyPlatform, BrandId, SafeId
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "Invites"


class Invite(Result):
    created_at: str | None = None
    expires_at: str | None = None
    id: str | None = None
    is_active: bool | None = None
    platform: str | None = None
    token: str | None = None
    url: Address | None = None


class InviteList(Result):
    count: int | None = None
    data: list[Invite] | None = None


class ListInvites(Args):
    brand_id: BrandId


LIST_INVITES = Operation(
    name="list_invites",
    endpoint="GET /invites",
    group=GROUP,
    title="List invites",
    description="List the invites of a brand: open, used, expired and revoked.",
    args=ListInvites,
    result=InviteList,
    scope=Access.ADMIN,
    effect=Effect.READ,
    open_world=False,
    example={"brand_id": "b_empty"},
)


class CreatedInvite(Result):
    expires_at: str | None = None
    id: str | None = None
    platform: str | None = None
    token: str | None = None
    url: Address | None = None


class CreateInvite(Args):
    brand_id: BrandId
    expires_in_days: Annotated[Literal[1, 3, 7, 14, 30], Field(description="Lifetime in days.")]
    platform: AnyPlatform


CREATE_INVITE = Operation(
    name="create_invite",
    endpoint="POST /invites",
    group=GROUP,
    title="Create an invite",
    description="Create a single-use link by which somebody outside connects their account to a brand.",
    args=CreateInvite,
    result=CreatedInvite,
    scope=Access.ADMIN,
    effect=Effect.CREATE,
    open_world=False,
    example={"brand_id": "b_empty", "platform": "tiktok", "expires_in_days": 7},
    choices=("The lifetime is required, as the error catalogue has it.",),
)


class RevokeInvite(Args):
    invite_id: Annotated[SafeId, Field(description="Invite id.")]


REVOKE_INVITE = Operation(
    name="revoke_invite",
    endpoint="DELETE /invites/{id}",
    group=GROUP,
    title="Revoke an invite",
    description="Make an unused invite link worthless.",
    args=RevokeInvite,
    result=Empty,
    scope=Access.ADMIN,
    effect=Effect.DELETE,
    open_world=False,
    example={"invite_id": "inv_sample"},
    path_arguments={"id": "invite_id"},
)


class InviteRedirect(Result):
    location: Annotated[str | None, Field(description="Address for the person to open.")] = None


class RedeemInvite(Args):
    token: Annotated[SafeId, Field(description="Token of the invite link.")]


REDEEM_INVITE = Operation(
    name="redeem_invite",
    endpoint="GET /invite/{token}",
    group=GROUP,
    title="Open an invite",
    description=(
        "Get the platform's sign-in address behind an invite link. The person opens it; it is not followed here."
    ),
    args=RedeemInvite,
    result=InviteRedirect,
    scope=Access.PUBLIC,
    effect=Effect.CREATE,
    open_world=True,
    example={"token": "5a3c9e1f7b2d4c6e8a0b1c2d3e4f5a6b7c8d9e0f1"},
    redirects=True,
    choices=("The link people open stands at the root of the server; the same path below /v1 answers too.",),
)
