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
        sys.stderr.write(f"socialapi-mcp: {error} See socialapi-mcp --help.\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
