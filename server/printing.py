"""Prints for the command line."""

import os
import sys


def print_out(line: str) -> None:
    """One line on standard output; ends quietly when nobody reads it any more, as under `head`."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at the end, which would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
