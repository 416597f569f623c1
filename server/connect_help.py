"""What a person is shown when the server runs: how to connect a client."""

import json
import sys
from collections.abc import Mapping
from typing import Any


def connection_help(
    address: str,
    key: str | None,
    *,
    embedded: bool,
    variables: Mapping[str, str] | None = None,
    no_sign_in: str | None = None,
) -> str:
    """Address, key and client configurations, over HTTP and over stdio.

    `variables` are of the latter; `no_sign_in` says why nobody can sign in, if so.
    """
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
        *_signing_in(address, no_sign_in),
        "",
        "A client that speaks HTTP, with the key:",
        json.dumps(http, indent=2, ensure_ascii=False),
        "",
        "A client that starts the server itself (stdio):",
        json.dumps(stdio, indent=2, ensure_ascii=False),
        "",
        "Stop with Ctrl-C.",
    ]
    return "\n".join(lines) + "\n"


def _signing_in(address: str, no_sign_in: str | None) -> list[str]:
    if no_sign_in is not None:
        return [f"Nobody can sign in: {no_sign_in}."]
    # Where people reach them, the connectors of Claude and ChatGPT call from the internet.
    names = ("Claude, ChatGPT, " if address.startswith("https:") else "") + "Claude Code, Cursor, VS Code, mcp-remote"
    return [
        f"A client that can sign in ({names}) needs the address alone:",
        f"{address}/mcp",
        f"It opens a browser; what you connected is listed at {address}/oauth/apps.",
    ]
