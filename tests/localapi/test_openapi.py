"""The document and the reference: valid, whole, and the same for everybody."""

import re
from typing import Any

import httpx2
import pytest
from openapi_spec_validator import validate

from localapi.app import EmbeddedApi
from localapi.openapi import document
from tools.registry import operations

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def by_id() -> dict[str, dict[str, Any]]:
    return {one["operationId"]: one for methods in document()["paths"].values() for one in methods.values()}


def test_the_document_is_valid_and_has_every_operation() -> None:
    validate(dict(document()))
    assert set(by_id()) == {row.name for row in operations()}
    assert document()["openapi"] == "3.1.0"


def test_arguments_are_where_they_go() -> None:
    one = by_id()["reply_to_comment"]
    places = {parameter["name"]: parameter["in"] for parameter in one["parameters"]}
    assert places == {"postId": "path"}
    body = one["requestBody"]["content"]["application/json"]["schema"]
    assert {"account_id", "text"} <= set(body["required"]) and "post_id" not in body["properties"]
    listed = {parameter["name"]: parameter for parameter in by_id()["list_posts"]["parameters"]}
    assert listed["from"]["in"] == "query" and "from_" not in listed
    assert set(by_id()["upload_media"]["requestBody"]["content"]) == {"multipart/form-data"}


def test_who_may_is_said() -> None:
    assert by_id()["redeem_invite"]["security"] == []
    assert "security" not in by_id()["list_posts"] and "`posts:read`" in by_id()["list_posts"]["description"]
    assert "dashboard" in by_id()["list_redirect_uris"]["description"]


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]
    found = set(re.findall(r"#/components/schemas/([^'\"]+)", str(document())))
    assert found <= set(schemas)


async def test_both_are_read_without_a_credential(api: EmbeddedApi) -> None:
    transport = httpx2.ASGITransport(app=api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local") as anyone:
        told = await anyone.get("/v1/openapi.json")
        assert told.status_code == 200 and told.json()["info"]["title"] == "Local SocialAPI"
        page = await anyone.get("/v1/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (
        "<script" not in page.text
        and "http://" not in page.text
        and "https://" not in re.sub(r"<pre>.*?</pre>", "", page.text, flags=re.S)
    )
    ids = re.findall(r'<article id="(\w+)"', page.text)
    assert len(ids) == len(set(ids)) == 135
    assert set(re.findall(r'href="#(\w+)"', page.text)) == set(ids)
