"""A process killed while it publishes loses no post and publishes none twice."""

import random
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.e2e.processes import free_port, key, serve

POSTS = 50
KILLS = 2
TARGETS = [{"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_twitter"}]
SCHEDULED = [f"scheduled {number}" for number in range(POSTS // 2)]
AT_ONCE = [f"now {number}" for number in range(POSTS // 2)]


@pytest.mark.parametrize("round_number", range(5))
def test_fifty_posts_are_published_once_each(tmp_path: Path, round_number: int) -> None:
    chance, port = random.Random(round_number), free_port()
    accepted: set[str] = set()
    for kill in range(KILLS + 1):
        server = serve("api", tmp_path, port)
        try:
            if kill == 0:
                due = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
                accepted |= _send(port, tmp_path, SCHEDULED, {"scheduled_at": due})
            # What a kill cut off before it was accepted is sent again.
            left = [text for text in AT_ONCE if text not in _states(tmp_path)]
            if kill < KILLS:
                sender = threading.Thread(target=_send_into, args=(accepted, port, tmp_path, left))
                sender.start()
                time.sleep(chance.uniform(0.0, 1.2))
                server.kill()
                sender.join()
            else:
                accepted |= _send(port, tmp_path, left, {"publish_now": True})
                _wait_until_settled(tmp_path)
        finally:
            server.kill()
            server.wait()
        assert accepted <= set(_states(tmp_path)), "a post that was accepted is gone"
    assert _states(tmp_path) == dict.fromkeys([*SCHEDULED, *AT_ONCE], "published")
    with sqlite3.connect(tmp_path / "localapi.sqlite") as database:
        # Each target has the one post on its platform that it names, and no other was made.
        of_targets = database.execute(
            "select count(*), count(distinct network_posts.id) from post_targets join posts on posts.id = post_id"
            " join network_posts on network_posts.account_id = post_targets.account_id"
            " and network_posts.platform_id = post_targets.platform_post_id"
            " where posts.text like 'scheduled %' or posts.text like 'now %'"
        ).fetchone()
        (delivered,) = database.execute("select count(*) from network_posts where delivery_key is not null").fetchone()
    assert (of_targets, delivered) == ((2 * POSTS, 2 * POSTS), 2 * POSTS)


def _send(port: int, data: Path, texts: list[str], fields: dict[str, object]) -> set[str]:
    """Create posts until the server is gone; the texts of those it accepted."""
    accepted: set[str] = set()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {key(data)}"
        for text in texts:
            try:
                response = http.post("/posts", json={"text": text, "targets": TARGETS, **fields})
            except httpx2.TransportError:
                break
            assert response.status_code == 201, response.text
            accepted.add(text)
    return accepted


def _send_into(accepted: set[str], port: int, data: Path, texts: list[str]) -> None:
    accepted |= _send(port, data, texts, {"publish_now": True})


def _states(data: Path) -> dict[str, str]:
    """The state of each of our posts, by its text."""
    with sqlite3.connect(data / "localapi.sqlite") as database:
        query = "select text, status from posts where text like 'scheduled %' or text like 'now %'"
        return dict(database.execute(query).fetchall())


def _wait_until_settled(data: Path) -> None:
    for _ in range(600):
        if not {"publishing", "scheduled"} & set(_states(data).values()):
            return
        time.sleep(0.05)
    raise AssertionError("posts are still on their way")
