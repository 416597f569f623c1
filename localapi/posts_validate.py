"""Publishing: what platforms allow, and checking a post without keeping it."""

from typing import Any

from localapi.context import Context, Refusal, missing_field
from localapi.drafts import check, draft_of, media_of, overrides_of, segment_texts
from localapi.network import PLATFORMS
from localapi.network.draft import Draft, Issue
from localapi.network.validation import constraints
from localapi.post_rules import publication_time, targets_for
from localapi.routing import implements
from tools.posts import (
    GET_PLATFORM_CONSTRAINTS,
    VALIDATE_POST,
    GetPlatformConstraints,
    PlatformConstraints,
    PlatformConstraintsAnswer,
    PostCheck,
    ValidatePost,
    ValidationIssue,
)


@implements(GET_PLATFORM_CONSTRAINTS)
async def get_platform_constraints(context: Context, args: GetPlatformConstraints) -> PlatformConstraintsAnswer:
    chosen = [args.platform] if args.platform else [slug for slug, profile in PLATFORMS.items() if profile.publishes]
    return PlatformConstraintsAnswer(
        data={slug: PlatformConstraints.model_validate(constraints(PLATFORMS[slug])) for slug in chosen}
    )


@implements(VALIDATE_POST)
async def validate_post(context: Context, args: ValidatePost) -> PostCheck:
    wanted: list[tuple[str, str | None, str | None, dict[str, object]]] = [
        (platform, None, None, {}) for platform in args.platforms or []
    ]
    accounts = [await context.account(account_id) for account_id in args.account_ids or []]
    wanted += [(account.platform, account.id, None, {}) for account in accounts]
    for target in args.targets or []:
        account = await context.account(target.account_id)
        wanted.append((account.platform, account.id, target.board_id or target.page_id, overrides_of(target)))
    if not wanted:
        raise missing_field("platforms", "name platforms, account_ids or targets to check for")
    media = media_of(args) or []
    drafts: list[Draft] = [
        await draft_of(
            context,
            platform=platform,
            account_id=account_id,
            text=args.text or "",
            title=None,
            media=media,
            platform_data=args.platform_data or {},
            segments=segment_texts(args.segments),
            visibility=None,
            board_id=board_id,
            first_comment=None,
            overrides=overrides,
        )
        for platform, account_id, board_id, overrides in wanted
    ]
    reports = check(drafts)
    errors = [*await _refusals(context, args), *(_issue(issue) for report in reports for issue in report.errors)]
    return PostCheck(
        valid=not errors,
        errors=errors,
        warnings=[_issue(issue) for report in reports for issue in report.warnings],
    )


async def _refusals(context: Context, args: ValidatePost) -> list[ValidationIssue]:
    """What creating the post would refuse before its platforms are asked."""
    found: list[ValidationIssue] = []
    try:
        publication_time(context, args.scheduled_at, args.targets or [])
    except Refusal as refusal:
        found.append(ValidationIssue(field=refusal.meta.get("field", ""), message=refusal.message))
    seen: set[tuple[str, str | None, str | None]] = set()
    for target in args.targets or []:
        account = await context.account(target.account_id)
        named: dict[str, Any] = {"platform": account.platform, "target": account.id}
        if account.status != "active":
            found.append(ValidationIssue(**named, field="account_id", message="has to be connected again"))
        try:
            (row,) = await targets_for(context, "", [target])
        except Refusal as refusal:
            field = refusal.meta.get("field", "account_id")
            found.append(ValidationIssue(**named, field=field, message=refusal.message))
            continue
        place = (row.account_id, row.page_id, row.board_id)
        if place in seen:
            found.append(ValidationIssue(**named, field="targets", message="another target goes there too"))
        seen.add(place)
    return found


def _issue(issue: Issue) -> ValidationIssue:
    fields: dict[str, Any] = {"platform": issue.platform, "field": issue.field, "message": issue.message}
    if issue.target is not None:
        fields["target"] = issue.target
    if issue.segment_index is not None:
        fields["segment_index"] = issue.segment_index
    return ValidationIssue(**fields)
