"""Names, versions and sizes of the project itself."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from server.settings import Settings
from tools.surfaces import CORE

ROOT = Path(__file__).parents[1]
PACKAGES = ("server", "tools", "auth", "localapi")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LONG = {
    "tools/posts.py": "all twelve operations of publishing, models beside them",
    "localapi/posts.py": "the life of a post, told in one place",
    "localapi/tables.py": "every table, as one schema",
    "localapi/migrations/versions/0001_the_first_schema.py": "generated",
}


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_ships_our_names(name: str) -> None:
    assert set(packages_distributions().get(name, ["socialapi-mcp"])) == {"socialapi-mcp"}


def test_no_module_is_named_after_the_standard_library_or_a_dependency() -> None:
    declared = {re.split(r"[^\w-]", row)[0].lower() for row in PROJECT["dependencies"]}
    imported = {name for name, owners in packages_distributions().items() if declared & {row.lower() for row in owners}}
    assert {"mcp", "httpx2", "PIL", "sqlalchemy"} <= imported
    taken = set(sys.stdlib_module_names) | imported
    assert {path.stem for path in (ROOT / "server").glob("*.py")} & taken == set()


def test_the_bundle_says_the_present_version() -> None:
    manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == PROJECT["version"]
    assert [tool["name"] for tool in manifest["tools"]] == list(CORE)


def test_every_setting_describes_itself() -> None:
    # That each is in the README or on the page about signing in, tests/test_docs.py holds.
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_modules_are_short_or_have_a_reason() -> None:
    long = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > 400
    }
    assert long - set(LONG) == set()


def test_serving_stdio_imports_nothing_that_it_does_not_need_to_answer() -> None:
    code = (
        "import sys, server.dispatch, server.stdio, server.wiring\n"
        "print([name for name in ('localapi.app', 'sqlalchemy', 'dbos', 'aiohttp', 'tools.posts', 'cyclopts')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
