import base64
import hashlib
import hmac
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from auth.tokens import (
    MAX_TOKEN_BYTES,
    Claims,
    DenyList,
    Flaw,
    Issuer,
    TokenRefused,
    UnknownKey,
    VerificationKey,
    Verifier,
)

NOW = 1_800_000_000
ISSUER = "https://as.example"
RESOURCE = "https://as.example/mcp"
KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
CLAIMS = Claims(
    issuer=ISSUER,
    subject="user_1",
    audience=RESOURCE,
    client_id="client_1",
    scope="posts:read",
    token_id="jti_1",
    grant_id="grant_1",
    issued_at=NOW,
    not_before=NOW,
    expires_at=NOW + 3600,
    authenticated_at=NOW - 60,
)
HEADER: dict[str, Any] = {"alg": "EdDSA", "typ": "at+jwt", "kid": "k1"}
PAYLOAD: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "user_1",
    "aud": RESOURCE,
    "client_id": "client_1",
    "scope": "posts:read",
    "jti": "jti_1",
    "gid": "grant_1",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 3600,
    "auth_time": NOW - 60,
}
ORDER = 2**252 + 27742317777372353535851937790883648493


class Clock:
    def __init__(self) -> None:
        self.seconds: float = NOW

    def __call__(self) -> float:
        return self.seconds


def key(private: Ed25519PrivateKey = KEY, key_id: str = "k1") -> VerificationKey:
    return VerificationKey(key_id=key_id, public_key=private.public_key())


def verifier(*, clock: Clock | None = None, denied: DenyList | None = None, cached_tokens: int = 100) -> Verifier:
    return Verifier(
        [key()],
        issuer=ISSUER,
        audience=RESOURCE,
        denied=denied or DenyList(),
        clock=clock or Clock(),
        cached_tokens=cached_tokens,
    )


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def signed(header: Any = HEADER, payload: Any = PAYLOAD, *, private: Ed25519PrivateKey = KEY) -> str:
    """A token with any header and payload (JSON values or raw bytes), honestly signed."""
    text = f"{encoded(as_bytes(header))}.{encoded(as_bytes(payload))}"
    return f"{text}.{encoded(private.sign(text.encode()))}"


def resigned(token: str, change: Callable[[bytes], bytes]) -> str:
    text, _, signature = token.rpartition(".")
    return f"{text}.{encoded(change(base64.urlsafe_b64decode(signature + '==')))}"


def malleated(signature: bytes) -> bytes:
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


def hmac_with_public_key(header: dict[str, Any]) -> str:
    text = f"{encoded(as_bytes(header))}.{encoded(as_bytes(PAYLOAD))}"
    secret = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def flaw_of(token: str, by: Verifier | None = None) -> Flaw | None:
    try:
        (by or verifier()).verify(token)
    except TokenRefused as refusal:
        return refusal.flaw
    return None


