"""Publishing: posts from a CSV file, checked row by row."""

import csv
import io
import json
from itertools import islice
from typing import Any

from pydantic import ValidationError

from localapi import quota
from localapi.context import PLAN_LIMITS, Context, Refusal, invalid_field, missing_field
from localapi.posts import create
from localapi.routing import implements
from tools.posts import IMPORT_POSTS, CreatePost, ImportPosts, ImportRowError, Post, PostImport
from tools.problems import in_words

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 1000
"""More would keep other writers waiting for seconds."""
BEYOND = ""
"""Name of what a row has beyond the columns."""
COLUMNS = ("text", "title", "account_ids", "scheduled_at", "visibility", "first_comment", "platform_data", "board_id")


@implements(IMPORT_POSTS)
async def import_posts(context: Context, args: ImportPosts) -> PostImport:
    rows = _rows(context)
    await _check_allowance(context, rows)
    posts: list[Post] = []
    errors: list[ImportRowError] = []
    for number, row in enumerate(rows, start=1):
        try:
            # A row that fails leaves nothing behind, and the rows around it stand.
            async with context.session.begin_nested() as saved:
                posts.append(await create(context, _post(row), quota_code="billing.post_limit"))
                if args.dry_run:
                    await saved.rollback()
        except (Refusal, ValueError) as error:
            errors.append(ImportRowError(row=number, message=_words(error)))
    return PostImport(
        total_rows=len(rows),
        created=0 if args.dry_run else len(posts),
        failed=len(errors),
        errors=errors,
        posts=[] if args.dry_run else posts,
    )


def _rows(context: Context) -> list[dict[str, str]]:
    if context.upload is None or not context.upload.content:
        raise missing_field("file", "the file is empty or missing")
    if len(context.upload.content) > MAX_BYTES:
        raise invalid_field("file", "the file is over 5 MB; split it")
    try:
        reader = csv.DictReader(
            io.StringIO(context.upload.content.decode("utf-8-sig"), newline=""), restkey=BEYOND, strict=True
        )
        names = [name.strip() for name in reader.fieldnames or []]
        unknown = [name for name in names if name not in COLUMNS]
        if "text" not in names or unknown:
            what = f"does not know {', '.join(unknown)[:100]}" if unknown else "needs the column text"
            raise invalid_field("file", f"the first line {what}; columns are {', '.join(COLUMNS)}")
        if len(set(names)) < len(names):
            raise invalid_field("file", "the first line names a column twice")
        reader.fieldnames = names
        rows = [{name: _cell(value) for name, value in row.items()} for row in islice(reader, MAX_ROWS + 1)]
    except UnicodeDecodeError:
        raise invalid_field("file", "this is not a file in UTF-8") from None
    except csv.Error as error:
        raise invalid_field("file", f"this is not a CSV file as spreadsheets write it: {error}") from None
    if not rows:
        raise invalid_field("file", "there are no rows below the first line")
    if len(rows) > MAX_ROWS:
        raise invalid_field("file", f"the file has over {MAX_ROWS} rows; split it")
    return rows


def _cell(value: str | list[str] | None) -> str:
    return ",".join(value) if isinstance(value, list) else (value or "").strip()


async def _check_allowance(context: Context, rows: list[dict[str, str]]) -> None:
    """Refuse a batch that the plan cannot take, before a row of it is made."""
    costly = sum(bool(row.get("scheduled_at")) for row in rows)
    limit = PLAN_LIMITS[context.user.plan]["posts"]
    used = (await quota.current_period(context)).posts
    if 0 <= limit < used + costly:
        raise Refusal(
            429,
            "billing.post_limit",
            f"the file schedules {costly} posts, and {max(0, limit - used)} are left this period",
            plan=context.user.plan,
            max=limit,
        )


def _post(row: dict[str, str]) -> CreatePost:
    if BEYOND in row:
        raise ValueError("more values than columns; text with commas goes in double quotes")
    fields: dict[str, Any] = {
        name: row[name] for name in ("text", "title", "scheduled_at", "visibility", "first_comment") if row.get(name)
    }
    if row.get("platform_data"):
        try:
            fields["platform_data"] = json.loads(row["platform_data"])
        except (ValueError, RecursionError):
            raise ValueError("platform_data is not JSON, or nested too deeply") from None
    if row.get("account_ids"):
        board = {"board_id": row["board_id"]} if row.get("board_id") else {}
        accounts = [part.strip() for part in row["account_ids"].split("|") if part.strip()]
        fields["targets"] = [{"account_id": account, **board} for account in accounts]
    return CreatePost.model_validate(fields)


def _words(error: Exception) -> str:
    if isinstance(error, Refusal):
        return error.message
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {in_words(first)}"
    return str(error)
