"""What people call the platforms, and which platform they mean by what they say."""

from collections.abc import Mapping

from server.foreign_text import clean
from tools.fields import PLATFORMS

LABELS: Mapping[str, str] = {
    "instagram": "Instagram",
    "facebook": "Facebook",
    "threads": "Threads",
    "tiktok": "TikTok",
    "youtube": "YouTube",
    "twitter": "X",
    "linkedin": "LinkedIn",
    "linkedin_page": "LinkedIn page",
    "google": "Google",
    "pinterest": "Pinterest",
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
}
_SAID: Mapping[str, tuple[str, ...]] = {
    # Platform → how else people call it, in small letters, with blanks between words.
    "instagram": ("insta", "ig"),
    "facebook": ("fb",),
    "tiktok": ("tik tok",),
    "youtube": ("yt", "you tube"),
    "twitter": ("x", "tweet", "tweets"),
    "linkedin": ("linked in",),
    "linkedin_page": ("linkedin page", "linkedin company", "linkedin company page"),
    "google": ("gmb", "gbp", "google business", "google business profile", "google my business", "google maps"),
    "telegram": ("tg",),
    "whatsapp": ("wa", "whats app", "whatsapp business"),
}
PHRASES: Mapping[tuple[str, ...], str] = {
    tuple(phrase.split()): platform
    for platform in PLATFORMS
    for phrase in (platform.replace("_", " "), *_SAID.get(platform, ()))
}
LONGEST_PHRASE = max(map(len, PHRASES))
"""In words; the longest phrase that fits is meant."""


def platform_label(platform: str) -> str:
    """What people call a platform."""
    return LABELS.get(platform) or clean(platform, limit=80) or "an unknown platform"
