"""What a WhatsApp template may look like: components, texts, variables and buttons, with the platform's numbers."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.whatsapp_models import TemplateButton, TemplateComponent, TemplateDraft, TemplateIssue, TemplateValidation

MAX_NAME, MAX_HEADER, MAX_BODY, MAX_FOOTER = 512, 60, 1024, 60
MAX_BUTTONS, MAX_LABEL, MAX_URL = 10, 25, 2000
MAX_OF_KIND = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1}
_NAME = re.compile(r"[a-z0-9_]+")
_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
_ADVERTISING = re.compile(r"(?i)\b(sale|discount|coupon|promo(tion)?|special offer|buy now|free gift)\b|\d+ ?% ?off\b")


@dataclass
class Findings:
    """What is wrong, and what is only unwise."""

    errors: list[TemplateIssue] = field(default_factory=list[TemplateIssue])
    warnings: list[TemplateIssue] = field(default_factory=list[TemplateIssue])

    def error(self, index: int | None, name: str, message: str) -> None:
        self.errors.append(TemplateIssue(component_index=index, field=name, message=message))

    def warn(self, index: int | None, name: str, message: str) -> None:
        self.warnings.append(TemplateIssue(component_index=index, field=name, message=message))

    def answer(self) -> TemplateValidation:
        return TemplateValidation(valid=not self.errors, errors=self.errors, warnings=self.warnings)


def check(draft: TemplateDraft) -> Findings:
    """Everything that the platform would refuse about a template."""
    found = check_components(draft.components)
    if not _NAME.fullmatch(draft.name) or len(draft.name) > MAX_NAME:
        found.error(None, "name", f"a name has lower case letters, digits and underscores, at most {MAX_NAME}")
    if not _LANGUAGE.fullmatch(draft.language):
        found.error(None, "language", "a language is a code such as en or en_US")
    if draft.category == "UTILITY" and is_advertising(draft.components):
        found.warn(None, "category", "this reads like advertising, which is rejected as UTILITY; use MARKETING")
    return found


def check_components(components: Sequence[TemplateComponent]) -> Findings:
    """What is wrong with the parts of a template."""
    found = Findings()
    for kind, count in Counter(one.type for one in components).items():
        if count > 1:
            found.error(None, "components", f"there is at most one {kind}")
    if not any(one.type == "BODY" for one in components):
        found.error(None, "components", "a BODY is needed")
    for index, one in enumerate(components):
        _CHECKS[one.type](found, index, one)
    return found


def is_advertising(components: Sequence[TemplateComponent]) -> bool:
    """Whether the texts advertise something, as far as words tell."""
    return any(_ADVERTISING.search(one.text or "") for one in components)


def variables(text: str) -> list[str]:
    """The names of the variables in a text, in their order, each once."""
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def filled(text: str, values: Sequence[str]) -> str:
    """The text with its variables replaced, in one pass: a value that looks like a variable stays as it is."""
    known = {str(number): value for number, value in enumerate(values, start=1)}
    return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), text)


def wanted_values(components: Sequence[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Which parts of a stored template want values, and how many."""
    for one in components:
        count = len(variables(str(one.get("text") or "")))
        if one["type"] in {"HEADER", "BODY"} and count:
            yield one["type"].lower(), count
        for button in one.get("buttons") or []:
            if variables(str(button.get("url") or "")):
                yield "button", 1


def _header(found: Findings, index: int, one: TemplateComponent) -> None:
    kind = one.format or "TEXT"
    if kind != "TEXT":
        if one.text:
            found.error(index, "text", f"a header of format {kind} has no text")
        if not (one.example or {}).get("header_handle"):
            found.error(index, "example", f"a header of format {kind} needs a sample in example.header_handle")
        return
    names = _text(found, index, one, MAX_HEADER)
    if len(names) > 1:
        found.error(index, "text", "a header has at most one variable")
    samples = (one.example or {}).get("header_text")
    if names and (not isinstance(samples, list) or len(samples) != len(names)):
        found.error(index, "example", "give a sample of the variable in example.header_text")


