"""Calls the REST API, hosted or embedded, through one client: the only code that speaks HTTP to it."""

import asyncio
import base64
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from tools.fields import FileArgs
from tools.operation import AnyOperation, ArgsT, Effect, Operation, ResultT

MAX_READ_ATTEMPTS = 3
MAX_RETRY_WAIT_SECONDS = 20.0
RETRIED_STATUSES = frozenset({429, 502, 503, 504})


class ApiError(Exception):
    """The REST API refused a call.

    `status` is the HTTP status; `code` the API's stable error code; `message` the API's own sentence;
    `retry_after_seconds` is set when the API asked to wait; `body` is the answer as it came.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        meta: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
        body: Any = None,
    ) -> None:
        super().__init__(f"{code} ({status})")
        self.status = status
        self.code = code
        self.message = message
        self.meta = meta or {}
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds
        self.body = body


class NoAnswer(Exception):
    """The REST API could not be reached, or its answer was not understood.

    `sent` tells whether the request may have arrived: then a write may have happened. `remedy` is set where only the
    server's operator can mend it.
    """

    def __init__(self, reason: str, *, sent: bool, remedy: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.remedy = remedy


class BadFile(ValueError):
    """A file argument that cannot be used; the text says why and what to pass instead."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One successful answer: the body as the API sent it, and what came around it."""

    status: int
    body: dict[str, Any]
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Files:
    """Where a caller's local files may be read; no root means that paths are refused."""

    root: Path | None = None

    def read(self, args: FileArgs) -> tuple[str, bytes]:
        """Name and content of the file that `args` means.

        Raises:
            BadFile: neither or both sources, not base64, outside the root, missing, or too large.
        """
        if (args.path is None) == (args.content_base64 is None):
            raise BadFile("pass exactly one of content_base64 and path")
        if args.path is not None:
            try:
                path = self.locate(args.path)
                if path.stat().st_size > args.max_bytes:
                    raise _too_large(args)
                return args.filename or path.name, path.read_bytes()
            except OSError:
                raise BadFile("the file cannot be read; check its permissions") from None
        try:
            content = base64.b64decode(args.content_base64 or "", validate=True)
        except ValueError:
            raise BadFile("content_base64 is not base64; encode the file's bytes without line breaks") from None
        if not content:
            raise BadFile("the file is empty")
        if len(content) > args.max_bytes:
            raise _too_large(args)
        return args.filename or "upload", content

    def locate(self, name: str) -> Path:
        """The regular file that a path names, under the root and free of links; raises BadFile."""
        if self.root is None:
            raise BadFile("local paths are read only over stdio and under SOCIALAPI_FILES_ROOT; pass content_base64")
        root = self.root.resolve()
        try:
            path = (root / name).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise BadFile(f"no such file under {root}") from None
        # resolve() follows symbolic links, so a link that points out of the root is caught here too.
        if not path.is_relative_to(root):
            raise BadFile(f"the path leads out of {root}; copy the file there, or set SOCIALAPI_FILES_ROOT")
        if not path.is_file():
            raise BadFile("the path is not a regular file")
        return path


@dataclass(frozen=True, kw_only=True)
class RestClient:
    """Turns an operation and its arguments into one HTTP exchange.

    Reads are repeated on connection errors, 429 and 502 to 504; a write is never sent twice.
    """

    http: httpx2.AsyncClient
    files: Files = field(default_factory=Files)
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def send(
        self, operation: Operation[ArgsT, ResultT], args: ArgsT, *, authorization: str | None = None
    ) -> ResultT:
        """Run one operation and parse its answer; raises as `exchange` does."""
        answer = await self.exchange(operation, args, authorization=authorization)
        return parse(operation, answer.body)

    async def exchange(self, operation: AnyOperation, args: BaseModel, *, authorization: str | None = None) -> Answer:
        """Run one operation; `authorization` is the value of the header, if it differs from the client's own.

        Raises:
            ApiError: the API answered 4xx or 5xx, or that every target failed.
            NoAnswer: no usable answer came.
            BadFile: a file argument cannot be used.
        """
        request = self.request(operation, args, authorization)
        # Not every GET is a read: one makes an upload address.
        attempts = MAX_READ_ATTEMPTS if operation.effect is Effect.READ and operation.method == "GET" else 1
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                response = await self.http.send(request, follow_redirects=False)
            except httpx2.ConnectError:
                if last:
                    raise NoAnswer("the API cannot be reached", sent=False) from None
                await self.wait(_backoff(attempt))
                continue
            except httpx2.TimeoutException as error:
                sent = not isinstance(error, (httpx2.ConnectTimeout, httpx2.PoolTimeout))
                raise NoAnswer("the API did not answer in time", sent=sent) from None
            except httpx2.TransportError:
                raise NoAnswer("the connection to the API broke", sent=True) from None
            if response.status_code in RETRIED_STATUSES and not last:
                wait = _retry_after(response)
                if wait is None or wait <= MAX_RETRY_WAIT_SECONDS:
                    await self.wait(_backoff(attempt) if wait is None else wait)
                    continue
            return _answer(operation, response)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def request(self, operation: AnyOperation, args: BaseModel, authorization: str | None) -> httpx2.Request:
        """The HTTP request of a call, without sending it; raises BadFile for a file that cannot be used."""
        fields = args.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
        files = None
        if operation.upload is not None and isinstance(args, FileArgs):
            name, content = self.files.read(args)
            files = {operation.upload: (name, content, _content_type(name))}
        path = operation.path
        for placeholder, argument in operation.path_names.items():
            value = str(fields.pop(argument))
            if value in {".", ".."}:
                raise ValueError(f"{argument} is not an id")
            path = path.replace("{" + placeholder + "}", quote(value, safe=""))
        aliases = {
            info.alias or name for name, info in operation.args.model_fields.items() if name in operation.query_names
        }
        query = {name: _query_text(fields.pop(name)) for name in list(fields) if name in aliases}
        headers = {"Authorization": authorization} if authorization else {}
        return self.http.build_request(
            operation.method,
            # Joined here, because httpx's own joining would resolve what was escaped.
            str(self.http.base_url).rstrip("/") + path,
            params=query or None,
            json=fields if operation.has_body and (fields or _has_fields(operation)) else None,
            files=files,
            headers=headers,
        )


