"""One call of `add_media` against the embedded API, as whoever binds the tool makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auth.egress import Egress
from server.media_intake.call import Rising, UploadPage
from server.media_intake.fetching import new_egress
from server.media_intake.sending import send
from tools.operation import AnyOperation
from tools.rest import Files, RestClient


@dataclass
class Call:
    rest: RestClient
    temporary: Path
    files: Files = field(default_factory=Files)
    egress: Egress = field(default_factory=new_egress)
    upload_page: UploadPage | None = None
    operations: list[str] = field(default_factory=list[str])
    told: list[tuple[int, int | None, str]] = field(default_factory=list[tuple[int, int | None, str]])

    def __post_init__(self) -> None:
        async def keep(done: int, total: int | None, message: str) -> None:
            self.told.append((done, total, message))

        self._rising = Rising(keep)

    async def read(self, operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self.operations.append(operation.name)
        return (await self.rest.exchange(operation, operation.args.model_validate(dict(arguments)))).body

    async def write(
        self, operation: AnyOperation, arguments: Mapping[str, Any], *, file: Path | None = None
    ) -> dict[str, Any]:
        if file is None:
            return await self.read(operation, arguments)
        self.operations.append(operation.name)

        async def report(done: int, total: int | None) -> None:
            await self.progress(done, total, "uploading")

        return await send(self.rest, operation, arguments, file, authorization=None, progress=report)

    async def progress(self, done: int, total: int | None, message: str) -> None:
        await self._rising(done, total, message)

    @property
    def left_behind(self) -> list[Path]:
        return list(self.temporary.iterdir())
