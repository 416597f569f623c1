"""What each error code of the REST API means for the next step: whether to repeat, and what to do first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Retry = Literal["never", "later", "after_fix"]


@dataclass(frozen=True, kw_only=True)
class ErrorInfo:
    """One error code; `status` is None for codes that only appear on a post's target or in an event."""

    status: int | None
    retry: Retry
    """Whether repeating the same call can help: not at all, after a while, or once something has changed."""
    advice: str


def _fix(status: int | None, advice: str) -> ErrorInfo:
    return ErrorInfo(status=status, retry="after_fix", advice=advice)


def _later(status: int | None, advice: str) -> ErrorInfo:
    return ErrorInfo(status=status, retry="later", advice=advice)


def _never(status: int | None, advice: str) -> ErrorInfo:
    return ErrorInfo(status=status, retry="never", advice=advice)


_KEY = "Ask the person for a working API key or a new sign-in, then repeat the call."
_DASHBOARD = "Ask the person to do this in the dashboard; API keys are refused here."
_FIELD = "Correct the field named in the error, then repeat the call."
_PLAN = "Compare get_usage with list_plans; remove something or ask the person to upgrade."
_MONTH = "Check get_usage; wait for the next period or ask the person to upgrade."
_RECONNECT = "Connect the account again with connect_account, then repeat the call."
_PERMISSION = "Connect the account again with connect_account and grant every permission asked for."
_ACCOUNT = "Call list_accounts and use an id from it."
_WINDOW = "Wait until the person writes again; free replies work for 24 hours after that."
_PRIVATE = "Leave it: a comment takes one private reply, within 7 days. Use reply_to_comment in public."
_MEDIA = "Check the file against get_platform_constraints, replace it, then call retry_post."
_RETRY_POST = "Read the target's error with get_post, then call retry_post."
_X_KEYS = "Check the credentials with test_x_credentials and store good ones with set_x_credentials."
_RESTART = "Start the authorization again from the beginning."
_CONTAINER = "Wait a minute, then call retry_post."

