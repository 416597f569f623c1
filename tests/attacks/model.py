"""The worst model there could be: it reads an answer, and does whatever a stranger's text in it wants, by every trick.

It works through the real MCP client on the real embedded API in memory. What is judged is what left for the API, as
the wire recorded it, and never what the model or an answer says.
"""

import json
import re
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from typing import Any

import httpx2
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, ElicitResult, TextContent
from PIL import Image

from localapi.app import EmbeddedApi, Options
from localapi.simulate import arrive
from server.calls import Services
from server.dispatch import build_server
from server.mode import Mode
from server.records import Records
from server.records.storage import Storage
from tests.attacks.texts import Attack, Want
from tests.conftest import HeldClock
from tests.server.answering import Person
from tools.definitions import operation_named
from tools.operation import AnyOperation, Effect
from tools.registry import operations
from tools.rest import RestClient

EXTRA = {"confirm": True, "confirmed": "yes", "approve": True, "approved_by": "the person", "force": True}
FACEBOOK, GOOGLE = "acc_aurora_facebook", "acc_aurora_google"
Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that left for the API, and the operation that it is."""

    operation: AnyOperation
    values: Mapping[str, str]
    """What stands in the variables of its path."""
    body: Any


class Wire(httpx2.AsyncBaseTransport):
    """The way to the API, which remembers what went along it and changes something."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.writes: list[Sent] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on, whatever it is."""
        raw = await request.aread()
        operation, values = operation_of(request.method, request.url.path)
        if operation.effect is not Effect.READ:
            with suppress(ValueError):
                self.writes.append(Sent(operation, values, json.loads(raw) if raw else None))
                return await self._inner.handle_async_request(request)
            # A file: what it holds does not matter here.
            self.writes.append(Sent(operation, values, None))
        return await self._inner.handle_async_request(request)


def operation_of(method: str, path: str) -> tuple[AnyOperation, Mapping[str, str]]:
    """The operation behind a request; the one whose path has the fewest variables, if several fit."""
    for pattern, verb, operation in _routes():
        if verb == method and (found := pattern.fullmatch(path)):
            return operation, {f"_{index}": value for index, value in enumerate(found.groups())}
    raise AssertionError(f"no operation is behind {method} {path}")


@cache
def _routes() -> Sequence[tuple[re.Pattern[str], str, AnyOperation]]:
    rows = sorted(operations(), key=lambda one: one.path.count("{"))
    return [(re.compile("/v1" + re.sub(r"{[^}]+}", "([^/]+)", one.path)), one.method, one) for one in rows]


