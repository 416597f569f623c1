"""`.venv/bin/python bench/localapi.py`: requests per second of the local API, and what deep pages cost.

One process serves, wrk asks over 16 connections: a list, one thing, and making one, on SQLite and PostgreSQL. Then the
comments of one post are paged from the first to the thousandth page, in a table of a million. Needs wrk; PostgreSQL as
in the tests, or its rows are left out.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from localapi.tables import Comment, NetworkPost
from tests.databases import Postgres, is_there
from tests.e2e.processes import free_port, key, serve

CONNECTIONS, PAGE, PAGES = 16, 25, 1000
POST_ID, ACCOUNT = "ig_bench", "acc_aurora_instagram"
LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, nil, nil, '{"text":"Post ' .. n .. ' of this run"}')
end
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--rows", type=int, default=1_000_000)
    given = options.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| | list posts/s | get a post/s | create a draft/s | page 1 ms | page 1,000 ms | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    with TemporaryDirectory() as folder:
        run("SQLite", Path(folder), None, given.seconds, given.rows)
    if not is_there():
        print("NO POSTGRESQL: set SOCIALAPI_TEST_POSTGRES_URL to measure it")
        return
    with TemporaryDirectory() as folder, Postgres(folder=Path(folder)).empty() as url:
        run("PostgreSQL", Path(folder), url, given.seconds, given.rows)


def run(name: str, folder: Path, url: str | None, seconds: int, rows: int) -> None:
    with serving(folder, url):
        pass
    fill(folder, url, rows)
    with serving(folder, url) as (address, bearer):
        rates = [
            rate(f"{address}/v1/posts?limit=25", bearer, seconds),
            rate(f"{address}/v1/posts/post_published", bearer, seconds),
            rate(f"{address}/v1/posts", bearer, seconds, script=LUA),
        ]
        first, last = paged(address, bearer)
    cells = [f"{one:.0f}" for one in rates] + [f"{first:.1f}", f"{last:.1f}", f"{last / first:.2f}"]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


@contextmanager
def serving(folder: Path, url: str | None) -> Generator[tuple[str, str]]:
    port = free_port()
    more = {} if url is None else {"SOCIALAPI_DATABASE_URL": url}
    process = serve("api", folder, port, **more)
    try:
        yield f"http://127.0.0.1:{port}", key(folder)
    finally:
        process.terminate()
        process.wait()


def fill(folder: Path, url: str | None, rows: int) -> None:
    """A post with so many comments, one a second."""
    engine = sa.create_engine(
        f"sqlite:///{folder}/localapi.sqlite"
        if url is None
        else url.replace("postgresql://", "postgresql+psycopg://", 1)
    )
    now = datetime.now(UTC)
    post = {
        "id": "bench-post", "account_id": ACCOUNT, "platform": "instagram", "platform_id": POST_ID, "text": "Bench",
        "permalink": "", "metrics": {}, "comment_count": rows, "published_at": now, "last_comment_at": now,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(sa.insert(NetworkPost), [post])
        for start in range(0, rows, 20_000):
            connection.execute(
                sa.insert(Comment),
                [
                    {
                        "platform_id": f"bench_{number:08}", "network_post_id": "bench-post", "author_id": "u",
                        "author_name": "U", "author_username": "u", "author_picture": "", "text": f"Number {number}",
                        "created_at": now - timedelta(seconds=number), "is_owner": False, "is_hidden": False,
                        "liked_by_viewer": False, "like_count": 0, "reply_count": 0, "moderation_status": "",
                    }
                    for number in range(start, min(start + 20_000, rows))
                ],
            )  # fmt: skip
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    engine.dispose()


def rate(url: str, bearer: str, seconds: int, *, script: str | None = None) -> float:
    """Requests per second that were answered with success."""
    with TemporaryDirectory() as folder:
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Authorization: Bearer {bearer}"]
        if script is not None:
            file = Path(folder) / "post.lua"
            file.write_text(script)
            command += ["-s", str(file)]
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done:
        raise SystemExit(done)
    return float(done.partition("Requests/sec:")[2].split()[0])


def paged(address: str, bearer: str) -> tuple[float, float]:
    """Milliseconds of the first page and of the thousandth, medians of 15."""
    cursor, pages = "", list[str]()
    for _ in range(PAGES):
        pages.append(cursor)
        cursor = page(address, bearer, cursor)
    return timed(address, bearer, pages[0]), timed(address, bearer, pages[-1])


def page(address: str, bearer: str, cursor: str) -> str:
    query = {"account_id": ACCOUNT, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
    request = urllib.request.Request(
        f"{address}/v1/inbox/comments/{POST_ID}?{urlencode(query)}", headers={"Authorization": f"Bearer {bearer}"}
    )
    with urllib.request.urlopen(request, timeout=120) as response:
        return str(json.load(response)["pagination"]["next_cursor"])


def timed(address: str, bearer: str, cursor: str) -> float:
    took: list[float] = []
    for _ in range(15):
        began = time.perf_counter()
        page(address, bearer, cursor)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
