"""Assertions that clients and identity providers sign (RFC 7523), with the algorithms that the metadata lists."""

from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.auth.authorities import ISSUER, Served

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("EdDSA", "Ed25519", "ES256", "RS256", "PS256")

_KEYS: dict[str, Any] = {}


def key_for(algorithm: str) -> Any:
    """A private key, made once: RSA keys take their time."""
    kind = {"ES256": "EC", "RS256": "RSA", "PS256": "RSA"}.get(algorithm, "OKP")
    if kind not in _KEYS:
        parameters: Any = {"kid": kind}
        if kind == "EC":
            _KEYS[kind] = ECKey.generate_key("P-256", parameters)
        elif kind == "RSA":
            _KEYS[kind] = RSAKey.generate_key(2048, parameters)
        else:
            _KEYS[kind] = OKPKey.generate_key("Ed25519", parameters)
    return _KEYS[kind]


class _EveryAlgorithm(JWSRegistry):
    """Without joserfc's advice about algorithms, which is not what is tested."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


def sign(claims: dict[str, Any], algorithm: str = "EdDSA", **header: Any) -> str:
    registry = _EveryAlgorithm(algorithms=[algorithm], strict_check_header=False)
    named = {"alg": algorithm, "kid": key_for(algorithm).kid, **header}
    return jwt.encode(named, claims, key_for(algorithm), registry=registry)


def public_keys(*algorithms: str) -> dict[str, Any]:
    """A JWK set of the public halves."""
    keys = {key_for(name).kid: key_for(name).as_dict(private=False) for name in algorithms or ALGORITHMS}
    return {"keys": list(keys.values())}


@dataclass
class Keyholder:
    """A client that signs: it registered keys instead of a secret."""

    served: Served
    client_id: str
    numbers: list[int] = field(default_factory=list[int])

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a good assertion; None leaves one out."""
        self.numbers.append(len(self.numbers))
        now = int(self.served.clock.now().timestamp())
        whole = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "jti": f"{self.client_id}-{len(self.numbers)}",
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def fields(self, assertion: str | None = None) -> dict[str, str]:
        """The form fields that authenticate it."""
        return {"client_assertion_type": ASSERTION, "client_assertion": assertion or sign(self.claims())}


async def keyholder(served: Served, *algorithms: str) -> Keyholder:
    client = await served.register(token_endpoint_auth_method="private_key_jwt", jwks=public_keys(*algorithms))
    return Keyholder(served, client["client_id"])
