"""What is listed and what may be called: toolsets, reading only, drafts only, scopes and platforms."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
from mcp import Client

from server.callers import PROCESS, Caller
from server.calls import Call, Refused, Services
from server.dispatch import build_server
from server.key_scopes import KeyScopes
from server.mode import Mode, of_process
from server.platforms import Connected
from server.running_operations import run_operation
from server.serve import settings_or_exit
from server.settings import Settings
from server.workflows import run_workflow
from tests.conftest import HeldClock
from tests.server.standin import StandIn, refusal, text_of
from tests.server.workflows.desks import desk
from tools.definitions import definitions, operation_named
from tools.discovery import FIND_OPERATIONS
from tools.rest import RestClient
from tools.surfaces import CORE, DISCOVERY, TOOLSETS, UnknownToolset, members, named

pytestmark = pytest.mark.anyio
GROUPS = {name: entry["group"] for name, entry in definitions().items()}


@pytest.fixture
async def rest() -> AsyncIterator[RestClient]:
    api = StandIn()
    api.answers({"data": [{"id": "acc_1", "platform": "instagram"}, {"id": "acc_2", "platform": "google"}]})
    async with api.client() as made:
        yield made


async def listed(rest: RestClient, mode: Mode) -> list[str]:
    async with Client(build_server(rest, mode)) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_the_daily_tools_are_listed_unless_others_are_asked_for(rest: RestClient) -> None:
    assert set(await listed(rest, Mode())) == set(CORE)
    inbox = await listed(rest, Mode(toolsets=(named("inbox"),)))
    assert {"list_comments", "triage_inbox", *DISCOVERY} <= set(inbox)
    assert "create_webhook" not in inbox


async def test_the_narrower_of_several_holds(rest: RestClient) -> None:
    both = set(await listed(rest, Mode(toolsets=(named("inbox,publishing"), named("publishing,media")))))
    assert both == members(["inbox", "publishing"], GROUPS) & members(["publishing", "media"], GROUPS)


async def test_every_operation_is_in_a_toolset_besides_all() -> None:
    found = {name for toolset in TOOLSETS if toolset != "all" for name in members([toolset], GROUPS)}
    assert set(GROUPS) - found == set()


async def test_reading_only_lists_and_allows_reads_alone(rest: RestClient) -> None:
    mode = Mode(toolsets=(named("all"),), read_only=True)
    tools = await listed(rest, mode)
    assert all(definitions()[name]["tool"]["annotations"]["readOnlyHint"] for name in tools)
    async with Client(build_server(rest, mode)) as client:
        for name, arguments in (
            ("create_brand", {"name": "X"}),
            ("run_write_operation", {"name": "create_brand", "arguments": {"name": "X"}}),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error and "reads only" in text_of(result)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create_post", {"text": "Hi", "targets": [{"account_id": "acc_1"}], "publish_now": True}),
        ("create_post", {"text": "Hi", "targets": [{"account_id": "acc_1"}], "scheduled_at": "2030-01-01T00:00:00Z"}),
        ("send_message", {"conversation_id": "c_1", "account_id": "acc_1", "text": "Hi"}),
        ("reply_to_review", {"review_id": "r_1", "account_id": "acc_1", "text": "Hi"}),
        ("create_key", {"name": "X"}),
    ],
)
async def test_drafts_only_makes_nothing_public(name: str, arguments: dict[str, object]) -> None:
    api = StandIn()
    api.answers({"data": []})
    async with api.client() as rest, Client(build_server(rest, Mode(draft_only=True))) as client:
        for tool, given in ((name, arguments), ("run_write_operation", {"name": name, "arguments": arguments})):
            result = await client.call_tool(tool, given)
            assert result.is_error, text_of(result)
        assert [seen for seen in api.seen if seen.method != "GET"] == []
        result = await client.call_tool("create_post", {"text": "Hi", "targets": [{"account_id": "acc_1"}]})
        assert not result.is_error, text_of(result)


async def test_tools_of_platforms_without_an_account_are_hidden(rest: RestClient) -> None:
    tools = await listed(rest, Mode(toolsets=(named("all"),)))
    assert "list_instagram_stories" in tools
    assert "list_reviews" in tools
    assert "get_youtube_summary" not in tools
    assert "send_whatsapp_template" not in tools


async def test_nothing_is_hidden_while_the_accounts_cannot_be_read() -> None:
    api = StandIn()
    api.answers({"error": {"code": "server.error", "message": "no"}}, 500)
    async with api.client() as rest:
        assert set(await listed(rest, Mode(toolsets=(named("all"),)))) == set(GROUPS)


async def test_the_list_is_the_same_each_time(rest: RestClient) -> None:
    mode = Mode(toolsets=(named("all"),))
    assert await listed(rest, mode) == await listed(rest, mode)


@pytest.mark.parametrize("text", ["", ",", "inbox,nothing", "cöre", "x" * 500])
def test_an_unknown_toolset_is_told_with_those_that_exist(text: str) -> None:
    with pytest.raises(UnknownToolset, match="publishing") as raised:
        named(text)
    assert len(str(raised.value)) < 300


def test_the_process_takes_its_mode_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALAPI_TOOLSETS", "inbox, media")
    monkeypatch.setenv("SOCIALAPI_READ_ONLY", "1")
    monkeypatch.setenv("SOCIALAPI_BRAND_TIME_ZONES", "b_1=Europe/Berlin, b_2=Asia/Tokyo")
    mode = of_process(Settings())
    assert mode.toolsets == (frozenset({"inbox", "media"}),)
    assert mode.read_only and not mode.draft_only and mode.confirm == "destructive"
    assert str(mode.brand_zones["b_2"]) == "Asia/Tokyo" and "b_3" not in mode.brand_zones


def test_the_command_line_narrows_the_toolsets_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIALAPI_TOOLSETS", "inbox, media")
    mode = of_process(settings_or_exit(toolsets="all"))
    assert mode.toolsets == (frozenset({"inbox", "media"}), frozenset({"all"}))
    assert not mode.lists("create_webhook", definitions()["create_webhook"])
    monkeypatch.delenv("SOCIALAPI_TOOLSETS")
    assert of_process(settings_or_exit(toolsets="media")).toolsets == (frozenset({"media"}),)


async def test_an_account_that_goes_or_comes_through_this_server_shows_at_once(clock: HeldClock) -> None:
    def rows(*platforms: str) -> dict[str, object]:
        return {"data": [{"id": f"acc_{platform}", "platform": platform} for platform in platforms]}

    api = StandIn()
    api.answers(rows("instagram", "youtube"))
    async with api.client() as rest:
        services, mode, connected = Services(rest=rest, clock=clock.now), Mode(confirm="never"), Connected()

        async def known() -> set[str]:
            return set(await connected.of(Call(services=services, caller=PROCESS, mode=mode)) or ())

        async def run(tool: str, arguments: dict[str, str]) -> None:
            operation = operation_named(tool)
            assert operation is not None
            with suppress(Refused):
                await run_operation(Call(services=services, caller=PROCESS, mode=mode), operation, arguments)

        assert await known() == {"instagram", "youtube"}
        api.answers(rows("instagram"))
        assert await known() == {"instagram", "youtube"}, "asked once in a minute"
        page = {"login_id": "cred_aurora", "platform_page_id": "100200300402", "brand_id": "b_aurora"}
        await run("assign_facebook_page", page)
        assert await known() == {"instagram"}
        api.answers(rows("instagram", "youtube"))
        assert await known() == {"instagram"}
        clock.advance(seconds=61)
        assert await known() == {"instagram", "youtube"}
        api.answers(rows("instagram"))
        await run("disconnect_account", {"account_id": "acc_youtube"})
        assert await known() == {"instagram", "youtube"}, "what nobody agreed to has changed nothing"
        await services.records.close()


async def test_a_restricted_key_does_not_see_what_it_cannot_do(clock: HeldClock) -> None:
    async with desk(clock) as bench:
        made = (await bench.http.post("/keys", json={"name": "Posts", "scopes": ["posts:read"]})).json()
        full, restricted = PROCESS, Caller(authorization=f"Bearer {made['raw_key']}")
        services, mode = replace(bench.services, key_scopes=KeyScopes()), Mode(toolsets=(named("all"),))
        assert await Call(services=services, caller=full, mode=mode).seen_as() == full
        call = Call(services=services, caller=restricted, mode=mode)
        seen = await call.seen_as()
        names = {name for name, entry in definitions().items() if seen.may_see_one(entry["scopes"])}
        assert "list_posts" in names and "get_usage" in names
        assert not {"create_key", "list_keys", "delete_brand", "list_conversations", "list_webhooks"} & names
        # What only writes has no read to tell by: the API refuses the call.
        assert {"upload_media", "create_post"} <= names
        found = (
            await run_workflow(call, FIND_OPERATIONS, {"query": "unread direct messages"})
        ).structured_content or {}
        assert "list_conversations" not in [row["name"] for row in found["operations"]]
        assert "Not allowed by this sign-in or key: list_conversations" in found["notes"][0]


async def test_what_says_nothing_about_a_key_hides_nothing(clock: HeldClock) -> None:
    api = StandIn()
    api.answers(refusal("account.suspended", "Your account is suspended."), 403)
    async with api.client() as rest:
        services = Services(rest=rest, clock=clock.now, key_scopes=KeyScopes())
        call = Call(services=services, caller=PROCESS, mode=Mode())
        assert await call.seen_as() == await call.seen_as() == PROCESS
        assert len(api.seen) == 1, "asked once in a minute"
        clock.advance(minutes=1)
        await call.seen_as()
        assert len(api.seen) == 2
        await services.records.close()
