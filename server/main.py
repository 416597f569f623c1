"""The entry point `socialapi-mcp`: with no command it serves stdio, which imports as little as it can."""

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] in ([], ["stdio"]):
        # The whole command line costs a fifth of a second that a host starting the server would wait for.
        from server.serve import run_stdio, settings_or_exit

        run_stdio(settings_or_exit())
        return
    from cyclopts import CycloptsError

    from server.cli import app

    try:
        app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        # 1 is what the API refused; a command that cannot be understood is the caller's to mend.
        sys.stderr.write(f"socialapi-mcp: {_in_words(error, list(app))} See socialapi-mcp --help.\n")
        raise SystemExit(2) from None


def _in_words(error: Exception, commands: list[str]) -> str:
    """What was wrong with a command line; the parser has no word for a command that there is not."""
    from difflib import get_close_matches

    from cyclopts import MissingArgumentError

    if isinstance(error, MissingArgumentError):
        chain = " ".join(error.command_chain or ())
        name = error.argument.names[0].lstrip("-").upper() if error.argument is not None else "ARGUMENT"
        return f"{chain} needs {name}." if chain else str(error)
    unused: list[str] = list(getattr(error, "unused_tokens", None) or [])
    if not unused:
        return str(error)
    first = "".join(letter for letter in unused[0] if letter.isprintable())[:80]
    if first in commands:
        return f"{first} has to come first, and its options after it."
    near = get_close_matches(first, [name for name in commands if not name.startswith("-")], n=1)
    return f"there is no command {first!r}{f'; did you mean {near[0]}?' if near else '.'}"


if __name__ == "__main__":
    main()
