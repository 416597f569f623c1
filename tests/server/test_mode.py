"""What is listed and what may be called: toolsets, reading only, drafts only, scopes and platforms."""

from collections.abc import AsyncIterator

import pytest
from mcp import Client

from server.dispatch import build_server
from server.mode import Mode, of_process
from server.serve import settings_or_exit
from server.settings import Settings
from tests.server.standin import StandIn, text_of
from tools.definitions import definitions
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
