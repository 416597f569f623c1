"""The clauses that bind this authorization server and its resource server, each with the tests that hold it.

A clause that binds only clients, or a feature that is not offered here, has no row. `test_requirements.py` checks that
every named test exists, and that every test of the endpoints holds a clause.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.auth import clauses_core, clauses_extensions, clauses_mcp


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One clause, in our own words."""

    id: str
    """Source, section and a word, such as RFC6749-4.1.2-single-use."""
    source: str
    sentence: str
    tests: tuple[str, ...]
    """Module without `test_`, and test: authorize::test_only_codes_are_given."""


def _read(rows: Iterable[tuple[str, ...]]) -> Iterable[Requirement]:
    for identifier, sentence, *tests in rows:
        source = identifier.partition("-")[0]
        yield Requirement(id=identifier, source=source, sentence=sentence, tests=tuple(tests))


REQUIREMENTS: tuple[Requirement, ...] = tuple(
    _read((*clauses_core.CLAUSES, *clauses_extensions.CLAUSES, *clauses_mcp.CLAUSES))
)

SOURCES = {
    "RFC6749": "The OAuth 2.0 Authorization Framework",
    "RFC6750": "Bearer Token Usage",
    "RFC7009": "Token Revocation",
    "RFC7523": "JWT Profile for Client Authentication and Authorization Grants",
    "RFC7591": "Dynamic Client Registration",
    "RFC7636": "Proof Key for Code Exchange",
    "RFC7662": "Token Introspection",
    "RFC8252": "OAuth 2.0 for Native Apps",
    "RFC8414": "Authorization Server Metadata",
    "RFC8707": "Resource Indicators",
    "RFC8725": "JSON Web Token Best Current Practices",
    "RFC9068": "JWT Profile for Access Tokens",
    "RFC9207": "Authorization Server Issuer Identification",
    "RFC9700": "Best Current Practice for OAuth 2.0 Security",
    "RFC9728": "Protected Resource Metadata",
    "OAUTH21": "The OAuth 2.1 Authorization Framework (draft)",
    "CIMD": "Client ID Metadata Document (draft)",
    "IDJAG": "Identity Assertion Authorization Grant (draft)",
    "MCP": "Model Context Protocol 2026-07-28: authorization, and its security best practices",
}
