"""What arrives from the simulated platforms, by order or by itself."""

import random
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import update

from localapi.app import EmbeddedApi, Options
from localapi.context import Refusal
from localapi.simulate import BY_THEMSELVES, arrive, arrive_something
from localapi.tables import Account
from server.settings import Settings
from server.simulation import simulate

pytestmark = pytest.mark.anyio
FB = "acc_aurora_facebook"


async def test_every_kind_arrives_by_itself(api: EmbeddedApi) -> None:
    chance = random.Random(1)
    assert {(await arrive_something(api.installation, chance)).kind for _ in range(20)} == set(BY_THEMSELVES)


async def test_what_no_account_can_have_leaves_room_for_the_rest(api: EmbeddedApi) -> None:
    async with api.installation.database.write() as session:
        await session.execute(update(Account).where(Account.platform == "google").values(status="reconnect_required"))
    chance = random.Random(1)
    assert {(await arrive_something(api.installation, chance)).kind for _ in range(20)} == set(BY_THEMSELVES) - {
        "review"
    }


async def test_an_empty_workspace_gets_nothing() -> None:
    api = await EmbeddedApi.start(Options(memory=True, empty=True, with_jobs=False))
    try:
        with pytest.raises(Refusal):
            await arrive_something(api.installation)
    finally:
        await api.close()


async def test_a_message_on_facebook_is_to_the_default_page(http: httpx2.AsyncClient, api: EmbeddedApi) -> None:
    await arrive(api.installation, "dm", account_id=FB, author="Ana Sousa")
    query = {"page_id": "sapi_page_aurora_main"}
    rows = (await http.get("/v1/inbox/conversations", params=query)).json()["data"]
    assert [row["participant_name"] for row in rows] == ["Ana Sousa", "Greta Holm"]


@pytest.mark.parametrize(
    ("kind", "account", "rating", "words"),
    [
        ("applause", None, 5, "kind is one of comment, dm, review, mention"),
        ("review", None, 0, "--rating is 1 to 5"),
        ("review", None, 6, "--rating is 1 to 5"),
        ("comment", "acc_nobody", 5, "no such account"),
        ("review", FB, 5, "no connected account here can have a review"),
        ("comment", "acc_fjord_threads", 5, "no connected account here can have a comment"),
        ("fail-auth", "acc_nobody", 5, "no such account"),
    ],
)
async def test_an_order_that_cannot_be_carried_out_exits_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str, account: str | None, rating: int, words: str
) -> None:
    settings = Settings(data_dir=tmp_path)
    code = await simulate(settings, kind, account=account, text=None, author=None, rating=rating, times=1)
    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert words in shown.err
