"""What the tools cost a model stays within the budget."""

from scripts.tokens import by_tool, over_budget
from tests.e2e.node import node


def test_every_surface_is_within_its_budget() -> None:
    node("js-tiktoken/package.json")
    assert over_budget(by_tool()) == []


def test_a_tool_over_budget_is_told() -> None:
    node("js-tiktoken/package.json")
    tokens = by_tool()
    tokens["list_accounts"] += 20_000
    problems = " ".join(over_budget(tokens))
    assert "core costs" in problems
    assert "all tools cost" in problems
