"""Brands: the workspaces that accounts belong to."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Access, Scope
from tools.fields import BrandId, Own
from tools.operation import Args, Effect, Empty, Operation, Result

GROUP = "Brands"


class Brand(Result):
    accounts_count: int | None = None
    created_at: str | None = None
    id: str | None = None
    name: Own | None = None
    updated_at: str | None = None


class BrandList(Result):
    count: int | None = None
    data: list[Brand] | None = None


class ListBrands(Args):
    """No arguments."""


LIST_BRANDS = Operation(
    name="list_brands",
    endpoint="GET /brands",
    group=GROUP,
    title="List brands",
    description="List the brands with their number of accounts.",
    args=ListBrands,
    result=BrandList,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=False,
    example={},
    resource="socialapi://brands",
)


class CreateBrand(Args):
    name: Annotated[str, Field(description="Name.", min_length=1)]


CREATE_BRAND = Operation(
    name="create_brand",
    endpoint="POST /brands",
    group=GROUP,
    title="Create a brand",
    description="Create a brand to group accounts under. Names need not be unique, so calling twice makes two.",
    args=CreateBrand,
    result=Brand,
    scope=Access.ADMIN,
    effect=Effect.CREATE,
    open_world=False,
    example={"name": "Nordlys Tea"},
)


class UpdateBrand(Args):
    brand_id: BrandId
    name: Annotated[str, Field(description="Name.", min_length=1)]


UPDATE_BRAND = Operation(
    name="update_brand",
    endpoint="PATCH /brands/{id}",
    group=GROUP,
    title="Rename a brand",
    description="Give a brand another name.",
    args=UpdateBrand,
    result=Brand,
    scope=Access.ADMIN,
    effect=Effect.UPDATE,
    open_world=False,
    example={"brand_id": "b_empty", "name": "Market Stand"},
    path_arguments={"id": "brand_id"},
)


class DeleteBrand(Args):
    brand_id: BrandId


DELETE_BRAND = Operation(
    name="delete_brand",
    endpoint="DELETE /brands/{id}",
    group=GROUP,
    title="Delete a brand",
    description="Delete a brand with its accounts and open invites. It cannot be undone.",
    args=DeleteBrand,
    result=Empty,
    scope=Access.ADMIN,
    effect=Effect.DELETE,
    open_world=False,
    example={"brand_id": "b_empty"},
    path_arguments={"id": "brand_id"},
    choices=(
        "The accounts of a deleted brand are removed rather than kept inactive; no call can tell the difference.",
    ),
)
