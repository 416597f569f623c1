"""Telegram: a bot's private chats; no posts."""

from localapi.network.platform import PlatformProfile, SchedulingRules, TextRules

PROFILE = PlatformProfile(
    slug="telegram",
    name="Telegram",
    connect="token",
    publishes=False,
    text=TextRules(max_length=0),
    scheduling=SchedulingRules(supported=False, mode=""),
    dms=True,
    dm_attachments=True,
    retry=False,
    ids={"": "{digits:.9}"},
)
