"""The entry point `socialapi-mcp`: with no command it serves stdio, which imports as little as it can."""

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] in ([], ["stdio"]):
        # The whole command line costs a fifth of a second that a host starting the server would wait for.
        from server.serve import run_stdio

        run_stdio()
        return
    from server.cli import app

    app()


if __name__ == "__main__":
    main()
