"""The user behind the credential."""

import asyncio

from sqlalchemy import select

from localapi.context import Context, wire_time
from localapi.routing import implements
from localapi.tables import MediaFile
from localapi.whatsapp_accounts import forget_templates
from tools.answers import Ok
from tools.users import (
    DELETE_CURRENT_USER,
    GET_CURRENT_USER,
    UPDATE_CURRENT_USER,
    DeleteCurrentUser,
    GetCurrentUser,
    UpdateCurrentUser,
    User,
)


@implements(GET_CURRENT_USER)
async def get_current_user(context: Context, args: GetCurrentUser) -> User:
    return _user(context)


@implements(UPDATE_CURRENT_USER)
async def update_current_user(context: Context, args: UpdateCurrentUser) -> User:
    for name in args.model_fields_set:
        setattr(context.user, name, getattr(args, name))
    await context.session.flush()
    return _user(context)


@implements(DELETE_CURRENT_USER)
async def delete_current_user(context: Context, args: DeleteCurrentUser) -> Ok:
    files = list(await context.session.scalars(select(MediaFile.path).where(MediaFile.user_id == context.user.id)))

    def remove() -> None:
        for name in files:
            (context.installation.files / name).unlink(missing_ok=True)

    async def remove_files() -> None:
        await asyncio.to_thread(remove)

    context.after_commit.append(remove_files)
    await forget_templates(context)
    # Foreign keys take everything else of the user along.
    await context.session.delete(context.user)
    return Ok(ok=True)


def _user(context: Context) -> User:
    row = context.user
    return User(
        id=row.id,
        email=row.email,
        avatar_url=row.avatar_url,
        plan=row.plan,
        onboarding=row.onboarding,
        use_case=row.use_case,
        lock_accounts_to_brand=row.lock_accounts_to_brand,
        beta_tester=row.beta_tester,
        allowed_platforms=row.allowed_platforms,
        facebook_page_selection=row.facebook_page_selection,
        billing_blocked=row.billing_blocked_at is not None,
        billing_blocked_at=wire_time(row.billing_blocked_at),
    )
