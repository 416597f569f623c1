"""`socialapi-mcp api login`: a dashboard token for whoever may read the local API's database."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from localapi.context import Ids, SystemClock
from localapi.dashboard import CannotLogIn, Login, log_in
from localapi.database import Database, Unavailable, advice_on, sqlite_url
from server.settings import Settings


async def login(settings: Settings, named: str | None) -> Login:
    """Read what the server keeps, which may be running meanwhile; nothing is written.

    Raises:
        CannotLogIn: with what to do about it.
    """
    database = Database(_existing(settings))
    try:
        async with database.read() as session:
            return await log_in(session, named, clock=SystemClock(), ids=Ids())
    except Unavailable as error:
        raise CannotLogIn(str(error)) from None
    except (DBAPIError, OSError, ValueError) as error:
        remedy = "no local API can be read in this database; start `socialapi-mcp api` on it once, or choose another"
        raise CannotLogIn(advice_on(error) or remedy) from None
    finally:
        await database.close()


async def rotate(settings: Settings) -> int:
    """Encrypt what is sealed under a new key; how many rows it were.

    Raises:
        CannotLogIn, localapi.secret_box.CannotUnseal: with what to do about it.
    """
    from localapi.app import CannotStart, EmbeddedApi, Options
    from localapi.x_credentials import reseal

    _existing(settings)
    try:
        api = await EmbeddedApi.start(
            Options(data=settings.data_dir, database_url=settings.database_url, with_jobs=False)
        )
    except CannotStart as error:
        raise CannotLogIn(str(error)) from None
    try:
        return await reseal(api.installation)
    finally:
        await api.close()


def _existing(settings: Settings) -> str:
    """The address of the database; SQLite would make a file that is missing."""
    url = settings.database_url or sqlite_url(settings.data_dir / "localapi.sqlite")
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        advice = "start one with `socialapi-mcp api`, or name its folder with --data"
        raise CannotLogIn(f"there is no local API in {parsed.database}; {advice}")
    return url


def usage(login: Login) -> str:
    """What to tell about a token, beside it."""
    return (
        f"this dashboard token lasts one hour, until {login.expires_at:%H:%M} UTC\n"
        "send it to the local API as `Authorization: Bearer TOKEN`; treat it like a password: it reaches all that is "
        "yours there\n"
    )
