"""Verifying and issuing an access token in this process, against the bare Ed25519 operation. In microseconds."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).parents[2]))

from auth.tokens import Claims, DenyList, Issuer, VerificationKey, Verifier

ROUNDS = 4000
RESOURCE = "https://mcp.example.com/mcp"
RAW_VERIFY, AFRESH, REMEMBERED = "raw Ed25519 verify", "token verified afresh", "token remembered"
RAW_SIGN, ISSUED = "raw Ed25519 sign", "token issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How long one kind of call took, in microseconds."""

    median: float
    least: float


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1000


def measured() -> dict[str, Taken]:
    """By name, what the calls took."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    now = int(time.time())
    claims = Claims(
        issuer="https://mcp.example.com",
        subject="usr_8c1f2b7e4d5a4f0e9b3c",
        audience=RESOURCE,
        client_id="https://claude.ai/oauth/mcp-oauth-client-metadata",
        scope="accounts:read posts:read posts:write media:read inbox:read",
        token_id="0199f0c2-7c1e-7d52-9a44-2f1f0f6f3d11",
        grant_id="0199f0c2-7c1e-7d52-9a44-2f1f0f6f3d12",
        issued_at=now,
        not_before=now,
        expires_at=now + 3600,
        authenticated_at=now,
    )
    issuer = Issuer("bench", private)
    token = issuer.issue(claims)
    message, _, _ = token.encode().rpartition(b".")
    signature = private.sign(message)
    key = VerificationKey(key_id="bench", public_key=public)
    # A verifier that remembers nothing does the whole work each time.
    afresh = Verifier([key], issuer=claims.issuer, audience=RESOURCE, denied=DenyList(), cached_tokens=0)
    remembering = Verifier([key], issuer=claims.issuer, audience=RESOURCE, denied=DenyList())
    remembering.verify(token)

    calls: dict[str, Callable[[], object]] = {
        RAW_VERIFY: lambda: public.verify(signature, message),
        AFRESH: lambda: afresh.verify(token),
        REMEMBERED: lambda: remembering.verify(token),
        RAW_SIGN: lambda: private.sign(message),
        ISSUED: lambda: issuer.issue(claims),
    }
    took: dict[str, list[float]] = {name: [] for name in calls}
    # In turns, so that other load on the machine falls on all alike.
    for _ in range(ROUNDS):
        for name, call in calls.items():
            took[name].append(timed(call))
    return {name: Taken(median=statistics.median(times), least=min(times)) for name, times in took.items()}
