"""Every tool of the local API's groups, with its example, through the official MCP client in both eras."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from mcp import Client

from auth.scopes import Access
from localapi.app import EmbeddedApi, Options
from localapi.routing import HANDLERS
from server.dispatch import build_server
from server.mode import Mode
from tests.localapi.receivers import receiving
from tests.localapi.tokens import dashboard_token
from tests.server.answering import Person
from tools.registry import operations
from tools.rest import RestClient
from tools.surfaces import named

# Secrets are given as the examples have them.
ALL = Mode(toolsets=(named("all"),), allow_secret_arguments=True)
# The sample workspace is made anew for these, which would spoil it for the rest.
SPOILING = {
    "delete_brand",
    "delete_current_user",
    "disconnect_account",
    "revoke_key",
    "revoke_invite",
    "delete_post",
    "deregister_whatsapp_number",
    "delete_webhook",
}


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
    async with (
        receiving() as receiver,
        Client(build_server(rest, ALL), mode=mode, elicitation_callback=Person()) as client,
    ):
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} >= {row.name for row in operations()}
        for operation in ordered:
            refused = await client.call_tool(operation.name, {**operation.example, "no_such_argument": 1})
            if not refused.is_error or "no_such_argument" not in getattr(refused.content[0], "text", ""):
                wrong.append(f"{operation.name} takes an unknown argument")
            if operation.name in SPOILING or operation.scope is Access.DASHBOARD:
                continue
            # The endpoint of the example is nobody's, and has to answer.
            more = {"url": receiver.url} if operation.name == "create_webhook" else {}
            result = await client.call_tool(operation.name, {**operation.example, **more})
            if result.is_error:
                wrong.append(f"{operation.name}: {getattr(result.content[0], 'text', '')}")
    assert wrong == []


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(SPOILING))
async def test_a_removal_answers(rest: RestClient, name: str) -> None:
    operation = next(row for row in operations() if row.name == name)
    async with Client(build_server(rest, ALL), elicitation_callback=Person()) as client:
        result = await client.call_tool(name, dict(operation.example))
    assert not result.is_error, result.content


@pytest.mark.anyio
async def test_the_dashboards_operations_answer_its_token_and_no_key(api: EmbeddedApi, rest: RestClient) -> None:
    only = [row for row in operations() if row.scope is Access.DASHBOARD]
    assert len(only) == 9
    async with Client(build_server(rest, ALL), elicitation_callback=Person()) as client:
        for operation in only:
            refused = await client.call_tool(operation.name, dict(operation.example))
            assert refused.is_error and "auth.dashboard_only" in getattr(refused.content[0], "text", "")
    headers = {"Authorization": f"Bearer {await dashboard_token(api)}"}
    transport = httpx2.ASGITransport(app=api.app)
    async with (
        httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http,
        Client(build_server(RestClient(http=http), ALL), elicitation_callback=Person()) as client,
    ):
        made = ""
        for operation in only:
            more = {"redirect_uri_id": made} if operation.name == "delete_redirect_uri" else {}
            result = await client.call_tool(operation.name, {**operation.example, **more})
            assert not result.is_error, (operation.name, result.content)
            if operation.name == "create_redirect_uri":
                made = str((result.structured_content or {})["id"])


def test_every_operation_is_there() -> None:
    assert set(HANDLERS) == {row.name for row in operations()}
    assert len(HANDLERS) == 135


@pytest.mark.anyio
async def test_the_local_api_starts_empty_when_asked_to() -> None:
    api = await EmbeddedApi.start(Options(memory=True, empty=True, with_jobs=False))
    transport = httpx2.ASGITransport(app=api.app)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers) as http:
        assert (await http.get("/v1/accounts")).json() == {"count": 0, "data": []}
        assert [row["name"] for row in (await http.get("/v1/brands")).json()["data"]] == ["Default"]
    await api.close()