def _too_large(args: FileArgs) -> BadFile:
    size = f"the file is over {args.max_bytes // 1024**2} MB"
    is_media = args.max_bytes == FileArgs.max_bytes
    return BadFile(f"{size}; {'use create_upload_url and PUT the bytes there' if is_media else 'split it'}")


def parse(operation: Operation[Any, ResultT], body: Mapping[str, Any]) -> ResultT:
    """The typed answer; raises NoAnswer when it does not have the documented shape."""
    try:
        return operation.result.model_validate(body)
    except ValidationError:
        raise NoAnswer("the API's answer does not have its documented shape", sent=True) from None


def _answer(operation: AnyOperation, response: httpx2.Response) -> Answer:
    request_id = response.headers.get("x-request-id")
    if operation.redirects and (location := response.headers.get("location")) and response.is_redirect:
        return Answer(status=response.status_code, body={"location": location}, request_id=request_id)
    if 300 <= response.status_code < 400:
        # A proxy's, or of http to https: followed, a write would become a read.
        raise NoAnswer(
            "the API's address answers with a redirect, which is not followed",
            sent=False,
            remedy="set SOCIALAPI_BASE_URL to the address that it leads to, then start the server again",
        )
    if response.is_error:
        raise _error(response)
    if not response.content:
        return Answer(status=response.status_code, body={}, request_id=request_id)
    try:
        body = response.json()
    except ValueError:
        raise NoAnswer("the API's answer is not JSON", sent=True) from None
    if not isinstance(body, dict):
        body = {"value": body}
    return Answer(status=response.status_code, body=body, request_id=request_id)


def _error(response: httpx2.Response) -> ApiError:
    try:
        body = response.json()
    except ValueError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    code, message, meta = f"http.{response.status_code}", "", None
    if isinstance(error, dict):
        code, message, meta = str(error.get("code") or code), str(error.get("message") or ""), error.get("meta")
    elif isinstance(error, str) and isinstance(body, dict):
        code, message = str(body.get("code") or code), error
    elif isinstance(body, dict) and "targets" in body:
        # A post that failed everywhere comes back as the post itself, not in the error envelope.
        code, message = "publishing.delivery.all_failed", "Every target failed."
    return ApiError(
        response.status_code,
        code,
        message,
        meta=meta if isinstance(meta, dict) else None,
        request_id=response.headers.get("x-request-id") or (body.get("request_id") if isinstance(body, dict) else None),
        retry_after_seconds=_retry_after(response) or _seconds(meta),
        body=body,
    )


def _seconds(meta: Any) -> float | None:
    """Seconds to wait by `meta.retry_after`, which some platforms' refusals carry instead of the header."""
    value = meta.get("retry_after") if isinstance(meta, dict) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _has_fields(operation: AnyOperation) -> bool:
    """Whether the API reads a body here; it wants an object then, also an empty one."""
    return bool(set(operation.args.model_fields) - set(operation.path_names.values()) - operation.query_names)


def _query_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds to wait by `Retry-After` (RFC 9110 §10.2.3), or None without a usable one."""
    value = response.headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when, sent = parsedate_to_datetime(value), parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return max(0.0, (when - sent).total_seconds())


def _backoff(attempt: int) -> float:
    return random.uniform(0.1, 0.3) * (1 << attempt)


_TYPES = {
    "csv": "text/csv", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "webp": "image/webp", "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "avif": "image/avif",
    "mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska",
    "avi": "video/x-msvideo", "mp3": "audio/mpeg", "pdf": "application/pdf",
}  # fmt: skip


def _content_type(filename: str) -> str:
    return _TYPES.get(filename.rpartition(".")[2].lower(), "application/octet-stream")
