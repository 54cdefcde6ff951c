"""The command line: puts the commands together and turns errors into messages and exit codes.

What a command takes, calls and prints stands in its module of :mod:`pipeline.commands`.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from pipeline.commands import audit, field, figures, gate, identity, lists, month, rules, samples, sources, stories
from pipeline.commands.options import group
from pipeline.terminal import say

app = group(
    "tepat", "Tepat Sasaran: finds the poor without aid, and aid without the poor, in the lists an office already has."
)
for subject in (month, sources, stories, figures, rules, gate, identity, field, samples, lists, audit):
    app.add_typer(subject.app)


def main() -> NoReturn:
    """Entry point: errors become a message and the exit code they carry, never a traceback."""
    from pipeline.errors import TepatError

    try:
        app(standalone_mode=True)
    except TepatError as error:
        for problem in error.problems:
            say(f"error: {problem}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if os.environ.get("TEPAT_DEBUG"):
            raise
        say(f"error: {type(error).__name__}: {error}\n  to do: set TEPAT_DEBUG=1 and run again for the full trace")
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
