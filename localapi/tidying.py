"""Removes what is over and nobody can ask for any more, a little at a time, so that no request waits long for it."""

import asyncio
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import InstrumentedAttribute

from localapi.context import Installation
from localapi.tables import Base, OauthCode, OauthState, PendingConnection
from localapi.tables_settings import Export, XTest
from localapi.x_credentials import TESTS_PERIOD

BATCH = 200
# Workbooks are files: a few of them weigh as much as many rows.
WORKBOOKS = 10
PAUSE_SECONDS = 0.05
CONNECTIONS_KEPT = timedelta(days=1)
"""Long after a sign-in is over, so that its pages can still say that they are too old."""


async def tidy(installation: Installation) -> int:
    """Remove all that is over, in one transaction a batch; returns how many rows it were."""
    now, total = installation.clock.now(), 0
    old = now - CONNECTIONS_KEPT
    total += await _empty_exports(installation)
    total += await _remove(installation, XTest, XTest.id, XTest.at <= now - TESTS_PERIOD)
    total += await _remove(installation, OauthCode, OauthCode.code, OauthCode.expires_at <= old)
    total += await _remove(installation, PendingConnection, PendingConnection.id, PendingConnection.expires_at <= old)
    total += await _remove(installation, OauthState, OauthState.state, OauthState.expires_at <= old)
    return total


async def _empty_exports(installation: Installation) -> int:
    """Drop the workbooks and rows of videos of expired exports. That they were made stays listed, and counts."""
    total = 0
    expired = (Export.workbook.is_not(None), Export.expires_at <= installation.clock.now())
    query = select(Export.id).where(*expired).limit(WORKBOOKS)
    while True:
        # Looking comes first, so that an idle server takes no write lock.
        async with installation.database.read() as session:
            found = list(await session.scalars(query))
        if found:
            async with installation.database.write() as session:
                emptied = update(Export).where(Export.id.in_(found), *expired).values(workbook=None, videos=[])
                await session.execute(emptied)
        total += len(found)
        if len(found) < WORKBOOKS:
            return total
        await asyncio.sleep(PAUSE_SECONDS)


async def _remove(
    installation: Installation, table: type[Base], key: InstrumentedAttribute[str], is_over: ColumnElement[bool]
) -> int:
    total = 0
    while True:
        async with installation.database.read() as session:
            found = list(await session.scalars(select(key).where(is_over).limit(BATCH)))
        if found:
            async with installation.database.write() as session:
                await session.execute(delete(table).where(key.in_(found), is_over))
        total += len(found)
        if len(found) < BATCH:
            return total
        await asyncio.sleep(PAUSE_SECONDS)
