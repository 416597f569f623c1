"""One call on its way: who makes it, in which mode, and the only places where it reads and writes."""

import hashlib
import hmac
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mcp.server import ServerRequestContext
from mcp.types import CallToolRequestParams, CallToolResult
from pydantic import BaseModel, ValidationError

from server import results
from server.bodies import rows_of
from server.callers import Caller, NotGranted, OnlyDrafts, exchange
from server.fences import Fenced, fence
from server.mode import Mode
from server.naming import NotOne, resolve
from server.records import Records, RecordsUnavailable, SystemClock
from server.records.storage import Storage
from tools.accounts import LIST_ACCOUNTS
from tools.operation import AnyOperation, Args, Effect
from tools.rest import Answer, ApiError, BadFile, NoAnswer, RestClient

if TYPE_CHECKING:
    from server.key_scopes import KeyScopes
    from server.media_intake.uploads import Uploads
    from server.secret_values import Typed

Context = ServerRequestContext[Any, Any]
_FAILURES = (ValidationError, NotGranted, OnlyDrafts, BadFile, ApiError, NoAnswer)


class Failed(Exception):
    """A read or write that did not work out, with the result that tells a model so."""

    def __init__(self, operation: AnyOperation, error: Exception) -> None:
        super().__init__(f"{operation.name}: {error}")
        self.operation, self.error = operation, error

    @property
    def reason(self) -> str:
        """Why, in one line."""
        for block in self.result.content:
            return str(getattr(block, "text", "")).partition("\n")[0]
        return str(self.error)

    @property
    def result(self) -> CallToolResult:
        """What a model reads about it."""
        operation, error = self.operation, self.error
        match error:
            case ValidationError():
                return results.bad_arguments(operation, error)
            case NotGranted():
                return results.not_granted(operation, error.scope)
            case OnlyDrafts():
                return results.only_drafts(operation)
            case BadFile():
                return results.bad_file(operation, error)
            case ApiError():
                return results.api_error(operation, error)
            case NoAnswer():
                return results.no_answer(operation, error)
            case _:
                raise error


class Refused(Exception):
    """A call that is not carried out; the lines say why, whether a retry helps, and what to do next."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


class WithoutRecords(Refused):
    """A write that was not sent, because it could not be made sure that it happens once."""


class Underway(Refused):
    """The same write is on its way already; what comes of it is not known yet."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def _records_of_this_process() -> Records:
    return Records(Storage(), clock=SystemClock())


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the calls of one process share."""

    rest: RestClient
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """For what this server signs for itself; the same in every process that answers for it."""
    clock: Callable[[], datetime] = now
    records: Records = field(default_factory=_records_of_this_process, repr=False)
    """What outlasts a call; by default no longer than the process."""
    address: str | None = None
    """Where browsers reach this server; None over stdio."""
    temporary: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    """A folder for files that last as long as a call."""
    uploads: "Uploads | None" = None
    """The pages on which people upload files, where there are any."""
    key_scopes: "KeyScopes | None" = None
    """What restricted keys may do; None where the only key is known to be a full one."""

    def key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose alone."""
        return hmac.digest(self.secret, purpose.encode(), "sha256")