def without(mapping: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def public_jwk(private: Ed25519PrivateKey) -> dict[str, Any]:
    return dict(OKPKey.import_key(private.public_key()).as_dict(private=False))


def joserfc_accepts(token: str) -> bool:
    """Whether joserfc finds a signature of our key over a header and payload that are JSON."""
    oracle = OKPKey.import_key(KEY.public_key())
    try:
        with warnings.catch_warnings():
            # It warns of the old name, RFC 9864.
            warnings.simplefilter("ignore", SecurityWarning)
            found = jws.deserialize_compact(token, oracle, algorithms=["EdDSA", "Ed25519"])
        json.loads(found.payload)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    return True


UNSIGNED = f"{encoded(as_bytes({**HEADER, 'alg': 'none'}))}.{encoded(as_bytes(PAYLOAD))}."
IDENTITY = b"\x01" + b"\0" * 31

CORPUS = {
    "empty": ("", Flaw.MALFORMED),
    "one part": ("abc", Flaw.MALFORMED),
    "two parts": ("abc.def", Flaw.MALFORMED),
    "four parts": (signed() + ".x", Flaw.MALFORMED),
    "five parts, as if encrypted": ("a.b.c.d.e", Flaw.MALFORMED),
    "an upstream key": ("sapi_key_" + "0" * 62, Flaw.MALFORMED),
    "a megabyte": ("e" * 1_000_000, Flaw.TOO_LONG),
    "one byte too many": (signed().ljust(MAX_TOKEN_BYTES + 1, "A"), Flaw.TOO_LONG),
    "outside ASCII": (signed() + "\u00e9", Flaw.MALFORMED),
    "line end": (signed() + "\n", Flaw.MALFORMED),
    "leading space": (" " + signed(), Flaw.MALFORMED),
    "padding": (signed() + "==", Flaw.MALFORMED),
    "left-over bits in the signature": (signed()[:-1] + chr(ord(signed()[-1]) + 1), Flaw.MALFORMED),
    "no algorithm": (UNSIGNED, Flaw.ALGORITHM),
    "no algorithm, still signed": (signed({**HEADER, "alg": "none"}), Flaw.ALGORITHM),
    "None, spelt otherwise": (signed({**HEADER, "alg": "NoNe"}), Flaw.ALGORITHM),
    "algorithm left out": (signed(without(HEADER, "alg")), Flaw.ALGORITHM),
    "algorithm of another type": (signed({**HEADER, "alg": ["EdDSA"]}), Flaw.ALGORITHM),
    "HS256 with the public key": (hmac_with_public_key({**HEADER, "alg": "HS256"}), Flaw.ALGORITHM),
    "HMAC called EdDSA": (hmac_with_public_key(HEADER), Flaw.SIGNATURE),
    "ES256": (signed({**HEADER, "alg": "ES256"}), Flaw.ALGORITHM),
    "Ed448": (signed({**HEADER, "alg": "Ed448"}), Flaw.ALGORITHM),
    "no kid": (signed(without(HEADER, "kid")), Flaw.MALFORMED),
    "kid of another type": (signed({**HEADER, "kid": 1}), Flaw.MALFORMED),
    "unknown kid": (signed({**HEADER, "kid": "../k1"}), Flaw.UNKNOWN_KEY),
    "a stranger's key": (signed(private=STRANGER), Flaw.SIGNATURE),
    "a stranger's key in jwk": (signed({**HEADER, "jwk": public_jwk(STRANGER)}, private=STRANGER), Flaw.SIGNATURE),
    "a stranger's key, in jwk without kid": (
        signed({**without(HEADER, "kid"), "jwk": public_jwk(STRANGER)}, private=STRANGER),
        Flaw.MALFORMED,
    ),
    "jku": (signed({**HEADER, "jku": "https://evil.example/jwks"}, private=STRANGER), Flaw.SIGNATURE),
    "x5u": (signed({**HEADER, "x5u": "https://evil.example/cert"}, private=STRANGER), Flaw.SIGNATURE),
    "x5c": (signed({**HEADER, "x5c": ["AA=="]}, private=STRANGER), Flaw.SIGNATURE),
    "crit": (signed({**HEADER, "crit": ["x"], "x": 1}), Flaw.CRITICAL),
    "empty crit": (signed({**HEADER, "crit": []}), Flaw.CRITICAL),
    "unencoded payload": (signed({**HEADER, "b64": False, "crit": ["b64"]}), Flaw.CRITICAL),
    "no typ": (signed(without(HEADER, "typ")), Flaw.TYPE),
    "typ JWT": (signed({**HEADER, "typ": "JWT"}), Flaw.TYPE),
    "typ of an ID-JAG": (signed({**HEADER, "typ": "oauth-id-jag+jwt"}), Flaw.TYPE),
    "typ null": (signed({**HEADER, "typ": None}), Flaw.TYPE),
    "header is a list": (signed([HEADER]), Flaw.MALFORMED),
    "header repeats a key": (signed(b'{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"k1"}'), Flaw.MALFORMED),
    "header in UTF-16": (signed(json.dumps(HEADER).encode("utf-16")), Flaw.MALFORMED),
    "header with a byte order mark": (signed(b"\xef\xbb\xbf" + as_bytes(HEADER)), Flaw.MALFORMED),
    "header nested deeply": (f"{encoded(b'[' * 2900)}.e30.{'A' * 86}", Flaw.MALFORMED),
    "payload is a string": (signed(payload="iss"), Flaw.MALFORMED),
    "payload is not JSON": (signed(payload=b"{'iss':1}"), Flaw.MALFORMED),
    "payload repeats a key": (signed(payload=as_bytes(PAYLOAD)[:-1] + b',"sub":"user_2"}'), Flaw.MALFORMED),
    "payload repeats a key deep inside": (
        signed(payload=as_bytes(PAYLOAD)[:-1] + b',"x":{"a":1,"a":2}}'),
        Flaw.MALFORMED,
    ),
    "payload repeats a key in another spelling": (
        signed(payload=as_bytes(PAYLOAD)[:-1] + b',"s\\u0075b":"user_2"}'),
        Flaw.MALFORMED,
    ),
    "payload nested deeply": (signed(payload=b'{"a":' + b"[" * 2000), Flaw.MALFORMED),
    "exp NaN": (signed(payload={**PAYLOAD, "exp": float("nan")}), Flaw.MALFORMED),
    "exp infinite": (signed(payload={**PAYLOAD, "exp": float("inf")}), Flaw.MALFORMED),
    "exp overflowing": (signed(payload=as_bytes(PAYLOAD).replace(b"1800003600", b"1e999")), Flaw.CLAIMS),
    "exp as text": (signed(payload={**PAYLOAD, "exp": str(NOW + 3600)}), Flaw.CLAIMS),
    "exp true": (signed(payload={**PAYLOAD, "exp": True}), Flaw.CLAIMS),
    "subject empty": (signed(payload={**PAYLOAD, "sub": ""}), Flaw.CLAIMS),
    "subject a number": (signed(payload={**PAYLOAD, "sub": 1}), Flaw.CLAIMS),
    "scope a list": (signed(payload={**PAYLOAD, "scope": ["posts:read"]}), Flaw.CLAIMS),
    "auth_time text": (signed(payload={**PAYLOAD, "auth_time": "now"}), Flaw.CLAIMS),
    "brands null": (signed(payload={**PAYLOAD, "brands": None}), Flaw.CLAIMS),
    "brands as text": (signed(payload={**PAYLOAD, "brands": "b_1"}), Flaw.CLAIMS),
    "brands an object": (signed(payload={**PAYLOAD, "brands": {"b_1": True}}), Flaw.CLAIMS),
    "brands empty": (signed(payload={**PAYLOAD, "brands": []}), Flaw.CLAIMS),
    "a brand that is a number": (signed(payload={**PAYLOAD, "brands": ["b_1", 2]}), Flaw.CLAIMS),
    "a brand that is a list": (signed(payload={**PAYLOAD, "brands": [["b_1"]]}), Flaw.CLAIMS),
    "a brand without a name": (signed(payload={**PAYLOAD, "brands": ["b_1", ""]}), Flaw.CLAIMS),
    "another issuer": (signed(payload={**PAYLOAD, "iss": "https://evil.example"}), Flaw.ISSUER),
    "issuer with a slash": (signed(payload={**PAYLOAD, "iss": ISSUER + "/"}), Flaw.ISSUER),
    "another audience": (signed(payload={**PAYLOAD, "aud": "https://other.example/mcp"}), Flaw.AUDIENCE),
    "audience with a slash": (signed(payload={**PAYLOAD, "aud": RESOURCE + "/"}), Flaw.AUDIENCE),
    "audience is the issuer": (signed(payload={**PAYLOAD, "aud": ISSUER}), Flaw.AUDIENCE),
    "two audiences": (signed(payload={**PAYLOAD, "aud": [RESOURCE, "https://other.example"]}), Flaw.AUDIENCE),
    "a list of our audience": (signed(payload={**PAYLOAD, "aud": [RESOURCE]}), Flaw.AUDIENCE),
    "signature of zeros": (resigned(signed(), lambda s: s[:0] + bytes(64)), Flaw.SIGNATURE),
    "signature of small order": (resigned(signed(), lambda s: s[:0] + IDENTITY + bytes(32)), Flaw.SIGNATURE),
    "signature, malleated": (resigned(signed(), malleated), Flaw.SIGNATURE),
    "signature, halves swapped": (resigned(signed(), lambda s: s[32:] + s[:32]), Flaw.SIGNATURE),
    "signature, cut": (resigned(signed(), lambda s: s[:63]), Flaw.SIGNATURE),
    "signature, longer": (resigned(signed(), lambda s: s + b"\0"), Flaw.SIGNATURE),
    "no signature": (signed().rpartition(".")[0] + ".", Flaw.SIGNATURE),
    **{f"no {name}": (signed(payload=without(PAYLOAD, name)), Flaw.CLAIMS) for name in PAYLOAD if name != "auth_time"},
}


def test_an_issued_token_is_verified_here_and_by_joserfc() -> None:
    token = Issuer("k1", KEY).issue(CLAIMS)
    assert verifier().verify(token) == CLAIMS
    assert joserfc_accepts(token)
    header, payload, _ = token.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == HEADER
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == PAYLOAD


@pytest.mark.parametrize("name", CORPUS)
def test_a_forged_or_malformed_token_is_refused(name: str) -> None:
    token, flaw = CORPUS[name]
    assert flaw_of(token) == flaw


def test_joserfc_sees_the_same_forgeries() -> None:
    forged = {name for name, (_, flaw) in CORPUS.items() if flaw in {Flaw.SIGNATURE, Flaw.ALGORITHM}}
    assert {name for name in forged if joserfc_accepts(CORPUS[name][0])} == set()


@given(st.integers(0, 2000), st.integers(0, 255))
def test_a_token_with_one_changed_byte_is_refused(place: int, byte: int) -> None:
    token = signed()
    place %= len(token)
    changed = token[:place] + chr(byte) + token[place + 1 :]
    is_accepted = flaw_of(changed) is None
    assert is_accepted == (changed == token)
    assert joserfc_accepts(changed) or not is_accepted


@given(st.text(max_size=300) | st.from_regex(r"[\w-]{0,80}\.[\w-]{0,80}\.[\w-]{0,90}", fullmatch=True))
def test_any_text_is_refused_in_the_one_way(text: str) -> None:
    assert flaw_of(text) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*HEADER, "crit", "jwk", "x"]), JSON, max_size=4), JSON)