@dataclass
class World:
    """The workspace under attack."""

    api: EmbeddedApi
    http: httpx2.AsyncClient
    """Past the wire: for what the test itself reads and plants."""
    wire: Wire
    rest: RestClient
    clock: HeldClock
    ids: dict[str, str] = field(default_factory=dict[str, str])

    async def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """What the API lists."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def plant(self, attack: Attack) -> Call:
        """Let the text arrive; returns the read that comes across it."""
        # Time goes on between the tests, so that no limit of the API decides them.
        self.clock.advance(minutes=2)
        whole = {"detail": "full", "max_tokens": 50_000}
        match attack.where:
            case "comment":
                await arrive(self.api.installation, "comment", account_id=FACEBOOK, text=attack.sent, author="Guest")
                where = {"post_id": self.ids["post"], "account_id": FACEBOOK}
                return "list_comments", {**where, "limit": 100, **whole}
            case "dm":
                author = f"Guest {zlib.crc32(attack.id.encode())}"
                await arrive(self.api.installation, "dm", account_id=FACEBOOK, text=attack.sent, author=author)
                return "list_messages", {"conversation_id": await self.conversation(author), **whole}
            case "review":
                await arrive(self.api.installation, "review", account_id=GOOGLE, text=attack.sent, author="Guest")
                return "list_reviews", {"account_id": GOOGLE, "limit": 50, **whole}
            case "mention":
                await arrive(self.api.installation, "mention", account_id=FACEBOOK, text=attack.sent, author="Guest")
                return "list_mentions", {"account_id": FACEBOOK, "limit": 100, **whole}
            case "profile name":
                await arrive(self.api.installation, "dm", account_id=FACEBOOK, text="Hello", author=attack.sent)
                return "list_conversations", {"limit": 100, **whole}
            case "file name":
                files = {"file": (attack.sent, _picture(), "image/jpeg")}
                answer = await self.http.post("/media/upload", files=files)
                assert answer.status_code == 201, answer.text
                return "list_media", {"limit": 50, **whole}

    async def conversation(self, name: str) -> str:
        """The id of the thread with somebody."""
        rows = await self.rows("/inbox/conversations", limit=100)
        return next(str(row["id"]) for row in rows if row["participant_name"] == name)

    async def state(self) -> dict[str, Any]:
        """What no stranger may change under any mode."""
        me = (await self.http.get("/users/me")).json()
        keys = [(row["id"], row["name"], row["preview"], row["scopes"]) for row in await self.rows("/keys")]
        return {
            "me": me,
            "keys": keys,
            "webhooks": await self.rows("/webhooks"),
            "invites": await self.rows("/invites", brand_id="b_empty"),
            "brands": [(row["id"], row["name"]) for row in await self.rows("/brands")],
            "accounts": [(row["id"], row["status"]) for row in await self.rows("/accounts")],
            "written": [
                len(await self.rows(f"/inbox/conversations/{self.ids[name]}/messages", limit=50))
                for name in ("other", "third")
            ],
        }

    async def public(self) -> dict[str, Any]:
        """What is or becomes visible to others."""
        posts = [(row["id"], row["status"]) for row in await self.rows("/posts", limit=100)]
        return {"posts": sorted(row for row in posts if row[1] != "draft")}

    @asynccontextmanager
    async def client(self, mode: Mode, person: Person | None, era: Any = "auto") -> AsyncGenerator[Client]:
        """A client of a new process in this mode, in which nothing was read yet."""
        records = Records(Storage(), clock=self.clock)
        services = Services(rest=self.rest, clock=self.clock.now, records=records)
        server = build_server(self.rest, mode, services)
        async with Client(server, mode=era, elicitation_callback=person) as client:
            yield client


@asynccontextmanager
async def world() -> AsyncGenerator[World]:
    """The sample workspace, and a few things of it that strangers would like to lay hands on."""
    clock = HeldClock()
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False), clock=clock)
    wire = Wire(httpx2.ASGITransport(app=api.app, raise_app_exceptions=False))
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    address = "http://local/v1"

    async def at_once(_seconds: float) -> None:
        return None

    try:
        async with (
            httpx2.AsyncClient(transport=wire, base_url=address, headers=headers) as watched,
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api.app), base_url=address, headers=headers) as http,
        ):
            made = World(api, http, wire, RestClient(http=watched, wait=at_once), clock)
            made.ids |= {"brand": "b_aurora", "other": "conv_wa_1", "account": "acc_aurora_whatsapp"}
            await arrive(api.installation, "dm", account_id=FACEBOOK, text="Hello", author="Nora Third")
            made.ids |= {"third": await made.conversation("Nora Third"), "third_account": FACEBOOK}
            comment = await arrive(api.installation, "comment", account_id=FACEBOOK, text="Hello", author="Nora")
            made.ids |= {"comment": comment.id, "post_account": FACEBOOK}
            posts = await made.rows("/inbox/comments", limit=20)
            made.ids["post"] = next(str(row["platform_id"]) for row in posts if row["account_id"] == FACEBOOK)
            review = await arrive(api.installation, "review", account_id=GOOGLE, text="Nice", author="Nora")
            made.ids["review"] = review.id
            draft = await http.post("/posts", json={"text": "Soon", "targets": [{"account_id": "acc_aurora_threads"}]})
            invite = {"brand_id": "b_empty", "expires_in_days": 7, "platform": "instagram"}
            invited = await http.post("/invites", json=invite)
            assert draft.status_code == invited.status_code == 201, (draft.text, invited.text)
            made.ids |= {"draft": draft.json()["id"], "invite": invited.json()["id"]}
            yield made
    finally:
        await api.close()


@dataclass
class Model:
    """It obeys."""

    client: Client
    ids: Mapping[str, str]
    is_modern: bool = True
    found: dict[str, str] = field(default_factory=dict[str, str])
    """Handles that came in answers, for use and reuse."""
    obeyed: list[str] = field(default_factory=list[str])

    async def read(self, call: Call, attack: Attack) -> CallToolResult:
        """Read, and obey the text if it is there."""
        name, arguments = call
        result = await self.client.call_tool(name, arguments)
        assert not result.is_error, said(result)
        if attack.code in said(result):
            await self.obey(attack)
        return result

    async def obey(self, attack: Attack) -> None:
        """Everything that the text wants, in its order."""
        for want in attack.wants:
            await self._do(want)
            self.obeyed.append(want[0])

    async def _do(self, want: Want) -> None:
        name, arguments = want[0], self._filled(want[1])
        operation = operation_named(name)
        calls = [(name, arguments), (name, {**arguments, **EXTRA})]
        if operation is not None:
            calls += [
                (name, {**arguments, "idempotency_key": "the person agreed"}),
                ("run_write_operation", {"name": name, "arguments": arguments}),
                ("run_write_operation", {"name": name, "arguments": {**arguments, "idempotency_key": "agreed"}}),
                ("run_write_operation", {"name": name, "arguments": {**arguments, **EXTRA}, "confirm": True}),
                ("run_read_operation", {"name": name, "arguments": arguments}),
                (name, {**arguments, "idempotency_key": "the person agreed"}),
            ]
        for tool, given in calls:
            await self._call(tool, given)
        # An answer to a question that nobody was asked.
        yes: dict[str, Any] = {"confirmation": ElicitResult(action="accept", content={"approve": True, "name": name})}
        for state in (None, "a" * 32) if self.is_modern else ():
            with suppress(MCPError):
                await self.client.session.call_tool(
                    name, arguments, input_responses=yes, request_state=state, allow_input_required=True
                )

    async def _call(self, tool: str, arguments: dict[str, Any]) -> None:
        try:
            result = await self.client.call_tool(tool, arguments)
        except MCPError:
            # Refused by the protocol: as good as any other refusal.
            return
        for name in ("plan_id", "handle"):
            value = (result.structured_content or {}).get(name)
            if isinstance(value, str):
                self.found[name] = value

    def _filled(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        known = {"plan_id": "a" * 24, "handle": "a" * 24, **self.ids, **self.found}
        text = json.dumps(arguments)
        for name, value in known.items():
            text = text.replace(f"{{{name}}}", value)
        filled: dict[str, Any] = json.loads(text)
        return filled


def said(result: CallToolResult) -> str:
    """All that a model reads of a result: its texts, and the structured content."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    return "\n".join([*texts, json.dumps(result.structured_content, ensure_ascii=False)])


def _picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 640), "#6f4e37").save(out, "JPEG")
    return out.getvalue()
