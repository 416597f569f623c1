"""Counters of the authorization server for Prometheus, at /metrics, for who has the token that the operator set."""

import hmac
import os
from collections.abc import Generator, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from auth.audit import Kind
from auth.authority import Authority
from auth.limits import LIMITS

PATH = "/metrics"


class Counters:
    """What this process counted. The worker's id is a label: of several workers, another may answer each time."""

    def __init__(self, authority: Authority) -> None:
        self._authority, self._worker = authority, str(os.getpid())

    def collect(self) -> Generator[Metric]:
        """All series, those at zero too, so that a rate has something to begin with."""
        events = CounterMetricFamily("socialapi_auth_events", "Security events by kind", labels=["kind", "worker"])
        for kind in Kind:
            events.add_metric([kind.value, self._worker], self._authority.audit.counts[kind])
        yield events
        asked = CounterMetricFamily(
            "socialapi_auth_limit_hits", "Requests that were counted against a limit", labels=["limit", "worker"]
        )
        refused = CounterMetricFamily(
            "socialapi_auth_limit_refusals", "Requests that a limit refused", labels=["limit", "worker"]
        )
        for limit in LIMITS:
            asked.add_metric([limit, self._worker], self._authority.hits[limit])
            refused.add_metric([limit, self._worker], self._authority.refusals[limit])
        yield asked
        yield refused

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand."""
        return ()


def routes(authority: Authority, token: SecretStr | None) -> list[BaseRoute]:
    """Where the counters are read; nowhere without a token."""
    if token is None:
        return []
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counters(authority))
    wanted = f"bearer {token.get_secret_value()}".encode()

    async def answer(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if not hmac.compare_digest(f"{scheme.lower()} {given.strip()}".encode(), wanted):
            words = "send Authorization: Bearer with the token in SOCIALAPI_METRICS_TOKEN\n"
            return PlainTextResponse(words, 401, {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
        headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
        return Response(generate_latest(registry), headers=headers)

    return [Route(PATH, answer, methods=["GET"])]
