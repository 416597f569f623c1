"""The committed snapshot of each tool is what a client of either era receives."""

import pytest

from scripts.snapshots import Era, snapshots, stale
from tools.definitions import definitions


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_each_tool_is_as_it_was_reviewed(mode: Era) -> None:
    wanted = await snapshots(mode)
    assert len(wanted) == len(definitions())
    assert stale(wanted) == [], "run make generate, and look at the difference"
