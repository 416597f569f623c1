"""What holds for every operation, whichever it is."""

import re
from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from server.resources import ADDRESSES
from tools.definitions import FILE, definitions, generate, operation_named
from tools.operation import AnyOperation, Effect
from tools.registry import MODULES, in_module, operations
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
    assert tool["inputSchema"]["additionalProperties"] is False
    undescribed = [
        name for name, field in tool["inputSchema"].get("properties", {}).items() if not field.get("description")
    ]
    assert undescribed == []


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


@given(row=st.sampled_from(WITH_PATH), value=st.text(min_size=1, max_size=40))
@settings(max_examples=400, deadline=None)
def test_whatever_is_accepted_stays_one_segment(row: AnyOperation, value: str) -> None:
    argument = next(iter(row.path_names.values()))
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


def test_resources_are_those_of_the_declarations() -> None:
    declared = {(row.resource, row.name) for row in operations() if row.resource}
    listed = {(row.uri, row.tool) for row in ADDRESSES}
    assert listed - declared == {("socialapi://platforms/{platform}", "get_platform_constraints")}
    assert declared <= listed


def test_whatever_may_put_something_before_the_public_asks_hosts_to_confirm() -> None:
    able = {"create_post", "publish_post", "retry_post", "import_posts", "reply_to_comment", "send_message"}
    assert all(definitions()[name]["tool"]["annotations"]["destructiveHint"] for name in able)