ERRORS: Mapping[str, ErrorInfo] = {
    "auth.missing_header": _fix(401, _KEY),
    "auth.empty_token": _fix(401, _KEY),
    "auth.invalid_key": _fix(401, _KEY),
    "auth.invalid_token": _fix(401, _KEY),
    "auth.invalid_secret": _fix(403, "Correct the client secret, then repeat the call."),
    "auth.not_authenticated": _fix(401, _KEY),
    "auth.not_provisioned": _fix(401, "Ask the person to finish signing up in the dashboard."),
    "auth.user_not_found": _never(401, "Ask the person for the key of an existing user; this one is gone."),
    "auth.dashboard_only": _never(403, _DASHBOARD),
    "auth.requires_dashboard_auth": _never(403, _DASHBOARD),
    "auth.insufficient_scope": _fix(
        403, "Ask the person for a key with the scope in meta; list_key_scopes explains it."
    ),
    "auth.state_mismatch": _fix(403, "Start over with connect_account, using the same key throughout."),
    "auth.oauth.invalid_client": _fix(400, "Register the client again, then start a new sign-in."),
    "auth.oauth.invalid_redirect": _fix(400, "Register this redirect URI for the client, then start a new sign-in."),
    "auth.oauth.request_expired": _fix(400, _RESTART),
    "auth.oauth.user_missing": _never(401, "Ask the person to sign in as an existing user."),
    "account.not_found": _fix(404, _ACCOUNT),
    "account.already_linked": _fix(409, "Find it with list_accounts; to move it, call disconnect_account there first."),
    "account.reconnection_required": _fix(403, _RECONNECT),
    "account.unsupported_platform": _fix(400, "Use one of the platform names that connect_account lists."),
    "account.no_active_page": _fix(400, "Activate one with update_account_page; list_account_pages shows them."),
    "account.page_inactive": _fix(400, "Activate the page with update_account_page, or name another one."),
    "account.pages_not_supported": _never(400, "Work with the account itself; this platform has no pages."),
    "account.different_login": _fix(
        409, "Choose another brand, or disconnect_account the brand's Facebook account first."
    ),
    "account.platform_unsupported": _never(
        422, "Choose an account from list_review_accounts; this one has no reviews."
    ),
    "validation.field_required": _fix(400, "Add the field named in the error, then repeat the call."),
    "validation.field_invalid": _fix(400, _FIELD),
    "validation.body_invalid": _fix(400, "Send the arguments as one JSON object."),
    "validation.redirect_uri_duplicate": _never(400, "Go on: the address is registered; list_redirect_uris shows it."),
    "validation.scope_invalid": _fix(400, "Pick scopes from list_key_scopes."),
    "validation.brand_invalid": _fix(400, "Pick brand ids from list_brands."),
    "validation.post_limit_exhausted": _later(429, _MONTH),
    "validation.interaction_limit_exhausted": _later(429, _MONTH),
    "validation.board_id_required": _fix(400, "Add the board_id of a board from list_pinterest_boards to the target."),
    "validation.use_board_id": _fix(400, "Move board_id out of platform_data into the target itself."),
    "validation.media_type_mismatch": _fix(400, "Attach only videos or only photos, as the post's type says."),
    "validation.unsupported_photo_format": _fix(400, "Upload the photo as JPEG or WebP with upload_media."),
    "privacy_level_required": _fix(400, "Set privacy_level to one of the values from get_creator_info."),
    "validation.invalid_message_tag": _fix(400, "Drop the message tag or use one the platform knows."),
    "resource.not_found": _fix(404, "List the parent collection and use an id from it."),
    "resource.conflict": _fix(409, "Read the present state, resolve what stands in the way, then repeat the call."),
    "resource.gone": _never(410, "Go on without it: it was removed for good."),
    "resource.not_supported": _never(
        501, "Find another way: this cannot be done here; get_platform_constraints shows what a platform allows."
    ),
    "brand.not_found": _fix(404, "Call list_brands and use an id from it."),
    "media.not_found": _fix(404, "Call list_media and use an id from it, or upload_media again."),
    "conversation.not_found": _fix(404, "Call list_conversations and use an id from it."),
    "post.not_found": _fix(404, "Call list_posts and use an id from it."),
    "media.in_use": _fix(409, "Keep the file, or first take it out of the posts that use it."),
    "invite.expired": _never(410, "Make a new one with create_invite."),
    "invite.invalid": _never(400, "Check the token for typing errors, or make a new invite with create_invite."),
    "post.state_invalid": _fix(409, "Read the post's state with get_post and choose an action that fits it."),
    "post.no_retryable_deliveries": _never(400, "Leave it: get_post shows that no target has failed."),
    "ambiguous_post_id": _fix(409, "Find the post with list_posts and pass its own id, not the platform's."),
    "webhook_verification_failed": _fix(400, "Make the endpoint answer the ping with 2xx within 10 s, then repeat."),
    "billing.brands_limit": _fix(403, _PLAN),
    "brand.limit_reached": _fix(403, _PLAN),
    "billing.profile_units_limit": _fix(403, _PLAN),
    "billing.post_limit": _later(429, _MONTH),
    "billing.interaction_limit": _later(429, _MONTH),
    "billing.storage_quota": _fix(413, "Check get_media_storage; make room with delete_media or ask for an upgrade."),
    "billing.platform_not_available": _fix(403, "Ask the person to upgrade or to request beta access; see list_plans."),
    "billing.export_limit": _later(429, _MONTH),
    "billing.export_concurrent": _later(429, "Wait until get_export shows the running export finished."),
    "billing.export_cooldown": _later(429, "Wait for the pause between exports to end; list_exports has earlier ones."),
    "billing.past_due": _fix(402, "Ask the person to settle the bill; create_billing_portal gives the address."),
    "platform.instagram.36003": _fix(None, "Crop the picture to between 4:5 and 1.91:1, then call retry_post."),
    "platform.instagram.230": _fix(
        403, "Go on without the profile: this person has not consented. It says nothing about following."
    ),
    "platform.tiktok.media_required": _fix(400, "Attach a video or photos; upload_media stores them."),
    "platform.instagram.permission_denied": _fix(403, _PERMISSION),
    "platform.facebook.permission_denied": _fix(403, _PERMISSION),
    "platform.whatsapp.permission_denied": _fix(403, _PERMISSION),
    "platform.instagram.window_closed": _fix(400, _WINDOW),
    "platform.facebook.window_closed": _fix(400, _WINDOW),
    "platform.facebook.no_pages": _fix(404, "Connect a login that manages a Facebook page, and tick the page."),
    "platform.linkedin.no_pages": _fix(404, "Connect a member who administers a LinkedIn company page."),
    "platform.google.no_locations": _fix(404, "Connect a Google login that manages a business location."),
    "platform.youtube.no_channels": _fix(404, "Create a channel on YouTube first, then connect_account again."),
    "platform.youtube.no_uploads_playlist": _fix(404, "Publish a first video on the channel, then repeat the call."),
    "platform.facebook.page_cap": _fix(403, "Use another brand: one Facebook account holds at most 5 pages."),
    "platform.instagram.private_reply_ineligible": _never(400, _PRIVATE),
    "platform.facebook.private_reply_ineligible": _never(400, _PRIVATE),
    "platform.instagram.insights_scope_missing": _fix(403, _PERMISSION),
    "platform.instagram.container_failed": _fix(None, _MEDIA),
    "platform.instagram.container_expired": _later(None, _CONTAINER),
    "platform.instagram.container_timeout": _later(504, _CONTAINER),
    "platform.youtube.insufficientPermissions": _fix(403, _PERMISSION),
    "byok.credentials_missing": _fix(412, "Store X app credentials with set_x_credentials, then connect again."),
    "byok.credentials_invalid": _fix(401, _X_KEYS),
    "byok.credentials_forbidden": _fix(403, "Call list_brands and use an id from it."),
    "byok.test_rate_limited": _later(429, "Wait a minute before calling test_x_credentials again."),
    "publishing.delivery.account_load_failed": _fix(None, "Check the account in list_accounts, then call retry_post."),
    "publishing.delivery.page_resolve_failed": _fix(
        None, "Check the page in list_account_pages, then call retry_post."
    ),
    "publishing.delivery.timeout": _later(None, "Look whether the post appeared on the platform; if not, retry_post."),
    "publishing.delivery.all_failed": _fix(422, _RETRY_POST),
    "publishing.duplicate_target": _never(
        None, "Name each destination once in the next post; see get_post for what was sent."
    ),
    "publishing.media.unsupported_source": _fix(422, "Pass the file as media_id or url; upload_media stores it."),
    "publishing.media.mixing_unsupported": _fix(422, "Use either attachment ids or files for this target, not both."),
    "publish_timeout": _later(None, "Look whether the post appeared on TikTok; if not, call retry_post."),
    "whatsapp.window_closed": _fix(400, "Send an approved template with send_whatsapp_template instead."),
    "whatsapp.frequency_cap": _later(429, "Wait before marketing to this person again; WhatsApp caps such messages."),
    "whatsapp.pair_rate_limit": _later(429, "Pause before writing to this person again; others can be written to."),
    "whatsapp.throughput_exceeded": _later(429, "Slow down sending from this number, then repeat the call."),
    "whatsapp.user_opted_out": _never(403, "Do not write to this person again; they opted out."),
    "whatsapp.undeliverable": _never(400, "Check the number, or reach the person elsewhere; WhatsApp cannot."),
    "whatsapp.template_not_found": _fix(404, "Take name and language from list_whatsapp_templates."),
    "whatsapp.template_paused": _fix(409, "Pick another approved template from list_whatsapp_templates."),
    "whatsapp.no_account": _fix(404, "Connect a WhatsApp account with connect_account first."),
    "whatsapp.unknown": _later(500, "Wait a little; check list_messages before sending the same again."),
    "telegram.cannot_message": _never(403, "Ask the person to start the bot in Telegram; a bot cannot write first."),
    # The local API's own: its database does not work for now.
    "system.unavailable": _later(503, "The API cannot work for now. Wait a little, then call again."),
    "system.internal": _later(500, "Wait a little; check whether a write took effect before repeating it."),
}
"""Every code with a fixed name; families and unknown codes are resolved by `error_info`."""

