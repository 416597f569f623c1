"""Rows that were left out of an answer: the call that is named for them is answered whole, with its cursor."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.server.test_shaping import body_of, brief, comments
from tests.server.test_shaping import rest as rest
from tools.registry import by_name
from tools.rest import RestClient

anyio = pytest.mark.anyio


@anyio
@pytest.mark.parametrize(("detail", "tokens"), [("brief", 3000), ("brief", 1000), ("full", 6000)])
async def test_the_call_for_the_rows_left_out_taken_at_its_word_is_whole(
    rest: RestClient, detail: Any, tokens: int
) -> None:
    for number in range(36):
        text = f"Post {number}: " + "an ordinary sentence about coffee. " * 30
        given = by_name()["create_post"].args.model_validate({"text": text})
        await rest.exchange(by_name()["create_post"], given)
    body = await body_of(rest, "list_posts", {"limit": 100})
    assert body["pagination"]["has_more"] is False
    first = brief("list_posts", body, {"limit": 100}, detail=detail, max_tokens=tokens)
    match = re.search(r"again with limit=(\d+), and go on", first.notes[0])
    assert match
    assert first.body["pagination"]["has_more"] is True, "rows are missing"
    again = {"limit": int(match[1])}
    second = brief("list_posts", await body_of(rest, "list_posts", again), again, detail=detail, max_tokens=tokens)
    assert len(second.body["data"]) == int(match[1])
    assert second.body["pagination"]["next_cursor"] and second.notes[0].startswith("More rows: ")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 900), min_size=8, max_size=60),
    st.integers(1000, 6000),
    st.text("abcdefXYZ0123456789_-", min_size=20, max_size=80),
    st.booleans(),
)
def test_whatever_the_rows_the_named_limit_holds_with_its_cursor(
    lengths: list[int], tokens: int, cursor: str, is_last: bool
) -> None:
    body = comments(len(lengths))
    for row, length in zip(body["data"], lengths, strict=True):
        row["text"] = "word " * length
    if is_last:
        body["pagination"] = {"has_more": False, "next_cursor": None}
    first = brief("list_comments", body, {"limit": 100}, detail="full", max_tokens=tokens)
    match = re.search(r"again with limit=(\d+), and go on", "\n".join(first.notes))
    if match is None or any("cut" in note for note in first.notes):
        return
    page = {"data": body["data"][: int(match[1])], "pagination": {"has_more": True, "next_cursor": cursor}}
    second = brief("list_comments", page, {"limit": int(match[1])}, detail="full", max_tokens=tokens)
    assert len(second.body["data"]) == int(match[1]) or int(match[1]) == 1


def test_an_answer_that_is_cut_does_not_say_that_there_is_no_more() -> None:
    rows, end = comments(80)["data"], {"has_more": False}
    assert brief("list_comments", {"data": rows, "pagination": end}, max_tokens=400).body["pagination"] == {
        "has_more": True
    }
    assert brief("list_comments", {"data": rows, **end}, max_tokens=400).body["has_more"] is True
    assert brief("list_comments", {"data": rows[:2], **end}).body["has_more"] is False
