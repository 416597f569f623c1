"""Tools that find, describe and run any operation, listed or not."""

from typing import Annotated, Any, Literal

from pydantic import Field

from tools.operation import Args, Effect
from tools.workflow import Workflow

OperationName = Annotated[str, Field(description="As find_operations gives it.", min_length=1, max_length=64)]


class FindArgs(Args):
    query: Annotated[str, Field(description="What is to be done, in plain words of any language.", max_length=500)]


FIND_OPERATIONS = Workflow(
    name="find_operations",
    title="Find operations",
    description="Find the operations for a task among all 135, with a line on each.",
    args=FindArgs,
    scopes=frozenset(),
    effect=Effect.READ,
    open_world=False,
    example={"query": "unread direct messages"},
    drafts=True,
)


class DescribeArgs(Args):
    name: OperationName


DESCRIBE_OPERATION = Workflow(
    name="describe_operation",
    title="Describe an operation",
    description="The whole input schema of one operation or tool, with bounds and nested fields, and an example.",
    args=DescribeArgs,
    scopes=frozenset(),
    effect=Effect.READ,
    open_world=False,
    example={"name": "list_conversations"},
    drafts=True,
)


class RunArgs(Args):
    name: OperationName
    arguments: Annotated[dict[str, Any] | None, Field(description="Of the operation.")] = None


class RunReadArgs(RunArgs):
    select: Annotated[str | None, Field(max_length=500)] = None
    detail: Literal["brief", "full"] | None = None
    max_tokens: Annotated[int | None, Field(ge=200, le=50_000)] = None


RUN_READ_OPERATION = Workflow(
    name="run_read_operation",
    title="Run a reading operation",
    description="Run an operation of the SocialAPI.AI API that only reads.",
    args=RunReadArgs,
    scopes=frozenset(),
    effect=Effect.READ,
    open_world=True,
    keeps_form=True,
    example={"name": "list_brands"},
    drafts=True,
)


class RunWriteArgs(RunArgs):
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None


RUN_WRITE_OPERATION = Workflow(
    name="run_write_operation",
    title="Run a writing operation",
    description="Run an operation of the SocialAPI.AI API that makes, changes, publishes or deletes something.",
    args=RunWriteArgs,
    scopes=frozenset(),
    effect=Effect.DELETE,
    open_world=True,
    keeps_form=True,
    example={"name": "create_brand", "arguments": {"name": "Harbour Bakery"}},
    drafts=True,
)
