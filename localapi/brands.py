"""Brands: the workspaces that accounts belong to."""

from sqlalchemy import delete, func, select

from localapi.context import PLAN_LIMITS, Context, Refusal, missing_field, wire_time
from localapi.event_shapes import account_disconnected
from localapi.routing import implements
from localapi.tables import Account, Brand
from localapi.tables_settings import XCredentials
from localapi.whatsapp_accounts import forget_templates
from tools.brands import (
    CREATE_BRAND,
    DELETE_BRAND,
    LIST_BRANDS,
    UPDATE_BRAND,
    BrandList,
    CreateBrand,
    DeleteBrand,
    ListBrands,
    UpdateBrand,
)
from tools.brands import Brand as BrandAnswer
from tools.operation import Empty


@implements(LIST_BRANDS)
async def list_brands(context: Context, args: ListBrands) -> BrandList:
    query = select(Brand).where(Brand.user_id == context.user.id).order_by(Brand.created_at, Brand.id)
    if context.caller.brand_ids:
        query = query.where(Brand.id.in_(context.caller.brand_ids))
    rows = [await _answer(context, brand) for brand in await context.session.scalars(query)]
    return BrandList(data=rows, count=len(rows))


@implements(CREATE_BRAND)
async def create_brand(context: Context, args: CreateBrand) -> BrandAnswer:
    return await _answer(context, await add_brand(context, args.name))


async def add_brand(context: Context, name: str) -> Brand:
    """Make a brand, if the plan includes one more."""
    if not name.strip():
        raise missing_field("name", "name is empty")
    await context.lock_user()
    limit = PLAN_LIMITS[context.user.plan]["brands"]
    count = int(await context.session.scalar(select(func.count()).where(Brand.user_id == context.user.id)) or 0)
    if 0 <= limit <= count:
        raise Refusal(
            403,
            "billing.brands_limit",
            f"the {context.user.plan} plan has {limit} brands, and all are in use",
            plan=context.user.plan,
            max=limit,
        )
    brand = Brand(
        id=context.ids.prefixed("b_"),
        user_id=context.user.id,
        name=name.strip(),
        created_at=context.now,
        updated_at=context.now,
    )
    context.session.add(brand)
    await context.session.flush()
    return brand


@implements(UPDATE_BRAND)
async def update_brand(context: Context, args: UpdateBrand) -> BrandAnswer:
    if not args.name.strip():
        raise missing_field("name", "name is empty")
    brand = await context.brand(args.brand_id)
    brand.name, brand.updated_at = args.name.strip(), context.now
    return await _answer(context, brand)


@implements(DELETE_BRAND)
async def delete_brand(context: Context, args: DeleteBrand) -> Empty:
    await context.lock_user()
    brand = await context.brand(args.brand_id)
    accounts = select(Account).where(Account.brand_id == brand.id).order_by(Account.created_at, Account.id)
    for account in list(await context.session.scalars(accounts)):
        await account_disconnected(context.session, context.installation, account, "brand_deleted")
    await context.session.execute(delete(XCredentials).where(XCredentials.brand_id == brand.id))
    await forget_templates(context, brand_id=brand.id)
    # Foreign keys take its accounts and invites along.
    await context.session.delete(brand)
    return Empty()


async def _answer(context: Context, brand: Brand) -> BrandAnswer:
    count = await context.session.scalar(select(func.count()).where(Account.brand_id == brand.id))
    return BrandAnswer(
        id=brand.id,
        name=brand.name,
        accounts_count=int(count or 0),
        created_at=wire_time(brand.created_at),
        updated_at=wire_time(brand.updated_at),
    )
