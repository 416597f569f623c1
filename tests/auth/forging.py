"""Tokens as forgers make them, and codes and grants put where the authority finds them, without pages in between."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from auth.records import Client, Code, digest
from auth.signing_keys import open_private_key
from auth.vault import Secret, seal_under_token
from tests.auth.authorities import CALLBACK, CHALLENGE, MCP, Served

STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
ORDER = 2**252 + 27742317777372353535851937790883648493
UPSTREAM_KEY = "sapi_key_" + "5c" * 31


def encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, unverified."""
    header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, payload


def signing_key(served: Served) -> Ed25519PrivateKey:
    """The key that the authority signs with now."""
    return open_private_key(served.authority.keys.present.ring.active, served.authority.vault)


def signed(header: Any, payload: Any, key: Ed25519PrivateKey) -> str:
    text = f"{encoded(header)}.{encoded(payload)}"
    return f"{text}.{encoded(key.sign(text.encode()))}"


def public_jwk(key: Ed25519PrivateKey) -> dict[str, Any]:
    return dict(OKPKey.import_key(key.public_key()).as_dict(private=False))


def forgeries(token: str, key: Ed25519PrivateKey) -> Mapping[str, str]:
    """What becomes of a good token in the hands of forgers; `key` is the one that signed it."""
    header, payload = decoded(token)

    def with_header(**changes: Any) -> dict[str, Any]:
        return {name: value for name, value in {**header, **changes}.items() if value is not None}

    def with_claims(**changes: Any) -> dict[str, Any]:
        return {name: value for name, value in {**payload, **changes}.items() if value is not None}

    def resigned(change: Callable[[bytes], bytes]) -> str:
        text, _, signature = token.rpartition(".")
        return f"{text}.{encoded(change(base64.urlsafe_b64decode(signature + '==')))}"

    hmac_text = f"{encoded(with_header(alg='HS256'))}.{encoded(payload)}"
    hmac_signature = hmac.digest(key.public_key().public_bytes_raw(), hmac_text.encode(), hashlib.sha256)
    malleated = resigned(lambda s: s[:32] + (int.from_bytes(s[32:], "little") + ORDER).to_bytes(32, "little"))
    return {
        "alg none": f"{encoded(with_header(alg='none'))}.{encoded(payload)}.",
        "alg none, still signed": signed(with_header(alg="none"), payload, key),
        "HS256 with the public key": f"{hmac_text}.{encoded(hmac_signature)}",
        "a stranger's key in jwk": signed(with_header(jwk=public_jwk(STRANGER)), payload, STRANGER),
        "a stranger's key in jwk, without kid": signed(
            with_header(jwk=public_jwk(STRANGER), kid=None), payload, STRANGER
        ),
        "jku": signed(with_header(jku="https://evil.example/jwks"), payload, STRANGER),
        "x5u": signed(with_header(x5u="https://evil.example/cert"), payload, STRANGER),
        "crit": signed(with_header(crit=["x"], x=1), payload, key),
        "no typ": signed(with_header(typ=None), payload, key),
        "typ JWT": signed(with_header(typ="JWT"), payload, key),
        "unknown kid": signed(with_header(kid="another"), payload, key),
        "another issuer": signed(header, with_claims(iss="https://evil.example"), key),
        "another audience": signed(header, with_claims(aud="https://other.example/mcp"), key),
        "two audiences": signed(header, with_claims(aud=[MCP, "https://other.example/mcp"]), key),
        "a list of our audience": signed(header, with_claims(aud=[MCP]), key),
        "expired": signed(header, with_claims(exp=payload["iat"] - 3600), key),
        "not valid yet": signed(header, with_claims(nbf=payload["iat"] + 3600), key),
        "no exp": signed(header, with_claims(exp=None), key),
        "payload repeats a key": signed(header, json.dumps(payload).encode()[:-1] + b',"sub":"usr_2"}', key),
        "one byte of the payload changed": token.replace(token.split(".")[1], encoded(with_claims(sub="usr_2"))),
        "left-over bits in the signature": token[:-1] + chr(ord(token[-1]) + 1),
        "malleated signature": malleated,
        "signature of small order": resigned(lambda s: s[:0] + b"\x01" + bytes(63)),
        "no signature": token.rpartition(".")[0] + ".",
        "a megabyte": "e" * 1_000_000,
    }


async def put_code(served: Served, client_id: str, *, raw_code: str | None = None, **changes: Any) -> str:
    """A code as the consent page would have issued it, for a client and the sample person."""
    now = served.clock.now()
    raw = raw_code or f"ac_{served.authority.random()}"
    code = Code(
        code_hash=digest(raw),
        grant_id=f"gr_{served.authority.random()[:22]}",
        client_id=client_id,
        subject="usr_sample",
        redirect_uri=CALLBACK,
        scope="posts:read posts:write",
        resource=MCP,
        challenge=CHALLENGE,
        authenticated_at=now,
        expires_at=now + timedelta(seconds=60),
        sealed_credential=seal_under_token(Secret(UPSTREAM_KEY), token=Secret(raw), purpose="pasted-key"),
    )
    await served.authority.store.save_code(replace(code, **changes))
    return raw


async def put_client(served: Served, **changes: Any) -> str:
    """A client of the operator's, past all that registration checks; metadata members go by `metadata`."""
    metadata = {"client_name": "Operator's", "redirect_uris": [CALLBACK], **changes.pop("metadata", {})}
    client = Client(
        client_id=f"op_{served.authority.random()[:16]}",
        metadata=json.dumps(metadata),
        created_at=served.clock.now(),
        is_auth_method_chosen=True,
    )
    client = replace(client, **changes)
    await served.authority.store.save_client(client)
    return client.client_id
