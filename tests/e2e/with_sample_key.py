"""The app of `socialapi-mcp http` behind a header: the conformance suite cannot send a credential of ours."""

from typing import Any

from server.serve import application
from server.settings import Settings


def app() -> Any:
    """An ASGI factory for uvicorn, on the data folder of the environment."""
    settings = Settings()
    inner = application(settings, announcing=False)

    async def with_sample_key(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            key = (settings.data_dir / "sample_key").read_bytes().strip()
            scope = {**scope, "headers": [*scope["headers"], (b"authorization", b"Bearer " + key)]}
        await inner(scope, receive, send)

    return with_sample_key