def test_a_signed_token_of_any_json_never_verifies_by_accident(header: dict[str, Any], payload: Any) -> None:
    assert flaw_of(signed({**HEADER, **header}, payload)) is not None


@pytest.mark.parametrize("extra", [{"jwk": public_jwk(STRANGER)}, {"jku": "https://evil.example"}, {"x5c": ["AA=="]}])
def test_keys_that_a_token_brings_are_ignored(extra: dict[str, Any]) -> None:
    assert verifier().verify(signed({**HEADER, **extra})) == CLAIMS


def test_both_names_of_the_algorithm_are_read() -> None:
    assert verifier().verify(signed({**HEADER, "alg": "Ed25519"})) == CLAIMS


def test_a_key_pinned_to_one_name_refuses_the_other() -> None:
    pinned = replace(key(), algorithms=frozenset({"Ed25519"}))
    verifies = Verifier([pinned], issuer=ISSUER, audience=RESOURCE, denied=DenyList(), clock=Clock())
    assert flaw_of(signed(), verifies) == Flaw.ALGORITHM


def test_an_unknown_key_is_named_for_a_reload_and_not_in_the_message() -> None:
    with pytest.raises(UnknownKey) as refusal:
        verifier().verify(signed({**HEADER, "kid": "later"}))
    assert refusal.value.key_id == "later" and "later" not in str(refusal.value)


