"""`socialapi-mcp simulate`: things that happen on the simulated platforms."""

import sys
from collections.abc import Mapping
from typing import Any

from localapi.app import CannotStart, EmbeddedApi, Options
from localapi.context import Refusal
from localapi.database import Unavailable
from localapi.faults import FAILURES
from localapi.simulate import KINDS, arrive, order_failure
from server.naming import NotOne, resolve
from server.settings import Settings
from server.wiring import embedded_client
from tools.fields import AccountId
from tools.operation import AnyOperation, Args
from tools.problems import did_you_mean
from tools.rest import RestClient

ORDERS = {f"fail-{kind}": kind for kind in FAILURES}


async def simulate(
    settings: Settings,
    kind: str,
    *,
    account: str | None,
    text: str | None,
    author: str | None,
    rating: int,
    times: int,
) -> int:
    """Carry it out on the local API's data, also while the API runs; returns the exit code."""
    if not 1 <= rating <= 5 or not 1 <= times <= 1000:
        sys.stderr.write("socialapi-mcp: --rating is 1 to 5, --times 1 to 1000\n")
        return 2
    try:
        options = Options(data=settings.data_dir, database_url=settings.database_url, with_jobs=False)
        api = await EmbeddedApi.start(options)
    except CannotStart as error:
        sys.stderr.write(f"socialapi-mcp: {error}\n")
        return 1
    try:
        if account is not None:
            account = await _account(settings, api, account)
        if kind not in (*KINDS, *ORDERS):
            hint = did_you_mean(kind, [*KINDS, *ORDERS])
            sys.stderr.write(f"socialapi-mcp: {hint}kind is one of {', '.join([*KINDS, *ORDERS])}\n")
            return 2
        if kind in ORDERS:
            if account is None:
                sys.stderr.write("socialapi-mcp: say which account's calls are to fail, with --account\n")
                return 2
            await order_failure(api.installation, account_id=account, kind=ORDERS[kind], times=times)
            sys.stdout.write(f"the next {times} of what {account} asks of its platform will fail\n")
            return 0
        for _ in range(times):
            arrival = await arrive(api.installation, kind, account_id=account, text=text, author=author, rating=rating)
            sys.stdout.write(f"{arrival.kind} {arrival.id} arrived at {arrival.account_id}\n")
    except NotOne as problem:
        sys.stderr.write(f"socialapi-mcp: {'; '.join(problem.lines)}\n")
        return 2
    except Refusal as refusal:
        sys.stderr.write(f"socialapi-mcp: {refusal.message}\n")
        return 2
    except Unavailable as error:
        sys.stderr.write(f"socialapi-mcp: {error}\n")
        return 1
    finally:
        await api.close()
    return 0


class _Meant(Args):
    account_id: AccountId


async def _account(settings: Settings, api: EmbeddedApi, said: str) -> str:
    """The id of an account that is given by id or name; a name is known in the sample workspace. Raises NotOne."""
    if api.sample_key is None:
        return said
    async with embedded_client(api, settings) as http:
        http.headers["Authorization"] = f"Bearer {api.sample_key}"
        rest = RestClient(http=http)

        async def read(source: AnyOperation, given: Mapping[str, Any]) -> dict[str, Any]:
            return (await rest.exchange(source, source.args.model_validate(given))).body

        found, _notes = await resolve(_Meant, {"account_id": said}, read)
    return str(found["account_id"])
