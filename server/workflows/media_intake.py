"""Binds `add_media` to a call: its reads and writes go the way of all others."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.asking import NotAllowed, Question, agreed, said
from server.calls import Call, Refused
from server.confirmation import BY_STRANGERS
from server.media_intake.call import Rising, UploadPage
from server.media_intake.fetching import new_egress
from server.media_intake.sending import send
from server.media_intake.tool import add_media
from server.workflows import Handler, Outcome
from tools.media_intake import ADD_MEDIA, AddMediaArgs
from tools.operation import AnyOperation, Effect
from tools.rest import Answer, BadFile, Files

if TYPE_CHECKING:
    from auth.egress import Egress


@dataclass
class _MediaCall:
    """What `add_media` sees of a call."""

    call: Call
    egress: "Egress"

    def __post_init__(self) -> None:
        self._rising = Rising(self.call.progress)

    @property
    def files(self) -> Files:
        return self.call.services.rest.files

    @property
    def temporary(self) -> Path:
        return self.call.services.temporary

    @property
    def upload_page(self) -> UploadPage | None:
        uploads = self.call.services.uploads
        return None if uploads is None else uploads.bound_to(self.call.owner)

    async def read(self, operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if operation.effect is Effect.READ:
            return await self.call.read(operation, arguments)
        return await self.write(operation, arguments)

    async def write(
        self, operation: AnyOperation, arguments: Mapping[str, Any], *, file: Path | None = None
    ) -> dict[str, Any]:
        if file is None:
            return (await self.call.write(operation, arguments)).body

        async def report(done: int, total: int | None) -> None:
            await self.progress(done, total, "uploading")

        async def through() -> Answer:
            body = await send(
                self.call.services.rest,
                operation,
                arguments,
                file,
                authorization=self.call.caller.authorization,
                progress=report,
            )
            return Answer(status=201, body=body)

        return (await self.call.write(operation, arguments, send=through)).body

    async def progress(self, done: int, total: int | None, message: str) -> None:
        await self._rising(done, total, message)


async def _ask_for_address(call: Call, address: str) -> None:
    """An address can carry what was read to whoever wrote it; raises Refused, and Ask while a client asks."""
    if await call.services.records.tainted(call.owner, now=call.now) is None:
        return
    question = Question(
        tool=ADD_MEDIA.name,
        arguments={"address": address},
        is_lifted_by_never=False,
        summary=f"{ADD_MEDIA.title} from an address?\naddress: {said(address)}",
        why=BY_STRANGERS,
    )
    try:
        await agreed(call, question)
    except NotAllowed as refusal:
        raise Refused(*refusal.lines) from None


async def run(call: Call, args: AddMediaArgs) -> Outcome:
    """Put one file into the media library."""
    if args.address is not None:
        await _ask_for_address(call, args.address)
    egress = new_egress()
    try:
        body = await add_media(_MediaCall(call, egress), args)
    except BadFile as problem:
        raise Refused(
            f"nothing was uploaded: {problem}",
            "retry: only after that is mended",
            "next: pass another file, or upload: new for a page on which the person uploads it.",
        ) from None
    finally:
        await egress.close()
    return Outcome(body=body)


HANDLERS: Mapping[str, Handler] = {"add_media": run}