def _body(found: Findings, index: int, one: TemplateComponent) -> None:
    if one.format is not None:
        found.error(index, "format", "only a HEADER has a format")
    names = _text(found, index, one, MAX_BODY)
    text = (one.text or "").strip()
    if names and (text.startswith("{{") or text.endswith("}}")):
        found.error(index, "text", "a body neither begins nor ends with a variable")
    samples = (one.example or {}).get("body_text")
    rows = samples if isinstance(samples, list) else []
    if names and (not rows or any(not isinstance(row, list) or len(row) != len(names) for row in rows)):
        found.error(index, "example", f"give {len(names)} samples in a list within example.body_text")


def _footer(found: Findings, index: int, one: TemplateComponent) -> None:
    if one.format is not None:
        found.error(index, "format", "only a HEADER has a format")
    if _text(found, index, one, MAX_FOOTER):
        found.error(index, "text", "a footer has no variables")


def _buttons(found: Findings, index: int, one: TemplateComponent) -> None:
    buttons = one.buttons or []
    if not buttons:
        found.error(index, "buttons", "BUTTONS needs at least one button")
    if len(buttons) > MAX_BUTTONS:
        found.error(index, "buttons", f"there are at most {MAX_BUTTONS} buttons")
    kinds = Counter[str](button.type for button in buttons)
    for kind, most in MAX_OF_KIND.items():
        if kinds[kind] > most:
            found.error(index, "buttons", f"there are at most {most} buttons of type {kind}")
    grouped = [button.type == "QUICK_REPLY" for button in buttons]
    if sum(before != after for before, after in itertools.pairwise(grouped)) > 1:
        found.error(index, "buttons", "quick replies stand together, not between other buttons")
    for number, button in enumerate(buttons):
        _button(found, index, f"buttons.{number}", button)


def _button(found: Findings, index: int, name: str, button: TemplateButton) -> None:
    if button.type == "COPY_CODE":
        if button.text:
            found.error(index, f"{name}.text", "the platform labels a COPY_CODE button itself")
    elif not button.text or len(button.text) > MAX_LABEL or _VARIABLE.search(button.text):
        found.error(index, f"{name}.text", f"a label has 1 to {MAX_LABEL} characters and no variable")
    if button.type == "PHONE_NUMBER" and not button.phone_number:
        found.error(index, f"{name}.phone_number", "a PHONE_NUMBER button needs phone_number")
    for other, value in (("PHONE_NUMBER", button.phone_number), ("URL", button.url)):
        if value and button.type != other:
            where = "phone_number" if other == "PHONE_NUMBER" else "url"
            found.error(index, f"{name}.{where}", f"only a {other} button has {where}")
    if button.type != "URL":
        return
    url = button.url or ""
    if not re.fullmatch(r"https?://[^\s{}]+(\{\{1\}\})?", url) or len(url) > MAX_URL:
        found.error(
            index, f"{name}.url", f"url is http(s), at most {MAX_URL} characters, with at most a {{{{1}}}} at its end"
        )
    elif "{{1}}" in url and not button.example:
        found.error(index, f"{name}.example", "give a sample of the variable in example")


def _text(found: Findings, index: int, one: TemplateComponent, most: int) -> list[str]:
    """Check a text, and return its variables."""
    if one.buttons:
        found.error(index, "buttons", "only BUTTONS has buttons")
    text = one.text or ""
    if not text.strip() or len(text) > most:
        found.error(index, "text", f"the text of a {one.type} has 1 to {most} characters")
    names = variables(text)
    if names != [str(number) for number in range(1, len(names) + 1)]:
        found.error(index, "text", "variables are {{1}}, {{2}} and so on, in this order and without a gap")
    if text.count("{{") != len(_VARIABLE.findall(text)):
        found.error(index, "text", "a variable is a number in two pairs of braces")
    return names


_CHECKS = {"HEADER": _header, "BODY": _body, "FOOTER": _footer, "BUTTONS": _buttons}
