"""Several processes on one database are one authorization server, whichever of them a request reaches."""

import asyncio
import base64
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auth.authority import system_clock
from auth.keys import Keys, Loaded
from auth.store_postgres import PostgresStore
from auth.tokens import Claims
from auth.vault import KeyEncryptionKeys, Vault
from tests.databases import Postgres
from tests.e2e.processes import COMMAND, environment, free_port, key, serve
from tests.e2e.proxy import RoundRobin
from tests.e2e.sign_ins import SignIn, key_id_of, published_keys

KEYS = f"k1:{base64.b64encode(b'k' * 32).decode()}"


@dataclass
class Cluster:
    """Two processes that share a database and the key-encryption key, and nothing else, behind a proxy."""

    proxy: RoundRobin
    database: str
    folder: Path
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict[int, subprocess.Popen[bytes]])

    @property
    def address(self) -> str:
        return self.proxy.address

    @property
    def members(self) -> list[str]:
        """The processes' own addresses."""
        return [f"http://127.0.0.1:{port}" for port in self.proxy.ports]

    @property
    def key(self) -> str:
        return key(self.folder / "0")

    def sign_in(self) -> SignIn:
        return SignIn(self.address, self.key)

    @property
    def variables(self) -> dict[str, str]:
        """All that they have to agree on."""
        return {
            "SOCIALAPI_DATABASE_URL": self.database,
            "SOCIALAPI_AUTH_KEYS": KEYS,
            "SOCIALAPI_PUBLIC_URL": self.address,
        }

    def start(self, number: int) -> None:
        """Start, or start again, one of them."""
        port = self.proxy.ports[number]
        self.running[number] = serve("http", self.folder / str(number), port, **self.variables)

    def command(self, *words: str) -> str:
        """What a command of the operator prints, at a third machine."""
        variables = environment(self.folder / "2") | self.variables
        return subprocess.run([COMMAND, *words], env=variables, check=True, capture_output=True, text=True).stdout

    def kill(self, number: int) -> None:
        self.running[number].kill()
        self.running[number].wait()


@pytest.fixture(scope="module")
def cluster(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder, proxy = tmp_path_factory.mktemp("cluster"), RoundRobin(ports=[free_port(), free_port()])
    with postgres.copy(folder / "0") as url:
        made = Cluster(proxy=proxy, database=url, folder=folder)
        try:
            # At the same moment, on a database without a schema for sign-ins, and without a signing key.
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(made.start, range(2)))
            yield made
        finally:
            for number in made.running:
                made.kill(number)
            proxy.close()


@pytest.mark.parametrize("shift", [0, 1])
def test_a_sign_in_whose_every_request_reaches_the_other_process(cluster: Cluster, shift: int) -> None:
    with cluster.sign_in() as person:
        for _ in range(shift):
            published_keys(cluster.address)
        first = len(cluster.proxy.passed)
        person.whole()
        assert person.call().status_code == 200
        person.refresh()
        assert person.call().status_code == 200
        person.revoke(person.refresh_token)
        assert person.try_to_refresh().json()["error"] == "invalid_grant"

    passed = cluster.proxy.passed[first:]
    assert all(one.port != other.port for one, other in itertools.pairwise(passed))
    assert list(dict.fromkeys(one.path for one in passed if one.path != "/oauth/revoke")) == [
        "/oauth/register",
        "/oauth/authorize",
        "/oauth/consent",
        "/oauth/sign-in",
        "/oauth/token",
        "/mcp",
    ]


def test_both_know_the_same_keys_from_their_first_moment(cluster: Cluster) -> None:
    assert len({frozenset(published_keys(member)) for member in cluster.members}) == 1


def test_limits_are_counted_for_all_processes_together(cluster: Cluster) -> None:
    with cluster.sign_in() as stranger:
        answers = [stranger.try_to_register().status_code for _ in range(11)]
    assert answers == [201] * 10 + [429]


@pytest.mark.parametrize("token", ["refresh_token", "access_token"])
def test_what_one_process_revokes_the_other_refuses_within_two_seconds(cluster: Cluster, token: str) -> None:
    here, there = cluster.members
    with cluster.sign_in() as person:
        person.whole()
        # Both have judged the token before, and remember it.
        assert [person.call(member).status_code for member in (here, there)] == [200, 200]
        with SignIn(here, cluster.key) as client:
            client.client_id = person.client_id
            client.revoke(getattr(person, token))
        revoked_at = asked_at = time.monotonic()
        assert person.call(here).status_code == 401
        while person.call(there).status_code != 401:
            asked_at = time.monotonic()
            assert asked_at - revoked_at < 2.0, "the other process still takes it"
            time.sleep(0.05)