_FAMILY = re.compile(r"platform\.\w+\.(auth|rate_limit|api_error)")
_FAMILIES: Mapping[str, ErrorInfo] = {
    "auth": _fix(401, _RECONNECT),
    "rate_limit": _later(429, "Wait as long as the answer says, else a few minutes, then repeat the call."),
    "api_error": _later(
        502, "Read the platform's message; wait a little, and check what took effect before repeating."
    ),
}
_META_NUMBER = re.compile(r"platform\.instagram\.[0-9]+")
_HTTP = re.compile(r"http\.([1-5][0-9]{2})")

_DEFAULTS: Mapping[int, ErrorInfo] = {
    401: _fix(401, _KEY),
    402: _fix(402, "Ask the person to check the subscription; create_billing_portal gives the address."),
    403: _fix(403, "Check the key's permissions and the plan with get_current_user and get_usage."),
    404: _fix(404, "List the parent collection and use an id from it."),
    405: _never(405, "Choose another tool: the API does not offer this."),
    408: _later(408, "Wait a little; check whether a write took effect before repeating it."),
    409: _fix(409, "Read the present state, resolve what stands in the way, then repeat the call."),
    410: _never(410, "Go on without it: it was removed for good."),
    413: _fix(413, "Make the file or the text smaller, then repeat the call."),
    429: _later(429, "Wait as long as the answer says, else a minute; get_usage shows the quotas."),
    501: _never(501, "Find another way: the platform cannot do this."),
}
_CLIENT = _fix(400, "Correct the arguments by the error's message, then repeat the call.")
_SERVER = _later(500, "Wait a little; check whether a write took effect before repeating it.")
_OTHER = _never(None, "Show the error to the person; repeating the call will not help.")


def error_info(code: str, status: int) -> ErrorInfo:
    """What to tell about `code`, which came with HTTP `status`; never fails, so new codes get sound advice."""
    known = ERRORS.get(code)
    if known is not None:
        return known
    if family := _FAMILY.fullmatch(code):
        info = _FAMILIES[family[1]]
        return replace(info, status=status) if family[1] == "api_error" else info
    if _META_NUMBER.fullmatch(code):
        return _fix(status, "Read Instagram's message, correct what it names, then repeat the call.")
    if named := _HTTP.fullmatch(code):
        return _by_status(int(named[1]))
    return _by_status(status)


def _by_status(status: int) -> ErrorInfo:
    if status in _DEFAULTS:
        return _DEFAULTS[status]
    fallback = _CLIENT if 400 <= status < 500 else _SERVER if 500 <= status < 600 else _OTHER
    return replace(fallback, status=status)
