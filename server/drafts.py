"""What somebody may do who prepares drafts only: the API has one scope for writing posts and for publishing them."""

from pydantic import BaseModel

from auth.scopes import Scope
from server.callers import Caller, OnlyDrafts
from tools.operation import AnyOperation, Effect
from tools.posts import CREATE_POST, DELETE_POST, GET_POST, UPDATE_POST
from tools.rest import RestClient

OF_A_DRAFT = frozenset({UPDATE_POST.name, DELETE_POST.name})
"""Allowed on a post that is a draft."""


async def check(rest: RestClient, caller: Caller, operation: AnyOperation, args: BaseModel) -> None:
    """Refuse what would go out, or change what is out or planned.

    Raises:
        OnlyDrafts: it would.
        ApiError, NoAnswer: the post to change cannot be looked at.
    """
    if operation.scope is not Scope.POSTS_WRITE or operation.effect is Effect.READ:
        return
    given = args.model_dump(exclude_unset=True, exclude_none=True)
    if given.get("publish_now") or names_a_time(given):
        raise OnlyDrafts
    if operation.name == CREATE_POST.name:
        return
    if operation.name not in OF_A_DRAFT:
        raise OnlyDrafts
    seen = await rest.exchange(
        GET_POST, GET_POST.args.model_validate({"post_id": given["post_id"]}), authorization=caller.authorization
    )
    post = seen.body.get("data", seen.body)
    if not isinstance(post, dict) or post.get("status") != "draft":
        raise OnlyDrafts


def names_a_time(given: object) -> bool:
    """Whether a time to publish is named anywhere: each target may have its own, and one plans the whole post."""
    if isinstance(given, dict):
        return bool(given.get("scheduled_at")) or any(map(names_a_time, given.values()))
    return isinstance(given, list) and any(map(names_a_time, given))
