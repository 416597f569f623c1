"""A person is asked before what cannot be taken back, in both protocol eras, and nothing a model writes is an answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitResult, InputRequiredResult

from server.calls import Services
from server.dispatch import build_server
from server.mode import Mode
from server.records import open_records
from tests.conftest import HeldClock
from tests.server.answering import Person
from tests.server.standin import StandIn, text_of
from tests.server.workflows.desks import desk
from tests.server.workflows.lines import client_of, line_of
from tools.rest import RestClient

pytestmark = pytest.mark.anyio

Era = Literal["auto", "legacy"]
WEBHOOK = {"webhook_id": "wh_1"}


@dataclass
class Time:
    present: datetime = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.present


@dataclass
class Setting:
    api: StandIn
    rest: RestClient
    time: Time

    def client(
        self, person: Person | None = None, *, mode: Mode | None = None, era: Era = "auto", address: str | None = None
    ) -> Client:
        services = Services(
            rest=self.rest,
            clock=self.time.now,
            records=open_records(None, memory=True, clock=self.time),
            address=address,
            secret=b"s" * 32,
        )
        server = build_server(self.rest, mode or Mode(toolsets=(frozenset({"all"}),)), services)
        return Client(server, mode=era, elicitation_callback=person)

    def writes(self) -> list[tuple[str, str]]:
        return [(seen.method, seen.path) for seen in self.api.seen if seen.method != "GET"]


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    api = StandIn()
    api.answers({})
    async with api.client() as rest:
        yield Setting(api, rest, Time())


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Era:
    found: Era = request.param
    return found


async def test_whoever_agrees_lets_it_happen(setting: Setting, era: Era) -> None:
    person = Person()
    async with setting.client(person, era=era) as client:
        result = await client.call_tool("delete_webhook", WEBHOOK)
    assert not result.is_error, text_of(result)
    assert len(person.asked) == 1 and "wh_1" in person.asked[0]
    assert setting.writes() == [("DELETE", "/v1/webhooks/wh_1")]


@pytest.mark.parametrize("person", [Person(action="decline"), Person(action="cancel"), Person(approve=False)])
async def test_whoever_refuses_is_obeyed(setting: Setting, era: Era, person: Person) -> None:
    async with setting.client(person, era=era) as client:
        result = await client.call_tool("delete_webhook", WEBHOOK)
    assert result.is_error and "said no" in text_of(result)
    assert setting.writes() == []


async def test_a_client_that_cannot_ask_is_refused_with_the_way_to_allow_it(setting: Setting, era: Era) -> None:
    async with setting.client(era=era) as client:
        result = await client.call_tool("delete_webhook", WEBHOOK)
    assert result.is_error and "--confirm never" in text_of(result)
    assert setting.writes() == []


async def test_no_argument_counts_as_an_answer(setting: Setting) -> None:
    async with setting.client() as client:
        for more in ({"confirm": True}, {"approve": True}, {"confirmed": "yes"}):
            result = await client.call_tool("delete_webhook", {**WEBHOOK, **more})
            assert result.is_error
    assert setting.writes() == []


async def test_publishing_is_asked_about_only_where_that_was_chosen(setting: Setting) -> None:
    person = Person()
    reply = {"review_id": "r_1", "account_id": "acc_1", "text": "Thank you."}
    async with setting.client(person) as client:
        await client.call_tool("reply_to_review", reply)
    assert person.asked == []
    mode = Mode(confirm="public")
    async with setting.client(person, mode=mode) as client:
        await client.call_tool("reply_to_review", {**reply, "text": "Thanks again."})
    assert len(person.asked) == 1 and "Thanks again." in person.asked[0]
    async with setting.client(person, mode=Mode(confirm="never")) as client:
        await client.call_tool("delete_webhook", WEBHOOK)
    assert len(person.asked) == 1


@pytest.mark.parametrize("typed", ["Aurora", "yes", "aurora coffee"])
async def test_a_brand_goes_only_when_its_name_is_typed(setting: Setting, era: Era, typed: str) -> None:
    setting.api.answers({"data": [{"id": "b_other", "name": "Other"}, {"id": "b_1", "name": "Aurora Coffee"}]})
    person = Person(name=typed)
    # Not even where questions are turned off.
    async with setting.client(person, era=era, mode=Mode(confirm="never")) as client:
        result = await client.call_tool("delete_brand", {"brand_id": "b_1"})
        assert result.is_error and "name" in text_of(result)
        assert setting.writes() == []
        person.name = "Aurora Coffee"
        result = await client.call_tool("delete_brand", {"brand_id": "b_1"})
    assert not result.is_error, text_of(result)
    assert all("Aurora Coffee" in message for message in person.asked)
    assert setting.writes() == [("DELETE", "/v1/brands/b_1")]


@pytest.mark.parametrize(
    ("tool", "arguments", "is_asked"),
    [
        ("create_post", {"text": "A draft"}, False),
        ("create_post", {"text": "Out", "publish_now": True}, True),
        ("create_post", {"text": "Later", "scheduled_at": "2026-03-11T12:00:00Z"}, True),
        (
            "create_post",
            {"text": "Later", "targets": [{"account_id": "acc_1", "scheduled_at": "2026-03-11T12:00:00Z"}]},
            True,
        ),
        ("update_post", {"post_id": "post_1", "text": "Another text"}, True),
        ("like_comment", {"post_id": "p_1", "comment_id": "c_1", "account_id": "acc_1"}, True),
        ("unhide_comment", {"post_id": "p_1", "comment_id": "c_1", "account_id": "acc_1"}, True),
        ("update_whatsapp_business_profile", {"phone_number_id": "15550001111", "about": "New"}, True),
        ("hide_comment", {"post_id": "p_1", "comment_id": "c_1", "account_id": "acc_1"}, False),
    ],
)
async def test_whatever_others_get_to_see_is_asked_about_where_that_was_chosen(
    setting: Setting, tool: str, arguments: dict[str, Any], is_asked: bool
) -> None:
    person = Person(approve=False)
    mode = Mode(confirm="public", toolsets=(frozenset({"all"}),))
    async with setting.client(person, mode=mode) as client:
        await client.call_tool(tool, arguments)
    assert bool(person.asked) is is_asked
    assert bool(setting.writes()) is not is_asked


async def test_a_person_reads_names_where_ids_stand(setting: Setting, era: Era) -> None:
    account = {"id": "acc_1", "name": "Aurora Coffee", "platform": "instagram", "username": "aurora"}
    setting.api.answers({"data": [account, {**account, "id": "acc_2", "platform": "facebook"}]})
    person = Person()
    post = {"text": "acc_1", "targets": [{"account_id": "acc_1", "text": "Hi"}, {"account_id": "acc_2"}]}
    async with setting.client(person, era=era, mode=Mode(confirm="public", toolsets=(frozenset({"all"}),))) as client:
        await client.call_tool("create_post", {**post, "publish_now": True})
    (message,) = person.asked
    assert message.split("\n") == [
        "Create a post?",
        "publish_now: yes",
        "targets 1: “Aurora Coffee” on Instagram (id acc_1), text: Hi",
        "targets 2: “Aurora Coffee” on Facebook (id acc_2)",
        "text: acc_1",
        "Asked because: other people will see it",
    ]


async def test_where_names_cannot_be_read_the_ids_are_shown(setting: Setting) -> None:
    setting.api.answers({"error": {"code": "auth.missing_scope", "message": "no"}}, status=403)
    person = Person(approve=False)
    async with setting.client(person) as client:
        await client.call_tool("delete_comment", {"comment_id": "c_1", "account_id": "acc_1", "post_id": "p_1"})
    assert "account_id: acc_1" in person.asked[0].split("\n")


async def _asked(client: Client, tool: str, arguments: dict[str, Any]) -> InputRequiredResult:
    result = await client.session.call_tool(tool, arguments, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    return result


YES: dict[str, Any] = {"confirmation": ElicitResult(action="accept", content={"approve": True})}


async def test_a_sealed_question_counts_once_for_its_arguments_and_its_time(setting: Setting) -> None:
    async with setting.client(Person()) as client:
        question = await _asked(client, "delete_webhook", WEBHOOK)
        for tool, arguments in (("delete_webhook", {"webhook_id": "wh_2"}), ("revoke_invite", {"invite_id": "wh_1"})):
            with pytest.raises(MCPError):
                await client.session.call_tool(
                    tool, arguments, input_responses=YES, request_state=question.request_state
                )
        with pytest.raises(MCPError):
            await client.session.call_tool(
                "delete_webhook", WEBHOOK, input_responses=YES, request_state=f"{question.request_state}A"
            )
        assert setting.writes() == []
        late = await _asked(client, "delete_webhook", {"webhook_id": "wh_9"})
        setting.time.present += timedelta(minutes=11)
        result = await client.session.call_tool(
            "delete_webhook", {"webhook_id": "wh_9"}, input_responses=YES, request_state=late.request_state
        )
        assert result.is_error and setting.writes() == []
        fresh = await _asked(client, "delete_webhook", WEBHOOK)
        result = await client.session.call_tool(
            "delete_webhook", WEBHOOK, input_responses=YES, request_state=fresh.request_state
        )
        assert not result.is_error, text_of(result)
        again = await client.session.call_tool(
            "delete_webhook", WEBHOOK, input_responses=YES, request_state=fresh.request_state
        )
        assert "Not sent again" in text_of(again)
    assert setting.writes() == [("DELETE", "/v1/webhooks/wh_1")]


async def test_an_answer_that_was_made_up_is_none(setting: Setting) -> None:
    async with setting.client(Person()) as client:
        result = await client.session.call_tool(
            "delete_webhook", WEBHOOK, input_responses=YES, allow_input_required=True
        )
    assert isinstance(result, InputRequiredResult)
    assert setting.writes() == []


async def test_a_page_is_offered_where_the_client_cannot_ask(setting: Setting) -> None:
    setting.api.answers({"id": "usr_1"})
    async with setting.client(address="https://mcp.example.com") as client:
        result = await client.call_tool("delete_webhook", WEBHOOK)
    text = text_of(result)
    assert result.is_error and "page: https://mcp.example.com/approve/" in text
    assert json.dumps(WEBHOOK) not in text
    assert setting.writes() == []


async def test_every_reason_is_told_and_no_way_is_named_that_would_not_help(clock: HeldClock) -> None:
    async with desk(clock) as bench:
        person = Person(approve=False)
        async with line_of(bench) as (_line, services):
            async with client_of(services, person) as client:
                await client.call_tool("list_messages", {"conversation_id": "conv_fb_1"})
                await client.call_tool(
                    "run_write_operation", {"name": "revoke_key", "arguments": {"key_id": "key_spare"}}
                )
            (message,) = person.asked
            assert "it deletes or ends something; text written by other people was read" in message
        async with line_of(bench) as (_line, services), client_of(services) as client:
            await client.call_tool("list_messages", {"conversation_id": "conv_fb_1"})
            refused = await client.call_tool(
                "run_write_operation", {"name": "revoke_key", "arguments": {"key_id": "key_spare"}}
            )
            assert refused.is_error and "--confirm never" not in text_of(refused)
