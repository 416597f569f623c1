"""How often a call is sent, and what counts as an answer."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.server.standin import StandIn, refusal
from tools.definitions import operation_named
from tools.operation import AnyOperation, Effect
from tools.registry import operations
from tools.rest import MAX_READ_ATTEMPTS, ApiError, NoAnswer

pytestmark = pytest.mark.anyio


def operation(name: str) -> AnyOperation:
    found = operation_named(name)
    assert found is not None
    return found


@pytest.mark.parametrize("one", [row for row in operations() if row.upload is None], ids=lambda row: row.name)
@pytest.mark.parametrize("status", [429, 503])
async def test_only_reads_are_sent_again(one: AnyOperation, status: int) -> None:
    api = StandIn()
    api.answers(refusal("system.unavailable", "Later."), status)
    async with api.client() as rest:
        with pytest.raises(ApiError):
            await rest.exchange(one, one.args.model_validate(one.example))
    repeats = one.effect is Effect.READ and one.method == "GET"
    assert len(api.seen) == (MAX_READ_ATTEMPTS if repeats else 1)


async def test_a_read_that_is_throttled_for_long_is_not_kept_waiting() -> None:
    api = StandIn()
    api.answers(refusal("http.429", "Slowly."), 429, {"Retry-After": "3600"})
    async with api.client() as rest:
        with pytest.raises(ApiError) as caught:
            await rest.exchange(operation("list_brands"), operation("list_brands").args())
    assert (len(api.seen), caught.value.retry_after_seconds) == (1, 3600)


async def test_the_wait_may_stand_in_the_body() -> None:
    api = StandIn()
    api.answers(refusal("platform.telegram.rate_limit", "Slowly.", retry_after=37), 429)
    send = operation("mark_conversation_read")
    async with api.client() as rest:
        with pytest.raises(ApiError) as caught:
            await rest.exchange(send, send.args.model_validate(send.example))
    assert caught.value.retry_after_seconds == 37


@pytest.mark.parametrize("name", ["list_brands", "create_post", "delete_post"])
async def test_a_redirect_is_no_answer(name: str) -> None:
    async def moved(_request: Request) -> Response:
        return Response(status_code=301, headers={"Location": "https://api.test/v1"})

    one, api = operation(name), StandIn(moved)
    async with api.client() as rest:
        with pytest.raises(NoAnswer, match="redirect") as caught:
            await rest.exchange(one, one.args.model_validate(one.example))
    assert "SOCIALAPI_BASE_URL" in (caught.value.remedy or "")


async def test_an_invite_is_answered_with_its_address_and_not_followed() -> None:
    async def away(_request: Request) -> Response:
        return Response(status_code=302, headers={"Location": "https://platform.test/sign-in?state=1"})

    one, api = operation("redeem_invite"), StandIn(away)
    async with api.client() as rest:
        answer = await rest.exchange(one, one.args.model_validate(one.example))
    assert answer.body == {"location": "https://platform.test/sign-in?state=1"}
    assert len(api.seen) == 1


async def test_a_call_without_fields_still_sends_an_object_where_a_body_is_read() -> None:
    api = StandIn()
    api.answers({"id": "exp_1"}, 202)
    async with api.client() as rest:
        export = operation("create_export")
        await rest.exchange(export, export.args.model_validate({"account_id": "acc_1"}))
        hide = operation("retry_post")
        await rest.exchange(hide, hide.args.model_validate({"post_id": "post_1"}))
    assert [seen.body for seen in api.seen] == [{}, None]
