"""A process killed while it publishes loses no post and publishes none twice.

Two rounds of kills by itself, five with SOCIALAPI_SCALE=1.
"""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from localapi.app import Options
from tests.databases import rows
from tests.e2e.processes import free_port, key, serve

POSTS = 50
KILLS = 2
ROUNDS = 5 if os.environ.get("SOCIALAPI_SCALE") == "1" else 2
TARGETS = [{"account_id": "acc_aurora_threads"}, {"account_id": "acc_aurora_instagram"}]
PICTURE = [{"source_type": "media_id", "source": "med_latte"}]
# A platform takes seconds over a video, so that its post is accepted as `publishing` and goes on in the background.
VIDEO = [{"source_type": "url", "source": "https://example.com/film.mp4", "type": "video"}]
SCHEDULED = [f"scheduled {number}" for number in range(25)]
AT_ONCE = [f"now {number}" for number in range(15)]
BEHIND = [f"film {number}" for number in range(10)]


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_fifty_posts_are_published_once_each(stored: Options, round_number: int) -> None:
    chance, port = random.Random(round_number), free_port()
    accepted: set[str] = set()
    data = stored.data or Path()
    for kill in range(KILLS + 1):
        server = serve("api", data, port, *(["--database", stored.database_url] if stored.database_url else []))
        try:
            if kill == 0:
                due = (datetime.now(UTC) + timedelta(seconds=6)).isoformat()
                accepted |= _send(port, data, SCHEDULED, {"scheduled_at": due, "media": PICTURE})
            # What a kill cut off before it was accepted is sent again.
            known = _states(stored)
            texts = [text for text in AT_ONCE if text not in known]
            behind = [text for text in BEHIND[: 5 * (kill + 1)] if text not in known]
            if kill < KILLS:
                senders = [
                    threading.Thread(target=_send_into, args=(accepted, port, data, behind, VIDEO)),
                    threading.Thread(target=_send_into, args=(accepted, port, data, texts, PICTURE)),
                ]
                for sender in senders:
                    sender.start()
                _wait_for("publishing", stored, behind)
                time.sleep(chance.uniform(0.0, 0.8))
                server.kill()
                server.wait()
                assert "publishing" in _states(stored).values(), "the kill fell between nothing"
                for sender in senders:
                    sender.join()
            else:
                accepted |= _send(port, data, texts, {"publish_now": True, "media": PICTURE})
                accepted |= _send(port, data, behind, {"publish_now": True, "media": VIDEO})
                _wait_until_settled(stored)
        finally:
            server.kill()
            server.wait()
        assert accepted <= set(_states(stored)), "a post that was accepted is gone"
    assert _states(stored) == dict.fromkeys([*SCHEDULED, *AT_ONCE, *BEHIND], "published")
    # Each target has the one post on its platform that it names, and no other was made.
    of_targets = rows(
        stored,
        "select count(*), count(distinct network_posts.id) from post_targets join posts on posts.id = post_id"
        " join network_posts on network_posts.account_id = post_targets.account_id"
        " and network_posts.platform_id = post_targets.platform_post_id"
        f" where {OURS}",
    )
    delivered = rows(stored, "select count(*) from network_posts where delivery_key is not null")
    assert (of_targets, delivered) == ([(2 * POSTS, 2 * POSTS)], [(2 * POSTS,)])


def _send(port: int, data: Path, texts: list[str], fields: dict[str, object]) -> set[str]:
    """Create posts, several at a time, until the server is gone; the texts of those it accepted."""
    headers = {"Authorization": f"Bearer {key(data)}"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=30, headers=headers) as http:

        def one(text: str) -> str | None:
            try:
                response = http.post("/posts", json={"text": text, "targets": TARGETS, **fields})
            except httpx2.TransportError:
                return None
            assert response.status_code == 201, response.text
            return text

        with ThreadPoolExecutor(5) as pool:
            return {text for text in pool.map(one, texts) if text is not None}


def _send_into(accepted: set[str], port: int, data: Path, texts: list[str], media: list[dict[str, str]]) -> None:
    accepted |= _send(port, data, texts, {"publish_now": True, "media": media})


OURS = "(posts.text like 'scheduled %' or posts.text like 'now %' or posts.text like 'film %')"


def _states(stored: Options) -> dict[str, str]:
    """The state of each of our posts, by its text."""
    query = f"select text, status from posts where {OURS}"
    return {str(text): str(status) for text, status in rows(stored, query)}


def _wait_for(state: str, stored: Options, texts: list[str]) -> None:
    for _ in range(600):
        if state in {found for text, found in _states(stored).items() if text in texts}:
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing of it is {state}")


def _wait_until_settled(stored: Options) -> None:
    for _ in range(600):
        if not {"publishing", "scheduled"} & set(_states(stored).values()):
            return
        time.sleep(0.05)
    raise AssertionError("posts are still on their way")
