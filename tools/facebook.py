"""Facebook logins: which pages a stored login manages, and giving one to a brand."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Scope
from tools.answers import CandidatePage
from tools.fields import BrandId, SafeId
from tools.operation import Args, Effect, Operation, Result

GROUP = "Platforms"

LoginId = Annotated[SafeId, Field(description="login_id of a facebook account.")]


class LoginPageList(Result):
    login_id: str | None = None
    pages: list[CandidatePage] | None = None
    count: int | None = None


class AssignedPage(Result):
    account_id: str | None = None
    brand_id: str | None = None
    platform_page_id: str | None = None


class ListFacebookLoginPages(Args):
    login_id: LoginId


class AssignFacebookPage(Args):
    login_id: LoginId
    platform_page_id: Annotated[SafeId, Field(description="Facebook's page id, from list_facebook_login_pages.")]
    brand_id: BrandId


LIST_FACEBOOK_LOGIN_PAGES = Operation(
    name="list_facebook_login_pages",
    endpoint="GET /platforms/facebook/logins/{loginId}/pages",
    group=GROUP,
    title="List Facebook login pages",
    description="List every page a Facebook login manages and the brand that has it. "
    "For pages already in an account use list_account_pages.",
    args=ListFacebookLoginPages,
    result=LoginPageList,
    scope=Scope.ACCOUNTS_READ,
    effect=Effect.READ,
    open_world=True,
    platforms=("facebook",),
    example={"login_id": "cred_aurora"},
)

ASSIGN_FACEBOOK_PAGE = Operation(
    name="assign_facebook_page",
    endpoint="POST /platforms/facebook/logins/{loginId}/pages/{pageId}/assign",
    group=GROUP,
    title="Assign Facebook page",
    description="Give a free page of a Facebook login to a brand. A brand holds at most 5 pages, all of one login.",
    args=AssignFacebookPage,
    result=AssignedPage,
    scope=Scope.ACCOUNTS_MANAGE,
    effect=Effect.CREATE,
    open_world=True,
    platforms=("facebook",),
    path_arguments={"pageId": "platform_page_id"},
    example={"login_id": "cred_aurora", "platform_page_id": "100200300402", "brand_id": "b_aurora"},
)
