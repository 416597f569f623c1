"""The fields of a row that matter for each list, which is what a brief answer shows of it."""

from collections.abc import Mapping

_COMMENT = (
    "id platform_id parent_id author_id author_name author_username text created_at like_count reply_count "
    "is_hidden is_owner moderation_status capabilities"
)

# Operation → fields of its rows, in the order of reading; a dot leads into an object or into a list of them.
_FIELDS: Mapping[str, str] = {
    "list_accounts": "id platform name username page_name brand_id login_id status reconnect_reason",
    "list_account_pages": "id platform_page_id name username is_active is_default followers_count",
    "list_brands": "id name accounts_count",
    "list_invites": "id token platform url is_active expires_at",
    "list_commented_posts": (
        "id platform_id platform account_id page_id content comment_count like_count published_at permalink"
    ),
    "list_comments": _COMMENT,
    "list_comment_replies": _COMMENT,
    "list_conversations": (
        "id platform account_id page_id participant_id participant_name last_message last_message_at unread_count "
        "status"
    ),
    "list_messages": "id direction sender_id sender_name text attachment_type attachment_url created_at status",
    "list_review_accounts": "account_id platform name average_rating total_count last_review_at",
    "list_reviews": "id rating author.name text created_at reply.text reply.updated_at",
    "list_mentions": (
        "id type platform account_id author.id author.name author.username content.text platform_post_id post_id "
        "page_id conversation_id received_at permalink metadata"
    ),
    "list_posts": (
        "id status text title scheduled_at published_at hidden targets.account_id targets.page_id targets.platform "
        "targets.status targets.scheduled_at targets.platform_post_id targets.permalink targets.metrics "
        "targets.error media_ids created_at"
    ),
    "list_media": "id filename content_type size_bytes status created_at",
    "list_exports": "id platform account_id status processed_videos total_videos error created_at expires_at",
    "list_export_videos": (
        "platform_video_id title create_time duration_seconds view_count like_count comment_count share_count "
        "share_url vision_category"
    ),
    "list_events": "id created_at category action status platform account_id resource_id summary error_message",
    "list_keys": "id name preview is_active scopes brand_ids last_used_at",
    "list_webhooks": "id url events is_active",
    "list_webhook_deliveries": "id event_type status attempt_count response_status_code created_at",
    "list_webhook_events": "event description",
    "list_redirect_uris": "id uri label",
    "list_x_credentials": "brand_id client_id_hint updated_at",
    "list_announcements": "id kind title body seen window_start window_end link_url",
    "list_whatsapp_templates": "id name language category status components",
    "list_instagram_stories": "id account_id caption media_type timestamp view_count like_count permalink",
    "list_facebook_login_pages": (
        "platform_page_id name assignable assigned_account_id assigned_brand_id assigned_brand_name"
    ),
    "list_pinterest_boards": "id board_id name privacy",
    "list_pinterest_pins": "id board_id title created_at permalink",
    "list_plans": "tier name monthly_price_usd annual_price_usd limits",
}

BRIEF_FIELDS: Mapping[str, tuple[str, ...]] = {name: tuple(fields.split()) for name, fields in _FIELDS.items()}
"""For `server.shaping.shape`: ids that other operations take are always among them."""
