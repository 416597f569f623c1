"""A client of the Python SDK that is told what to do line by line, as `tests/interop/sign_in_client.mjs` is."""

import json
import sys
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
import anyio.to_thread
import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl


class Kept:
    """What an application has to keep for the SDK."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def _read() -> dict[str, Any]:
    line = await anyio.to_thread.run_sync(sys.stdin.readline)
    found: dict[str, Any] = json.loads(line or '{"end": true}')
    return found


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def _open(url: str) -> None:
    _say({"open": url})


async def _answer() -> AuthorizationCodeResult:
    callback = (await _read())["callback"]
    given = dict(parse_qsl(urlsplit(callback).query))
    return AuthorizationCodeResult(code=given.get("code", ""), state=given.get("state"), iss=given.get("iss"))


async def main(config: dict[str, Any]) -> None:
    """Do what each line says, over one connection while it lasts."""
    kept = Kept()
    provider = OAuthClientProvider(
        server_url=config["server"],
        client_metadata=OAuthClientMetadata(
            client_name="Python SDK",
            redirect_uris=[AnyUrl(config["redirect"])],
            token_endpoint_auth_method="none",
        ),
        storage=kept,
        redirect_handler=_open,
        callback_handler=_answer,
        client_metadata_url=config.get("document"),
    )
    while True:
        told = await _read()
        if told.get("end"):
            return
        try:
            if "call" in told:
                _say({"result": await _call(provider, config["server"], told["call"], told["arguments"])})
            elif "tokens" in told:
                assert kept.tokens is not None and kept.client is not None
                _say({"result": {**kept.tokens.model_dump(), "client_id": kept.client.client_id}})
            else:
                # It goes by its own clock, and signs in anew when it is told otherwise by a 401.
                provider.context.token_expiry_time = 1
                _say({"result": {}})
        except Exception as error:  # noqa: BLE001
            _say({"error": repr(error)})


async def _call(provider: OAuthClientProvider, server: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    async with (
        httpx2.AsyncClient(auth=provider, timeout=60) as http,
        Client(streamable_http_client(server, http_client=http)) as client,
    ):
        return (await client.call_tool(tool, arguments)).model_dump(mode="json", by_alias=True)


if __name__ == "__main__":
    anyio.run(main, json.loads(sys.argv[1]))
