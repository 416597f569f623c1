"""Downloads of finished exports, behind addresses that are signed and good for minutes."""

from html import escape

from starlette.requests import Request
from starlette.responses import Response

from localapi import signed
from localapi.context import Installation, Refusal
from localapi.page import page
from localapi.tables_settings import Export

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def address(installation: Installation, export_id: str, name: str) -> str:
    """Where `videos.xlsx` or `report.html` is for the next 15 minutes."""
    return signed.address(installation, "exports", export_id, name)


async def download(installation: Installation, request: Request) -> Response:
    """The file or the page."""
    export_id, name, signature, until = (
        request.path_params[part] for part in ("export_id", "name", "signature", "until")
    )
    if not signed.is_good(installation, signature, until, "exports", export_id, name):
        raise Refusal(410, "resource.gone", "This address has expired. Get the export again for a new one.")
    async with installation.database.read() as session:
        row = await session.get(Export, export_id)
    if row is not None and row.expires_at is not None and row.expires_at <= installation.clock.now():
        raise Refusal(410, "resource.gone", "This export has expired. Start another one.")
    if row is None or row.workbook is None:
        raise Refusal(404, "resource.not_found", "There is no such export.")
    if name == "videos.xlsx":
        headers = {"Content-Disposition": 'attachment; filename="videos.xlsx"', "Cache-Control": "no-store"}
        return Response(row.workbook, headers=headers, media_type=SHEET)
    lines = "".join(
        f"<li>{escape(str(video['title']))}: {video['view_count']} views, {video['like_count']} likes</li>"
        for video in row.videos
    )
    return page("Export", f"<p>{row.total_videos} videos of {escape(row.account_id)}.</p><ul>{lines}</ul>")
