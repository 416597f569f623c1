"""Ends what runs in the background, also where a library loses the cancellation."""

import asyncio

AGAIN_SECONDS = 5.0
"""After which a task that goes on is cancelled once more: longer than it takes to return a connection."""


async def end(*tasks: "asyncio.Future[None]") -> None:
    """Cancel tasks and wait until each is over; how it ended is its own affair.

    Until Python 3.12 `asyncio.wait_for`, which libraries use, drops a cancellation that comes as what it waits for is
    done; who cancelled once would wait for ever.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        ended, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
        for task in ended:
            if not task.cancelled():
                # Looked at, so that it is not reported as lost.
                task.exception()
