"""One way into the media library, from wherever a file lies."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from auth.scopes import Scope
from tools.fields import PLATFORMS, Foreign, Named, Own, OwnJson
from tools.operation import Args, Effect, Result
from tools.workflow import Workflow

NEW_PAGE = "new"
"""The value of `upload` that asks for a page."""
SOURCES = ("address", "content_base64", "path", "upload")
_LONGEST = {"address": 2048, "path": 4096, "upload": 64, "filename": 255, "brand": 256}
"""Characters; checked without being shown, as what is listed counts."""


def _known(names: list[str]) -> list[str]:
    # What people call them otherwise is resolved before, as for every tool.
    for name in names:
        if name not in PLATFORMS:
            raise ValueError(f"no platform {name[:40]!r}; known: {', '.join(PLATFORMS)}")
    return list(dict.fromkeys(names))


class AddMediaArgs(Args):
    """Where a file comes from, exactly one source, and what it is meant for."""

    address: Annotated[str | None, Field(description="https URL.")] = None
    content_base64: str | None = None
    path: Annotated[str | None, Field(description="Local file, stdio only.")] = None
    upload: Annotated[str | None, Field(description='"new" gives an upload page for the person; then its handle.')] = (
        None
    )
    filename: str | None = None
    brand: Annotated[str | None, Named("brand"), Field(description="Check for its platforms.")] = None
    platforms: Annotated[
        list[str] | None, Named("platform"), AfterValidator(_known), Field(description="Default: all.")
    ] = None

    @model_validator(mode="after")
    def _has_one_source(self) -> "AddMediaArgs":
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            what = f"got {' and '.join(given)}" if given else "got none"
            raise ValueError(f"pass exactly one of {', '.join(SOURCES)}; {what}")
        for name, longest in _LONGEST.items():
            if len(getattr(self, name) or "") > longest:
                raise ValueError(f"{name}: has more than {longest} characters; pass a shorter one")
        return self


class AddMediaResult(Result):
    """What became of a file; its name may be a stranger's."""

    uploaded: bool | None = None
    media_id: str | None = None
    filename: Foreign | None = None
    facts: OwnJson | None = None
    fits: list[OwnJson] | None = None
    status: str | None = None
    page: Own | None = None
    handle: Own | None = None
    expires_at: str | None = None
    next: Own | None = None


ADD_MEDIA = Workflow(
    name="add_media",
    title="Add media",
    description="Put a picture or video into the media library; says which platforms it fits.",
    args=AddMediaArgs,
    scopes=frozenset({Scope.MEDIA_WRITE}),
    effect=Effect.CREATE,
    open_world=True,
    result=AddMediaResult,
    example={"path": "no-such-picture.png"},
    drafts=True,
)
