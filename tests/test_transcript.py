"""A morning's work over the daily tools costs less than a third of the same over all of them."""

import pytest

from scripts.transcript import both
from tests.e2e.node import node


@pytest.mark.anyio
async def test_the_daily_tools_cost_less_than_a_third_of_all() -> None:
    node("js-tiktoken/package.json")
    core, everything = await both()
    small, large = sum(step.tokens for step in core), sum(step.tokens for step in everything)
    assert 0 < 3 * small < large
    # Each step of the one has its counterpart in the other, and none is empty.
    assert all(step.tokens > 0 for step in [*core, *everything])