@pytest.mark.parametrize(
    ("seconds", "flaw"),
    [
        (NOW - 31, Flaw.NOT_YET_VALID),
        (NOW - 30, None),
        (NOW + 3600 + 29, None),
        (NOW + 3600 + 30, Flaw.EXPIRED),
    ],
)
def test_clocks_may_differ_by_thirty_seconds(seconds: int, flaw: Flaw | None) -> None:
    clock = Clock()
    clock.seconds = seconds
    assert flaw_of(signed(), verifier(clock=clock)) == flaw


def test_more_skew_cannot_be_configured() -> None:
    with pytest.raises(ValueError, match="0 to 30 seconds"):
        Verifier([], issuer=ISSUER, audience=RESOURCE, denied=DenyList(), clock=Clock(), skew_seconds=31)


def test_a_remembered_token_still_expires() -> None:
    clock = Clock()
    verifies = verifier(clock=clock)
    token = signed()
    verifies.verify(token)
    clock.seconds = NOW + 3600 + 30
    assert flaw_of(token, verifies) == Flaw.EXPIRED


@pytest.mark.parametrize("handle", ["grant_1", "jti_1"])
def test_a_remembered_token_can_be_revoked(handle: str) -> None:
    denied = DenyList()
    verifies = verifier(denied=denied)
    token = signed()
    verifies.verify(token)
    denied.deny(handle, until=NOW + 3630)
    assert flaw_of(token, verifies) == Flaw.REVOKED
    assert flaw_of(signed(payload={**PAYLOAD, "gid": "g2", "jti": "j2"}), verifies) is None


