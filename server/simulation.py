"""`socialapi-mcp simulate`: things that happen on the simulated platforms."""

import sys

from localapi.app import CannotStart, EmbeddedApi, Options
from localapi.context import Refusal
from localapi.database import Unavailable
from localapi.faults import FAILURES
from localapi.simulate import arrive, order_failure
from server.settings import Settings

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
    except Refusal as refusal:
        sys.stderr.write(f"socialapi-mcp: {refusal.message}\n")
        return 2
    except Unavailable as error:
        sys.stderr.write(f"socialapi-mcp: {error}\n")
        return 1
    finally:
        await api.close()
    return 0
