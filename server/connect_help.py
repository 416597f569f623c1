"""What a person is shown when the server runs: how to connect a client."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def connection_help(
    address: str, key: str | None, *, embedded: bool, variables: Mapping[str, str] | None = None
) -> str:
    """Address, key and two client configurations, over HTTP and over stdio; `variables` are of the latter."""
    bearer = f"Bearer {key or 'sapi_key_…'}"
    http = {
        "mcpServers": {"socialapi": {"type": "http", "url": f"{address}/mcp", "headers": {"Authorization": bearer}}}
    }
    command: dict[str, Any] = {"command": sys.executable, "args": ["-P", "-m", "server.main"]}
    if variables:
        command["env"] = dict(variables)
    stdio = {"mcpServers": {"socialapi": command}}
    what = "the local REST API with a sample workspace" if embedded else "the hosted REST API"
    lines = [
        f"socialapi-mcp serves MCP at {address}/mcp, on {what}.",
        f"key: {key or 'your own, as a bearer'}",
        *([f"REST API: {address}/v1 (same key)"] if embedded else []),
        "",
        "A client that speaks HTTP:",
        json.dumps(http, indent=2, ensure_ascii=False),
        "",
        "A client that starts the server itself (stdio):",
        json.dumps(stdio, indent=2, ensure_ascii=False),
        "",
        "Stop with Ctrl-C.",
    ]
    return "\n".join(lines) + "\n"
