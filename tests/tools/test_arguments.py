"""Arguments whose bounds are easy to get wrong in either direction."""

import re

import pytest
from mcp.types import TextContent
from pydantic import ValidationError

from server.results import api_error, bad_arguments
from server.token_estimate import estimate
from tools.conversations import SEND_MESSAGE
from tools.operation import AnyOperation
from tools.posts import CREATE_POST
from tools.rest import ApiError
from tools.webhooks import CREATE_WEBHOOK, UPDATE_WEBHOOK
from tools.whatsapp import CREATE_WHATSAPP_TEMPLATE, VALIDATE_WHATSAPP_TEMPLATE
from tools.youtube import MODERATE_YOUTUBE_COMMENT

BODY = {"language": "en_US", "category": "UTILITY", "components": [{"type": "BODY", "text": "Ready."}]}


@pytest.mark.parametrize(
    "url", ["https://hooks.example.com/a", "http://localhost:9000/hook", "http://127.0.0.1/h", "http://[::1]:80"]
)
def test_a_webhook_takes_https_and_loopback(url: str) -> None:
    CREATE_WEBHOOK.args.model_validate({"url": url, "events": ["comment.received"]})
    UPDATE_WEBHOOK.args.model_validate({"webhook_id": "wh_1", "url": url})


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example/",
        "https://",
        "ftp://a",
    ],
)
def test_a_webhook_takes_no_other_address(url: str) -> None:
    with pytest.raises(ValidationError):
        CREATE_WEBHOOK.args.model_validate({"url": url, "events": ["comment.received"]})
    with pytest.raises(ValidationError):
        UPDATE_WEBHOOK.args.model_validate({"webhook_id": "wh_1", "url": url})


def test_the_template_check_takes_the_names_that_it_is_to_report_on() -> None:
    VALIDATE_WHATSAPP_TEMPLATE.args.model_validate({**BODY, "name": "Order Ready!"})
    with pytest.raises(ValidationError):
        CREATE_WHATSAPP_TEMPLATE.args.model_validate({**BODY, "account_id": "acc_1", "name": "Order Ready!"})


SEND = {"conversation_id": "conv_1", "account_id": "acc_1"}


@pytest.mark.parametrize(
    ("operation", "given", "field"),
    [
        (SEND_MESSAGE, {**SEND, "quick_replies": [{"title": "Yes"}]}, "text"),
        (
            SEND_MESSAGE,
            {**SEND, "text": "x" * 641, "buttons": [{"title": "a", "type": "postback", "payload": "p"}]},
            "text",
        ),
        (SEND_MESSAGE, {**SEND, "text": "x", "buttons": [{"title": "a", "type": "url", "url": "javascript:a"}]}, "url"),
        (SEND_MESSAGE, {**SEND, "text": "x", "buttons": [{"title": "a", "type": "postback"}]}, "payload"),
        (SEND_MESSAGE, {**SEND, "attachments": [{"source": "1", "source_type": "platform_attachment_id"}]}, "type"),
        (CREATE_POST, {"media": [{"source": "1", "source_type": "platform_attachment_id"}]}, "type"),
        (
            MODERATE_YOUTUBE_COMMENT,
            {**MODERATE_YOUTUBE_COMMENT.example, "status": "published", "ban_author": True},
            "ban_author",
        ),
    ],
)
def test_rules_over_several_arguments_name_the_one_to_mend(
    operation: AnyOperation, given: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        operation.args.model_validate(given)
    said = bad_arguments(operation, caught.value)
    (block,) = said.content
    assert isinstance(block, TextContent)
    assert any(re.match(rf"([\w.]+\.)?{field}: ", line) for line in block.text.splitlines())


@pytest.mark.parametrize(
    ("operation", "given", "left"),
    [
        (CREATE_POST, {"targets": [{"account_id": "acc_1", "txt": "x"} for _ in range(1000)]}, 985),
        (CREATE_WEBHOOK, {"url": "https://a.example/x", "events": [f"no.event.{n}" for n in range(500)]}, None),
        (CREATE_POST, {f"{'ꙮ' * 600}{n}": "x" for n in range(100)}, None),
    ],
)
def test_many_problems_are_told_in_few_words(
    operation: AnyOperation, given: dict[str, object], left: int | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        operation.args.model_validate(given)
    (block,) = bad_arguments(operation, caught.value).content
    assert isinstance(block, TextContent)
    lines = block.text.splitlines()
    assert estimate(block.text) < 3500
    assert re.fullmatch(r"and \d+ more problems like these", lines[-2])
    assert left is None or lines[-2].startswith(f"and {left} more")
    assert len(lines) > 3 and lines[-1].startswith("next: ")


def test_many_targets_that_failed_are_told_in_few_words() -> None:
    problem = {"code": "platform.error", "message": "It did not like this at all. " * 15}
    targets = [{"platform": "threads", "account_id": f"acc_{n}", "error": problem} for n in range(500)]
    error = ApiError(502, "platform.error", "no", body={"id": "post_1", "targets": targets})
    (block,) = api_error(CREATE_POST, error).content
    assert isinstance(block, TextContent)
    assert estimate(block.text) < 3500 and "post id: post_1" in block.text
    assert re.search(r"and \d+ more targets that failed", block.text)
