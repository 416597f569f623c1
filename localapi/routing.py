"""Binds a handler to the operation it implements; route, parsing, scope check and error body follow from it."""

import contextlib
import json
import logging
import math
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Message, Receive

from auth.scopes import Access
from localapi.context import Caller, Context, Installation, Refusal, Upload
from localapi.credentials import caller_of, check_paid, check_permission, is_unnoted, note_use
from localapi.database import Unavailable
from localapi.tables import User
from tools.fields import FileArgs
from tools.operation import AnyOperation, ArgsT, Effect, Empty, Operation, ResultT
from tools.problems import in_words
from tools.registry import operations

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

Handler = Callable[[Context, ArgsT], Awaitable[ResultT]]
HANDLERS: dict[str, Handler[Any, Any]] = {}

F = TypeVar("F")

MAX_JSON_BYTES = 1024 * 1024
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
# Room for the boundaries and headers of a multipart body around the largest file.
MAX_FORM_BYTES = MAX_UPLOAD_BYTES + 64 * 1024

_REQUEST_ID = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")

CREATED = frozenset(
    {
        "create_brand",
        "create_invite",
        "create_key",
        "create_post",
        "publish_post",
        "upload_media",
        "create_pinterest_board",
        "select_pending_connection",
        "exchange_oauth_code",
        "connect_account",
        "create_webhook",
        "create_whatsapp_template",
        "create_redirect_uri",
        "create_checkout",
        "create_billing_portal",
    }
)
"""Operations that answer 201; a handler may set another status."""


ALSO_AT = {"list_media": ("/media/",)}
"""Other paths that clients in use have: the vendor's npm server and the n8n node end this one with a slash."""


def implements(operation: Operation[ArgsT, ResultT]) -> Callable[[Handler[ArgsT, ResultT]], Handler[ArgsT, ResultT]]:
    """Register a handler; the type checker holds it to the operation's models."""

    def register(handler: Handler[ArgsT, ResultT]) -> Handler[ArgsT, ResultT]:
        HANDLERS[operation.name] = handler
        return handler

    return register


def create_app(installation: Installation, extra: list[BaseRoute]) -> Starlette:
    """The REST API as an ASGI app under `/v1`; `extra` are the browser pages and the presigned uploads."""
    # Fixed paths before templates, or /posts/validate would be a post.
    ordered = sorted(operations(), key=lambda operation: re.sub(r"{\w+}", "~", operation.path))
    routes: list[BaseRoute] = [
        Route(
            "/v1" + path,
            _endpoint(operation, HANDLERS[operation.name], installation),
            methods=[operation.method],
        )
        for operation in ordered
        for path in (operation.path, *ALSO_AT.get(operation.name, ()))
    ]
    app = Starlette(
        routes=[*extra, *routes], exception_handlers={HTTPException: _framework_error, Exception: _internal}
    )
    app.router.redirect_slashes = False
    return app


