"""Which platforms a file fits, as what, and what would fit, by the limits that the API itself tells."""

from typing import Any

import httpx2
import pytest

from server.media_intake.fit import fit
from server.media_intake.looking import Facts

pytestmark = pytest.mark.anyio

MEBIBYTE = 1024 * 1024


def image(content_type: str = "image/jpeg", *, megabytes: float = 1, size: tuple[int, int] = (1080, 1080)) -> Facts:
    return Facts(
        kind="image",
        content_type=content_type,
        extension="x",
        size_bytes=int(megabytes * MEBIBYTE),
        width=size[0],
        height=size[1],
    )


def video(
    content_type: str = "video/mp4",
    *,
    megabytes: float = 10,
    size: tuple[int, int] = (1080, 1920),
    seconds: float = 30,
    rate: float = 30,
    codec: str = "h264",
) -> Facts:
    return Facts(
        kind="video",
        content_type=content_type,
        extension="x",
        size_bytes=int(megabytes * MEBIBYTE),
        width=size[0],
        height=size[1],
        duration_seconds=seconds,
        frames_per_second=rate,
        codec=codec,
    )


async def rows(http: httpx2.AsyncClient, facts: Facts) -> dict[str, dict[str, Any]]:
    limits = (await http.get("/v1/posts/validate")).json()["data"]
    return {platform: fit(platform, limits[platform], facts) for platform in limits}


async def test_a_square_jpeg_fits_wherever_pictures_are_taken(http: httpx2.AsyncClient) -> None:
    found = await rows(http, image())
    assert {name: row["fits_as"] for name, row in found.items()} == {
        "instagram": ["feed", "carousel", "story"],
        "facebook": ["feed", "album", "story"],
        "threads": ["image", "carousel"],
        "tiktok": ["one of 2 to 35 photos, not alone"],
        "youtube": [],
        "twitter": [],
        "linkedin": ["image", "carousel"],
        "linkedin_page": ["image", "carousel"],
        "google": ["image"],
        "pinterest": ["image"],
    }
    assert found["youtube"] == {
        "platform": "youtube",
        "fits_as": [],
        "why": "posts there take no pictures, only videos",
        "instead": "pass a video (any video)",
    }
    assert found["twitter"]["why"] == "posts there take no files of the media library"
    assert found["instagram"]["notes"] == ["a story is shown in 9:16; this is 1080x1080"]


async def test_an_upright_film_fits_wherever_films_are_taken(http: httpx2.AsyncClient) -> None:
    found = await rows(http, video())
    assert {name: row["fits_as"] for name, row in found.items()} == {
        "instagram": ["reel", "carousel", "story"],
        "facebook": ["feed", "reel", "story"],
        "threads": ["video", "carousel"],
        "tiktok": ["video"],
        "youtube": ["video"],
        "twitter": [],
        "linkedin": ["video"],
        "linkedin_page": ["video"],
        "google": [],
        "pinterest": [],
    }
    assert not any("notes" in row for row in found.values())
    assert found["google"]["instead"] == "pass a picture (JPEG or PNG)"


async def test_every_difference_is_told_at_once_with_what_mends_it(http: httpx2.AsyncClient) -> None:
    found = await rows(http, image("image/webp", megabytes=12))
    assert found["instagram"] == {
        "platform": "instagram",
        "fits_as": [],
        "why": "a picture must be JPEG or PNG, at most 8 MB; this is WebP, 12 MB",
        "instead": "convert it to JPEG and make it smaller than 8 MB",
    }
    assert found["tiktok"]["fits_as"] and found["pinterest"]["fits_as"] == ["image"]
    found = await rows(http, video("video/x-msvideo", megabytes=400, seconds=1200, rate=120, codec="mpeg4"))
    assert found["instagram"]["why"] == (
        "a video must be MP4 or MOV, at most 300 MB, at most 900 s long, at most 60 frames/s; "
        "this is AVI, 400 MB, 1200 s long, 120 frames/s"
    )
    assert found["youtube"] == {
        "platform": "youtube",
        "fits_as": ["video"],
        "notes": ["the codec mpeg4 may be refused; H.264 is safe"],
    }


async def test_a_film_may_fit_one_placement_and_not_another(http: httpx2.AsyncClient) -> None:
    found = await rows(http, video(seconds=75))
    assert found["instagram"]["fits_as"] == ["reel", "carousel"]
    assert found["instagram"]["not_as"] == {"story": "runs for at most 60 s; this runs for 75 s: cut it"}
    assert "not_as" not in found["facebook"]
    found = await rows(http, video(seconds=2))
    assert found["instagram"]["why"] == "a video must be at least 3 s long; this is 2 s long"
    assert found["facebook"]["fits_as"] == ["feed"]
    assert set(found["facebook"]["not_as"]) == {"reel", "story"}


async def test_what_may_go_wrong_is_noted(http: httpx2.AsyncClient) -> None:
    found = await rows(http, image("image/png", size=(3000, 1000)))
    assert found["instagram"]["notes"] == [
        "outside 4:5 to 1.91:1 it may be refused or cropped; this is 3000x1000",
        "a story is shown in 9:16; this is 3000x1000",
        "PNG may be refused; JPEG is safe",
    ]


async def test_a_size_a_little_over_the_bound_is_told_apart_from_it(http: httpx2.AsyncClient) -> None:
    found = await rows(http, image(megabytes=8.001))
    assert found["instagram"]["why"] == "a picture must be at most 8 MB; this is 8389656 bytes"


def test_limits_that_are_missing_or_of_another_shape_are_no_bounds() -> None:
    assert fit("telegram", None, image())["why"] == "takes no posts, so no files for them"
    assert fit("new", {"media": None}, image())["fits_as"] == []
    odd = {"media": {"supported_image_types": ["image/*"], "max_image_size_bytes": "many"}, "carousel": None}
    assert fit("new", odd, image())["fits_as"] == ["image"]
