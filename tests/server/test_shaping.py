"""Answers shaped for reading: what is kept, what is cut, and that the call in a note gets the rest."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, get_args

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localapi.app import EmbeddedApi, Options
from server.shaping import BadSelect, Shaped, View, cost, shape
from server.token_estimate import estimate
from server.trimming import SAME_FOR_ALL, cut_text
from tests.conftest import HeldClock
from tools.brief import BRIEF_FIELDS
from tools.operation import AnyOperation, Result
from tools.registry import by_name, operations
from tools.rest import RestClient

anyio = pytest.mark.anyio
COMMENTS = {"post_id": "ig_1789001", "account_id": "acc_aurora_instagram"}


@pytest.fixture
async def rest(clock: HeldClock) -> AsyncIterator[RestClient]:
    api = await EmbeddedApi.start(Options(memory=True, with_jobs=False), clock=clock)
    headers = {"Authorization": f"Bearer {api.sample_key}"}
    transport = httpx2.ASGITransport(app=api.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://local/v1", headers=headers) as http:
        yield RestClient(http=http)
    await api.close()


async def body_of(rest: RestClient, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    operation = by_name()[tool]
    return (await rest.exchange(operation, operation.args.model_validate(arguments))).body


def comments(count: int, text: str = "Lovely place, see you soon.", **more: Any) -> dict[str, Any]:
    rows = [{"id": f"sapi_cmt_{number}", "text": text, "parent_id": None, **more} for number in range(count)]
    return {"data": rows, "pagination": {"has_more": True, "next_cursor": "c2"}}


def brief(tool: str, body: Mapping[str, Any], arguments: Mapping[str, Any] | None = None, **view: Any) -> Shaped:
    return shape(tool, arguments or {}, body, View(**view), brief=BRIEF_FIELDS.get(tool, ()))


@anyio
async def test_a_brief_list_has_the_fields_that_matter_and_says_once_what_all_rows_share(rest: RestClient) -> None:
    body = await body_of(rest, "list_comments", COMMENTS)
    shaped = brief("list_comments", body, COMMENTS)
    assert shaped.body[SAME_FOR_ALL] == {
        "is_hidden": False,
        "is_owner": False,
        "capabilities": body["data"][0]["capabilities"],
    }
    assert shaped.body["data"][2] == {
        "id": "sapi_cmt_BSMP56BSBE3T7YQBLLCBHUWS9I",
        "platform_id": "ig_c_2",
        "author_id": "u_tomásprado",
        "author_name": "Tomás Prado",
        "author_username": "tomás.prado",
        "text": "¡El mejor café de la ciudad! Gracias por el domingo.",
        "created_at": "2026-03-10T08:00:00.000Z",
        "like_count": 3,
        "reply_count": 1,
    }
    assert list(shaped.body) == [SAME_FOR_ALL, "data", "pagination"]
    assert shaped.notes == ('Shortened (fields left out); for the whole call list_comments again with detail="full".',)
    assert cost(shaped) < 0.7 * estimate(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


@anyio
async def test_no_answer_of_the_sample_workspace_grows_or_loses_an_id_by_being_brief(rest: RestClient) -> None:
    for operation in operations():
        # These two take no API key.
        if operation.name not in BRIEF_FIELDS or operation.name in {"list_redirect_uris", "list_x_credentials"}:
            continue
        body = await body_of(rest, operation.name, operation.example)
        shaped = brief(operation.name, body, operation.example)
        assert cost(shaped) <= cost(Shaped(body=body, notes=())) + 3, operation.name
        rows = next((value for value in body.values() if isinstance(value, list)), [])
        shown = json.dumps(shaped.body, ensure_ascii=False)
        assert all(row["id"] in shown for row in rows if "id" in row), operation.name


@anyio
async def test_full_detail_is_everything_but_nulls(rest: RestClient) -> None:
    body = await body_of(rest, "list_comments", COMMENTS)
    shaped = brief("list_comments", body, COMMENTS, detail="full")
    without_nulls = [{key: value for key, value in row.items() if value is not None} for row in body["data"]]
    assert shaped == Shaped(body={"data": without_nulls, "pagination": body["pagination"]}, notes=())


@anyio
async def test_the_call_for_the_rows_left_out_loses_none_of_them(rest: RestClient) -> None:
    body = await body_of(rest, "list_comments", {**COMMENTS, "limit": 4})
    everything = [row["id"] for row in body["data"]]
    first = brief("list_comments", body, {**COMMENTS, "limit": 4}, max_tokens=380)
    kept = [row["id"] for row in first.body["data"]]
    assert kept == everything[: len(kept)]
    assert 0 < len(kept) < 4
    assert "next_cursor" not in json.dumps(first.body)
    assert f"call list_comments again with limit={len(kept)}, and go on from its cursor." in first.notes[0]
    again = await body_of(rest, "list_comments", {**COMMENTS, "limit": len(kept)})
    cursor = again["pagination"]["next_cursor"]
    rest_of_them = await body_of(rest, "list_comments", {**COMMENTS, "cursor": cursor})
    assert [row["id"] for row in again["data"]] == kept
    assert [row["id"] for row in rest_of_them["data"]] == everything[len(kept) :]


@anyio
async def test_the_rows_left_out_of_a_list_without_pages_are_selected(rest: RestClient) -> None:
    body = await body_of(rest, "list_accounts", {})
    first = brief("list_accounts", body, max_tokens=300)
    match = re.search(r'call list_accounts again with select="(.*)"', first.notes[0])
    assert match
    second = brief("list_accounts", body, select=match[1])
    ids = [row["id"] for row in (*first.body["data"], *second.body["selected"])]
    assert ids == [row["id"] for row in body["data"]]


def test_the_same_cursor_is_in_the_call_for_rows_left_out_and_the_next_one_otherwise() -> None:
    short = brief("list_comments", comments(80), {"cursor": "c1"}, max_tokens=400)
    assert re.search(r'again with limit=\d+, cursor="c1", and go on', short.notes[0])
    assert not any("c2" in note for note in short.notes)
    whole = brief("list_comments", comments(3), {"cursor": "c1"})
    assert whole.notes[0] == 'More rows: call list_comments again with cursor="c2".'
    assert list(whole.body)[-1] == "pagination"
    selected = brief("list_comments", comments(3), select="data[].id")
    assert selected.notes == ('More rows: call list_comments again with cursor="c2".',)


RUN = "run_read_operation list_comments"


@pytest.mark.parametrize(
    ("arguments", "view", "note"),
    [
        ({}, {}, 'name="list_comments", arguments={"cursor": "c2"}.'),
        (COMMENTS, {"detail": "full"}, f'arguments={json.dumps({**COMMENTS, "cursor": "c2"})}, detail="full".'),
        (COMMENTS, {"select": "data[].id"}, f'{json.dumps({**COMMENTS, "cursor": "c2"})}, select="data[].id".'),
        ({"q": "x" * 300}, {}, 'call run_read_operation again with cursor="c2" among its arguments.'),
    ],
)
def test_the_call_for_more_of_what_another_tool_ran_is_a_call_of_that_one(
    arguments: dict[str, Any], view: dict[str, Any], note: str
) -> None:
    shaped = brief(RUN, comments(3), arguments, **view)
    assert shaped.notes[0].startswith("More rows: call run_read_operation again with ")
    assert shaped.notes[0].endswith(note)


def test_options_stand_beside_the_arguments_of_what_another_tool_ran() -> None:
    long = {"cursor": "x" * 300}
    shaped = shape(RUN, long, comments(2, text="x" * 900), View(), brief=BRIEF_FIELDS["list_comments"])
    assert shaped.notes[1].endswith('call run_read_operation again with detail="full".')
    body = comments(2) | {"pagination": {"next_cursor": "c" * 90}}
    assert brief(RUN, body).notes[0].endswith("again with pagination.next_cursor as cursor among its arguments.")


def test_rows_go_before_texts_are_cut_and_ids_stay_to_the_last() -> None:
    body = comments(30, text="word " * 300)
    for tokens in (6000, 3000, 1000):
        shaped = brief("list_comments", body, detail="full", max_tokens=tokens)
        assert {row["text"] for row in shaped.body["data"]} == {"word " * 300}, tokens
    shaped = brief("list_comments", body, detail="full", max_tokens=250)
    (row,) = shaped.body["data"]
    assert row["id"] == "sapi_cmt_0"
    assert re.fullmatch(r"(word ){8,60}… \(\+\d+ characters\)", row["text"])
    assert "29 of the 30 rows here left out to keep to 250 tokens" in shaped.notes[0]
    assert "1 text cut" in shaped.notes[1]


def test_a_brief_text_is_cut_with_the_number_of_characters_left_out() -> None:
    shaped = brief("list_comments", comments(1, text="x" * 1000))
    assert shaped.body["data"][0]["text"] == f"{'x' * 280}… (+720 characters)"
    assert "1 text cut" in shaped.notes[1]


def test_ids_cursors_and_addresses_are_not_cut() -> None:
    long = "a1" * 300
    row = {"id": long, "media_ids": [long] * 30, "permalink": f"https://example.com/{long}", "text": "t" * 900}
    shaped = shape("x", {}, {"data": [row], "next_cursor": long}, View(max_tokens=60000))
    assert shaped.body["data"][0] == {**row, "text": f"{'t' * 280}… (+620 characters)"}
    assert shaped.body["next_cursor"] == long


def test_long_lists_in_rows_are_shortened_and_say_by_how_much() -> None:
    targets = [{"account_id": f"acc_{number}", "metrics": {"likes": 1}} for number in range(25)]
    shaped = brief("list_posts", {"data": [{"id": "p_1", "targets": targets}]})
    (row,) = shaped.body["data"]
    assert (len(row["targets"]), row["targets_more"]) == (10, 15)
    assert shaped.notes == ('Shortened (1 list cut); for the whole call list_posts again with detail="full".',)


def test_local_times_stay_beside_the_times_that_stay() -> None:
    times = {"created_at": "2026-03-01T08:00:00Z", "created_at_local": "2026-03-01 09:00 Sun CET"}
    shaped = brief("list_messages", {"data": [{"id": "m", **times, "status_updated_at_local": "x" * 200}]})
    assert shaped.body["data"] == [{"id": "m", **times}]


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("«5f0c " + "a" * 100 + "»", 30, "«5f0c " + "a" * 24 + "… (+76 characters)»"),
        ("«5f0c " + "a" * 100 + "»", 0, "«5f0c … (+100 characters)»"),
        ("«5f0c " + "a" * 30 + "» " + "b" * 90, 36, "«5f0c " + "a" * 30 + "… (+91 characters)»"),
        ("«5f0c hi» " + "b" * 90, 40, "«5f0c hi» " + "b" * 30 + "… (+60 characters)"),
        ("a «b: " + "c" * 100, 10, "a «b: cccc… (+96 characters)"),
        ("«K7Q2:" + "a" * 100 + ":K7Q2»", 30, "«K7Q2:" + "a" * 24 + "… (+76 characters):K7Q2»"),
        ("short", 0, "short"),
    ],
)
def test_a_cut_keeps_the_fence_of_a_strangers_text_whole(text: str, length: int, cut: str) -> None:
    assert cut_text(text, length) == cut


@given(st.text("«:5f0c… ", max_size=120), st.integers(0, 130))
def test_a_cut_inside_a_fence_ends_with_its_closing(inner: str, length: int) -> None:
    fenced = f"«5f0c {inner}»"
    shorter = cut_text(fenced, length)
    assert shorter.startswith("«5f0c ")
    assert shorter.endswith("»")
    assert shorter.count("»") == 1
    assert len(shorter) <= max(len(fenced), length + 40)


def test_select_takes_what_is_asked_for_of_the_whole_answer() -> None:
    body = {"data": [{"id": "1", "user_id": "u", "likes": 3}, {"id": "2", "user_id": "u", "likes": 5}]}
    assert brief("list_posts", body, select="data[?likes > `3`].{id: id, user: user_id}").body == {
        "selected": [{"id": "2", "user": "u"}]
    }
    assert brief("list_posts", body, select="sum(data[].likes)") == Shaped(body={"selected": 8}, notes=())


def test_select_that_finds_nothing_is_told_what_there_is() -> None:
    shaped = brief("list_posts", {"data": [{"id": "1", "text": "Hi", "status": "draft"}]}, select="posts[].txt")
    assert shaped.body == {"selected": None}
    assert shaped.notes == ("select found nothing; try data[].{id: id, text: text, status: status}.",)


def test_rows_left_out_of_a_selection_are_selected_by_the_call_in_the_note() -> None:
    body = comments(200)
    first = brief("list_comments", body, select="data[].{id: id, text: text}", max_tokens=900)
    match = re.search(r'with select="(.*?)"\.', first.notes[0])
    assert match
    second = brief("list_comments", body, select=match[1], max_tokens=60000)
    ids = [row["id"] for row in (*first.body["selected"], *second.body["selected"])]
    assert ids == [row["id"] for row in body["data"]]


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("data[", "it ends too early, after “data[”"),
        ("data[].{a", "it ends too early"),
        ("data id", "“id” is not expected at character 6, where it says “id”"),
        ("data[?id==1]", "“1” is not expected at character 11"),
        ("", "empty"),
        ("unknown(@)", "Unknown function: unknown()"),
        ("length(`1`)", "In function length(), invalid type"),
        ("data[::0]", "slice step cannot be zero"),
        ("&id", "does not end in a value"),
        ("x" * 501, "501 characters long, at most 500"),
    ],
)
def test_a_wrong_select_is_refused_with_the_place_and_a_right_one(expression: str, problem: str) -> None:
    with pytest.raises(BadSelect) as raised:
        brief("list_posts", {"data": [{"id": "1", "text": "Hi"}]}, select=expression)
    text = str(raised.value)
    assert problem in text
    assert text.endswith("a right one for this answer: data[].{id: id, text: text}")
    assert text.isprintable()


@pytest.mark.parametrize(
    "expression",
    [
        "[@,@]|" * 80 + "@",
        "[@,@][]|" * 60 + "@",
        "{a:@,b:@}|" * 48 + "@",
        "(" + "[@,@]|" * 35 + "@) == (" + "[@,@]|" * 35 + "@)",
        "join('',[to_string(@),to_string(@)])|" * 12 + "@",
        "[" + ",".join(["data[].to_string(@)"] * 20) + "][][]|[@,@,@,@,@,@,@,@][]|join(to_string(@),@)",
        "data[].[" + "@," * 200 + "@][]|[].[" + "@," * 20 + "@]",
        "!" * 499 + "a",
        "data[?" * 70 + "a" + "]" * 70,
    ],
)
def test_an_expression_made_to_blow_up_is_refused_or_small(expression: str) -> None:
    try:
        shaped = brief("list_comments", comments(100), select=expression[:500])
    except BadSelect as error:
        assert len(str(error)) < 500  # noqa: PT017
    else:
        assert cost(shaped) <= 6000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.just("«5f0c " + "x" * 400 + "»"),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(
            st.sampled_from(["id", "text", "data", "account_id", "created_at", "pagination", "next_cursor"])
            | st.text(max_size=30),
            inner,
            max_size=8,
        )
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(
    st.sampled_from(["data", "events", "pagination", "count", "a"]) | st.text(max_size=20),
    JSON | JSON.map(lambda row: [row] * 50),
    max_size=4,
)
VIEWS = st.builds(
    View,
    select=st.none() | st.sampled_from(["@", "data", "data[].id", "*", "data[].{a: @, b: text}", "keys(@)"]),
    detail=st.sampled_from(["brief", "full"]),
    max_tokens=st.integers(200, 2000),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BODIES, VIEWS, st.sampled_from(["list_comments", "list_accounts", "unknown_tool", RUN]), st.text(max_size=40))
def test_no_body_breaks_it_and_none_passes_its_tokens(body: dict[str, Any], view: View, tool: str, cursor: str) -> None:
    shaped = shape(tool, {"cursor": cursor, "limit": 5}, body, view, brief=BRIEF_FIELDS.get(tool, ()))
    assert cost(shaped) <= view.max_tokens
    assert json.loads(json.dumps(shaped.body)) == shaped.body


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 600), st.integers(200, 6000), st.sampled_from(["brief", "full"]))
def test_rows_that_are_kept_are_the_first_ones_with_their_ids(rows: int, length: int, tokens: int, detail: Any) -> None:
    body = comments(rows, text="a b " * length)
    shaped = brief("list_comments", body, detail=detail, max_tokens=tokens)
    ids = [row["id"] for row in shaped.body["data"]]
    assert ids == [f"sapi_cmt_{number}" for number in range(len(ids))]
    assert len(ids) >= 1
    assert len(ids) == rows or f"{rows - len(ids)} of the {rows} rows here left out" in shaped.notes[0]
    assert cost(shaped) <= tokens


def test_very_deep_and_very_odd_bodies_are_shaped() -> None:
    deep: Any = "end"
    for _ in range(900):
        deep = {"a": [deep]}
    for body in ({"data": deep}, {"data": [deep]}, {"a": 10**5000, "b": float("inf"), "c": "\ud800"}, {}):
        for view in (View(), View(detail="full"), View(select="@"), View(max_tokens=1)):
            assert cost(shape("x", {}, body, view)) <= max(200, view.max_tokens)


def models_in(annotation: Any) -> Iterator[type[Result]]:
    if isinstance(annotation, type) and issubclass(annotation, Result):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def row_of(operation: AnyOperation) -> type[Result]:
    """The model of a list's rows: the only list of models in its answer."""
    (row,) = (
        model
        for info in operation.result.model_fields.values()
        if "list[" in str(info.annotation)
        for model in models_in(info.annotation)
    )
    return row


@pytest.mark.parametrize("tool", list(BRIEF_FIELDS))
def test_every_brief_field_is_one_of_the_operations_rows(tool: str) -> None:
    for name in BRIEF_FIELDS[tool]:
        model = row_of(by_name()[tool])
        for part in name.split("."):
            assert part in model.model_fields, name
            inner = list(models_in(model.model_fields[part].annotation))
            model = inner[0] if inner else model


@pytest.mark.parametrize("tool", list(BRIEF_FIELDS))
def test_ids_that_other_operations_take_are_brief_fields(tool: str) -> None:
    taken = {name for operation in operations() for name in operation.path_names.values()} | {"id", "account_id"}
    known = set(by_name()[tool].args.model_fields)
    needed = {name for name in row_of(by_name()[tool]).model_fields if name in taken and name not in known}
    needed |= {"id"} & set(row_of(by_name()[tool]).model_fields)
    assert needed <= set(BRIEF_FIELDS[tool])


def test_every_list_of_rows_has_brief_fields_unless_all_of_its_few_fields_matter() -> None:
    lists = [operation for operation in operations() if operation.name.startswith("list_")]
    for operation in lists:
        assert operation.name in BRIEF_FIELDS or len(row_of(operation).model_fields) <= 3, operation.name
