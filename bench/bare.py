"""The yardstick: the same tools and the same local REST API on the bare SDK, without a layer of ours between."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent, Tool

SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "tools" / "schemas.json").read_text(encoding="utf-8"))
LISTING = ListToolsResult(tools=[Tool.model_validate(entry["tool"]) for entry in SCHEMAS.values()])
REQUESTS = {
    "list_brands": ("GET", "/v1/brands"),
    "mark_conversation_read": ("POST", "/v1/inbox/conversations/conv_ig_1/read"),
}
clients: list[httpx2.AsyncClient] = []


async def api() -> httpx2.AsyncClient:
    if not clients:
        from localapi.app import EmbeddedApi, Options

        started = await EmbeddedApi.start(Options(data=Path(os.environ["SOCIALAPI_DATA_DIR"])))
        headers = {"Authorization": f"Bearer {started.sample_key}"}
        transport = httpx2.ASGITransport(app=started.app)
        clients.append(httpx2.AsyncClient(transport=transport, base_url="http://local", headers=headers))
    return clients[0]


async def list_tools(ctx: ServerRequestContext[Any, Any], params: PaginatedRequestParams | None) -> ListToolsResult:
    return LISTING


async def call_tool(ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
    response = await (await api()).request(*REQUESTS[params.name])
    body = response.raise_for_status().json()
    return CallToolResult(content=[TextContent(type="text", text=json.dumps(body))], structured_content=body)


server: Server[Any] = Server(
    "bare",
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    get_tool_input_schema=lambda name: SCHEMAS[name]["tool"]["inputSchema"],
)


async def stdio() -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    if sys.argv[1:]:
        import uvicorn

        app = server.streamable_http_app(stateless_http=True)
        uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
    else:
        anyio.run(stdio)
