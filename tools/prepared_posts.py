"""Publishing in two steps: prepare and show a post, then publish exactly that."""

from typing import Annotated, Any, Self

from pydantic import Field, WithJsonSchema, model_validator

from auth.scopes import Scope
from tools.fields import Json, Named
from tools.operation import Args, Effect
from tools.workflow import Workflow

MAX_TARGETS = 50
MAX_MEDIA = 50
MAX_CHARACTERS = 100_000
Media = Annotated[list[str], Field(max_length=MAX_MEDIA)]


class OwnTarget(Args):
    account: Annotated[str, Named("account"), Field(description="Account id or name.", min_length=1, max_length=256)]
    text: Annotated[str | None, Field(max_length=MAX_CHARACTERS)] = None
    title: str | None = None
    first_comment: str | None = None
    media: Media | None = None
    options: Json | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_known_fields_only(cls, value: Any) -> Any:
        # Said here, because the schema that is shown leaves these objects open.
        if isinstance(value, dict) and (unknown := sorted(map(str, value.keys() - cls.model_fields.keys()))):
            raise ValueError(f"{unknown[0]} is unknown; known: {', '.join(cls.model_fields)}")
        return value


class PreparePost(Args):
    text: Annotated[str | None, Field(max_length=MAX_CHARACTERS)] = None
    accounts: Annotated[
        list[str] | None, Named("account"), Field(description="Ids or names.", max_length=MAX_TARGETS)
    ] = None
    media: Annotated[Media | None, Field(description="Ids or URLs.")] = None
    scheduled_at: Annotated[str | None, Field(max_length=64)] = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None
    title: str | None = None
    first_comment: str | None = None
    options: Annotated[Json | None, Field(description="By platform or account.")] = None
    targets: Annotated[
        list[OwnTarget] | None,
        Field(max_length=MAX_TARGETS),
        WithJsonSchema({"type": "array", "description": "Own texts: [{account, text}]"}),
    ] = None

    @model_validator(mode="after")
    def _names_an_account(self) -> Self:
        if not self.accounts and not self.targets:
            raise ValueError("accounts: name at least one, or give targets")
        return self


PREPARE_POST = Workflow(
    name="prepare_post",
    title="Prepare a post",
    description=("Check and preview a post per account, unsent; gives a handle to publish."),
    args=PreparePost,
    scopes=frozenset({Scope.POSTS_WRITE}),
    effect=Effect.CREATE,
    open_world=False,
    example={"text": "Fresh beans on the shelf.", "accounts": ["acc_aurora_threads", "acc_aurora_facebook"]},
    drafts=True,
)


class PublishPreparedPost(Args):
    handle: Annotated[str, Field(description="From prepare_post.", min_length=1, max_length=256)]


PUBLISH_PREPARED_POST = Workflow(
    name="publish_prepared_post",
    title="Publish a prepared post",
    description="Publish or schedule exactly what prepare_post showed, once, when the person agrees.",
    args=PublishPreparedPost,
    scopes=frozenset({Scope.POSTS_WRITE}),
    effect=Effect.PUBLISH,
    open_world=True,
    example={"handle": "post_0000000000000000000000000000000000000000"},
)
