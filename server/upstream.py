"""What signing in asks of the REST API: whose key this is, what it can do, and a narrower key for one grant."""

import asyncio
import logging
import re
from collections.abc import Sequence

from auth.broker import Brand, ChildKey, KeyRefused, PaymentOverdue, Person, UpstreamUnavailable
from auth.scopes import BroadScope, Scope, TokenScope
from auth.vault import Secret
from tools.brands import LIST_BRANDS
from tools.comments import LIST_COMMENTED_POSTS
from tools.conversations import LIST_CONVERSATIONS
from tools.events import LIST_EVENTS
from tools.keys import CREATE_KEY, LIST_KEYS, REVOKE_KEY
from tools.media import LIST_MEDIA
from tools.operation import AnyOperation
from tools.posts import LIST_POSTS
from tools.rest import ApiError, NoAnswer, RestClient
from tools.users import GET_CURRENT_USER
from tools.webhooks import LIST_WEBHOOKS

logger = logging.getLogger(f"socialapi_mcp.{__name__}")

IDENTIFY_SECONDS = 5.0
"""How long a person waits at a page until their key is known; beyond it, the API counts as away."""
_KEY = re.compile(r"sapi_key_[0-9a-fA-F]{62}")

PROBES: dict[Scope, AnyOperation] = {
    Scope.ACCOUNTS_READ: LIST_BRANDS,
    Scope.POSTS_READ: LIST_POSTS,
    Scope.MEDIA_READ: LIST_MEDIA,
    Scope.INBOX_READ: LIST_COMMENTED_POSTS,
    Scope.DMS_READ: LIST_CONVERSATIONS,
    Scope.WEBHOOKS_MANAGE: LIST_WEBHOOKS,
    Scope.ANALYTICS_READ: LIST_EVENTS,
}
"""A read for each scope that has one: the API does not tell a restricted key what it may do. The scopes without a
read are taken to be there, and the API refuses the call if they are not."""


class RestUpstream:
    """The REST API behind this server. It is given keys only, never a client's token."""

    def __init__(self, rest: RestClient, *, seconds: float = IDENTIFY_SECONDS) -> None:
        self._rest, self._seconds = rest, seconds

    async def identify(self, key: Secret) -> Person:
        """Whose key this is; raises KeyRefused or UpstreamUnavailable."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._identify(key)
        except TimeoutError:
            raise UpstreamUnavailable from None
        except ApiError as error:
            # Whoever it is asked for waits at a page: an answer that says nothing about the key is none.
            logger.warning("the API does not say whose a key is: %s", error)
            raise UpstreamUnavailable from None

    async def _identify(self, key: Secret) -> Person:
        if not _KEY.fullmatch(key.reveal().decode("utf-8", "replace")):
            raise KeyRefused
        user, may_mint = await asyncio.gather(self._call(GET_CURRENT_USER, key), self._may(LIST_KEYS, key))
        subject = str(user.get("id") or "")
        if not subject:
            raise UpstreamUnavailable
        scopes = frozenset[TokenScope]((*BroadScope, *Scope)) if may_mint else await self._scopes(key)
        return Person(
            subject=subject,
            name=str(user.get("email") or subject),
            may_mint=may_mint,
            scopes=scopes,
            brands=await self._brands(key) if may_mint else (),
        )

    async def mint(self, key: Secret, *, name: str, scopes: Sequence[Scope], brand_ids: Sequence[str]) -> ChildKey:
        """Make a narrower key; raises KeyRefused or UpstreamUnavailable."""
        given: dict[str, object] = {"name": name}
        if scopes:
            given["scopes"] = [str(scope) for scope in scopes]
        if brand_ids:
            given["brand_ids"] = list(brand_ids)
        try:
            body = await self._call(CREATE_KEY, key, given)
        except ApiError as error:
            if error.status in {401, 403}:
                raise KeyRefused from None
            raise UpstreamUnavailable from None
        raw, key_id = body.get("raw_key"), body.get("id")
        if not isinstance(raw, str) or not isinstance(key_id, str):
            raise UpstreamUnavailable
        return ChildKey(key=Secret(raw), key_id=key_id, name=name)

    async def discard(self, key: Secret, child: ChildKey) -> None:
        """Delete a key that nobody got; raises KeyRefused or UpstreamUnavailable."""
        try:
            await self._call(REVOKE_KEY, key, {"key_id": child.key_id})
        except ApiError:
            raise UpstreamUnavailable from None

    async def _scopes(self, key: Secret) -> frozenset[TokenScope]:
        found = await asyncio.gather(*(self._may(operation, key) for operation in PROBES.values()))
        lacking = {scope for scope, may in zip(PROBES, found, strict=True) if not may}
        return frozenset(scope for scope in Scope if scope not in lacking)

    async def _brands(self, key: Secret) -> tuple[Brand, ...]:
        body = await self._call(LIST_BRANDS, key)
        rows = body.get("data")
        return tuple(
            Brand(brand_id=str(row["id"]), name=str(row.get("name") or row["id"]))
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and row.get("id")
        )

    async def _may(self, operation: AnyOperation, key: Secret) -> bool:
        try:
            await self._call(operation, key)
        except ApiError as error:
            if error.status == 429:
                raise
            if operation is LIST_KEYS and error.status == 402:
                raise PaymentOverdue from None
            return error.status != 403
        return True

    async def _call(
        self, operation: AnyOperation, key: Secret, arguments: dict[str, object] | None = None
    ) -> dict[str, object]:
        args = operation.args.model_validate(arguments or {})
        try:
            answer = await self._rest.exchange(operation, args, authorization=f"Bearer {key.reveal().decode()}")
        except ApiError as error:
            if error.status == 401:
                raise KeyRefused from None
            if error.status >= 500 and error.status != 501:
                raise UpstreamUnavailable from None
            raise
        except NoAnswer:
            raise UpstreamUnavailable from None
        return answer.body
