"""Every documented error code has advice, and unknown ones get some that fits their status."""

import re

import pytest

from tools.definitions import definitions
from tools.errors import ERRORS, error_info

CODES = [
    "auth.missing_header",
    "auth.empty_token",
    "auth.invalid_key",
    "auth.invalid_token",
    "auth.invalid_secret",
    "auth.not_authenticated",
    "auth.not_provisioned",
    "auth.user_not_found",
    "auth.dashboard_only",
    "auth.requires_dashboard_auth",
    "auth.insufficient_scope",
    "auth.state_mismatch",
    "auth.oauth.invalid_client",
    "auth.oauth.invalid_redirect",
    "auth.oauth.request_expired",
    "auth.oauth.user_missing",
    "account.not_found",
    "account.already_linked",
    "account.reconnection_required",
    "account.unsupported_platform",
    "account.no_active_page",
    "account.page_inactive",
    "account.pages_not_supported",
    "account.different_login",
    "account.platform_unsupported",
    "validation.field_required",
    "validation.field_invalid",
    "validation.body_invalid",
    "validation.redirect_uri_duplicate",
    "validation.scope_invalid",
    "validation.brand_invalid",
    "validation.post_limit_exhausted",
    "validation.interaction_limit_exhausted",
    "validation.board_id_required",
    "validation.use_board_id",
    "validation.media_type_mismatch",
    "validation.unsupported_photo_format",
    "privacy_level_required",
    "validation.invalid_message_tag",
    "resource.not_found",
    "resource.conflict",
    "resource.gone",
    "resource.not_supported",
    "brand.not_found",
    "media.not_found",
    "conversation.not_found",
    "post.not_found",
    "media.in_use",
    "invite.expired",
    "invite.invalid",
    "post.state_invalid",
    "post.no_retryable_deliveries",
    "ambiguous_post_id",
    "webhook_verification_failed",
    "billing.brands_limit",
    "brand.limit_reached",
    "billing.profile_units_limit",
    "billing.post_limit",
    "billing.interaction_limit",
    "billing.storage_quota",
    "billing.platform_not_available",
    "billing.export_limit",
    "billing.export_concurrent",
    "billing.export_cooldown",
    "billing.past_due",
    "platform.tiktok.media_required",
    "platform.instagram.permission_denied",
    "platform.facebook.permission_denied",
    "platform.whatsapp.permission_denied",
    "platform.instagram.window_closed",
    "platform.facebook.window_closed",
    "platform.facebook.no_pages",
    "platform.linkedin.no_pages",
    "platform.google.no_locations",
    "platform.youtube.no_channels",
    "platform.youtube.no_uploads_playlist",
    "platform.facebook.page_cap",
    "platform.instagram.private_reply_ineligible",
    "platform.facebook.private_reply_ineligible",
    "platform.instagram.insights_scope_missing",
    "platform.instagram.container_failed",
    "platform.instagram.container_expired",
    "platform.instagram.container_timeout",
    "platform.youtube.insufficientPermissions",
    "platform.instagram.230",
    "platform.instagram.36003",
    "byok.credentials_missing",
    "byok.credentials_invalid",
    "byok.credentials_forbidden",
    "byok.test_rate_limited",
    "publishing.delivery.account_load_failed",
    "publishing.delivery.page_resolve_failed",
    "publishing.delivery.timeout",
    "publishing.delivery.all_failed",
    "publishing.duplicate_target",
    "publishing.media.unsupported_source",
    "publishing.media.mixing_unsupported",
    "publish_timeout",
    "whatsapp.window_closed",
    "whatsapp.frequency_cap",
    "whatsapp.pair_rate_limit",
    "whatsapp.throughput_exceeded",
    "whatsapp.user_opted_out",
    "whatsapp.undeliverable",
    "whatsapp.template_not_found",
    "whatsapp.template_paused",
    "whatsapp.no_account",
    "whatsapp.unknown",
    "telegram.cannot_message",
    "system.internal",
    "system.unavailable",
]


@pytest.mark.parametrize("code", CODES)
def test_every_documented_code_has_advice(code: str) -> None:
    assert ERRORS[code].advice.strip()


def test_the_table_has_no_code_beyond_the_documented_ones() -> None:
    assert set(ERRORS) == set(CODES)


@pytest.mark.parametrize(
    ("code", "status", "resolved", "retry"),
    [
        ("platform.threads.auth", 401, 401, "after_fix"),
        ("platform.linkedin_page.rate_limit", 429, 429, "later"),
        ("platform.twitter.api_error", 503, 503, "later"),
        ("platform.instagram.9004", 400, 400, "after_fix"),
        ("http.405", 405, 405, "never"),
        ("http.429", 200, 429, "later"),
    ],
)
def test_families_resolve(code: str, status: int, resolved: int, retry: str) -> None:
    info = error_info(code, status)
    assert (info.status, info.retry) == (resolved, retry)
    assert info.advice


@pytest.mark.parametrize(
    ("status", "retry"),
    [
        (302, "never"),
        (400, "after_fix"),
        (418, "after_fix"),
        (429, "later"),
        (500, "later"),
        (501, "never"),
        (503, "later"),
    ],
)
def test_an_unknown_code_gets_the_default_of_its_status(status: int, retry: str) -> None:
    info = error_info("brand.new.code", status)
    assert (info.status, info.retry) == (status, retry)
    assert info.advice


def test_an_exact_code_wins_over_its_family() -> None:
    assert error_info("platform.instagram.230", 403) is ERRORS["platform.instagram.230"]


def test_every_tool_that_advice_names_exists() -> None:
    # Verb first: what looks like a tool's name, and is not an argument's.
    words = {word for info in ERRORS.values() for word in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", info.advice)}
    arguments = {"board_id", "platform_data", "privacy_level", "media_id", "content_base64"}
    assert words - arguments <= set(definitions())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("auth.insufficient_scope", 403),
        ("billing.past_due", 402),
        ("billing.storage_quota", 413),
        ("byok.credentials_missing", 412),
        ("invite.expired", 410),
        ("post.state_invalid", 409),
        ("publishing.delivery.all_failed", 422),
        ("resource.not_supported", 501),
        ("platform.instagram.container_timeout", 504),
        ("whatsapp.template_paused", 409),
        ("telegram.cannot_message", 403),
        ("validation.post_limit_exhausted", 429),
        ("system.internal", 500),
    ],
)
def test_codes_stand_with_the_status_they_come_with(code: str, status: int) -> None:
    assert error_info(code, status).status == status
