"""Names and hosts of strangers, as a person gets to see them."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth.display import MAX_PLACE, NAMELESS, place
from auth.pages import shown


@given(st.text(st.characters()), st.integers(min_value=1, max_value=200))
@example("\u202egnp.exe\u2066", 80)
@example(" \u200b\ufeff\u3164\u2800", 80)
@example("a" * 81, 80)
@example("\u0301\u0301", 80)
def test_a_shown_name_is_never_empty_never_long_and_all_of_it_is_seen(text: str, limit: int) -> None:
    name = shown(text, limit)
    assert name
    assert len(name) <= limit or name == NAMELESS
    assert not [letter for letter in name if unicodedata.category(letter)[0] == "C"]
    assert name == " ".join(name.split())
    assert unicodedata.category(name[0]) not in {"Mn", "Me"}
    assert shown(name, max(limit, len(name))) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Claude", "Claude"),
        ("  Visual \t Studio\n\nCode ", "Visual Studio Code"),
        ("Clau\u200bde", "Claude"),
        ("\u202eedualC", "edualC"),
        ("Zoe\u0308 & <Co>", "Zoe\u0308 & <Co>"),
        ("h\u0335\u0336\u0337\u0338\u0339ello", "h\u0335\u0336\u0337ello"),
        ("नमस्ते", "नमस्ते"),
        ("", NAMELESS),
        ("\u3164\u115f\u00ad", NAMELESS),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("x" * 78 + " yz", "x" * 78 + "…"),
    ],
)
def test_a_shown_name_keeps_what_a_person_would_read(text: str, name: str) -> None:
    assert shown(text) == name


def test_a_long_host_keeps_its_end_because_the_end_says_whose_it_is() -> None:
    assert place("login.claude.ai." + "a" * 180 + ".evil.example").startswith("login.claude.ai.")
    cut = place("claude.ai." + "a." * 300 + "evil.example")
    assert len(cut) == MAX_PLACE and cut.startswith("…") and cut.endswith(".evil.example")
