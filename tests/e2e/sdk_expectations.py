"""What the vendor's SDK asks for and insists on: each method's request, the model it parses, and the fields of that."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

DEFECTS = ("exports.list_videos", "reviews.list")
"""Methods that the SDK itself gets wrong: one reads a name that the API does not have, one an answer of the past."""

FIELDS: Mapping[str, str] = {
    "APIKey": "id name preview is_active created_at",
    "Account": "id platform name username",
    "AccountLimits": "limits",
    "Board": "id name privacy",
    "Brand": "id name created_at updated_at",
    "CommentedPost": "id user_id account_id platform platform_id created_at updated_at",
    "ConnectAccountResponse": "account_id platform username",
    "ConnectOAuthResponse": "auth_url state message",
    "Conversation": "id user_id account_id platform platform_id participant_id participant_name created_at updated_at",
    "CreateKeyResponse": "id name raw_key message",
    "CreateWebhookResponse": "id url events secret message",
    "CreatorInfo": "platform nickname can_post max_video_duration_sec privacy_level_options interaction_settings",
    "DeletePostResponse": "success deleted results",
    "DeliveryDetail": "id event_type status attempt_count description created_at endpoint_id payload attempts",
    "DeliveryListItem": "id event_type status attempt_count description created_at",
    "Event": "id category action status summary created_at metadata",
    "EventsSummary": "total failed by_category by_error_category inbox_breakdown retention_days",
    "Export": "id account_id platform status created_at",
    "ImportPostsResponse": "total_rows created failed",
    "InboxComment": "platform_id platform text author_id created_at capabilities.can_reply capabilities.can_delete capabilities.can_hide capabilities.can_like capabilities.can_private_reply",
    "Invite": "id platform token url expires_at",
    "InviteListItem": "id platform token url expires_at is_active created_at",
    "MediaItem": "id filename content_type size_bytes status url created_at",
    "MediaUploadResponse": "media_id",
    "MediaUploadURL": "media_id upload_url expires_at",
    "Mention": "id platform type author.id author.name content.text received_at account_id",
    "Message": "id conversation_id platform_id direction sender_id sender_name created_at",
    "OAuthExchangeResponse": "accounts",
    "OAuthRedirectURI": "id uri",
    "Page": "id platform_page_id name is_default is_active",
    "PlatformConstraints": "text media carousel",
    "Post": "id status created_at updated_at hidden retry_count",
    "PostMetrics": "post_id targets",
    "ReplyToCommentResponse": "success comment_id",
    "ReplyToReviewResponse": "success reply_id",
    "SendMessageResponse": "success message_id",
    "StorageUsage": "used_bytes limit_bytes count",
    "TestDeliveryResponse": "delivery_id status response_status_code response_body response_duration_ms",
    "UsageResponse": "brands_used brands_limit posts_used posts_limit interactions_used interactions_limit period_start period_end",
    "User": "id email plan",
    "ValidationResult": "valid errors warnings",
    "Webhook": "id url events created_at",
    "WebhookDetail": "id url events is_active secret_hint created_at stats.last_24h.delivered stats.last_24h.failed stats.last_7d.delivered stats.last_7d.failed",
    "WebhookEventInfo": "event description category",
    "YouTubeChannelSummary": "title handle thumbnail_url subscriber_count view_count video_count",
}
"""By the model. The SDK refuses an answer without most of these; the others are what the API always tells."""

METHODS: Mapping[str, tuple[str, str]] = {
    "accounts.connect": ("POST /v1/accounts/connect", "ConnectOAuthResponse"),
    "accounts.disconnect": ("DELETE /v1/accounts/{}", ""),
    "accounts.exchange_oauth": ("POST /v1/oauth/exchange", "OAuthExchangeResponse"),
    "accounts.export": ("POST /v1/accounts/{}/export", "Export"),
    "accounts.get_creator_info": ("GET /v1/accounts/{}/creator-info", "CreatorInfo"),
    "accounts.get_limits": ("GET /v1/accounts/{}/limits", "AccountLimits"),
    "accounts.list": ("GET /v1/accounts", "Account*"),
    "accounts.list_boards": ("GET /v1/accounts/{}/boards", "Board*"),
    "accounts.list_pages": ("GET /v1/accounts/{}/pages", "Page*"),
    "accounts.update_page": ("PATCH /v1/accounts/{}/pages/{}", "Page"),
    "brands.create": ("POST /v1/brands", "Brand"),
    "brands.delete": ("DELETE /v1/brands/{}", ""),
    "brands.list": ("GET /v1/brands", "Brand*"),
    "brands.update": ("PATCH /v1/brands/{}", "Brand"),
    "comments.delete": ("DELETE /v1/inbox/comments/{}/{}", ""),
    "comments.hide": ("POST /v1/inbox/comments/{}/{}/hide", ""),
    "comments.like": ("POST /v1/inbox/comments/{}/{}/like", ""),
    "comments.list": ("GET /v1/inbox/comments/{}", "InboxComment*"),
    "comments.list_posts": ("GET /v1/inbox/comments", "CommentedPost*"),
    "comments.list_replies": ("GET /v1/inbox/comments/{}/{}/replies", "InboxComment*"),
    "comments.private_reply": ("POST /v1/inbox/comments/{}/{}/private-reply", ""),
    "comments.reply": ("POST /v1/inbox/comments/{}", "ReplyToCommentResponse"),
    "comments.unhide": ("DELETE /v1/inbox/comments/{}/{}/hide", ""),
    "comments.unlike": ("DELETE /v1/inbox/comments/{}/{}/like", ""),
    "conversations.get": ("GET /v1/inbox/conversations/{}", "Conversation"),
    "conversations.list": ("GET /v1/inbox/conversations", "Conversation*"),
    "conversations.list_messages": ("GET /v1/inbox/conversations/{}/messages", "Message*"),
    "conversations.mark_as_read": ("POST /v1/inbox/conversations/{}/read", ""),
    "conversations.send_message": ("POST /v1/inbox/conversations/{}/messages", "SendMessageResponse"),
    "conversations.update": ("PATCH /v1/inbox/conversations/{}", "Conversation"),
    "events.get_summary": ("GET /v1/events/summary", "EventsSummary"),
    "events.list": ("GET /v1/events", "Event*"),
    "exports.get": ("GET /v1/exports/{}", "Export"),
    "exports.list": ("GET /v1/exports", "Export*"),
    "exports.list_videos": ("GET /v1/exports/{}/videos", ""),
    "invites.create": ("POST /v1/invites", "Invite"),
    "invites.list": ("GET /v1/invites", "InviteListItem*"),
    "invites.revoke": ("DELETE /v1/invites/{}", ""),
    "keys.create": ("POST /v1/keys", "CreateKeyResponse"),
    "keys.list": ("GET /v1/keys", "APIKey*"),
    "keys.revoke": ("DELETE /v1/keys/{}", ""),
    "media.delete": ("DELETE /v1/media/{}", ""),
    "media.get_storage_usage": ("GET /v1/media/storage", "StorageUsage"),
    "media.get_upload_url": ("GET /v1/media/upload-url", "MediaUploadURL"),
    "media.list": ("GET /v1/media", "MediaItem*"),
    "media.upload": ("POST /v1/media/upload", "MediaUploadResponse"),
    "media.verify": ("POST /v1/media/{}/verify", ""),
    "mentions.list": ("GET /v1/accounts/{}/mentions", "Mention*"),
    "oauth.create_redirect_uri": ("POST /v1/oauth/redirect-uris", "OAuthRedirectURI"),
    "oauth.delete_redirect_uri": ("DELETE /v1/oauth/redirect-uris/{}", ""),
    "oauth.list_redirect_uris": ("GET /v1/oauth/redirect-uris", "OAuthRedirectURI*"),
    "posts.delete": ("DELETE /v1/posts/{}", "DeletePostResponse"),
    "posts.get": ("GET /v1/posts/{}", "Post"),
    "posts.get_metrics": ("GET /v1/posts/{}/metrics", "PostMetrics"),
    "posts.list": ("GET /v1/posts", "Post*"),
    "posts.retry": ("POST /v1/posts/{}/retry", ""),
    "posts.unpublish": ("POST /v1/posts/{}/unpublish", ""),
    "publishing.create": ("POST /v1/posts", "Post"),
    "publishing.get_constraints": ("GET /v1/posts/validate", "PlatformConstraints%"),
    "publishing.get_upload_url": ("GET /v1/media/upload-url", "MediaUploadURL"),
    "publishing.import_posts": ("POST /v1/posts/import", "ImportPostsResponse"),
    "publishing.update": ("PATCH /v1/posts/{}", "Post"),
    "publishing.validate": ("POST /v1/posts/validate", "ValidationResult"),
    "publishing.verify_upload": ("POST /v1/media/{}/verify", ""),
    "reviews.list": ("GET /v1/inbox/reviews", ""),
    "reviews.reply": ("POST /v1/inbox/reviews/{}/reply", "ReplyToReviewResponse"),
    "usage.get": ("GET /v1/usage", "UsageResponse"),
    "usage.get_account_limits": ("GET /v1/accounts/{}/limits", "AccountLimits"),
    "users.delete_me": ("DELETE /v1/users/me", ""),
    "users.get_me": ("GET /v1/users/me", "User"),
    "users.update_me": ("PATCH /v1/users/me", "User"),
    "webhooks.create": ("POST /v1/webhooks", "CreateWebhookResponse"),
    "webhooks.delete": ("DELETE /v1/webhooks/{}", ""),
    "webhooks.get": ("GET /v1/webhooks/{}", "WebhookDetail"),
    "webhooks.get_delivery": ("GET /v1/webhooks/{}/deliveries/{}", "DeliveryDetail"),
    "webhooks.list": ("GET /v1/webhooks", "Webhook*"),
    "webhooks.list_deliveries": ("GET /v1/webhooks/{}/deliveries", "DeliveryListItem*"),
    "webhooks.list_events": ("GET /v1/webhooks/events", "WebhookEventInfo*"),
    "webhooks.retry_delivery": ("POST /v1/webhooks/{}/deliveries/{}/retry", "DeliveryDetail"),
    "webhooks.test": ("POST /v1/webhooks/{}/test", "TestDeliveryResponse"),
    "webhooks.update": ("PATCH /v1/webhooks/{}", "Webhook"),
    "youtube.edit_comment": ("PATCH /v1/platforms/youtube/comments/{}", ""),
    "youtube.get_channel_summary": ("GET /v1/platforms/youtube/accounts/{}/summary", "YouTubeChannelSummary"),
    "youtube.moderate_comment": ("POST /v1/platforms/youtube/comments/{}/moderate", ""),
    "youtube.sync_account": ("POST /v1/platforms/youtube/accounts/{}/sync", ""),
    "youtube.update_video": ("PATCH /v1/platforms/youtube/accounts/{}/videos/{}", ""),
}
"""Request, and the model that is parsed: a star marks lists, a percent sign maps, and "" is nothing."""


def check(name: str, result: Any) -> None:
    """Hold what a method gave against its model, field by field."""
    model = METHODS[name][1]
    if not model:
        assert result is None
        return
    rows: Sequence[Any] = [result]
    if model.endswith("*"):
        rows = list(result)
    elif model.endswith("%"):
        rows = list(result.values())
    # A list of nothing would pass for any answer.
    assert rows
    for row in rows:
        assert type(row).__name__ == model.rstrip("*%")
        for field in FIELDS[type(row).__name__].split():
            value = row
            for part in field.split("."):
                # What the API did not send has the SDK's own default, and would pass for an answer.
                assert part in value.model_fields_set, f"{name}: {field} was not sent"
                value = getattr(value, part)
                assert value is not None, f"{name}: {field} is null"


def is_request(name: str, request: str) -> bool:
    """Whether a request, `GET /v1/brands` say, is the one of the method."""
    pattern = re.escape(METHODS[name][0]).replace(re.escape("{}"), "[^/]+")
    return re.fullmatch(pattern, request) is not None
