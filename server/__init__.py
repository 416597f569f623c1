"""The process: transports, settings and wiring. Imports everything; nothing imports it."""

from importlib.util import find_spec
from pathlib import Path

for _name in ("tools", "auth", "localapi"):
    # Our package names are plain words: another folder of that name on the path must not be taken for ours.
    _spec = find_spec(_name)
    _place = Path(_spec.origin).parents[1] if _spec and _spec.origin else None
    if _place != Path(__file__).parents[1]:
        raise ImportError(
            f"the package {_name!r} was found at {_place}, which is not socialapi-mcp's; "
            "unset PYTHONPATH, or install socialapi-mcp into an environment of its own"
        )
