"""Each text of an answer is declared: a stranger's, the user's own, or nobody's."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel

from tools.definitions import tool_definition
from tools.fields import Foreign, Json, Notice, Own, Words, words_of
from tools.operation import Args, Effect, Operation, Result
from tools.registry import operations

RESULTS = sorted({operation.result for operation in operations()}, key=lambda model: model.__qualname__)


def parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from parts(part)


def models_of(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and all that are nested in it."""
    seen, rest = {root}, [root]
    while rest:
        model = rest.pop()
        yield model
        for info in model.model_fields.values():
            for part in parts(info.annotation):
                if isinstance(part, type) and issubclass(part, BaseModel) and part not in seen:
                    seen.add(part)
                    rest.append(part)


def undeclared(root: type[BaseModel]) -> list[str]:
    """Fields that may hold text of which nothing says whose it is."""
    return [
        f"{model.__module__}.{model.__qualname__}.{name}"
        for model in models_of(root)
        for name, info in model.model_fields.items()
        if any(part in {str, Any, object} for part in _values(info.annotation))
        and words_of(name, info.annotation, info.metadata) is None
    ]


def _values(annotation: Any) -> Iterator[Any]:
    """The types of the values; keys of maps are guarded by their shape."""
    options = get_args(annotation)
    if annotation is dict or annotation is list:
        yield Any
    elif getattr(annotation, "__origin__", None) is dict:
        yield from _values(options[1])
    elif options:
        for option in options:
            yield from _values(option)
    else:
        yield annotation


@pytest.mark.parametrize("result", RESULTS, ids=lambda model: model.__qualname__)
def test_every_text_of_an_answer_says_whose_it_is(result: type[BaseModel]) -> None:
    assert undeclared(result) == [], "mark it Foreign, Relayed, Own or Notice; see tools.fields.Words"


class Inner(Result):
    remark: str | None = None
    created_at: str | None = None


class Forgotten(Result):
    inner: list[Inner] | None = None
    by_name: dict[str, Inner] | None = None
    notes: list[str] | None = None
    metadata: Json | None = None
    labels: dict[str, str] | None = None
    counts: dict[str, int] | None = None
    described: Annotated[str | None, "no mark"] = None
    marked: Foreign | None = None
    marked_list: list[Own] | None = None
    marked_whole: Annotated[Json | list[int] | str | None, Words.FOREIGN] = None


def test_a_field_without_a_mark_is_found_wherever_it_is_nested() -> None:
    names = {name.rpartition(".")[2] for name in undeclared(Forgotten)}
    assert names == {"remark", "notes", "metadata", "labels", "described"}


FOREIGN = {
    "InboxComment": {"author_name", "author_username", "author_headline", "text"},
    "Conversation": {"last_message", "participant_name"},
    "Message": {"sender_name", "text"},
    "Review": {"text"},
    "Author": {"name", "username"},
    "Content": {"text"},
    "Interaction": {"metadata"},
    "MediaItem": {"filename"},
    "ExportVideoItem": {"transcript", "vision_category", "vision_elements", "vision_summary"},
    "Event": {"error_message", "metadata", "summary"},
    "Delivery": {"description"},
    "DeliveryDetail": {"description", "payload"},
    "DeliveryAttempt": {"error_message", "response_body"},
    "WebhookTest": {"response_body"},
    "Collaborator": {"username"},
    "Participant": {"name", "username"},
    "PinterestPinItem": {"title"},
}


def test_these_fields_hold_the_words_of_strangers_and_no_others_do() -> None:
    found: dict[str, set[str]] = {}
    for model in {model for result in RESULTS for model in models_of(result)}:
        for name, info in model.model_fields.items():
            if words_of(name, info.annotation, info.metadata) is Words.FOREIGN:
                found.setdefault(model.__name__, set()).add(name)
    assert found == FOREIGN


class Unmarked(Result):
    text: str | None = None
    message: str | None = None
    metadata: Json | None = None


class Marked(Result):
    text: Foreign | None = None
    message: Notice | None = None
    metadata: Annotated[Json, Words.FOREIGN] | None = None


class Nothing(Args):
    """No arguments."""


def test_a_mark_changes_no_schema() -> None:
    schemas = [
        tool_definition(
            Operation(
                name="get_thing",
                endpoint="GET /thing",
                group="Things",
                title="Get a thing",
                description="Get a thing.",
                args=Nothing,
                result=result,
                scope=operations()[0].scope,
                effect=Effect.READ,
                open_world=False,
                example={},
            )
        )["outputSchema"]
        for result in (Unmarked, Marked)
    ]
    assert schemas[0] == schemas[1]
