"""The simulated social platforms: what each can do, what it accepts, how its ids and links look."""

from collections.abc import Mapping
from types import MappingProxyType

from localapi.network import (
    facebook,
    google,
    instagram,
    linkedin,
    linkedin_page,
    pinterest,
    telegram,
    threads,
    tiktok,
    twitter,
    whatsapp,
    youtube,
)
from localapi.network.platform import PlatformProfile

PLATFORMS: Mapping[str, PlatformProfile] = MappingProxyType(
    {
        module.PROFILE.slug: module.PROFILE
        for module in (
            instagram,
            facebook,
            threads,
            tiktok,
            youtube,
            twitter,
            linkedin,
            linkedin_page,
            google,
            pinterest,
            telegram,
            whatsapp,
        )
    }
)

__all__ = ["PLATFORMS", "PlatformProfile"]
