"""Every tool, over the transports that clients use and in both protocol eras, with processes of their own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from auth.scopes import Access
from tests.e2e.processes import COMMAND, environment, free_port, key, serve
from tests.localapi.receivers import receiving
from tests.server.answering import Person
from tests.test_contract import SPOILING
from tools.registry import operations

pytestmark = pytest.mark.anyio
# Examples give secrets and delete things; what takes a name to be typed still asks.
WITHOUT_QUESTIONS = {"SOCIALAPI_CONFIRM": "never", "SOCIALAPI_ALLOW_SECRET_ARGUMENTS": "1"}
ERAS: dict[Literal["auto", "legacy"], str] = {"auto": "2026-07-28", "legacy": "2025-11-25"}
# What takes away what others need, the user last of all.
LAST = [
    "deregister_whatsapp_number",
    "delete_webhook",
    "delete_post",
    "revoke_key",
    "revoke_invite",
    "disconnect_account",
    "delete_brand",
    "delete_current_user",
]


@asynccontextmanager
async def connected(transport: str, mode: Literal["auto", "legacy"], data: Path) -> AsyncGenerator[Client]:
    if transport == "stdio":
        server = StdioServerParameters(command=COMMAND, env=environment(data) | WITHOUT_QUESTIONS)
        async with Client(server, mode=mode, elicitation_callback=Person()) as client:
            yield client
        return
    port = free_port()
    process = serve("http", data, port, **WITHOUT_QUESTIONS)
    try:
        headers = {"Authorization": f"Bearer {key(data)}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(
                streamable_http_client(f"http://127.0.0.1:{port}/mcp", http_client=http),
                mode=mode,
                elicitation_callback=Person(),
            ) as client,
        ):
            yield client
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_every_example_answers_and_every_unknown_argument_is_refused(
    transport: str, mode: Literal["auto", "legacy"], tmp_path: Path
) -> None:
    assert set(LAST) == SPOILING
    wrong: list[str] = []
    async with receiving() as receiver, connected(transport, mode, tmp_path) as client:
        assert client.protocol_version == ERAS[mode]
        for operation in operations():
            refused = await client.call_tool(operation.name, {**operation.example, "no_such_argument": 1})
            if not refused.is_error or "no_such_argument" not in getattr(refused.content[0], "text", ""):
                wrong.append(f"{operation.name} takes an unknown argument")
        first = [row for row in operations() if row.name not in SPOILING]
        for operation in [*first, *(row for name in LAST for row in operations() if row.name == name)]:
            # The endpoint of the example is nobody's, and has to answer.
            more = {"url": receiver.url} if operation.name == "create_webhook" else {}
            result = await client.call_tool(operation.name, {**operation.example, **more})
            text = getattr(result.content[0], "text", "") if result.content else ""
            if result.is_error and "/approve/" in text:
                # Without a way back to an older client, a page asks.
                if transport != "http" or mode != "legacy":
                    wrong.append(f"{operation.name}: {text}")
            elif operation.scope is Access.DASHBOARD:
                # No key and no sign-in reaches these (tests/test_contract.py has them with the dashboard's token).
                assert result.is_error and "auth.dashboard_only" in text
            elif result.is_error:
                wrong.append(f"{operation.name}: {text}")
    assert wrong == []


WITH_IDS = [row for row in operations() if row.path_names and row.scope is not Access.DASHBOARD]


async def test_an_id_that_nobody_has_is_refused_with_what_to_do_next(tmp_path: Path) -> None:
    wrong: list[str] = []
    async with connected("stdio", "auto", tmp_path) as client:
        for operation in WITH_IDS:
            for argument in operation.path_names.values():
                if argument == "platform":
                    continue
                result = await client.call_tool(operation.name, {**operation.example, argument: "nobody_has_this"})
                text = getattr(result.content[0], "text", "")
                if not result.is_error or "next: " not in text or "HTTP status: 5" in text:
                    wrong.append(f"{operation.name} {argument}: {text}")
    assert wrong == []


async def test_a_value_of_another_type_is_refused_by_its_name(tmp_path: Path) -> None:
    given: dict[str, tuple[str, object]] = {
        "list_posts": ("limit", "abc"),
        "create_post": ("targets", 5),
        "list_reviews": ("order", "sideways"),
        "update_account_page": ("is_active", "perhaps"),
        "create_invite": ("expires_in_days", "8"),
    }
    async with connected("stdio", "auto", tmp_path) as client:
        for name, (argument, value) in given.items():
            operation = next(row for row in operations() if row.name == name)
            result = await client.call_tool(name, {**operation.example, argument: value})
            text = getattr(result.content[0], "text", "")
            assert result.is_error
            assert f"{argument}: " in text
            assert "nothing was sent" in text
