"""Runs one operation of the API from the shell, with names where ids belong; apart, as it needs few of our modules."""

import sys
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from server import drafts
from server.callers import PROCESS
from server.naming import resolve
from server.settings import Settings
from tools.operation import AnyOperation

_NAMED = ("account_id", "brand_id", "platform")


async def run_operation(settings: Settings, operation: AnyOperation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The whole body that the API answers with; what was taken for a name is said on standard error.

    Raises:
        server.callers.OnlyDrafts: the settings allow drafts only, and this is more.
        pydantic.ValidationError: the arguments are not right.
        server.naming.NotOne: a name does not fit exactly one account or brand.
        tools.rest.ApiError, NoAnswer, BadFile: as `RestClient.exchange`.
        localapi.app.CannotStart: the local API's data cannot be used.
    """
    try:
        operation.args.model_validate(arguments)
    except ValidationError as error:
        # Before anything is started, unless a name may stand where an id was expected.
        if not any(str(part).startswith(_NAMED) for problem in error.errors() for part in problem["loc"]):
            raise
    from server.wiring import rest_client

    async with rest_client(settings, with_files=True) as rest:

        async def read(source: AnyOperation, given: Mapping[str, Any]) -> dict[str, Any]:
            return (await rest.exchange(source, source.args.model_validate(given))).body

        own, notes = await resolve(operation.args, arguments, read)
        args = operation.args.model_validate(own)
        if settings.draft_only:
            await drafts.check(rest, PROCESS, operation, args)
        sys.stderr.writelines(f"{note}\n" for note in notes)
        return (await rest.exchange(operation, args)).body
