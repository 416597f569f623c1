"""The MCP server card: what this server is and where, for who has not connected yet (SEP-2127)."""

import json
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.dispatch import NAME

PATHS = ("/mcp/server-card", "/.well-known/mcp/server-card.json")
PROTOCOL_VERSIONS = ("2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26")


def card(address: str) -> dict[str, Any]:
    """The card of a server at an address."""
    return {
        "$schema": "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json",
        "name": "ai.social-api/socialapi-mcp",
        "version": version(NAME),
        "title": "SocialAPI.AI",
        "description": "Runs social media accounts: inbox, publishing, media, analytics and webhooks.",
        "remotes": [
            {
                "type": "streamable-http",
                "url": f"{address}/mcp",
                "supportedProtocolVersions": list(PROTOCOL_VERSIONS),
            }
        ],
    }


def routes(address: str) -> list[BaseRoute]:
    """Where the card is served."""
    body = json.dumps(card(address), separators=(",", ":")).encode()

    async def answer(_request: Request) -> Response:
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
        return Response(body, headers=headers, media_type="application/mcp-server-card+json")

    return [Route(path, answer, methods=["GET"]) for path in PATHS]
