"""Prompts, as the official client sees them in both eras, and the completion of their arguments."""

import re
from collections.abc import AsyncIterator

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, PromptReference, TextContent

from server.dispatch import build_server
from server.prompts import MAX_ARGUMENT_CHARACTERS, WORKFLOWS
from tests.server.standin import StandIn
from tools.definitions import definitions

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["auto", "legacy"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    async with StandIn().client() as rest, Client(build_server(rest), mode=request.param) as connected:
        yield connected


async def test_each_prompt_is_listed_with_its_arguments(client: Client) -> None:
    listed = (await client.list_prompts()).prompts
    assert [prompt.name for prompt in listed] == [workflow.name for workflow in WORKFLOWS]
    for prompt in listed:
        assert prompt.title and prompt.description
        assert all(argument.description for argument in prompt.arguments or [])


async def test_what_was_said_beforehand_reaches_the_message(client: Client) -> None:
    answer = await client.get_prompt("plan_campaign", {"brief": " Spring sale ", "platforms": "x"})
    (message,) = answer.messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    assert message.content.text.endswith("beforehand:\nbrief: Spring sale\nplatforms: x")


@pytest.mark.parametrize(("name", "arguments", "said"), [
    ("nothing", {}, "there is no prompt nothing"),
    ("plan_campaign", {}, "plan_campaign needs brief"),
    ("plan_campaign", {"brief": "  "}, "plan_campaign needs brief"),
    ("weekly_report", {"weak": "x"}, "has no argument weak; it has brand_id, week"),
    ("handle_crisis", {"incident": "x" * (MAX_ARGUMENT_CHARACTERS + 1)}, "shorten it"),
])  # fmt: skip
async def test_bad_input_is_refused_by_name(client: Client, name: str, arguments: dict[str, str], said: str) -> None:
    with pytest.raises(MCPError, match=re.escape(said)) as caught:
        await client.get_prompt(name, arguments)
    assert caught.value.error.code == INVALID_PARAMS


async def test_platforms_are_completed_one_after_another(client: Client) -> None:
    reference = PromptReference(type="ref/prompt", name="triage_inbox")
    answer = await client.complete(reference, {"name": "platforms", "value": "linkedin, inst"})
    assert answer.completion.values == ["linkedin,instagram"]


def test_the_texts_name_only_tools_that_exist() -> None:
    words = {word for workflow in WORKFLOWS for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", workflow.text)}
    not_tools = {"next_cursor", "publish_now", "scheduled_at"}
    assert words - not_tools <= set(definitions())