def test_the_deny_list_forgets_what_has_expired_anyway() -> None:
    denied = DenyList()
    denied.deny("grant_1", until=NOW + 10)
    denied.deny("grant_1", until=NOW + 5)
    denied.forget_expired(now=NOW + 9)
    assert denied.denies(CLAIMS)
    denied.forget_expired(now=NOW + 10)
    assert not denied.denies(CLAIMS)


def test_a_remembered_token_dies_with_its_key() -> None:
    verifies = verifier()
    token = signed()
    verifies.verify(token)
    verifies.replace_keys([key(STRANGER, "k2")])
    assert flaw_of(token, verifies) == Flaw.UNKNOWN_KEY


def test_a_key_replaced_under_its_kid_verifies_nothing_old() -> None:
    verifies = verifier()
    token = signed()
    verifies.verify(token)
    verifies.replace_keys([key(STRANGER, "k1")])
    assert flaw_of(token, verifies) == Flaw.SIGNATURE


def test_an_added_key_is_used_at_once() -> None:
    verifies = verifier()
    verifies.replace_keys([key(), key(STRANGER, "k2")])
    assert verifies.verify(signed({**HEADER, "kid": "k2"}, private=STRANGER)) == CLAIMS
    assert flaw_of(signed({**HEADER, "kid": "k2"}), verifies) == Flaw.SIGNATURE


def test_forgetting_old_tokens_changes_no_answer() -> None:
    verifies = verifier(cached_tokens=2)
    tokens = [signed(payload={**PAYLOAD, "jti": f"j{number}"}) for number in range(5)]
    assert [verifies.verify(token).token_id for token in tokens * 2] == [f"j{number}" for number in range(5)] * 2


@pytest.mark.parametrize("seconds", [0, -1, 3601])
def test_a_token_of_another_lifetime_is_not_issued(seconds: int) -> None:
    with pytest.raises(ValueError, match="1 to 3600 seconds"):
        Issuer("k1", KEY).issue(CLAIMS._replace(expires_at=NOW + seconds))


def test_a_token_that_no_verifier_reads_is_not_issued() -> None:
    with pytest.raises(ValueError, match="4096 bytes"):
        Issuer("k1", KEY).issue(CLAIMS._replace(subject="s" * 4000))


def test_a_token_without_a_person_has_no_time_of_signing_in() -> None:
    claims = CLAIMS._replace(authenticated_at=None)
    assert verifier().verify(Issuer("k1", KEY).issue(claims)) == claims


def test_a_token_says_the_brands_that_it_is_limited_to() -> None:
    claims = CLAIMS._replace(brand_ids=("b_1", "b_2"))
    token = Issuer("k1", KEY).issue(claims)
    assert verifier().verify(token) == claims
    payload = token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {**PAYLOAD, "brands": ["b_1", "b_2"]}


def test_the_wall_clock_is_the_default() -> None:
    now = int(time.time())
    verifies = Verifier([key()], issuer=ISSUER, audience=RESOURCE, denied=DenyList())
    claims = CLAIMS._replace(issued_at=now, not_before=now, expires_at=now + 600)
    assert verifies.verify(Issuer("k1", KEY).issue(claims)) == claims