@dataclass(kw_only=True)
class Call:
    """A tool call, and what its handler may use."""

    services: Services
    caller: Caller
    mode: Mode
    context: Context | None = None
    """None where no client waits, as on the command line."""
    params: CallToolRequestParams | None = None
    """The request as it came, with the answers to questions of ours."""
    notes: list[str] = field(default_factory=list[str])
    """Lines to add to the answer, such as which account a name was taken for."""

    known_zones: dict[str, ZoneInfo] | None = None
    """As `zones` found them."""
    undo: tuple[str, dict[str, Any]] | None = None
    """The call that takes the last write back, where one does."""
    was_hidden: bool | None = None
    """Whether the comment that is hidden or shown was hidden before; None where that is not known."""
    person: str | None = None
    """Whose pages in the browser these are, once it was found out."""
    typed: "Typed | None" = None
    """What the person typed on a page for this call, once it was taken."""

    @property
    def owner(self) -> str:
        """Whose records these are: the same person's with every sign-in. No credential can be had back from it."""
        who = self.caller.subject or self.caller.authorization or "process"
        return hashlib.sha256(who.encode()).hexdigest()[:32]

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.services.clock()

    async def read(self, operation: AnyOperation, arguments: Mapping[str, Any] | BaseModel) -> dict[str, Any]:
        """The body of a read, as the caller.

        Raises:
            Failed: it did not work out.
            TypeError: the operation is no read.
        """
        if operation.effect is not Effect.READ:
            raise TypeError(f"{operation.name} is no read")
        try:
            args = _args(operation, arguments)
            return (await exchange(self.services.rest, self.caller, operation, args)).body
        except _FAILURES as error:
            raise Failed(operation, error) from error

    async def write(
        self,
        operation: AnyOperation,
        arguments: Mapping[str, Any] | BaseModel,
        *,
        key: str | None = None,
        approved_by: str | None = None,
        send: Callable[[], Awaitable[Answer]] | None = None,
        after: Callable[[Answer], Awaitable[Answer]] | None = None,
    ) -> Answer:
        """Carry out a write, as the caller, at most once.

        Args:
            operation: no read.
            arguments: its arguments.
            key: the same for every repetition of one intention; by default derived from the call.
            approved_by: who agreed to exactly this already, such as "person" for a prepared post; a person is
                asked otherwise, where the mode and the effect want it.
            send: sends it, where that is more than one request.
            after: finds out more about what was answered, and noted as done.

        Raises:
            Refused: the mode does not allow it, or nobody agreed.
            Failed: it did not work out.
            server.asking.Ask: the client asks the person now, and sends the call again.
        """
        from server.writes import carry_out

        try:
            return await carry_out(
                self, operation, _args(operation, arguments), key=key, approved_by=approved_by, send=send, after=after
            )
        except _FAILURES as error:
            raise Failed(operation, error) from error
        except RecordsUnavailable as problem:
            raise WithoutRecords(
                f"{operation.name} was not called: {problem}",
                "retry: yes, once the records can be written again; nothing was sent",
                "next: tell the person; without its records this server cannot make sure that it happens once.",
            ) from None

    async def named(self, args: type[Args], arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments with ids where names stood; what was taken is noted. Raises Refused where not one fits."""
        try:
            own, notes = await resolve(args, arguments, self.read)
        except NotOne as problem:
            raise Refused(
                *problem.lines, "retry: yes, with an id", "next: if it is not clear which is meant, ask the person."
            ) from None
        self.notes += notes
        return own

    async def seen_as(self) -> Caller:
        """The caller as tools are listed to it: without what its key cannot do, as far as that can be found out."""
        return self.caller if self.services.key_scopes is None else await self.services.key_scopes.seen_by(self)

    async def zones(self) -> Mapping[str, ZoneInfo]:
        """The time zones of brands that have one, by the id of the brand and of each of its accounts."""
        if self.mode.brand_zones and self.known_zones is None:
            self.known_zones = dict(self.mode.brand_zones)
            # Without the accounts, what names its brand still has its time.
            with suppress(Failed):
                for row in rows_of(await self.read(LIST_ACCOUNTS, {})):
                    zone = self.mode.brand_zones.get(str(row.get("brand_id")))
                    if zone is not None:
                        self.known_zones[str(row.get("id"))] = zone
        return self.known_zones or {}

    async def fenced(self, result: type[BaseModel], body: Mapping[str, Any], *, threads: Sequence[str] = ()) -> Fenced:
        """The body with strangers' words in fences; that they are read now is remembered. `threads` were opened."""
        fenced = fence(result, body)
        if fenced.holds_foreign:
            await self.services.records.taint(self.owner, now=self.now, threads=threads)
        return fenced

    async def progress(self, done: float, total: float | None = None, message: str | None = None) -> None:
        """Tell a client that asked for it how far the call is."""
        if self.context is not None:
            await self.context.session.report_progress(done, total, message)


def _args(operation: AnyOperation, arguments: Mapping[str, Any] | BaseModel) -> BaseModel:
    if isinstance(arguments, BaseModel):
        return arguments
    validated: BaseModel = operation.args.model_validate(arguments)
    return validated