def test_a_token_of_a_signing_key_that_is_new_to_a_process_is_accepted_within_two_seconds(cluster: Cluster) -> None:
    with cluster.sign_in() as person:
        token = person.whole().access_token
        new = asyncio.run(rotate(cluster.database))
        person.access_token = signed_again(token, new)
        rotated_at = time.monotonic()
        # A process that has read the keys within the last second does not read them again for every unknown one.
        while [person.call(member).status_code for member in cluster.members] != [200, 200]:
            assert time.monotonic() - rotated_at < 2.0, "the key is not looked for"
            time.sleep(0.2)


def test_a_new_signing_key_is_seen_by_both_within_a_minute(cluster: Cluster) -> None:
    with cluster.sign_in() as person:
        old_token = person.whole().access_token
        old = published_keys(cluster.address)
        new = cluster.command("keys", "rotate", "--now").partition(" ")[0]
        rotated_at = time.monotonic()
        while not all(new in published_keys(member) for member in cluster.members):
            assert time.monotonic() - rotated_at < 60, "the new key is not published by both"
            time.sleep(0.2)
        assert [published_keys(member) for member in cluster.members] == [old | {new}] * 2
        for _ in cluster.members:
            person.refresh()
            assert key_id_of(person.access_token) == new != key_id_of(old_token)
            assert [person.call(member).status_code for member in cluster.members] == [200, 200]
        person.access_token = old_token
        assert [person.call(member).status_code for member in cluster.members] == [200, 200]


def test_a_process_killed_in_the_middle_of_a_sign_in_is_not_missed(cluster: Cluster) -> None:
    with cluster.sign_in() as before, cluster.sign_in() as during:
        before.whole()
        during.register()
        during.authorize()
        during.give_key()
        # The one that made the session, and knows the client and the request best.
        last = [one for one in cluster.proxy.passed if (one.method, one.path) == ("POST", "/oauth/sign-in")][-1]
        killed = cluster.proxy.ports.index(last.port)
        cluster.kill(killed)
        try:
            during.consent()
            during.redeem()
            for person in (before, during):
                assert person.call().status_code == 200
                person.refresh()
                assert person.call().status_code == 200
        finally:
            cluster.start(killed)
        for person in (before, during):
            assert person.call(cluster.members[killed]).status_code == 200


def test_four_workers_on_postgresql_are_one_authorization_server(postgres: Postgres, tmp_path: Path) -> None:
    port = free_port()
    with postgres.copy(tmp_path) as url:
        server = serve("http", tmp_path, port, "--workers", "4", SOCIALAPI_DATABASE_URL=url, SOCIALAPI_AUTH_KEYS=KEYS)
        try:
            sign_in_several_times(f"http://127.0.0.1:{port}", key(tmp_path))
        finally:
            server.terminate()
            server.wait()


def sign_in_several_times(address: str, api_key: str) -> None:
    """Each request is a connection of its own, which any worker takes."""
    for _ in range(3):
        with SignIn(address, api_key) as person:
            person.whole()
            assert person.call().status_code == 200
            person.refresh()
            assert person.call().status_code == 200
            person.revoke(person.refresh_token)
            assert person.try_to_refresh().json()["error"] == "invalid_grant"


async def rotate(database: str) -> Loaded:
    """Let another signing key sign at once, as a third process; the keys after it."""
    store = PostgresStore(database)
    await store.open()
    try:
        keys = Keys(store, Vault(KeyEncryptionKeys.parse(KEYS)), clock=system_clock)
        await keys.rotate(at_once=True)
        return keys.present
    finally:
        await store.close()


def signed_again(token: str, keys: Loaded) -> str:
    """A token that says the same, as a process with these keys would have issued it."""
    encoded = token.split(".")[1]
    said = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    return keys.issuer.issue(
        Claims(
            issuer=said["iss"],
            subject=said["sub"],
            audience=said["aud"],
            client_id=said["client_id"],
            scope=said["scope"],
            token_id=said["jti"],
            grant_id=said["gid"],
            issued_at=said["iat"],
            not_before=said["nbf"],
            expires_at=said["exp"],
            authenticated_at=said["auth_time"],
        )
    )
