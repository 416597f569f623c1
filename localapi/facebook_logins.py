"""Facebook logins: which pages a stored login manages, and giving one to a brand."""

from localapi.context import Context, Refusal
from localapi.pending import assign_page, login_pages
from localapi.routing import implements
from localapi.tables import Account, Login
from tools.facebook import (
    ASSIGN_FACEBOOK_PAGE,
    LIST_FACEBOOK_LOGIN_PAGES,
    AssignedPage,
    AssignFacebookPage,
    ListFacebookLoginPages,
    LoginPageList,
)


@implements(LIST_FACEBOOK_LOGIN_PAGES)
async def list_facebook_login_pages(context: Context, args: ListFacebookLoginPages) -> LoginPageList:
    login = await _login(context, args.login_id)
    pages = await login_pages(context, login)
    return LoginPageList(login_id=login.id, pages=pages, count=len(pages))


@implements(ASSIGN_FACEBOOK_PAGE)
async def assign_facebook_page(context: Context, args: AssignFacebookPage) -> AssignedPage:
    await context.lock_user()
    login = await _login(context, args.login_id)
    brand = await context.brand(args.brand_id)
    account = await assign_page(context, login, brand, args.platform_page_id)
    context.status = 201
    return AssignedPage(account_id=account.id, brand_id=brand.id, platform_page_id=args.platform_page_id)


async def _login(context: Context, login_id: str) -> Login:
    """A login of the user; a credential that is restricted to brands knows those of its brands' accounts."""
    login = await context.session.get(Login, login_id)
    if login is not None and context.caller.brand_ids:
        query = context.visible_accounts().where(Account.login_id == login_id).with_only_columns(Account.id)
        if await context.session.scalar(query.limit(1)) is None:
            login = None
    if login is None or login.user_id != context.user.id:
        what = "no such Facebook login; see login_id of a Facebook account"
        raise Refusal(404, "resource.not_found", what, resource="login", id=login_id)
    return login
