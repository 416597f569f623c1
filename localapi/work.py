"""The kinds of durable work: what is due of each, how it is done, and what happens to a run that broke off."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from localapi import delivery, export_work, webhook_delivery
from localapi.context import Installation
from localapi.database import Unavailable
from localapi.webhook_delivery import Due, Taken
from localapi.webhook_sending import AT_ONCE, Outcome

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

VIDEO_POLL_SECONDS = 0.5
# Before a broken step is tried again, and twice as long each further time.
RETRY_SECONDS = 0.3
ATTEMPTS = 5
# Between looks at whether somebody else's claim has run out.
CLAIM_POLL_SECONDS = 0.5
THREADS = 64

T = TypeVar("T")


class Host(Protocol):
    """The process whose threads run workflows."""

    @property
    def installation(self) -> Installation:
        """What is worked on."""
        ...

    @property
    def is_stopping(self) -> bool:
        """Whether the process is about to end."""
        ...

    def hop(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the app's loop from a thread, and wait for it."""
        ...

    async def join(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the app's loop from another loop, and wait for it."""
        ...

    def counting(self, name: str) -> Any:
        """Known as running, within the block."""
        ...


Starter = Callable[[str], tuple[Any, Sequence[Any]]]
"""From a name to the workflow and its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Something to be done once. Known by its name, `kind:part:part`."""

    name: str
    lane: str | None = None
    """Runs of one lane follow each other; without one they may all be done at once."""
    place: int = 0
    """Within the lane; the lowest comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of work."""

    name: str
    due: Callable[[Installation], Awaitable[list[Run]]]
    """What is to be done now, in order; what is under way stays among it until it is done."""
    again: Callable[[Installation, str], Awaitable[None]]
    """Give what a run was for another name, where that run broke off for good."""
    register: Callable[[Callable[[], Host]], Starter]
    """Declare the workflow to DBOS; it takes the name. Found again by its own name after a restart."""
    has_lanes: bool = False
    at_once: int = THREADS // 2
    """Runs of one process that may be under way."""


def patiently(host: Host, work: Callable[[Installation], Coroutine[Any, Any, T]]) -> T:
    """Do a piece of work on the app's loop; while the database is away it is no failed attempt, and waits.

    Raises:
        Unavailable: still away when the process stops; what is open goes on at the next start.
    """
    while True:
        try:
            result: T = host.hop(work(host.installation))
        except Unavailable:
            if host.is_stopping:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return result


async def patiently_joined(host: Host, work: Callable[[Installation], Coroutine[Any, Any, T]]) -> T:
    """`patiently`, for a workflow that is a coroutine itself."""
    while True:
        try:
            return await host.join(work(host.installation))
        except Unavailable:
            if host.is_stopping:
                raise
            await asyncio.sleep(RETRY_SECONDS)


async def _posts_due(installation: Installation) -> list[Run]:
    return [Run(name=f"publish:{post_id}:{run}") for post_id, run in await delivery.due(installation)]


async def _post_again(installation: Installation, name: str) -> None:
    _, post_id, run = name.split(":")
    await delivery.again(installation, post_id, int(run))


def _register_publish(host: Callable[[], Host]) -> Starter:
    from dbos import DBOS
    from dbos import error as dbos_error

    @DBOS.step(name="open_targets", retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=RETRY_SECONDS)
    def open_targets(post_id: str) -> list[str]:
        return patiently(host(), lambda installation: delivery.open_targets(installation, post_id))

    @DBOS.step(name="deliver", retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=RETRY_SECONDS)
    def deliver(target_id: str) -> bool:
        try:
            return patiently(host(), lambda installation: delivery.deliver(installation, target_id))
        except Exception:
            logger.exception("delivering target %s failed", target_id)
            raise

    @DBOS.step(name="give_up", retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=RETRY_SECONDS)
    def give_up(target_id: str) -> None:
        patiently(host(), lambda installation: delivery.give_up(installation, target_id))

    @DBOS.step(name="settle", retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=RETRY_SECONDS)
    def settle(post_id: str, run: int) -> None:
        patiently(host(), lambda installation: delivery.settle(installation, post_id, run))

    @DBOS.workflow(name="publish")
    def publish(post_id: str, run: int) -> None:
        with host().counting(f"publish:{post_id}:{run}"):
            for target_id in open_targets(post_id):
                try:
                    while not deliver(target_id):
                        DBOS.sleep(VIDEO_POLL_SECONDS)
                except dbos_error.DBOSMaxStepRetriesExceeded:
                    # Tried five times. Its other targets and its outcome must not hang on this one.
                    give_up(target_id)
            settle(post_id, run)

    return lambda name: _start(publish, name.split(":")[1], int(name.split(":")[2]))


async def _deliveries_due(installation: Installation) -> list[Run]:
    return [
        Run(
            name=f"webhook:{one.webhook_id}:{one.delivery_id}:{one.round}:{one.number}",
            # To one endpoint in the order of creation; a slow one holds up itself alone.
            lane=one.webhook_id,
            place=one.position,
        )
        for one in await webhook_delivery.due(installation)
    ]


def _due_of(name: str) -> Due:
    _, webhook_id, delivery_id, round_, number = name.split(":")
    return Due(webhook_id=webhook_id, delivery_id=delivery_id, round=int(round_), number=int(number))


async def _delivery_again(installation: Installation, name: str) -> None:
    await webhook_delivery.give_up(installation, _due_of(name))


def _register_webhook(host: Callable[[], Host]) -> Starter:
    from dbos import DBOS

    @DBOS.step(name="attempt", retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=RETRY_SECONDS)
    async def attempt(name: str) -> None:
        while True:
            try:
                with host().counting(name):
                    return await attempt_once(host(), _due_of(name))
            except Taken:
                # Whoever claimed it may be dead, or only cut off. The lane waits, so that nothing overtakes it.
                await asyncio.sleep(CLAIM_POLL_SECONDS)

    @DBOS.workflow(name="webhook")
    async def webhook(name: str) -> None:
        await attempt(name)

    return lambda name: _start(webhook, name)


async def attempt_once(host: Host, one: Due) -> None:
    """Claim an attempt, make it and note it. Noting is tried again by itself: what was sent is not sent again for it.

    Raises:
        Taken: somebody else may be making it.
    """
    request = await patiently_joined(host, lambda installation: webhook_delivery.claim(installation, one))
    if request is None:
        return
    try:
        outcome: Outcome = await host.join(webhook_delivery.send(host.installation, request))
    except Exception:
        logger.exception("sending delivery %s failed", one.delivery_id)
        outcome = webhook_delivery.BROKEN
    await patiently_joined(host, lambda installation: webhook_delivery.note(installation, one, outcome))


async def _exports_due(installation: Installation) -> list[Run]:
    return [Run(name=f"export:{export_id}") for export_id in await export_work.due(installation)]


async def _export_again(installation: Installation, name: str) -> None:
    await export_work.fail(installation, name.split(":")[1])


def _register_export(host: Callable[[], Host]) -> Starter:
    from dbos import DBOS

    @DBOS.step(name="make_export", retries_allowed=True, max_attempts=ATTEMPTS, interval_seconds=RETRY_SECONDS)
    def make(export_id: str) -> None:
        patiently(host(), lambda installation: export_work.make(installation, export_id))

    @DBOS.workflow(name="export")
    def export(export_id: str) -> None:
        with host().counting(f"export:{export_id}"):
            make(export_id)

    return lambda name: _start(export, name.split(":")[1])


def _start(workflow: Any, *arguments: Any) -> tuple[Any, Sequence[Any]]:
    return workflow, arguments


KINDS: tuple[Kind, ...] = (
    Kind(name="publish", due=_posts_due, again=_post_again, register=_register_publish),
    Kind(
        name="webhook",
        due=_deliveries_due,
        again=_delivery_again,
        register=_register_webhook,
        has_lanes=True,
        # They wait for other people's servers, and need no thread for it.
        at_once=AT_ONCE,
    ),
    Kind(name="export", due=_exports_due, again=_export_again, register=_register_export),
)
