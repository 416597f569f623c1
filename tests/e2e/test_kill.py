"""A process killed while it publishes loses no post and publishes none twice."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from localapi.app import Options
from tests.databases import rows
from tests.e2e.processes import free_port, key, serve

POSTS = 50
KILLS = 2
TARGETS = [{"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_twitter"}]
SCHEDULED = [f"scheduled {number}" for number in range(POSTS // 2)]
AT_ONCE = [f"now {number}" for number in range(POSTS // 2)]


@pytest.mark.parametrize("round_number", range(5))
def test_fifty_posts_are_published_once_each(stored: Options, round_number: int) -> None:
    chance, port = random.Random(round_number), free_port()
    accepted: set[str] = set()
    data = stored.data or Path()
    for kill in range(KILLS + 1):
        server = serve("api", data, port, *(["--database", stored.database_url] if stored.database_url else []))
        try:
            if kill == 0:
                due = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
                accepted |= _send(port, data, SCHEDULED, {"scheduled_at": due})
            # What a kill cut off before it was accepted is sent again.
            left = [text for text in AT_ONCE if text not in _states(stored)]
            if kill < KILLS:
                sender = threading.Thread(target=_send_into, args=(accepted, port, data, left))
                sender.start()
                time.sleep(chance.uniform(0.0, 1.2))
                server.kill()
                sender.join()
            else:
                accepted |= _send(port, data, left, {"publish_now": True})
                _wait_until_settled(stored)
        finally:
            server.kill()
            server.wait()
        assert accepted <= set(_states(stored)), "a post that was accepted is gone"
    assert _states(stored) == dict.fromkeys([*SCHEDULED, *AT_ONCE], "published")
    # Each target has the one post on its platform that it names, and no other was made.
    of_targets = rows(
        stored,
        "select count(*), count(distinct network_posts.id) from post_targets join posts on posts.id = post_id"
        " join network_posts on network_posts.account_id = post_targets.account_id"
        " and network_posts.platform_id = post_targets.platform_post_id"
        " where posts.text like 'scheduled %' or posts.text like 'now %'",
    )
    delivered = rows(stored, "select count(*) from network_posts where delivery_key is not null")
    assert (of_targets, delivered) == ([(2 * POSTS, 2 * POSTS)], [(2 * POSTS,)])


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


def _states(stored: Options) -> dict[str, str]:
    """The state of each of our posts, by its text."""
    query = "select text, status from posts where text like 'scheduled %' or text like 'now %'"
    return {str(text): str(status) for text, status in rows(stored, query)}


def _wait_until_settled(stored: Options) -> None:
    for _ in range(600):
        if not {"publishing", "scheduled"} & set(_states(stored).values()):
            return
        time.sleep(0.05)
    raise AssertionError("posts are still on their way")
