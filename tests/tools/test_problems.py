"""What is wrong with an argument is said in words, for every declaration there is."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tools import problems
from tools.operation import Args
from tools.problems import in_words
from tools.registry import WORKFLOW_MODULES, operations, workflows_in


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=5)] = 1
    share: float = 0.5
    is_on: bool = True
    names: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    inner: dict[str, Any] = {}
    colour: Colour = Colour.RED
    size: Literal["small", "large"] = "small"
    at: AwareDatetime | None = None
    code: Annotated[str, Field(pattern=problems.pattern(r"^[0-9]{6}$", "six digits"))] = "000000"
    note: Annotated[str, Field(min_length=1, max_length=3)] = "n"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("count", "many", "write a whole number"),
        ("count", 1.5, "write a whole number"),
        ("count", 0, "write at least 1"),
        ("count", 6, "write at most 5"),
        ("share", "half", "write a number"),
        ("is_on", "perhaps", "write true or false"),
        ("names", "a", 'write a list, as JSON: ["…", "…"]'),
        ("names", [], "give at least 1 item"),
        ("names", ["a", "b", "c"], "give at most 2 items"),
        ("inner", "x", 'write an object, as JSON: {"…": "…"}'),
        ("colour", "gren", "did you mean green? known: red, green"),
        ("size", "x", "write one of small, large"),
        ("at", "2027-05-05T10:10", "write a time with its offset"),
        ("at", "tomorrow", "write a time with its offset"),
        ("code", "12", "write six digits"),
        ("note", "", "write at least 1 character"),
        ("note", "long", "write at most 3 characters"),
        ("note", 7, "write a text"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(name: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate({name: value})
    (problem,) = caught.value.errors()
    said = in_words(dict(problem))
    assert said.startswith(words)
    assert not isinstance(value, str) or len(value) < 4 or value not in said


def models(part: Any, seen: set[type]) -> Iterator[type[Args]]:
    """A model of arguments, and those in it."""
    if isinstance(part, type) and issubclass(part, Args) and part not in seen:
        seen.add(part)
        yield part
        for field in part.model_fields.values():
            yield from models(field.annotation, seen)
            for mark in field.metadata:
                yield from models(mark, seen)
    for inner in get_args(part):
        yield from models(inner, seen)


def patterns(part: Any) -> Iterator[str]:
    if isinstance(expression := getattr(part, "pattern", None), str):
        yield expression
    for inner in (*get_args(part), *getattr(part, "metadata", ())):
        yield from patterns(inner)
    if (annotation := getattr(part, "annotation", None)) is not None:
        yield from patterns(annotation)


def test_every_pattern_of_the_catalogue_has_words() -> None:
    seen: set[type] = set()
    roots = [operation.args for operation in operations()]
    roots += [workflow.args for module in WORKFLOW_MODULES for workflow in workflows_in(module)]
    every = [model for root in roots for model in models(root, seen)]
    found = {one for model in every for field in model.model_fields.values() for one in patterns(field)}
    assert len(found) >= 6
    for expression in found:
        said = in_words({"type": "string_pattern_mismatch", "ctx": {"pattern": expression}, "msg": "as it is"})
        assert said.startswith("write "), expression
