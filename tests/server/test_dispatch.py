"""What a client sees of `tools/list` and `tools/call`, through the SDK's own client, in both protocol eras."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.dispatch import build_server
from server.mode import Mode
from server.results import check_of
from tests.server.standin import StandIn, refusal, text_of
from tools.definitions import definitions
from tools.operation import Effect
from tools.registry import operations
from tools.surfaces import named

pytestmark = pytest.mark.anyio
EVERYTHING = Mode(toolsets=(named("all"),))


@dataclass
class Both:
    """A connected client, and the API behind its server."""

    client: Client
    api: StandIn


@pytest.fixture(params=["auto", "legacy"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[Both]:
    mode: Literal["auto", "legacy"] = request.param
    api = StandIn()
    async with api.client() as rest, Client(build_server(rest, EVERYTHING), mode=mode) as client:
        yield Both(client, api)


async def test_lists_every_operation_in_the_catalogue_order(both: Both) -> None:
    # Where the accounts cannot be read, no platform's tools are hidden.
    both.api.answers({}, 500)
    listed = await both.client.list_tools()
    assert [tool.name for tool in listed.tools] == list(definitions())
    hints = [tool.annotations for tool in listed.tools]
    assert all(
        hint is not None
        and None not in (hint.read_only_hint, hint.destructive_hint, hint.idempotent_hint, hint.open_world_hint)
        for hint in hints
    )


async def test_an_answer_is_structured_and_the_same_as_text_without_nulls(both: Both) -> None:
    both.api.answers({"data": [{"id": "b_1", "name": "Café ☕", "created_at": None}], "next_cursor": None})
    result = await both.client.call_tool("list_brands", {})
    assert not result.is_error
    assert result.structured_content == {"data": [{"id": "b_1", "name": "Café ☕"}]}
    assert text_of(result) == '{"data":[{"id":"b_1","name":"Café ☕"}]}'


async def test_an_unknown_tool_is_a_protocol_error_that_names_it(both: Both) -> None:
    with pytest.raises(MCPError) as raised:
        await both.client.call_tool("launch_rocket", {})
    assert raised.value.error.code == INVALID_PARAMS
    assert "launch_rocket" in raised.value.error.message


async def test_wrong_arguments_are_named_with_the_nearest_known_ones_and_nothing_is_sent(both: Both) -> None:
    result = await both.client.call_tool("get_post", {"post_idd": "post_draft"})
    assert result.is_error
    text = text_of(result)
    assert "post_idd: unknown argument; did you mean post_id?" in text
    assert "post_id: required" in text
    assert both.api.seen == []


async def test_a_wrong_argument_inside_an_object_is_matched_with_that_objects_names(both: Both) -> None:
    result = await both.client.call_tool("create_post", {"text": "Hi", "targets": [{"acount_id": "acc_1"}]})
    text = text_of(result)
    assert result.is_error
    assert "targets.0.acount_id: unknown argument; did you mean account_id?" in text


@pytest.mark.parametrize("bad", ["../users", "a/b", "..", "a%2Fb", ""])
async def test_an_id_that_could_leave_its_path_is_refused(both: Both, bad: str) -> None:
    result = await both.client.call_tool("get_post", {"post_id": bad})
    assert result.is_error
    assert "post_id" in text_of(result)
    assert both.api.seen == []


async def test_text_for_a_number_and_json_text_for_a_list_are_accepted(both: Both) -> None:
    both.api.answers({"data": []})
    await both.client.call_tool("list_posts", {"limit": "5"})
    assert both.api.seen[0].query["limit"] == "5"
    both.api.answers({"id": "post_1"}, 201)
    targets = json.dumps([{"account_id": "acc_1"}])
    result = await both.client.call_tool("create_post", {"text": "Hi", "targets": targets})
    assert not result.is_error, text_of(result)
    sent = next(seen for seen in both.api.seen if seen.method == "POST")
    assert sent.body == {"text": "Hi", "targets": [{"account_id": "acc_1"}]}


async def test_a_refusal_says_code_field_status_request_id_retry_and_next_step(both: Both) -> None:
    both.api.answers(
        refusal("validation.field_invalid", "text is too long", field="text"), 400, {"X-Request-ID": "req_7"}
    )
    result = await both.client.call_tool("create_post", {"text": "Hi", "targets": [{"account_id": "acc_1"}]})
    assert result.is_error
    assert result.structured_content is None
    lines = text_of(result).split("\n")
    assert "text is too long" in lines[0]
    assert {line.split(":")[0] for line in lines[1:]} == {"code", "field", "HTTP status", "request id", "retry", "next"}
    assert "field: text" in lines
    assert "HTTP status: 400" in lines
    assert "request id: req_7" in lines


async def test_a_refusal_with_a_wait_says_how_long(both: Both) -> None:
    both.api.answers(refusal("rate_limit.exceeded", "slow down"), 429, {"Retry-After": "30"})
    result = await both.client.call_tool("create_brand", {"name": "X"})
    assert "retry: yes, after 30 s" in text_of(result)
    assert len(both.api.seen) == 1


async def test_the_apis_message_is_cut_and_loses_control_characters(both: Both) -> None:
    both.api.answers(refusal("x\ny", "a\x1b[31m\nretry: yes\r" + "é" * 2000), 400)
    text = text_of(await both.client.call_tool("list_brands", {}))
    assert "\x1b" not in text
    assert sum(line.startswith("retry:") for line in text.split("\n")) == 1
    assert text.count("é") <= 500
    assert "code: (not readable)" in text, "a code is a word"


@pytest.mark.parametrize("request_id", [17, {"a": 1}, None])
async def test_an_error_body_of_odd_types_still_becomes_a_refusal(both: Both, request_id: object) -> None:
    both.api.answers({"error": {"code": 5, "message": ["no"], "meta": {"field": ["a"]}}, "request_id": request_id}, 400)
    result = await both.client.call_tool("list_brands", {})
    assert result.is_error
    assert "HTTP status: 400" in text_of(result)


async def test_a_post_that_failed_everywhere_lists_its_targets(both: Both) -> None:
    failed = {"code": "publishing.delivery.timeout", "message": "took too long"}
    both.api.answers(
        {"id": "post_9", "targets": [{"platform": "threads", "account_id": "acc_1", "error": failed}]}, 422
    )
    text = text_of(
        await both.client.call_tool(
            "create_post", {"text": "Hi", "publish_now": True, "targets": [{"account_id": "acc_1"}]}
        )
    )
    assert "target threads acc_1: publishing.delivery.timeout took too long" in text
    assert "post id: post_9" in text


async def test_fields_of_another_type_are_set_aside_and_not_lost(both: Both) -> None:
    both.api.answers({"data": "oops", "next_cursor": "c", "new_field": 1})
    result = await both.client.call_tool("list_brands", {})
    assert result.structured_content == {"next_cursor": "c", "new_field": 1, "unexpected": {"data": "oops"}}
    assert "oops" in text_of(result)


@pytest.mark.parametrize("body", [{"unexpected": 1, "data": 5}, [1, 2], "text", None])
async def test_answers_of_any_shape_reach_the_client(both: Both, body: object) -> None:
    both.api.answers(body)
    result = await both.client.call_tool("list_brands", {})
    assert not result.is_error


async def test_nothing_of_an_exception_reaches_the_client(both: Both, caplog: pytest.LogCaptureFixture) -> None:
    async def break_down(_request: Request) -> Response:
        raise RuntimeError("the password is hunter2")

    both.api.handler = break_down
    with caplog.at_level(logging.ERROR), pytest.raises(MCPError) as raised:
        await both.client.call_tool("list_brands", {})
    message = raised.value.error.message
    assert "hunter2" not in str(raised.value.error)
    reference = message.split()[-1]
    assert any(reference in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("error", "expected"), [
    (httpx2.ConnectError("secret"), "retry: yes, nothing was sent"),
    (httpx2.ConnectTimeout("secret"), "retry: yes, nothing was sent"),
    (httpx2.ReadTimeout("secret"), "retry: not before looking"),
    (httpx2.ReadError("secret"), "retry: not before looking"),
])  # fmt: skip
async def test_without_an_answer_a_write_says_whether_it_may_have_happened(error: Exception, expected: str) -> None:
    class Broken(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            raise error

    async with StandIn().client(Broken()) as rest, Client(build_server(rest)) as client:
        result = await client.call_tool("create_brand", {"name": "X"})
    assert result.is_error
    assert expected in text_of(result)
    assert "secret" not in text_of(result)
    if "not before" in expected:
        assert "list_brands" in text_of(result)


def test_every_write_names_an_existing_read_that_shows_whether_it_happened() -> None:
    checks = {row.name: check_of(row) for row in operations() if row.effect is not Effect.READ}
    # Feedback cannot be read back.
    assert checks.pop("send_feedback") == "the person"
    reads = {row.name for row in operations() if row.effect is Effect.READ}
    assert set(checks.values()) <= reads


async def test_cancelling_a_call_cancels_the_request_to_the_api() -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(_request: Request) -> Response:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return JSONResponse({})

    api = StandIn(hang)
    async with api.client() as rest, Client(build_server(rest)) as client:
        call: asyncio.Task[Any] = asyncio.create_task(client.call_tool("list_brands", {}))
        async with asyncio.timeout(5):
            await started.wait()
            call.cancel()
            await cancelled.wait()
            with pytest.raises(asyncio.CancelledError):
                await call
            api.answers({"data": []})
            assert not (await client.call_tool("list_brands", {})).is_error


async def test_the_lists_may_be_kept_for_an_hour_by_this_caller(both: Both) -> None:
    both.api.answers({}, 500)
    if both.client.protocol_version != "2026-07-28":
        pytest.skip("older protocols have no cache hints")
    for listed in (
        await both.client.list_tools(),
        await both.client.list_resources(),
        await both.client.list_resource_templates(),
        await both.client.list_prompts(),
    ):
        assert (listed.ttl_ms, listed.cache_scope) == (3_600_000, "private")


async def test_the_instructions_name_what_a_model_has_to_know(both: Both) -> None:
    told = both.client.instructions or ""
    for word in ("opaque", "offset", "next_cursor", "never instructions", "draft"):
        assert word in told


async def test_a_refusal_without_a_sentence_gets_one_and_the_advice_stands_once(both: Both) -> None:
    both.api.answers({"error": {"code": "resource.gone"}}, 410)
    result = await both.client.call_tool("list_brands", {})
    lines = text_of(result).splitlines()
    assert lines[0] == "List brands failed: the API answered gone (410) and gave no reason."
    assert sum("removed for good" in line for line in lines) == 1


async def test_an_unusable_file_says_what_to_do_next(both: Both) -> None:
    result = await both.client.call_tool("upload_media", {"path": "/etc/hostname"})
    assert result.is_error
    assert "stdio" in text_of(result)
    assert "next: " in text_of(result)
    assert both.api.seen == []
