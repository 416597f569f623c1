"""The table of clauses and the tests keep to each other."""

import ast
import re
from collections import Counter
from pathlib import Path

from tests.auth.requirements import REQUIREMENTS, SOURCES

TESTS = Path(__file__).parents[1]
FOLDERS = ("auth", "server", "e2e")
ENDPOINTS = {
    "authorize",
    "browser_rules",
    "client_authentication",
    "document_clients",
    "documents",
    "door",
    "form_fuzz",
    "incidents",
    "incidents_tokens",
    "other_grants",
    "registration",
    "revocation",
    "sign_in_flow",
    "token_endpoint",
}
"""Modules of which every test holds a clause."""


def collected() -> dict[str, Path]:
    """Every test function of the folders, by module and name."""
    found: dict[str, Path] = {}
    for file in (file for folder in FOLDERS for file in sorted((TESTS / folder).glob("test_*.py"))):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                name = f"{file.stem.removeprefix('test_')}::{node.name}"
                assert name not in found or found[name] == file, f"{name} is in two folders"
                found[name] = file
    return found


def named() -> set[str]:
    return {test for requirement in REQUIREMENTS for test in requirement.tests}


def test_every_test_that_a_clause_names_exists() -> None:
    assert named() - collected().keys() == set()


def test_every_clause_has_a_test_and_names_none_twice() -> None:
    assert [one.id for one in REQUIREMENTS if not one.tests or len(set(one.tests)) != len(one.tests)] == []


def test_every_test_of_the_endpoints_holds_a_clause() -> None:
    tests = {name for name in collected() if name.partition("::")[0] in ENDPOINTS}
    assert {name.partition("::")[0] for name in tests} == ENDPOINTS
    assert tests - named() == set()


def test_a_clause_has_an_id_of_its_own_a_source_and_a_sentence() -> None:
    assert [name for name, count in Counter(one.id for one in REQUIREMENTS).items() if count > 1] == []
    for one in REQUIREMENTS:
        assert re.fullmatch(r"[A-Z0-9]+(-[0-9.]+)?(-[a-z0-9]+)+", one.id), one.id
        assert one.sentence.endswith(".") and len(one.sentence) <= 120, one.id
    assert {one.source for one in REQUIREMENTS} == SOURCES.keys()
