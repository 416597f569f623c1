"""/upload/{handle}: the page on which a person uploads one file, plain HTML without script, streamed to disk."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from auth import markup, pages
from auth.routes import STYLESHEET_PATH, stylesheet
from server.media_intake.call import silent
from server.media_intake.inspection import inspect
from server.media_intake.looking import Facts
from server.media_intake.naming import library_name
from server.media_intake.storing import MAX_BYTES, STALL_SECONDS, TooLarge, store
from server.media_intake.uploads import PageIsBusy, PageIsGone, Uploads
from tools.rest import BadFile

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

_AROUND_BYTES = 64 * 1024
"""What a form has besides the file."""
_HEADERS = {
    **pages.HEADERS,
    # Unlike the sign-in's, this form leads nowhere else.
    "Content-Security-Policy": f"{pages.HEADERS['Content-Security-Policy']}; form-action 'self'",
}
_ADVICE = "Ask your assistant for a new page."
_OTHER_SITE = frozenset({"cross-site", "same-site"})


def routes(uploads: Uploads, *, max_bytes: int = MAX_BYTES, stall_seconds: float = STALL_SECONDS) -> list[BaseRoute]:
    """The page and, for servers without sign-in, its style. To be served under this server's own names only."""
    page = _UploadPage(uploads, max_bytes, stall_seconds)
    return [
        Route("/upload/{handle}", page.guarded(page.show), methods=["GET"]),
        Route("/upload/{handle}", page.guarded(page.receive), methods=["POST"]),
        Route(STYLESHEET_PATH, stylesheet, methods=["GET"]),
    ]


class _UploadPage:
    def __init__(self, uploads: Uploads, max_bytes: int, stall_seconds: float) -> None:
        self._uploads, self._max_bytes, self._stall_seconds = uploads, max_bytes, stall_seconds

    async def show(self, request: Request) -> Response:
        handle = request.path_params["handle"]
        return self._form(handle, await asyncio.to_thread(self._uploads.find, handle))

    async def receive(self, request: Request) -> Response:
        handle = request.path_params["handle"]
        if request.headers.get("sec-fetch-site") in _OTHER_SITE:
            return self._problem("Not from this page", "Another site sent this form. Nothing was kept.", 403)
        expires_at = await asyncio.to_thread(self._uploads.find, handle)
        part = await asyncio.to_thread(self._uploads.begin, handle)
        is_kept = False
        try:
            form = _Form(request, self._max_bytes)
            await store(
                form.pieces(), part, progress=silent, max_bytes=self._max_bytes, stall_seconds=self._stall_seconds
            )
            facts = await inspect(part)
            filename = library_name(form.filename, facts.extension)
            await asyncio.to_thread(self._uploads.finish, handle, filename)
            is_kept = True
            return self._thanks(filename, facts)
        except TooLarge as refused:
            wrong = f"the file is over {refused.size}; choose a smaller one"
            return self._form(handle, expires_at, wrong=wrong)
        except BadFile as refused:
            return self._form(handle, expires_at, wrong=str(refused))
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            if not is_kept:
                self._uploads.abort(handle)

    def guarded(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """The answer, of whose failures a person reads what to do, and no more."""

        async def safe(request: Request) -> Response:
            try:
                return await answer(request)
            except PageIsGone:
                text = "It was used, has expired, or never was. Nothing was kept."
                return self._problem("This page is gone", text, 404)
            except PageIsBusy:
                text = "A file is on its way from another window, or has come already."
                return self._problem("Already in use", text, 409)
            except Exception as error:
                reference = secrets.token_hex(4)
                logger.error("an upload failed, reference %s", reference, exc_info=error)
                text = f"Nothing was kept. The log of the server has the reason under {reference}."
                return self._problem("This server failed", text, 500)

        return safe

    def _form(self, handle: str, expires_at: datetime, *, wrong: str | None = None) -> Response:
        described, invalid = ("wrong kinds", ' aria-invalid="true"') if wrong else ("kinds", "")
        body = (
            '<label class="field" for="file">Picture or video</label>'
            f'<input type="file" id="file" name="file" accept="image/*,video/*" required{invalid}'
            f' aria-describedby="{described}">'
            f'<p id="kinds">JPEG, PNG, GIF, WebP, MP4, MOV or WebM, up to {self._max_bytes // 1024**2} MB.</p>'
            '<div class="actions"><button class="go">Upload</button></div>'
        )
        html = (
            markup.alert(_sentence(wrong), "file", "Choose another file")
            + "<p>Your assistant asked for a picture or video. What you choose here goes to it, to be put into your "
            "media library. If you did not ask your assistant for this, close the page.</p>"
            f"<p>This page works once, until {markup.moment(expires_at)}.</p>"
            # Handles are letters, digits, hyphens and underscores.
             + markup.form(f"/upload/{handle}", body, fields=(), attributes=' enctype="multipart/form-data"')
        )
        return self._page(markup.document("Upload a file", html, is_narrow=True), 422 if wrong else 200)

    def _thanks(self, filename: str, facts: Facts) -> Response:
        size = f"{facts.width} by {facts.height} pixels"
        seconds = f", {facts.duration_seconds:g} s" if facts.duration_seconds else ""
        html = (
            '<div class="box good" role="status"><p>The file has come. Tell your assistant; '
            "you can close this page.</p></div>"
            + markup.facts(
                [("File", markup.name(filename)), ("What it is", markup.text(f"{facts.content_type}, {size}{seconds}"))]
            )
        )
        return self._page(markup.document("Uploaded", html, is_narrow=True), 200)

    def _problem(self, title: str, text: str, status: int) -> Response:
        return self._page(pages.problem(pages.Problem(title=title, text=text, advice=_ADVICE)), status)

    def _page(self, html: str, status: int) -> Response:
        more = pages.HSTS_HEADER if self._uploads.is_secure else {}
        return HTMLResponse(html, status, headers={**_HEADERS, **more})


class _Form:
    """The one file of a posted form, piece by piece."""

    def __init__(self, request: Request, max_bytes: int) -> None:
        self.filename = ""
        self._request, self._max_bytes = request, max_bytes
        self._found: list[bytes] = []
        self._field, self._value = bytearray(), bytearray()
        self._is_file = self._had_file = self._is_whole = False

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file's bytes; raises BadFile when there is none, or the form is broken or too long."""
        kind, options = parse_options_header(self._request.headers.get("content-type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise BadFile("choose a file on the page and upload it from there")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_field,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )
        count = 0
        try:
            async for chunk in self._request.stream():
                count += len(chunk)
                if count > self._max_bytes + _AROUND_BYTES:
                    raise TooLarge(self._max_bytes)
                parser.write(chunk)
                yield b"".join(self._found)
                self._found.clear()
        except FormParserError:
            raise BadFile("the upload is broken; try again") from None
        if not self._is_whole:
            raise BadFile("the upload broke off; try again")
        if not self._had_file:
            raise BadFile("no file was chosen; choose one")

    def _begin(self) -> None:
        self._is_file = False

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if bytes(self._field).lower() == b"content-disposition" and not self._had_file:
            _, options = parse_options_header(bytes(self._value))
            if options.get(b"name") == b"file" and options.get(b"filename"):
                self._is_file = self._had_file = True
                self.filename = options[b"filename"].decode("utf-8", "replace")
        self._field.clear()
        self._value.clear()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._found.append(data[start:end])

    def _end_part(self) -> None:
        self._is_file = False

    def _end(self) -> None:
        self._is_whole = True


def _sentence(text: str | None) -> str | None:
    return text and text[0].upper() + text[1:] + "."
