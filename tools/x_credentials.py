"""The user's own X (Twitter) app credentials."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Access
from tools.fields import BrandId, Relayed
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "Twitter BYOK"


class TwitterByokItem(Result):
    brand_id: str | None = None
    client_id_hint: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class TwitterByokList(Result):
    count: int | None = None
    data: list[TwitterByokItem] | None = None


class ListXCredentials(Args):
    """No arguments."""


LIST_X_CREDENTIALS = Operation(
    name="list_x_credentials",
    endpoint="GET /platforms/twitter/credentials",
    group=GROUP,
    title="List X credentials",
    description=(
        "List the X app credentials: the default and those of brands, never the secrets. Dashboard sign-in only."
    ),
    args=ListXCredentials,
    result=TwitterByokList,
    scope=Access.DASHBOARD,
    effect=Effect.READ,
    open_world=False,
    platforms=("twitter",),
    example={},
)


class SetXCredentials(Args):
    client_id: Annotated[str, Field(description="OAuth 2.0 client id.")]
    client_secret: Annotated[str, Field(description="OAuth 2.0 client secret.")]


SET_X_CREDENTIALS = Operation(
    name="set_x_credentials",
    endpoint="PUT /platforms/twitter/credentials",
    group=GROUP,
    title="Set X credentials",
    description=(
        "Set the default X app credentials. Accounts on the old secret must be connected again. Dashboard sign-in only."
    ),
    args=SetXCredentials,
    result=Empty,
    scope=Access.DASHBOARD,
    effect=Effect.UPDATE,
    open_world=False,
    platforms=("twitter",),
    secret_arguments=frozenset({"client_secret"}),
    example={"client_id": "abcdef123456", "client_secret": "example-secret"},
)


class SetBrandXCredentials(Args):
    brand_id: BrandId
    client_id: Annotated[str, Field(description="OAuth 2.0 client id.")]
    client_secret: Annotated[str, Field(description="OAuth 2.0 client secret.")]


SET_BRAND_X_CREDENTIALS = Operation(
    name="set_brand_x_credentials",
    endpoint="PUT /platforms/twitter/credentials/brand/{brand_id}",
    group=GROUP,
    title="Set X credentials of a brand",
    description="Set X app credentials for one brand, before the default. Dashboard sign-in only.",
    args=SetBrandXCredentials,
    result=Empty,
    scope=Access.DASHBOARD,
    effect=Effect.UPDATE,
    open_world=False,
    platforms=("twitter",),
    secret_arguments=frozenset({"client_secret"}),
    example={"brand_id": "b_aurora", "client_id": "abcdef123456", "client_secret": "example-secret"},
)


class DeleteXCredentials(Args):
    """No arguments."""


DELETE_X_CREDENTIALS = Operation(
    name="delete_x_credentials",
    endpoint="DELETE /platforms/twitter/credentials",
    group=GROUP,
    title="Delete X credentials",
    description="Delete the default X app credentials; those of brands stay. Dashboard sign-in only.",
    args=DeleteXCredentials,
    result=Empty,
    scope=Access.DASHBOARD,
    effect=Effect.DELETE,
    open_world=False,
    platforms=("twitter",),
    example={},
)


class DeleteBrandXCredentials(Args):
    brand_id: BrandId


DELETE_BRAND_X_CREDENTIALS = Operation(
    name="delete_brand_x_credentials",
    endpoint="DELETE /platforms/twitter/credentials/brand/{brand_id}",
    group=GROUP,
    title="Delete X credentials of a brand",
    description="Delete a brand's X app credentials, so that the default counts again. Dashboard sign-in only.",
    args=DeleteBrandXCredentials,
    result=Empty,
    scope=Access.DASHBOARD,
    effect=Effect.DELETE,
    open_world=False,
    platforms=("twitter",),
    example={"brand_id": "b_aurora"},
)


class TwitterByokTest(Result):
    reason: Relayed | None = None
    valid: bool | None = None


class TestXCredentials(Args):
    client_id: Annotated[str, Field(description="OAuth 2.0 client id.")]
    client_secret: Annotated[str, Field(description="OAuth 2.0 client secret.")]


TEST_X_CREDENTIALS = Operation(
    name="test_x_credentials",
    endpoint="POST /platforms/twitter/credentials/test",
    group=GROUP,
    title="Test X credentials",
    description="Check a pair of X app credentials without saving it. Dashboard sign-in only.",
    args=TestXCredentials,
    result=TwitterByokTest,
    scope=Access.DASHBOARD,
    effect=Effect.READ,
    open_world=True,
    platforms=("twitter",),
    secret_arguments=frozenset({"client_secret"}),
    example={"client_id": "abcdef123456", "client_secret": "example-secret"},
)
