"""Addresses that a connection may return to."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Access
from tools.fields import Own, SafeId
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "OAuth redirect URIs"


class RedirectURI(Result):
    created_at: str | None = None
    id: str | None = None
    label: Own | None = None
    uri: Own | None = None


class RedirectURIList(Result):
    count: int | None = None
    data: list[RedirectURI] | None = None


class ListRedirectUris(Args):
    """No arguments."""


LIST_REDIRECT_URIS = Operation(
    name="list_redirect_uris",
    endpoint="GET /oauth/redirect-uris",
    group=GROUP,
    title="List redirect addresses",
    description="List the addresses that a connection may return to. Dashboard sign-in only.",
    args=ListRedirectUris,
    result=RedirectURIList,
    scope=Access.DASHBOARD,
    effect=Effect.READ,
    open_world=False,
    example={},
)


class CreateRedirectUri(Args):
    uri: Annotated[str, Field(description="Address: https, or http on localhost.")]
    label: Annotated[str | None, Field(description="Name for the address.")] = None


CREATE_REDIRECT_URI = Operation(
    name="create_redirect_uri",
    endpoint="POST /oauth/redirect-uris",
    group=GROUP,
    title="Allow a redirect address",
    description="Allow connections to return to an address; the first entry turns checking on. Dashboard sign-in only.",
    args=CreateRedirectUri,
    result=RedirectURI,
    scope=Access.DASHBOARD,
    effect=Effect.CREATE,
    open_world=False,
    example={"uri": "https://app.example.com/connected"},
    choices=("A duplicate answers 400 validation.redirect_uri_duplicate.",),
)


class DeleteRedirectUri(Args):
    redirect_uri_id: Annotated[SafeId, Field(description="Redirect uri id.")]


DELETE_REDIRECT_URI = Operation(
    name="delete_redirect_uri",
    endpoint="DELETE /oauth/redirect-uris/{id}",
    group=GROUP,
    title="Remove a redirect address",
    description="Remove an allowed address; without any, all are allowed again. Dashboard sign-in only.",
    args=DeleteRedirectUri,
    result=Empty,
    scope=Access.DASHBOARD,
    effect=Effect.DELETE,
    open_world=False,
    example={"redirect_uri_id": "sapi_ruri_000000000000"},
    path_arguments={"id": "redirect_uri_id"},
)
