"""The user behind the credential."""

from typing import Annotated

from pydantic import AfterValidator, Field

from auth.scopes import Access
from tools.answers import Ok
from tools.fields import Own, RelayedLink
from tools.operation import Args, Effect, Operation, Result

GROUP = "Users"


class User(Result):
    allowed_platforms: list[str] | None = None
    avatar_url: RelayedLink | None = None
    beta_tester: bool | None = None
    billing_blocked: bool | None = None
    billing_blocked_at: str | None = None
    email: Own | None = None
    facebook_page_selection: bool | None = None
    id: str | None = None
    lock_accounts_to_brand: bool | None = None
    onboarding: bool | None = None
    plan: str | None = None
    use_case: Own | None = None


class GetCurrentUser(Args):
    """No arguments."""


GET_CURRENT_USER = Operation(
    name="get_current_user",
    endpoint="GET /users/me",
    group=GROUP,
    title="Get the user",
    description="Get the user behind the key: plan, settings, whether payments are overdue.",
    args=GetCurrentUser,
    result=User,
    scope=Access.ALWAYS,
    effect=Effect.READ,
    open_world=False,
    example={},
)


def _only_false(value: bool | None) -> bool | None:
    if value:
        raise ValueError("only false can be set: a tour that is done does not begin again")
    return value


class UpdateCurrentUser(Args):
    lock_accounts_to_brand: Annotated[bool | None, Field(description="Stop accounts from moving between brands.")] = (
        None
    )
    # Not Literal[False], which 0 would equal.
    onboarding: Annotated[
        bool | None,
        AfterValidator(_only_false),
        Field(description="Only false: the tour is done.", json_schema_extra={"enum": [False]}),
    ] = None
    referral: Annotated[str | None, Field(description="Where the user heard of it.")] = None
    use_case: Annotated[str | None, Field(description="What the service is used for.")] = None


UPDATE_CURRENT_USER = Operation(
    name="update_current_user",
    endpoint="PATCH /users/me",
    group=GROUP,
    title="Change the user",
    description="Change the user's settings; lock_accounts_to_brand stops accounts from moving between brands.",
    args=UpdateCurrentUser,
    result=User,
    scope=Access.ADMIN,
    effect=Effect.UPDATE,
    open_world=False,
    example={"lock_accounts_to_brand": True},
)


class DeleteCurrentUser(Args):
    """No arguments."""


DELETE_CURRENT_USER = Operation(
    name="delete_current_user",
    endpoint="DELETE /users/me",
    group=GROUP,
    title="Delete the user",
    description=(
        "Delete the user with all brands, accounts, posts and keys, and end the subscription. It cannot be undone."
    ),
    args=DeleteCurrentUser,
    result=Ok,
    scope=Access.ADMIN,
    effect=Effect.DELETE,
    open_world=False,
    example={},
)
