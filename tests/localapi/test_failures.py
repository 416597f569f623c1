"""Failures on order and their codes: each code of the catalogue has a cause here, or is said to have none."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from localapi.app import EmbeddedApi
from localapi.context import Refusal
from localapi.faults import FAILURES
from localapi.simulate import order_failure
from localapi.tables import MediaFile
from tests.localapi.connecting import connect
from tests.localapi.tokens import dashboard_token
from tools.errors import ERRORS

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
IG, FB, WA = "acc_aurora_instagram", "acc_aurora_facebook", "acc_aurora_whatsapp"
TELEGRAM, YOUTUBE, X = "acc_fjord_telegram", "acc_fjord_youtube", "acc_aurora_twitter"
COMMENTS = "/v1/inbox/comments/ig_1789001"
TEMPLATE = {"to": "15550002222", "template_name": "spring_roast", "language": "en_US"}
CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a comment's answer": (IG, COMMENTS, {"text": "Thanks", "comment_id": "ig_c_1"}),
    "hiding a comment": (IG, f"{COMMENTS}/ig_c_3/hide", {}),
    "a private answer": (IG, f"{COMMENTS}/ig_c_1/private-reply", {"text": "Hello"}),
    "a message": (FB, "/v1/inbox/conversations/conv_fb_1/messages", {"text": "Hello"}),
    "a free message": (WA, "/v1/inbox/conversations/conv_wa_1/messages", {"text": "Hello"}),
    "a bot's message": (TELEGRAM, "/v1/inbox/conversations/conv_tg_1/messages", {"text": "Hello"}),
    "a template": (WA, f"/v1/platforms/whatsapp/accounts/{WA}/send-template", TEMPLATE),
    "a review's answer": ("acc_aurora_google", "/v1/inbox/reviews/rev_1/reply", {"text": "Thank you"}),
    "a moderated comment": (
        YOUTUBE, "/v1/platforms/youtube/comments/yt_c_2/moderate", {"post_id": "yt_Abc123", "status": "rejected"}
    ),
}  # fmt: skip


async def used(http: httpx2.AsyncClient) -> int:
    return int((await http.get("/v1/usage")).json()["interactions_used"])


@pytest.mark.parametrize(
    ("what", "kind", "status", "code"),
    [
        ("a comment's answer", "auth", 401, "platform.instagram.auth"),
        ("a comment's answer", "permission", 403, "platform.instagram.permission_denied"),
        ("hiding a comment", "api_error", 502, "platform.instagram.api_error"),
        ("a private answer", "rate_limit", 429, "platform.instagram.rate_limit"),
        ("a message", "permission", 403, "platform.facebook.permission_denied"),
        ("a free message", "permission", 403, "platform.whatsapp.permission_denied"),
        ("a free message", "unknown", 500, "whatsapp.unknown"),
        ("a template", "unknown", 500, "whatsapp.unknown"),
        ("a bot's message", "rate_limit", 429, "platform.telegram.rate_limit"),
        ("a review's answer", "auth", 401, "platform.google.auth"),
        ("a moderated comment", "permission", 403, "platform.youtube.insufficientPermissions"),
    ],
)
async def test_the_next_call_fails_as_ordered_and_costs_nothing(
    api: EmbeddedApi, http: httpx2.AsyncClient, what: str, kind: str, status: int, code: str
) -> None:
    account, path, body = CALLS[what]
    body = {"account_id": account, **body}
    await order_failure(api.installation, account_id=account, kind=kind)
    before = await used(http)
    failed = await http.post(path, json=body, params={"account_id": account})
    assert (failed.status_code, failed.json()["error"]["code"]) == (status, code)
    assert ("retry-after" in failed.headers) == (status == 429)
    if code == "platform.telegram.rate_limit":
        assert failed.json()["error"]["meta"] == {"retry_after": 60}
    assert await used(http) == before
    assert (await http.post(path, json=body, params={"account_id": account})).status_code == 200


PUBLISHED: list[tuple[str, str, str, dict[str, Any]]] = [
    (IG, "container_failed", "platform.instagram.container_failed", {}),
    (IG, "container_expired", "platform.instagram.container_expired", {}),
    (IG, "container_timeout", "platform.instagram.container_timeout", {}),
    (IG, "permission", "platform.instagram.permission_denied", {}),
    ("acc_aurora_tiktok", "timeout", "publish_timeout", {"platform_data": {"privacy_level": "SELF_ONLY"}}),
]


@pytest.mark.parametrize(("account", "kind", "code", "target"), PUBLISHED)
async def test_a_post_fails_as_ordered(
    api: EmbeddedApi, http: httpx2.AsyncClient, account: str, kind: str, code: str, target: dict[str, Any]
) -> None:
    await order_failure(api.installation, account_id=account, kind=kind)
    assert await outcome(api, http, {"account_id": account, **target}) == code


async def outcome(api: EmbeddedApi, http: httpx2.AsyncClient, target: dict[str, Any]) -> str | None:
    """The code that a post with a picture of the library fails with, if it does."""
    body = {"text": "Hi", "publish_now": True, "skip_validation": True, "skip_duplicate_check": True}
    media = [{"source_type": "media_id", "source": "med_latte"}]
    made = (await http.post("/v1/posts", json={**body, "media": media, "targets": [target]})).json()
    await api.jobs.run_due()
    (shown,) = (await http.get(f"/v1/posts/{made['id']}")).json()["targets"]
    error = shown.get("error")
    return None if error is None else str(error["code"])


async def test_instagram_refuses_an_image_that_it_could_not_show(api: EmbeddedApi, http: httpx2.AsyncClient) -> None:
    async with api.installation.database.write() as session:
        (await session.get_one(MediaFile, "med_latte")).width = 2100
    assert await outcome(api, http, {"account_id": IG}) == "platform.instagram.36003"
    assert await outcome(api, http, {"account_id": IG, "platform_data": {"content_type": "stories"}}) is None


async def test_only_what_a_platform_does_can_be_ordered(api: EmbeddedApi) -> None:
    for account, kind in ((FB, "container_failed"), (IG, "unknown"), (TELEGRAM, "permission"), (IG, "boredom")):
        with pytest.raises(Refusal, match=r"validation\.field_invalid"):
            await order_failure(api.installation, account_id=account, kind=kind)


@pytest.mark.parametrize(
    ("platform", "code"),
    [
        ("facebook", "platform.facebook.no_pages"),
        ("linkedin_page", "platform.linkedin.no_pages"),
        ("google", "platform.google.no_locations"),
        ("youtube", "platform.youtube.no_channels"),
    ],
)
async def test_a_login_without_anything_connects_nothing(http: httpx2.AsyncClient, platform: str, code: str) -> None:
    came_back = await connect(http, platform, "nothing", brand_id="b_empty")
    assert (came_back["status"], came_back["error"]) == ("error", code)


async def test_a_channel_without_videos_has_no_playlist_to_sync(http: httpx2.AsyncClient) -> None:
    account = (await connect(http, "youtube", "newcomer", brand_id="b_empty"))["account_id"]
    answer = await http.post(f"/v1/platforms/youtube/accounts/{account}/sync")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "platform.youtube.no_uploads_playlist")


async def test_an_account_on_x_publishes_nothing_without_its_credentials(
    api: EmbeddedApi, http: httpx2.AsyncClient
) -> None:
    pair = {"client_id": "abcdefghijklmnop", "client_secret": "keep-this-secret"}
    dashboard = {"Authorization": f"Bearer {await dashboard_token(api)}"}
    assert (await http.put("/v1/platforms/twitter/credentials", json=pair, headers=dashboard)).status_code == 204
    body = {"text": "Hi", "publish_now": True, "targets": [{"account_id": X}]}
    assert (await http.delete("/v1/platforms/twitter/credentials", headers=dashboard)).status_code == 204
    made = (await http.post("/v1/posts", json=body)).json()
    await api.jobs.run_due()
    (target,) = (await http.get(f"/v1/posts/{made['id']}")).json()["targets"]
    assert target["error"]["code"] == "account.reconnection_required"
    again = await http.post("/v1/accounts/connect", json={"platform": "twitter", "brand_id": "b_aurora"})
    assert (again.status_code, again.json()["error"]["code"]) == (412, "byok.credentials_missing")


def test_each_code_has_a_cause_or_is_said_to_have_none() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "localapi").rglob("*.py"))
    document = (ROOT / "docs" / "local-api.md").read_text(encoding="utf-8")
    section = document.partition("## Codes that never arise here")[2].partition("## ")[0]
    without = set(re.findall(r"`([a-z_.]+)`", "".join(line.split(" | ")[0] for line in section.splitlines())))
    families = set(re.findall(r"platform\.\{\w*\}\.([a-z_]+)", source))
    arising = {code for code in ERRORS if f'"{code}"' in source or code.rpartition(".")[2] in families}
    arising |= {one.code_on(platform) for one in FAILURES.values() for platform in one.platforms or ()}
    assert set(ERRORS) - arising == without
    assert without <= set(ERRORS)