def _endpoint(
    operation: AnyOperation, handler: Handler[Any, Any], installation: Installation
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            response = await _respond(operation, handler, installation, request)
        except Refusal as refusal:
            response = error_response(request, refusal)
        except Unavailable as error:
            response = error_response(request, Refusal(503, "system.unavailable", str(error)))
        except IntegrityError:
            # Two requests wanted the same at once, and the other one has it.
            message = "something else changed this at the same moment; read it again, then decide"
            response = error_response(request, Refusal(409, "resource.conflict", message))
        response.headers["X-Request-ID"] = request_id(request)
        return response

    return endpoint


async def _respond(
    operation: AnyOperation, handler: Handler[Any, Any], installation: Installation, request: Request
) -> Response:
    header = request.headers.get("authorization")
    public = operation.scope is Access.PUBLIC
    database = installation.database
    only_reads = operation.effect is Effect.READ and not operation.redirects
    # A read without a body knows its caller by one look.
    is_one_step = only_reads and not operation.has_body and operation.upload is None

    async def admitted(session: AsyncSession) -> Caller:
        if public:
            return Caller(user=_NOBODY, key=None)
        caller = await caller_of(installation, session, header)
        check_permission(caller, operation.scope)
        check_paid(caller, operation.name, operation.path)
        return caller

    args, upload = None, None
    if not is_one_step:
        if not public:
            # Before the body is read, so that a stranger cannot make the server take in an upload.
            async with database.read() as session:
                await admitted(session)
        args, upload = await _arguments(operation, request)
    async with database.read() if only_reads else database.write() as session:
        caller = await admitted(session)
        if is_one_step:
            args, upload = await _arguments(operation, request)
        if not public and operation.effect is not Effect.READ:
            await note_use(session, caller, installation.clock)
        context = Context(installation=installation, session=session, caller=caller, upload=upload)
        try:
            result = await handler(context, args)
        except Refusal as refusal:
            # A used-up plan is told by the same headers as one that has something left.
            refusal.headers |= context.headers
            raise
    if operation.effect is Effect.READ and is_unnoted(caller, installation.clock):
        # What was read stands, also where nothing can be written.
        with contextlib.suppress(Unavailable):
            async with database.write() as session:
                await note_use(session, caller, installation.clock)
    for action in context.after_commit:
        await action()
    if context.late_result is not None:
        result = await context.late_result()
    return _success(operation, context, result)


async def _arguments(operation: AnyOperation, request: Request) -> tuple[Any, Upload | None]:
    fields, upload = await _fields(operation, request)
    return _parse(operation, fields), upload


_NOBODY = User(id="", email="", name="", plan="free")


def _success(operation: AnyOperation, context: Context, result: Any) -> Response:
    if operation.redirects:
        return RedirectResponse(result.location, 302, headers=context.headers)
    if operation.result is Empty:
        return Response(status_code=context.status or 204, headers=context.headers)
    status = context.status or (201 if operation.name in CREATED else 200)
    content = result.model_dump_json(by_alias=True, exclude_unset=True)
    return Response(content, status, headers=context.headers, media_type="application/json")


async def _fields(operation: AnyOperation, request: Request) -> tuple[dict[str, Any], Upload | None]:
    """The arguments from path, query and body, by the argument's wire name; and the file, if there is one."""
    fields: dict[str, Any] = {
        argument: request.path_params[placeholder] for placeholder, argument in operation.path_names.items()
    }
    aliases = {
        info.alias or name for name, info in operation.args.model_fields.items() if name in operation.query_names
    }
    # An empty query value is how forms and SDKs say "not given".
    fields |= {name: value for name, value in request.query_params.items() if name in aliases and value != ""}
    if operation.upload is not None:
        return fields, await _upload(operation.upload, request)
    if operation.has_body:
        body = await _json(request)
        _check_types(operation, body)
        fields |= {name: value for name, value in body.items() if name not in fields}
    return fields, None


_OTHER_TYPES = frozenset({"bool_type", "int_type", "float_type", "string_type"})


def _check_types(operation: AnyOperation, body: Mapping[str, Any]) -> None:
    """Refuse 0 for false and "5" for 5: a path or a query holds text alone, but JSON says what it means.

    Raises:
        Refusal: 400, naming the field.
    """
    try:
        operation.args.model_validate(body, strict=True)
    except ValidationError as error:
        wrong = [one for one in error.errors(include_url=False) if one["type"] in _OTHER_TYPES]
        if wrong:
            name = ".".join(str(part) for part in wrong[0]["loc"])
            raise Refusal(400, "validation.field_invalid", f"{name}: {in_words(wrong[0])}", field=name) from None


async def _json(request: Request) -> Mapping[str, Any]:
    body = await _limited(request, MAX_JSON_BYTES)
    if not body:
        return {}
    try:
        value = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise Refusal(400, "validation.body_invalid", "the body is not JSON, or nested too deeply") from None
    if not isinstance(value, dict):
        raise Refusal(400, "validation.body_invalid", "the body must be a JSON object")
    return value


def _no_number(word: str) -> float:
    # RFC 8259 §6: NaN and Infinity are no numbers, although Python reads them.
    raise ValueError(word)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


async def _limited(request: Request, limit: int) -> bytes:
    """The body, given up as soon as it is over the limit."""
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Refusal(413, "http.413", f"the body is over {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


async def _upload(field: str, request: Request) -> Upload:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(400, "validation.body_invalid", "send multipart/form-data with the file in the field " + field)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_FORM_BYTES:
        raise _file_too_large()
    # Sent in pieces, a body does not say its length.
    counted = Request(request.scope, _counted(request.receive, MAX_FORM_BYTES))
    try:
        async with counted.form(max_files=1, max_part_size=MAX_JSON_BYTES) as form:
            part = form.get(field)
            if not isinstance(part, UploadFile):
                raise Refusal(400, "validation.field_required", f"the form lacks the file field {field}", field=field)
            content = await part.read(MAX_UPLOAD_BYTES + 1)
            if len(content) > MAX_UPLOAD_BYTES:
                raise _file_too_large()
            return Upload(
                filename=part.filename or "upload",
                content_type=part.content_type or "application/octet-stream",
                content=content,
            )
    except (MultiPartException, HTTPException):
        raise Refusal(400, "validation.body_invalid", "the multipart body is malformed") from None


def _counted(receive: Receive, limit: int) -> Receive:
    """What is received, given up as soon as it is over the limit."""
    size = 0

    async def counting() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise _file_too_large()
        return message

    return counting


def _file_too_large() -> Refusal:
    return Refusal(400, "validation.field_invalid", "the file is over 50 MB; use GET /media/upload-url", field="file")


def _parse(operation: AnyOperation, fields: Mapping[str, Any]) -> Any:
    if issubclass(operation.args, FileArgs):
        # Over HTTP the file is the form's part; the arguments that name a local one do not exist here.
        fields = {name: value for name, value in fields.items() if name not in FileArgs.model_fields}
    try:
        # Unknown body fields are dropped, as documented; the tools refuse them before they get here.
        return operation.args.model_validate(fields, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place, sentence = [str(part) for part in first["loc"]], in_words(first)
        # A rule over several fields names the one to mend in front of its sentence.
        field, colon, rest = sentence.partition(": ")
        if colon and field.isidentifier():
            place, sentence = [*place, field], rest
        name = ".".join(place) or "body"
        if name in operation.path_names.values():
            raise _no_such(name, fields.get(name)) from None
        is_blank = first["type"] == "string_too_short" and first["input"] == ""
        if first["type"] in {"missing", "missing_text"} or is_blank:
            raise Refusal(400, "validation.field_required", f"{name} is required", field=name) from None
        raise Refusal(400, "validation.field_invalid", f"{name}: {sentence}", field=name) from None


_WITH_A_CODE = frozenset({"account", "brand", "conversation", "media", "post"})


def _no_such(argument: str, value: object) -> Refusal:
    """404 for an id that cannot be one, in the code of what it would name."""
    what = argument.removesuffix("_id")
    if what in _WITH_A_CODE:
        return Refusal(404, f"{what}.not_found", f"no such {what}")
    return Refusal(404, "resource.not_found", f"no such {what}", resource=what, id=str(value)[:256])


def request_id(request: Request) -> str:
    """The caller's `X-Request-ID` if it has the documented form, else one of ours, the same for a whole request."""
    known: str | None = getattr(request.state, "request_id", None)
    if known is None:
        offered = request.headers.get("x-request-id", "")
        known = offered if _REQUEST_ID.match(offered) else secrets.token_hex(4)
        request.state.request_id = known
    return known


def error_response(request: Request, refusal: Refusal) -> JSONResponse:
    """A refusal in the API's envelope, with the request's id."""
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.meta:
        error["meta"] = refusal.meta
    headers = refusal.headers | {"X-Request-ID": request_id(request)}
    if refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return JSONResponse({"error": error, "request_id": request_id(request)}, refusal.status, headers=headers)


async def _framework_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        methods = _methods(request)
        refusal = Refusal(405, "http.405", f"this route does not take this method; it takes {methods}")
        # RFC 9110 §15.5.6.
        refusal.headers["Allow"] = methods
        return error_response(request, refusal)
    return error_response(
        request, Refusal(status, f"http.{status}", "no such route" if status == 404 else "the request was refused")
    )


def _methods(request: Request) -> str:
    """The methods of a path, which has a route for each; a template that would fit as well is another resource."""
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    path = next((one.path for one in routes if one.matches(request.scope)[0] is not Match.NONE), None)
    return ", ".join(sorted(set[str]().union(*(one.methods or () for one in routes if one.path == path))))


async def _internal(request: Request, error: Exception) -> Response:
    logger.error("request %s failed", request_id(request), exc_info=error)
    return error_response(
        request, Refusal(500, "system.internal", "something broke here; the log has it under the request id")
    )
