"""Names of accounts, brands and platforms in place of ids, against the sample workspace of the real local API."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from localapi.app import EmbeddedApi, Options
from server.naming import MAX_ROWS, NotOne, resolve
from server.naming_refusals import Wrong, refusal
from server.token_estimate import estimate
from tests.conftest import HeldClock
from tools.comments import ListComments
from tools.definitions import operation_named
from tools.operation import AnyOperation, Args
from tools.registry import operations
from tools.rest import RestClient

pytestmark = pytest.mark.anyio


@dataclass
class Reading:
    """Reads the local API, and remembers what was read."""

    rest: RestClient
    reads: list[str] = field(default_factory=list[str])

    async def __call__(self, operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.reads.append(operation.name)
        return (await self.rest.exchange(operation, operation.args.model_validate(arguments))).body


@pytest.fixture
async def read(clock: HeldClock) -> AsyncIterator[Reading]:
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False), clock=clock)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    transport = httpx2.ASGITransport(app=api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http:
        yield Reading(RestClient(http=http))
    await api.close()


def args_of(tool: str) -> type[Args]:
    operation = operation_named(tool)
    assert operation is not None
    return operation.args


async def account(read: Reading, said: str) -> str:
    resolved, notes = await resolve(ListComments, {"post_id": "ig_1", "account_id": said}, read)
    assert len(notes) == 1
    return str(resolved["account_id"])


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Aurora Coffee on Instagram", "acc_aurora_instagram"),
        ("aurora COFFEE instagram", "acc_aurora_instagram"),
        ("Insta Aurora", "acc_aurora_instagram"),
        ("áurora coffee IG", "acc_aurora_instagram"),
        ("@auroracoffee on X", "acc_aurora_twitter"),
        ("Aurora Coffee tweets", "acc_aurora_twitter"),
        ("TikTok", "acc_aurora_tiktok"),
        ("the Telegram account", "acc_fjord_telegram"),
        ("YT", "acc_fjord_youtube"),
        ("@fjordoutdoor on YouTube", "acc_fjord_youtube"),
        ("Aurora Coffee, Harbour Street", "acc_aurora_google"),
        ("Harbour Street", "acc_aurora_google"),
        ("Google Business", "acc_aurora_google"),
        ("aurora-harbour", "acc_aurora_google"),
        ("Ingrid Solberg", "acc_fjord_linkedin"),
        ("LinkedIn page", "acc_fjord_linkedin_page"),
        ("Fjord Outdoor AS", "acc_fjord_linkedin_page"),
        ("fjord_helpdesk_bot", "acc_fjord_telegram"),
        ("Fjord Pinterest", "acc_fjord_pinterest"),
    ],
)
async def test_a_name_that_fits_one_account_is_its_id(read: Reading, said: str, meant: str) -> None:
    assert await account(read, said) == meant


async def test_the_note_says_what_was_taken(read: Reading) -> None:
    resolved, notes = await resolve(ListComments, {"account_id": "aurora insta", "post_id": "ig_1"}, read)
    assert resolved == {"account_id": "acc_aurora_instagram", "post_id": "ig_1"}
    assert notes == [
        "account_id: took “Aurora Coffee” on Instagram (id acc_aurora_instagram, brand “Aurora Coffee”) "
        "for “aurora insta”"
    ]


@pytest.mark.parametrize(
    ("said", "candidates"),
    [
        ("Instagram", {"acc_aurora_instagram", "acc_fjord_instagram"}),
        ("LinkedIn", {"acc_fjord_linkedin", "acc_fjord_linkedin_page"}),
        ("@fjordoutdoor", {"acc_fjord_instagram", "acc_fjord_pinterest", "acc_fjord_threads", "acc_fjord_youtube"}),
        ("threads", {"acc_aurora_threads", "acc_fjord_threads"}),
    ],
)
async def test_a_name_that_fits_several_lists_them_and_none_is_taken(
    read: Reading, said: str, candidates: set[str]
) -> None:
    with pytest.raises(NotOne) as raised:
        await account(read, said)
    lines = raised.value.lines
    assert lines[0] == f"account_id: “{said}” fits {len(candidates)} accounts"
    assert {line.split("(id ")[1].split(",")[0] for line in lines[1:-1]} == candidates
    assert lines[-1] == "nothing was done; call again with one of these ids"


@pytest.mark.parametrize(
    "said", ["Auror", "Aurora Tea", "Aurora Coffee on Facebok", "the account", "@aurora", "☕", "on"]
)
async def test_what_fits_nothing_is_never_guessed(read: Reading, said: str) -> None:
    with pytest.raises(NotOne) as raised:
        await account(read, said)
    assert raised.value.lines[0] == f"account_id: “{said}” fits none of the 14 accounts"
    assert "- “Aurora Coffee” on Instagram (id acc_aurora_instagram, brand “Aurora Coffee”)" in raised.value.lines


@pytest.mark.parametrize(
    "value",
    [
        "acc_gone",
        "acct_1",
        "sapi_acc_1",
        "0b5c2f0e-8a14-4a57-9a62-6a1b8f3f0001",
    ],
)
async def test_ids_pass_without_any_read(read: Reading, value: str) -> None:
    arguments = {"account_id": value, "post_id": "Aurora Coffee"}
    assert await resolve(ListComments, arguments, read) == (arguments, [])
    assert read.reads == []


async def test_examples_of_every_operation_pass_without_any_read(read: Reading) -> None:
    for operation in operations():
        resolved, notes = await resolve(operation.args, operation.example, read)
        assert (resolved, notes) == (operation.example, []), operation.name
    assert read.reads == []


async def test_names_are_found_in_targets_and_lists_and_each_list_is_read_once(read: Reading) -> None:
    arguments = {
        "text": "Aurora Coffee on Instagram",
        "targets": [{"account_id": "Aurora on FB", "page_id": "sapi_page_1"}, {"account_id": "acc_fjord_instagram"}],
    }
    resolved, notes = await resolve(args_of("create_post"), arguments, read)
    assert resolved == {
        "text": "Aurora Coffee on Instagram",
        "targets": [
            {"account_id": "acc_aurora_facebook", "page_id": "sapi_page_1"},
            {"account_id": "acc_fjord_instagram"},
        ],
    }
    assert notes[0].startswith("targets[0].account_id: took “Aurora Coffee” on Facebook")
    assert arguments["targets"][0]["account_id"] == "Aurora on FB"  # type: ignore[index]

    for said in ("Aurora Instagram, acc_1, Aurora tiktok", ["Aurora Instagram", "acc_1", "Aurora tiktok"]):
        resolved, _ = await resolve(args_of("list_posts"), {"account_ids": said}, read)
        ids = ["acc_aurora_instagram", "acc_1", "acc_aurora_tiktok"]
        assert resolved == {"account_ids": ",".join(ids) if isinstance(said, str) else ids}
    assert read.reads == ["list_brands", "list_accounts"] * 3


async def test_json_text_of_targets_is_read_as_models_mean_it(read: Reading) -> None:
    resolved, _ = await resolve(args_of("create_post"), {"targets": '[{"account_id": "TikTok"}]'}, read)
    assert resolved == {"targets": [{"account_id": "acc_aurora_tiktok"}]}


async def test_a_brand_is_found_by_name_without_reading_accounts(read: Reading) -> None:
    resolved, notes = await resolve(args_of("list_accounts"), {"brand_id": "pop up stand"}, read)
    assert resolved == {"brand_id": "b_empty"}
    assert notes == ["brand_id: took “Pop-up Stand” (id b_empty) for “pop up stand”"]
    resolved, _ = await resolve(args_of("create_key"), {"name": "k", "brand_ids": ["Fjord", "b_aurora"]}, read)
    assert resolved["brand_ids"] == ["b_fjord", "b_aurora"]
    assert set(read.reads) == {"list_brands"}


async def test_a_brand_and_a_platform_beside_it_narrow_the_account(read: Reading) -> None:
    tool = args_of("list_conversations")
    resolved, notes = await resolve(tool, {"account_id": "Instagram", "brand_id": "Fjord"}, read)
    assert resolved == {"account_id": "acc_fjord_instagram", "brand_id": "b_fjord"}
    assert len(notes) == 2
    resolved, _ = await resolve(tool, {"account_id": "Aurora", "platform": "Insta"}, read)
    assert resolved == {"account_id": "acc_aurora_instagram", "platform": "instagram"}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("X", "twitter"),
        ("tweet", "twitter"),
        ("Insta", "instagram"),
        ("GMB", "google"),
        ("Google Business", "google"),
        ("YT", "youtube"),
        ("FB", "facebook"),
        ("IG", "instagram"),
        ("WA", "whatsapp"),
        ("LinkedIn", "linkedin"),
        ("LinkedIn page", "linkedin_page"),
        ("linkedin-page", "linkedin_page"),
        ("Instagram", "instagram"),
    ],
)
async def test_a_platform_may_be_called_otherwise(read: Reading, said: str, name: str) -> None:
    resolved, notes = await resolve(args_of("list_conversations"), {"platform": said}, read)
    assert resolved == {"platform": name}
    assert notes == [f"platform: took {name} for “{said}”"]
    assert read.reads == []


async def test_platform_names_in_lists_are_found_and_unknown_ones_left_for_the_check(read: Reading) -> None:
    resolved, _ = await resolve(args_of("validate_post"), {"platforms": ["IG", "twitter", "MySpace"]}, read)
    assert resolved == {"platforms": ["instagram", "twitter", "MySpace"]}


async def test_all_that_is_unclear_in_a_call_is_said_at_once(read: Reading) -> None:
    targets = [{"account_id": "Instagram"}, {"account_id": "Nobody"}]
    with pytest.raises(NotOne) as raised:
        await resolve(args_of("create_post"), {"text": "Hi", "targets": targets}, read)
    heads = [line for line in raised.value.lines if line.startswith("targets")]
    assert heads == [
        "targets[0].account_id: “Instagram” fits 2 accounts",
        "targets[1].account_id: “Nobody” fits none of the 14 accounts",
    ]


def accounts_named(*rows: tuple[str, str, str]) -> Any:
    """A reader of these accounts: id, name, platform."""

    async def read(operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if operation.name == "list_brands":
            return {"data": []}
        return {"data": [{"id": ident, "name": name, "platform": platform} for ident, name, platform in rows]}

    return read


async def test_a_single_exact_name_wins_over_longer_ones_and_two_exact_ones_win_nothing() -> None:
    read = accounts_named(("1", "Acme", "instagram"), ("2", "Acme Kids", "instagram"))
    assert (await resolve(ListComments, {"account_id": "Acme on Instagram"}, read))[0] == {"account_id": "1"}
    assert (await resolve(ListComments, {"account_id": "kids"}, read))[0] == {"account_id": "2"}
    twice = accounts_named(("1", "Acme", "instagram"), ("2", "ACME", "facebook"), ("3", "Acme Kids", "threads"))
    with pytest.raises(NotOne):
        await resolve(ListComments, {"account_id": "Acme"}, twice)


async def test_an_account_called_like_a_platform_is_not_mixed_up_with_one_on_it() -> None:
    read = accounts_named(("1", "X", "instagram"), ("2", "Acme", "twitter"))
    with pytest.raises(NotOne) as raised:
        await resolve(ListComments, {"account_id": "X"}, read)
    assert raised.value.lines[0] == "account_id: “X” fits 2 accounts"
    assert (await resolve(ListComments, {"account_id": "X on Instagram"}, read))[0] == {"account_id": "1"}


async def test_pages_are_followed_and_too_many_accounts_are_no_basis_for_a_choice() -> None:
    cursors: list[Any] = []

    async def read(operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if operation.name == "list_brands":
            return {"data": []}
        cursors.append(arguments.get("cursor"))
        start = int(arguments.get("cursor", 0))
        rows = [{"id": str(start + n), "name": f"Shop {start + n}", "platform": "threads"} for n in range(400)]
        return {"data": rows, "pagination": {"next_cursor": str(start + 400), "has_more": True}}

    with pytest.raises(NotOne) as raised:
        await resolve(ListComments, {"account_id": "Shop 7"}, read)
    assert cursors == [None, "400", "800"]
    assert raised.value.lines[0] == (
        f"account_id: only the first {MAX_ROWS} accounts were looked at for “Shop 7”; pass an id"
    )


@pytest.mark.parametrize("odd", [None, "", "  ", 7, {"a": 1}, "x" * 5000])
async def test_odd_values_are_left_for_the_check(read: Reading, odd: Any) -> None:
    assert await resolve(ListComments, {"account_id": odd, "unknown": odd}, read) == (
        {"account_id": odd, "unknown": odd},
        [],
    )
    assert read.reads == []


async def test_odd_rows_are_passed_over_and_their_text_stays_on_its_line() -> None:
    async def read(operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"data": [None, "x", {"id": 5}, {"id": "1", "name": "Ac\nme", "platform": None}], "next_cursor": 0}

    with pytest.raises(NotOne) as raised:
        await resolve(ListComments, {"account_id": "nothing\nsuch"}, read)
    assert raised.value.lines == [
        "account_id: “nothing such” fits none of the 1 accounts",
        "- “Ac me” on an unknown platform (id 1)",
        "nothing was done; call again with one of these ids",
    ]


async def test_many_wrong_names_share_one_short_list_of_candidates(read: Reading) -> None:
    targets = [{"account_id": f"Nobody number {number}"} for number in range(400)]
    targets += [{"account_id": "Aurora Coffee"}, {"account_id": "Fjord Outdoor"}]
    with pytest.raises(NotOne) as caught:
        await resolve(args_of("create_post"), {"text": "Hi", "targets": targets}, read)
    lines = caught.value.lines
    assert estimate("\n".join(lines)) < 3000
    assert sum("fits none of the 14 accounts" in line for line in lines) == 10
    assert "and 390 more account names like these" in lines
    assert sum("(id acc_fjord_pinterest" in line for line in lines) == 1
    assert "and 2 more account names that do not fit one account" in lines


async def test_names_that_fit_different_ones_have_each_their_candidates(read: Reading) -> None:
    targets = [{"account_id": "Aurora Coffee"}, {"account_id": "Fjord"}, {"account_id": "Nobody"}]
    with pytest.raises(NotOne) as caught:
        await resolve(args_of("create_post"), {"text": "Hi", "targets": targets}, read)
    lines = caught.value.lines
    assert sum("fits" in line for line in lines) == 3
    assert sum("(id acc_aurora_threads" in line for line in lines) == 2


def test_candidates_with_dear_names_stay_within_bounds() -> None:
    candidates = tuple(f"“{'ꙮ' * 80}{number}” on Threads (id acc_{number})" for number in range(1000))
    wrong = [Wrong("account", f"targets[{number}]: “x” fits 2", candidates[number:]) for number in range(300)]
    assert estimate("\n".join(refusal(wrong, 20))) < 4000
