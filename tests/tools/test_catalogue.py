"""What holds for every operation, whichever it is."""

import json
import re
from typing import Any
from urllib.parse import unquote

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from server.resources import ADDRESSES
from tools.definitions import FILE, definitions, generate, input_schema, operation_named
from tools.operation import AnyOperation, Effect
from tools.registry import MODULES, by_name, in_module, operations
from tools.rest import RestClient

each = pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
HOSTILE = ["../keys", "..", ".", "%2e%2e", "a/b", "//", "a?x=1", "a#b", "a\nb", "a b", "\x00", "a\\b", "é", ""]


def test_there_are_135_operations_each_once() -> None:
    assert len(operations()) == 135
    assert len({row.endpoint for row in operations()}) == 135
    assert len({row.name for row in operations()}) == 135


@each
def test_names_fit_every_host(operation: AnyOperation) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,50}", operation.name)
    assert any(operation in in_module(module) for module in MODULES)


@each
def test_a_definition_is_complete(operation: AnyOperation) -> None:
    tool = definitions()[operation.name]["tool"]
    assert tool["title"]
    assert 10 <= len(tool["description"]) <= 300
    hints = {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
    assert all(isinstance(tool["annotations"][hint], bool) for hint in hints)
    assert tool["annotations"]["readOnlyHint"] == (operation.effect is Effect.READ)
    for schema in (tool["inputSchema"], tool["outputSchema"]):
        assert schema["type"] == "object"
        assert not {"anyOf", "oneOf", "allOf", "$schema", "$defs"} & set(schema)
        assert "$ref" not in str(schema)
    whole = input_schema(operation)
    assert whole["additionalProperties"] is False
    assert [name for name, field in whole["properties"].items() if not field.get("description")] == []
    options = {"select"} if operation.effect is Effect.READ else set()
    assert set(tool["inputSchema"]["properties"]) == set(whole["properties"]) | options
    assert tool["inputSchema"].get("required", []) == whole.get("required", [])


@pytest.mark.parametrize(
    "answer",
    [
        {"selected": {"a": 1}},
        {"selected": [{"a": "x"}, 1]},
        {"selected": None},
        {"unexpected": {"posts_remaining": "25"}},
        {"same_for_all": {"a": True}},
        {},
    ],
    ids=json.dumps,
)
@each
def test_what_a_view_makes_of_an_answer_keeps_to_its_schema(operation: AnyOperation, answer: dict[str, Any]) -> None:
    # Official clients throw where structured content does not.
    if operation.effect is Effect.READ:
        jsonschema.validate(answer, definitions()[operation.name]["tool"]["outputSchema"])


def test_the_committed_definitions_are_those_of_the_declarations() -> None:
    assert FILE.read_text(encoding="utf-8") == generate(), "run `make generate`"


@each
def test_the_example_is_valid(operation: AnyOperation) -> None:
    operation.args.model_validate(operation.example)


@each
def test_an_unknown_argument_is_refused_by_name(operation: AnyOperation) -> None:
    with pytest.raises(ValidationError, match="no_such_argument"):
        operation.args.model_validate({**operation.example, "no_such_argument": 1})


@each
def test_no_argument_leaves_its_segment_of_the_path(operation: AnyOperation) -> None:
    for argument in operation.path_names.values():
        for hostile in HOSTILE:
            with pytest.raises(ValidationError):
                operation.args.model_validate({**operation.example, argument: hostile})


WITH_PATH = [row for row in operations() if row.path_names and row.upload is None]


@given(row=st.sampled_from(WITH_PATH), which=st.integers(0, 1), value=st.text(min_size=1, max_size=40))
@settings(max_examples=600, deadline=None)
def test_whatever_is_accepted_stays_one_segment(row: AnyOperation, which: int, value: str) -> None:
    argument = sorted(row.path_names.values())[which % len(row.path_names)]
    try:
        args = row.args.model_validate({**row.example, argument: value})
    except ValidationError:
        return
    client = RestClient(http=httpx2.AsyncClient(base_url="http://api.test/v1"))
    path = client.request(row, args, None).url.raw_path.decode().partition("?")[0]
    template = "/v1" + re.sub(r"{\w+}", "[^/]+", row.path)
    assert re.fullmatch(template, path)
    assert value in unquote(path)


def test_models_may_send_text_for_numbers_objects_and_lists() -> None:
    posts, create = operation_named("list_posts"), operation_named("create_post")
    assert posts is not None
    assert create is not None
    assert posts.args.model_validate({"limit": "5", "status": None}).limit == 5
    args = create.args.model_validate({"text": "[not a list]", "targets": '[{"account_id": "acc_1"}]'})
    assert args.text == "[not a list]"
    assert args.targets[0].account_id == "acc_1"


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [
        ("create_invite", {"expires_in_days": "7"}, 7),
        ("update_current_user", {"onboarding": "false"}, False),
        ("create_post", {"targets": ' [{"account_id": "acc_1"}]'}, "acc_1"),
        ("create_post", {"targets": ['{"account_id": "acc_1"}']}, "acc_1"),
        ("list_posts", {"account_ids": ["a", "b"]}, "a,b"),
        ("list_posts", {"account_ids": '["a", "b"]'}, "a,b"),
        ("create_post", {"media_ids": ['{"a": 1}']}, ['{"a": 1}']),
    ],
)
def test_what_models_send_for_other_types_is_taken_as_meant(name: str, given: dict[str, Any], meant: object) -> None:
    operation = operation_named(name)
    assert operation is not None
    args = operation.args.model_validate({**operation.example, **given})
    (argument,) = given
    found = getattr(args, argument)
    assert (found[0].account_id if argument == "targets" else found) == meant


