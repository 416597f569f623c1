"""Feedback to the service's makers."""

from typing import Annotated, Literal

from pydantic import Field

from auth.scopes import Access
from tools.answers import Ok
from tools.operation import Args, Effect, Operation

GROUP = "Feedback"


class SendFeedback(Args):
    message: Annotated[str, Field(description="Text.", min_length=1)]
    type: Annotated[Literal["bug", "feature_request", "general"], Field(description="Kind.")]


SEND_FEEDBACK = Operation(
    name="send_feedback",
    endpoint="POST /feedback",
    group=GROUP,
    title="Send feedback",
    description="Send the service's makers a bug report, a wish or a remark.",
    args=SendFeedback,
    result=Ok,
    scope=Access.UNMAPPED,
    effect=Effect.CREATE,
    open_world=True,
    example={"type": "general", "message": "It works."},
)
