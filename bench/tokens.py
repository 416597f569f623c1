"""Verifying an access token: afresh and remembered, against the bare Ed25519 signature check."""

import statistics
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.tokens import Claims, DenyList, Issuer, VerificationKey, Verifier

ROUNDS = 4000
RESOURCE = "https://mcp.example.com/mcp"


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1000


def main() -> None:
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
        "raw Ed25519 verify": lambda: public.verify(signature, message),
        "token verified afresh": lambda: afresh.verify(token),
        "token remembered": lambda: remembering.verify(token),
        "raw Ed25519 sign": lambda: private.sign(message),
        "token issued": lambda: issuer.issue(claims),
    }
    took: dict[str, list[float]] = {name: [] for name in calls}
    # In turns, so that other load on the machine falls on all alike.
    for _ in range(ROUNDS):
        for name, call in calls.items():
            took[name].append(timed(call))

    print(f"{len(token)}-byte token, {ROUNDS} rounds, microseconds")
    for name, times in took.items():
        print(f"{name:24} median {statistics.median(times):7.1f}   min {min(times):7.1f}")
    ratio = min(took["token verified afresh"]) / min(took["raw Ed25519 verify"])
    print(f"afresh / raw, min to min: {ratio:.3f} (goal: at most 1.15)")


if __name__ == "__main__":
    main()