@pytest.mark.parametrize(
    "given",
    [
        {"text": "\ud800"},
        {"text": "a\x00b"},
        {"platform_data": {"threads": {"a\x00": 1}}},
        {"platform_data": "[" * 100_000},
        {"platform_data": {"threads": json.loads("[" * 200 + "]" * 200)}},
        {"targets": "[" * 100_000},
        {"scheduled_at": "0001-01-01T00:00:00+14:00"},
        {"scheduled_at": "9999-12-31T23:59:59-14:00"},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_cannot_be_sent_is_refused(given: dict[str, Any]) -> None:
    operation = operation_named("create_post")
    assert operation is not None
    with pytest.raises(ValidationError):
        operation.args.model_validate(given)


def test_the_wire_name_of_an_argument_is_its_only_one() -> None:
    operation = operation_named("list_posts")
    assert operation is not None
    assert operation.args.model_validate({"from": "2026-01-01T00:00:00Z"})
    with pytest.raises(ValidationError, match="from_"):
        operation.args.model_validate({"from_": "2026-01-01T00:00:00Z"})


DEFAULTS = {
    "list_commented_posts": {"limit": 25, "min_comments": 0, "sort_order": "desc"},
    "list_comments": {"limit": 25, "moderation_status": "published", "order": "recent"},
    "list_comment_replies": {"limit": 10},
    "list_conversations": {"limit": 25, "status": "active"},
    "list_messages": {"limit": 25},
    "list_reviews": {"limit": 20, "order": "newest"},
    "list_mentions": {"limit": 20},
    "list_instagram_stories": {"limit": 20},
    "list_posts": {"limit": 25, "sort": "scheduled_asc", "hidden": False},
    "list_media": {"limit": 50},
    "list_events": {"limit": 50},
    "list_webhook_deliveries": {"limit": 50},
    "list_pinterest_pins": {"limit": 50},
    "create_pinterest_board": {"privacy": "PUBLIC"},
}


@pytest.mark.parametrize(("name", "defaults"), DEFAULTS.items(), ids=list(DEFAULTS))
def test_what_the_api_takes_for_an_argument_left_out_is_shown(name: str, defaults: dict[str, object]) -> None:
    fields = input_schema(by_name()[name])["properties"]
    assert {argument: fields[argument].get("default") for argument in defaults} == defaults


def test_resources_are_those_of_the_declarations() -> None:
    declared = {(row.resource, row.name) for row in operations() if row.resource}
    listed = {(row.uri, row.tool) for row in ADDRESSES}
    assert listed - declared == {("socialapi://platforms/{platform}", "get_platform_constraints")}
    assert declared <= listed


def test_whatever_may_put_something_before_the_public_asks_hosts_to_confirm() -> None:
    able = {"create_post", "publish_post", "retry_post", "import_posts", "reply_to_comment", "send_message"}
    assert all(definitions()[name]["tool"]["annotations"]["destructiveHint"] for name in able)
