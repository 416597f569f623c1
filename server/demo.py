"""`make demo`: the installed server over stdio, driven by the official MCP client through a small day's work."""

import asyncio
import base64
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcp import Client, StdioServerParameters
from PIL import Image

LEAD_SECONDS = 3


async def main() -> None:
    """Run it on a throw-away workspace."""
    with TemporaryDirectory() as data:
        # None of the person's own settings: they may lead to the hosted API, or to a database of theirs.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOCIALAPI_")}
        environment |= {"SOCIALAPI_DATA_DIR": data, "SOCIALAPI_TOOLSETS": "all"}
        command = str(Path(sys.executable).with_name("socialapi-mcp"))
        async with Client(StdioServerParameters(command=command, env=environment)) as client:
            await _day(client)


class _Refused(Exception):
    """A step of the day that did not work; the text says why."""


async def _day(client: Client) -> None:
    accounts = await _call(client, "list_accounts", {})
    _say(f"{accounts['count']} accounts: " + ", ".join(sorted({row["platform"] for row in accounts["data"]})))

    posts = await _call(client, "list_commented_posts", {"platform": "instagram"})
    post = posts["data"][0]
    where = {"post_id": post["platform_id"], "account_id": post["account_id"]}
    _say(f"{len(posts['data'])} posts with comments; the latest has {post['comment_count']}")
    comments = await _call(client, "list_comments", {**where, "detail": "full"})
    waiting = [row for row in comments["data"] if not row["is_owner"] and not row["has_replies"]]
    _say(f"{len(waiting)} unanswered; the first, by {waiting[0]['author_name']}: {waiting[0]['text']}")

    question = next(row for row in waiting if "?" in row["text"])
    reply = {**where, "comment_id": question["id"], "text": "Yes, from Friday, at both cafés."}
    _say(f"answered as {(await _call(client, 'reply_to_comment', reply))['comment_id']}")

    picture = {"content_base64": _picture(), "filename": "roast.jpg"}
    media = await _call(client, "upload_media", picture, shown={"filename": "roast.jpg"})
    _say(f"in the library as {media['media_id']}")

    due = datetime.now(UTC) + timedelta(seconds=LEAD_SECONDS)
    body = {
        "text": "The winter roast, as whole beans from Friday.",
        "media": [{"source_type": "media_id", "source": media["media_id"]}],
        "targets": [{"account_id": "acc_aurora_instagram"}, {"account_id": "acc_aurora_facebook"}],
        "scheduled_at": due.isoformat(timespec="seconds"),
    }
    made = await _call(client, "create_post", body)
    seen = made
    _say(f"{made['id']} is {made['status']} for {made['scheduled_at']}")

    for _ in range(30):
        await asyncio.sleep(1)
        seen = await _call(client, "get_post", {"post_id": made["id"]})
        _say(f"{seen['status']}")
        if seen["status"] not in {"scheduled", "publishing"}:
            break
    metrics = await _call(client, "get_post_metrics", {"post_id": made["id"]})
    for target in metrics["data"]["targets"]:
        _say(f"{target['platform']}: {target['permalink']} {json.dumps(target['metrics'])}")
    if seen["status"] != "published":
        raise _Refused("the post was not published")


async def _call(client: Client, name: str, arguments: dict[str, Any], shown: dict[str, Any] | None = None) -> Any:
    sys.stdout.write(f"> {name} {json.dumps(shown or arguments, ensure_ascii=False)[:140]}\n")
    result = await client.call_tool(name, arguments)
    if result.is_error:
        raise _Refused("; ".join(getattr(block, "text", "") for block in result.content).replace("\n", "; "))
    return result.structured_content


def _say(text: str) -> None:
    sys.stdout.write(f"  {text[:160]}\n")


def _picture() -> str:
    out = BytesIO()
    Image.new("RGB", (1080, 1080), "#6f4e37").save(out, "JPEG")
    return base64.b64encode(out.getvalue()).decode()


def run() -> None:
    """Run it; a failure is one line and exit 1."""
    try:
        asyncio.run(main())
    except Exception as error:
        sys.stderr.write(f"the demo stopped: {_cause(error)}\n")
        raise SystemExit(1) from None


def _cause(error: BaseException) -> str:
    """What went wrong inside the client's group of tasks."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


if __name__ == "__main__":
    run()
