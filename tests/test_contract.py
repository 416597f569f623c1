"""Every tool of the local API's groups, with its example, through the official MCP client in both eras."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from mcp import Client

from localapi.app import EmbeddedApi, Options
from localapi.routing import HANDLERS
from server.dispatch import build_server
from tools.registry import operations
from tools.rest import RestClient

# The sample workspace is made anew for these, which would spoil it for the rest.
SPOILING = {"delete_brand", "delete_current_user", "disconnect_account", "revoke_key", "revoke_invite", "delete_post"}


@pytest.fixture
async def rest(api: EmbeddedApi) -> AsyncIterator[RestClient]:
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    transport = httpx2.ASGITransport(app=api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http:
        yield RestClient(http=http)


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_every_example_answers_and_every_unknown_argument_is_refused(rest: RestClient, mode: str) -> None:
    wrong: list[str] = []
    ordered = sorted(operations(), key=lambda row: row.name in SPOILING)
    async with Client(build_server(rest), mode=mode) as client:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == [row.name for row in operations()]
        for operation in ordered:
            refused = await client.call_tool(operation.name, {**operation.example, "no_such_argument": 1})
            if not refused.is_error or "no_such_argument" not in getattr(refused.content[0], "text", ""):
                wrong.append(f"{operation.name} takes an unknown argument")
            if operation.name not in HANDLERS or operation.name in SPOILING:
                continue
            result = await client.call_tool(operation.name, dict(operation.example))
            if result.is_error:
                wrong.append(f"{operation.name}: {getattr(result.content[0], 'text', '')}")
    assert wrong == []


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SPOILING))
async def test_a_removal_answers(rest: RestClient, name: str) -> None:
    operation = next(row for row in operations() if row.name == name)
    async with Client(build_server(rest)) as client:
        result = await client.call_tool(name, dict(operation.example))
    assert not result.is_error, result.content


@pytest.mark.anyio
async def test_the_groups_of_a_later_version_say_so(rest: RestClient) -> None:
    async with Client(build_server(rest)) as client:
        result = await client.call_tool("list_webhooks", {})
    text = getattr(result.content[0], "text", "")
    assert result.is_error
    assert "HTTP status: 501" in text
    assert "retry: no" in text


@pytest.mark.anyio
async def test_the_local_api_starts_empty_when_asked_to() -> None:
    api = await EmbeddedApi.start(Options(memory=True, empty=True, with_jobs=False))
    transport = httpx2.ASGITransport(app=api.app)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as http:
        assert (await http.get("/v1/accounts")).json() == {"count": 0, "data": []}
        assert [row["name"] for row in (await http.get("/v1/brands")).json()["data"]] == ["Default"]
    await api.close()
