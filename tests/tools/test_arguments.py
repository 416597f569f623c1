"""Arguments whose bounds are easy to get wrong in either direction."""

import pytest
from pydantic import ValidationError

from tools.webhooks import CREATE_WEBHOOK, UPDATE_WEBHOOK
from tools.whatsapp import CREATE_WHATSAPP_TEMPLATE, VALIDATE_WHATSAPP_TEMPLATE

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
