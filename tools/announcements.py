"""Notices of the service."""

from typing import Annotated

from pydantic import Field

from auth.scopes import Access
from tools.answers import Ok
from tools.fields import Notice, SafeId
from tools.operation import Args, Effect, Operation, Result

GROUP = "Announcements"


class AnnouncementItem(Result):
    body: Notice | None = None
    id: str | None = None
    kind: str | None = None
    link_label: Notice | None = None
    link_url: str | None = None
    seen: bool | None = None
    title: Notice | None = None
    window_end: str | None = None
    window_start: str | None = None


class AnnouncementsList(Result):
    count: int | None = None
    data: list[AnnouncementItem] | None = None


class ListAnnouncements(Args):
    """No arguments."""


LIST_ANNOUNCEMENTS = Operation(
    name="list_announcements",
    endpoint="GET /announcements",
    group=GROUP,
    title="List announcements",
    description="List the service's current notices, newest first.",
    args=ListAnnouncements,
    result=AnnouncementsList,
    scope=Access.UNMAPPED,
    effect=Effect.READ,
    open_world=False,
    example={},
)


class MarkAnnouncementSeen(Args):
    announcement_id: Annotated[SafeId, Field(description="Announcement id.")]


MARK_ANNOUNCEMENT_SEEN = Operation(
    name="mark_announcement_seen",
    endpoint="POST /announcements/{id}/seen",
    group=GROUP,
    title="Mark an announcement seen",
    description="Mark a notice as seen by the user.",
    args=MarkAnnouncementSeen,
    result=Ok,
    scope=Access.UNMAPPED,
    effect=Effect.UPDATE,
    open_world=False,
    example={"announcement_id": "ann_sample"},
    path_arguments={"id": "announcement_id"},
    destructive=False,
)
