"""The page about signing in says what the code has: every setting with its default, table, column and event."""

import re
from pathlib import Path

import pytest

from auth.audit import Kind
from auth.limits import LIMITS
from auth.scopes import PRESETS, BroadScope, Scope
from auth.tables import metadata
from server.cli import app
from server.settings import Settings

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "authorization.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"SOCIALAPI_[A-Z0-9_]+")
VARIABLES = {f"SOCIALAPI_{name.upper()}": field for name, field in Settings.model_fields.items()}


def section(heading: str) -> str:
    """What stands under a heading, up to the next one of its rank or a higher one."""
    _, found, rest = PAGE.partition(f"\n{heading}\n")
    assert found, f"the page has no heading {heading!r}"
    rank = len(heading.partition(" ")[0])
    return re.split(rf"^#{{1,{rank}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> dict[str, list[str]]:
    """The tables of a text: the first cell, without its code marks, and the cells after it."""
    cells = [line.strip().strip("|").split(" | ") for line in text.splitlines() if line.strip().startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in cells}


def test_every_setting_is_in_the_readme_or_on_the_page() -> None:
    written = set(VARIABLE.findall(README)) | set(rows(section("### Settings")))
    assert set(VARIABLES) - written == set()


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    assert set(VARIABLE.findall(README + PAGE)) - set(VARIABLES) == set()


def test_the_defaults_on_the_page_are_those_of_the_code() -> None:
    for variable, (default, _meaning) in rows(section("### Settings")).items():
        value = VARIABLES[variable].default
        if isinstance(value, bool):
            assert default == ("on" if value else "off"), variable
        elif value and isinstance(value, (int, str, list)):
            assert default == str(value), variable
        else:
            # Nothing, or something that depends on the machine or on another setting, said in words.
            assert default and default not in {"on", "off"}, variable


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_column_of_a_table_is_described(table: str) -> None:
    described = rows(section(f"### `{table}`"))
    assert set(described) == set(metadata.tables[table].columns.keys())
    assert all(meaning for (meaning,) in described.values())


def test_no_table_is_described_that_does_not_exist() -> None:
    assert set(re.findall(r"^### `(auth_\w+)`$", PAGE, re.MULTILINE)) == set(metadata.tables)


def test_every_audit_event_is_described() -> None:
    named = re.findall(r"^\| ((?:`\w+`(?:, )?)+)", section("### What to watch"), re.MULTILINE)
    assert {name for names in named for name in re.findall(r"\w+", names)} == set(Kind)


def test_every_scope_and_role_is_described() -> None:
    assert set(rows(section("### Scopes"))) == {*Scope, *BroadScope}
    assert all(f"| {preset.name} |" in section("## What a person sees") for preset in PRESETS)


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    figures = {int(figure.replace(",", "")) for figure in re.findall(r"[\d,]*\d", section("### Limits"))}
    assert {limit.capacity for limit in LIMITS.values()} <= figures


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`socialapi-mcp (\w+ [a-z][\w-]+)", README + PAGE))))
def test_every_command_on_the_pages_exists(words: str) -> None:
    command, _, below = words.partition(" ")
    assert command in app and (below in app[command] or command in {"simulate", "call"})


@pytest.mark.parametrize("option", sorted(set(re.findall(r"--[a-z][\w-]+", section("### Clients of yours")))))
def test_every_option_for_clients_exists(option: str) -> None:
    known = {name for part in ("clients", "links") for name in options(part)}
    assert option in known


def options(part: str) -> set[str]:
    """The options of the commands below a command."""
    return {
        name
        for command in app[part]
        if not command.startswith("-")
        for argument in app[part][command].assemble_argument_collection()
        for name in argument.names
    }
