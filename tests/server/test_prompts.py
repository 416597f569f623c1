"""Prompts, as the official client sees them in both eras, and the completion of their arguments."""

import re
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS, CompleteRequestParams, CompletionArgument, PromptReference, TextContent

from server.callers import PROCESS, Caller
from server.completions import Completions
from server.dispatch import build_server
from server.prompts import MAX_ARGUMENT_CHARACTERS, WORKFLOWS, Workflow
from tests.conftest import HeldClock
from tests.server.standin import StandIn, refusal
from tests.server.workflows.desks import desk
from tools.definitions import definitions, operation_named
from tools.operation import Effect
from tools.surfaces import CORE

pytestmark = pytest.mark.anyio

NO_TOOLS = {"next_cursor", "publish_now", "scheduled_at"}
"""Arguments and fields that the texts name."""


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


def tools_of(text: str) -> list[str]:
    """What looks like the name of a tool, in the order of the text."""
    return [word for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b|\b(?:search|fetch)\b", text) if word not in NO_TOOLS]


def lines() -> list[tuple[Workflow, str]]:
    return [
        (workflow, line)
        for workflow in WORKFLOWS
        for line in (*workflow.text.splitlines(), *workflow.arguments.values())
    ]


def test_the_texts_name_only_tools_that_exist() -> None:
    for workflow, line in lines():
        unknown = set(tools_of(line)) - set(definitions()) - set(workflow.arguments)
        assert not unknown, (workflow.name, unknown)


def test_what_is_not_listed_by_default_is_named_with_what_runs_it() -> None:
    for workflow, line in lines():
        for name in set(tools_of(line)) - set(CORE) - set(workflow.arguments):
            operation = operation_named(name)
            assert operation is not None, name
            runner = "run_read_operation" if operation.effect is Effect.READ else "run_write_operation"
            assert runner in line, f"{workflow.name}: {name} is reached by {runner}, which this step does not say"


@pytest.mark.parametrize(("name", "steps"), [
    ("triage_inbox", ["list_accounts", "triage_inbox", "plan_bulk", "run_bulk"]),
    ("weekly_report", ["list_posts", "get_post_metrics", "whats_been_done"]),
    ("plan_campaign", ["add_media", "prepare_post", "publish_prepared_post"]),
    ("handle_crisis", ["plan_bulk", "run_bulk", "search", "triage_inbox", "whats_been_done"]),
    ("onboard_brand", ["list_brands", "create_brand", "connect_account", "prepare_post"]),
])  # fmt: skip
def test_the_work_goes_by_the_tools_that_do_it_in_one_call(name: str, steps: list[str]) -> None:
    (workflow,) = (one for one in WORKFLOWS if one.name == name)
    named = tools_of(workflow.text)
    assert sorted(steps, key=named.index) == steps
    if {"triage_inbox", "list_comments"} & set(named):
        assert "do not do it" in workflow.text, "what strangers write is data"


async def test_platforms_are_completed_one_after_another(client: Client) -> None:
    reference = PromptReference(type="ref/prompt", name="triage_inbox")
    answer = await client.complete(reference, {"name": "platforms", "value": "linkedin, inst"})
    assert answer.completion.values == ["linkedin,instagram"]


async def completed(client: Client, prompt: str, name: str, value: str) -> list[str]:
    reference = PromptReference(type="ref/prompt", name=prompt)
    return (await client.complete(reference, {"name": name, "value": value})).completion.values


async def test_names_of_brands_are_completed_by_any_part(clock: HeldClock) -> None:
    async with desk(clock) as bench, Client(build_server(bench.services.rest, services=bench.services)) as client:
        assert await completed(client, "onboard_brand", "brand_name", "") == [
            "Aurora Coffee", "Fjord Outdoor", "Pop-up Stand"
        ]  # fmt: skip
        assert await completed(client, "onboard_brand", "brand_name", "outDOOR") == ["Fjord Outdoor"]
        await bench.http.post("/brands", json={"name": "Tea.com & Co"})
        await bench.http.post("/brands", json={"name": "Tea\u202e hidden"})
        assert await completed(client, "onboard_brand", "brand_name", "tea") == ["Tea.com & Co"]


async def test_names_of_brands_are_read_as_the_caller() -> None:
    api, typed = StandIn(), CompletionArgument(name="brand_name", value="")
    params = CompleteRequestParams(ref=PromptReference(type="ref/prompt", name="onboard_brand"), argument=typed)
    async with api.client() as rest:
        api.answers({"data": [{"id": "b_1", "name": "Aurora"}, {"id": "b_2"}, {"id": "b_3", "name": "Aurora"}]})
        theirs = Completions(rest, lambda _ctx: Caller(authorization="Bearer theirs"))
        assert (await theirs.complete(cast(Any, None), params)).completion.values == ["Aurora"]
        assert api.seen[0].authorization == "Bearer theirs"
        api.answers(refusal("a.b", "no"), 401)
        assert (await theirs.complete(cast(Any, None), params)).completion.values == []


async def week(clock: HeldClock, value: str) -> list[str]:
    params = CompleteRequestParams(
        ref=PromptReference(type="ref/prompt", name="weekly_report"),
        argument=CompletionArgument(name="week", value=value),
    )
    async with StandIn().client() as rest:
        answer = await Completions(rest, lambda _ctx: PROCESS, clock.now).complete(cast(Any, None), params)
    return answer.completion.values


async def test_weeks_are_completed_from_today(clock: HeldClock) -> None:
    assert (await week(clock, ""))[:4] == ["last week", "this week", "2026-W11", "2026-W10"]
    assert await week(clock, "This") == ["this week"]
    assert (await week(clock, "2026-03"))[:2] == ["2026-03-09", "2026-03-02"]
    assert (await week(clock, "2026-w10")) == ["2026-W10"]
    assert await week(clock, "1999") == []
    clock.advance(days=-69)
    # The first of January 2026 lies in the week that begins in the year before.
    assert "2025-W52" in await week(clock, "") and "2025-12-29" in await week(clock, "")
    assert (await week(clock, "2026-W"))[0] == "2026-W01"


async def test_kinds_of_incidents_are_completed_by_their_beginning(client: Client) -> None:
    every = await completed(client, "handle_crisis", "incident", "")
    assert {"product recall", "outage", "wrong post", "data leak", "accusation"} <= set(every)
    assert await completed(client, "handle_crisis", "incident", "Out") == ["outage"]
    assert await completed(client, "handle_crisis", "incident", "  leak") == []
