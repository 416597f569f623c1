"""Resources, their templates and the completion of arguments."""

import json
from collections.abc import AsyncIterator

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    PromptReference,
    ResourceTemplateReference,
    TextResourceContents,
)

from server.dispatch import build_server
from server.resources import ADDRESSES
from tests.server.standin import StandIn, refusal
from tools.fields import PLATFORMS
from tools.registry import by_name, operations

pytestmark = pytest.mark.anyio


@pytest.fixture
def api() -> StandIn:
    return StandIn()


@pytest.fixture
async def client(api: StandIn) -> AsyncIterator[Client]:
    async with api.client() as rest, Client(build_server(rest)) as connected:
        yield connected


def test_the_addresses_are_those_of_the_declarations_and_platforms() -> None:
    declared = {(operation.resource, operation.name) for operation in operations() if operation.resource}
    assert {(row.uri, row.tool) for row in ADDRESSES} == declared | {
        ("socialapi://platforms/{platform}", "get_platform_constraints")
    }
    assert all(row.tool in by_name() for row in ADDRESSES)


async def test_lists_plain_resources_and_templates(client: Client) -> None:
    plain = await client.list_resources()
    templates = await client.list_resource_templates()
    assert {row.uri for row in plain.resources} == {row.uri for row in ADDRESSES if "{" not in row.uri}
    assert {row.uri_template for row in templates.resource_templates} == {
        row.uri for row in ADDRESSES if "{" in row.uri
    }


@pytest.mark.parametrize(("uri", "path"), [
    ("socialapi://accounts", "/v1/accounts"),
    ("socialapi://brands", "/v1/brands"),
    ("socialapi://posts/post_1", "/v1/posts/post_1"),
    ("socialapi://conversations/conv_1/messages", "/v1/inbox/conversations/conv_1/messages"),
])  # fmt: skip
async def test_reads_the_api_behind_an_address(client: Client, api: StandIn, uri: str, path: str) -> None:
    api.answers({"count": 1, "gone": None})
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.text == '{"count":1}'
    assert api.seen[0].path == path


async def test_reads_what_a_platform_allows(client: Client, api: StandIn) -> None:
    api.answers({"platforms": {}})
    await client.read_resource("socialapi://platforms/threads")
    assert "threads" in api.seen[0].path or "threads" in api.seen[0].query.values()


@pytest.mark.parametrize("uri", [
    "socialapi://nothing",
    "socialapi://posts/",
    "socialapi://posts/a/b",
    "socialapi://posts/..",
    "socialapi://posts/%2e%2e",
    "socialapi://platforms/myspace",
    "file:///etc/passwd",
])  # fmt: skip
async def test_an_unknown_address_is_a_protocol_error_that_names_it(client: Client, api: StandIn, uri: str) -> None:
    with pytest.raises(MCPError) as raised:
        await client.read_resource(uri)
    assert raised.value.error.code == INVALID_PARAMS
    assert uri in raised.value.error.message
    assert api.seen == []


@pytest.mark.parametrize(("status", "code"), [(404, INVALID_PARAMS), (401, INTERNAL_ERROR), (503, INTERNAL_ERROR)])
async def test_an_outage_is_not_reported_as_a_wrong_address(
    client: Client, api: StandIn, status: int, code: int
) -> None:
    api.answers(refusal("some.code", "the reason"), status)
    with pytest.raises(MCPError) as raised:
        await client.read_resource("socialapi://posts/post_1")
    assert raised.value.error.code == code
    assert "the reason" in raised.value.error.message


async def _complete(client: Client, template: str, name: str, value: str) -> list[str]:
    reference = ResourceTemplateReference(type="ref/resource", uri=template)
    return (await client.complete(reference, {"name": name, "value": value})).completion.values


async def test_completes_platforms_and_ids_by_id_or_name(client: Client, api: StandIn) -> None:
    assert await _complete(client, "socialapi://platforms/{platform}", "platform", "") == list(PLATFORMS)
    assert await _complete(client, "socialapi://platforms/{platform}", "platform", "Linked") == [
        "linkedin",
        "linkedin_page",
    ]
    api.answers({"data": [{"id": "post_1", "text": "Latte art"}, {"id": "post_2", "text": "Tea"}]})
    assert await _complete(client, "socialapi://posts/{pid}", "pid", "latte") == ["post_1"]
    assert await _complete(client, "socialapi://posts/{pid}", "pid", "post_2") == ["post_2"]


@pytest.mark.parametrize("name", ["account", "account_id", "brand", "brand_id", "post", "post_id", "pid", "id"])
async def test_each_kind_of_id_is_completed(client: Client, api: StandIn, name: str) -> None:
    api.answers({"data": [{"id": f"x_{number}"} for number in range(150)]})
    values = await _complete(client, "socialapi://posts/{pid}", name, "x_")
    assert len(values) == 100


@pytest.mark.parametrize("body", [{"data": [{"text": "post without id"}, 3, None]}, {"data": 4}, [], None])
async def test_odd_answers_complete_to_nothing(client: Client, api: StandIn, body: object) -> None:
    api.answers(body)
    assert await _complete(client, "socialapi://posts/{pid}", "pid", "") == []


@pytest.mark.parametrize("status", [401, 500])
async def test_refusals_and_unknown_names_complete_to_nothing(client: Client, api: StandIn, status: int) -> None:
    api.answers(refusal("a.b", "no"), status)
    assert await _complete(client, "socialapi://posts/{pid}", "pid", "") == []
    assert await _complete(client, "socialapi://posts/{pid}", "colour", "") == []


async def test_an_escaped_id_is_read_as_the_id(client: Client, api: StandIn) -> None:
    api.answers({"id": "p_1"})
    await client.read_resource("socialapi://posts/urn%3Ali%3Ashare%3A1")
    assert api.seen[0].path.endswith("/posts/urn:li:share:1")
    for uri in ("socialapi://posts/a%2Fb", "socialapi://posts/%2e%2e"):
        with pytest.raises(MCPError):
            await client.read_resource(uri)


async def test_a_platform_says_which_tools_work_there(client: Client, api: StandIn) -> None:
    api.answers({"data": {"tiktok": {}}})
    read = await client.read_resource("socialapi://platforms/tiktok")
    (content,) = read.contents
    assert isinstance(content, TextResourceContents)
    told = json.loads(content.text)
    assert "get_creator_info" in told["tools_that_work"] or "get_tiktok_summary" in told["tools_that_work"]
    assert "reply_to_review" in told["tools_that_do_not"]


async def test_what_does_not_exist_completes_to_nothing(client: Client, api: StandIn) -> None:
    api.answers({"data": [{"id": "x_1"}]})
    prompt = PromptReference(type="ref/prompt", name="nope")
    template = ResourceTemplateReference(type="ref/resource", uri="socialapi://nope/{x}")
    for argument in ("account_id", "platform"):
        for ref in (prompt, template):
            found = await client.complete(ref, argument={"name": argument, "value": ""})
            assert found.completion.values == []
    assert api.seen == []
