"""WhatsApp Business: conversations and templates; no posts."""

from localapi.network.platform import PlatformProfile, SchedulingRules, TextRules

PROFILE = PlatformProfile(
    slug="whatsapp",
    name="WhatsApp",
    connect="embedded_signup",
    publishes=False,
    text=TextRules(max_length=0),
    scheduling=SchedulingRules(supported=False, mode=""),
    dms=True,
    message_statuses=("sent", "delivered", "read", "failed"),
    dm_window_hours=24,
    retry=False,
    ids={"": "1{digits:.14}", "message": "wamid.{letters:.40}"},
)
