"""Signed assertions of clients and identity providers: by whom, for whom, until when, and each once (RFC 7523 §3)."""

from collections.abc import Collection, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from auth.plans import Assertion, turn

ALGORITHMS = ("EdDSA", "Ed25519", "ES256", "RS256", "PS256")
MAX_SECONDS = 600
"""An assertion whose end is further away would have to be remembered for as long."""
SKEW_SECONDS = 30
_NAMES = ("iss", "sub", "jti", "client_id", "tenant")
"""What is looked up, so it must not hold half a character or a null, which JSON can and no database takes."""


class _Listed(JWSRegistry):
    """The algorithms of our metadata alone, without joserfc's warning about the old name of Ed25519 (RFC 9864)."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("not one of the metadata's")
        return self.algorithms[name]


def key_set(keys: Mapping[str, Any] | None, refusal: type[Exception]) -> KeySet:
    """The public keys of whoever signs; raises the refusal where there are none."""
    try:
        found = KeySet.import_key_set(dict(keys or {}))  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise refusal("the keys for this assertion cannot be read") from None
    # A shared secret in the set would let everybody who can read it sign (CVE-2016-10555 and its kin).
    if not found.keys or any(key.key_type == "oct" for key in found.keys):
        raise refusal("there are no public keys for this assertion")
    return found


def verified(token: str, keys: Mapping[str, Any] | None, refusal: type[Exception]) -> dict[str, Any]:
    """The claims of an assertion whose signature holds; raises the refusal where it does not."""
    try:
        decoded = jwt.decode(token, key_set(keys, refusal), registry=_Listed())
    except (JoseError, ValueError, TypeError):
        raise refusal("the assertion is not signed by a key that belongs to it") from None
    return dict(decoded.claims)


def check_claims(claims: Mapping[str, Any], refusal: type[Exception], *needed: str, audiences: Collection[str]) -> None:
    """Issuer, subject, audience and times, by the time of the turn; raises the refusal."""
    essential: dict[str, Any] = {name: {"essential": True} for name in ("iss", "sub", "exp", *needed)}
    essential["aud"] = {"essential": True, "values": list(audiences)}
    now = int(turn.get().known.now.timestamp())
    try:
        jwt.JWTClaimsRegistry(now=now, leeway=SKEW_SECONDS, **essential).validate(dict(claims))
    except (JoseError, ValueError, TypeError):
        raise refusal("aud, exp or another claim of the assertion is missing, over, or not for this server") from None
    if any(isinstance(name, str) and not name.isprintable() for name in map(claims.get, _NAMES)):
        raise refusal


def note(claims: Mapping[str, Any]) -> bool:
    """Let the plan begin with noting the assertion's id; False if it has no proper one."""
    issuer, token_id, end = claims.get("iss"), claims.get("jti"), claims.get("exp")
    if not isinstance(issuer, str) or not isinstance(token_id, str) or not isinstance(end, int):
        return False
    if not 0 < len(token_id) <= 512 or end > turn.get().known.now.timestamp() + MAX_SECONDS:
        return False
    turn.get().assertions.append(Assertion(issuer=issuer, token_id=token_id, expires_at=end))
    return True
