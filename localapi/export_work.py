"""Makes an export: collects the videos of an account and writes the workbook, once."""

import hashlib
import io
from datetime import timedelta
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]
from sqlalchemy import select

from localapi.context import Caller, Context, Installation, wire_time
from localapi.platform_accounts import live_posts
from localapi.post_views import numbers_of
from localapi.tables import Account, NetworkPost, User
from localapi.tables_settings import Export

PLATFORMS_WITH_EXPORTS = ("tiktok",)
VIDEOS = {"free": 30, "starter": 200, "pro": 500, "business": -1, "enterprise": -1}
TRANSCRIPTS = {"free": 10, "starter": -1, "pro": -1, "business": -1, "enterprise": -1}
KEPT_DAYS = {"free": 7, "starter": 30, "pro": 30, "business": 90, "enterprise": 90}
COLUMNS = (
    "platform_video_id", "title", "description", "share_url", "create_time", "duration_seconds", "width", "height",
    "view_count", "like_count", "comment_count", "share_count", "transcript", "transcript_lang", "vision_summary",
    "vision_category", "vision_elements",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def due(installation: Installation) -> list[str]:
    """The exports that are to be made."""
    query = select(Export.id).where(Export.status.in_(("pending", "processing"))).order_by(Export.created_at, Export.id)
    async with installation.database.read() as session:
        return list(await session.scalars(query))


async def make(installation: Installation, export_id: str) -> None:
    """Make one. May be repeated: a finished one stays as it is."""
    async with installation.database.write() as session:
        row = await session.get(Export, export_id, with_for_update=True)
        if row is None or row.status not in {"pending", "processing"}:
            return
        row.status = "processing"
    async with installation.database.write() as session:
        row = await session.get(Export, export_id, with_for_update=True)
        if row is None or row.status != "processing":
            return
        user = await session.get(User, row.user_id)
        account = await session.get(Account, row.account_id)
        if user is None or account is None:
            row.status, row.error = "failed", "the account was disconnected meanwhile"
            return
        context = Context(installation=installation, session=session, caller=Caller(user=user, key=None))
        posts = list(await live_posts(context, account))
        most = VIDEOS[user.plan]
        posts = posts if most < 0 else posts[:most]
        scripts = TRANSCRIPTS[user.plan] if row.with_transcripts else 0
        videos = [
            _video(context, post, with_transcript=scripts < 0 or index < scripts, with_vision=row.with_vision)
            for index, post in enumerate(posts)
        ]
        row.videos, row.workbook = videos, workbook(videos)
        row.total_videos = row.processed_videos = len(videos)
        row.status, row.completed_at = "completed", context.now
        row.expires_at = context.now + timedelta(days=KEPT_DAYS[user.plan])


async def fail(installation: Installation, export_id: str) -> None:
    """Give up on one whose making broke each time."""
    async with installation.database.write() as session:
        row = await session.get(Export, export_id, with_for_update=True)
        if row is not None and row.status in {"pending", "processing"}:
            row.status, row.error = "failed", "making the export broke here; the log of the server says how"


def workbook(videos: list[dict[str, Any]]) -> bytes:
    """An .xlsx file with one row a video. What people wrote is text, also where it looks like a formula."""
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, options)
    sheet = book.add_worksheet("Videos")
    bold = book.add_format({"bold": True})
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name, bold)
    for line, video in enumerate(videos, start=1):
        for column, name in enumerate(COLUMNS):
            value = video.get(name)
            if isinstance(value, int):
                sheet.write_number(line, column, value)
            elif value:
                sheet.write_string(line, column, _text(", ".join(value) if isinstance(value, list) else str(value)))
    book.close()
    return target.getvalue()


def _text(value: str) -> str:
    # A spreadsheet that is exported once more as CSV would run it.
    return f"'{value}" if value.startswith(_FORMULA) else value


def _video(context: Context, post: NetworkPost, *, with_transcript: bool, with_vision: bool) -> dict[str, Any]:
    numbers = numbers_of(context.now, post)
    title, _, rest = post.text.partition("\n")
    # The simulated platform knows no film, so its length is drawn from its id.
    length = 8 + hashlib.sha256(post.platform_id.encode()).digest()[0] % 52
    video: dict[str, Any] = {
        "platform": post.platform,
        "platform_video_id": post.platform_id,
        "title": title,
        "description": rest or title,
        "share_url": post.permalink,
        "cover_image_url": post.thumbnail or "",
        "create_time": wire_time(post.published_at),
        "duration_seconds": length,
        "width": 1080,
        "height": 1920,
        "view_count": numbers["views"],
        "like_count": numbers["likes"],
        "comment_count": numbers["comments"],
        "share_count": numbers["shares"],
    }
    if with_transcript:
        video |= {"transcript": f"(simulated) {post.text}", "transcript_lang": "en"}
    if with_vision:
        words = sorted({word.strip(".,!?").lower() for word in post.text.split() if len(word) > 4})
        video |= {
            "vision_summary": f"(simulated) A video about: {title}",
            "vision_category": "simulated",
            "vision_elements": words[:5],
        }
    return video
