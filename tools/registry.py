"""All operations, by group module, in the order of the API reference; loaded no earlier than needed."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TypeGuard

from tools.operation import AnyOperation, Operation
from tools.workflow import AnyWorkflow, Workflow

MODULES = (
    "accounts",
    "brands",
    "invites",
    "comments",
    "conversations",
    "reviews",
    "mentions",
    "posts",
    "media",
    "exports",
    "events",
    "usage",
    "keys",
    "webhooks",
    "redirect_uris",
    "x_credentials",
    "users",
    "billing",
    "announcements",
    "feedback",
    "whatsapp",
    "instagram",
    "facebook",
    "youtube",
    "tiktok",
    "pinterest",
    "linkedin",
)

WORKFLOW_MODULES = ("discovery", "triage", "prepared_posts", "media_intake", "bulk", "search", "record")
"""Those that declare tools of our own."""

ALIASES: Mapping[str, str] = {}
"""Former tool name → present one; a renamed tool keeps answering."""


def _is_operation(value: object) -> TypeGuard[AnyOperation]:
    return isinstance(value, Operation)


@cache
def in_module(name: str) -> tuple[AnyOperation, ...]:
    """The operations that `tools.<name>` declares, in the order of the file."""
    module: ModuleType = import_module(f"tools.{name}")
    return tuple(value for value in vars(module).values() if _is_operation(value))


def _is_workflow(value: object) -> TypeGuard[AnyWorkflow]:
    return isinstance(value, Workflow)


@cache
def workflows_in(name: str) -> tuple[AnyWorkflow, ...]:
    """The workflows that `tools.<name>` declares, in the order of the file."""
    module: ModuleType = import_module(f"tools.{name}")
    return tuple(value for value in vars(module).values() if _is_workflow(value))


@cache
def operations() -> tuple[AnyOperation, ...]:
    """Every operation."""
    return tuple(operation for name in MODULES for operation in in_module(name))


@cache
def by_name() -> Mapping[str, AnyOperation]:
    """Every operation by its name."""
    return {operation.name: operation for operation in operations()}
