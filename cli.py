"""The command line: puts the commands together and turns errors into messages and exit codes.

What a command takes, calls and prints stands in its module of :mod:`pipeline.commands`.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from pipeline.commands import audit, field, figures, gate, identity, lists, month, rules, samples, sources, stories
from pipeline.commands.options import group
from pipeline.terminal import print_error, say

app = group(
    "tepat", "Tepat Sasaran: finds the poor without aid, and aid without the poor, in the lists an office already has."
)
for subject in (month, sources, stories, figures, rules, gate, identity, field, samples, lists, audit):
    app.add_typer(subject.app)


def main() -> NoReturn:
    """Entry point: errors become a message and the exit code they carry, never a traceback; with ``--json`` they are
    the one document on standard output too, whatever the command."""
    from pipeline.errors import Problem, TepatError

    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TepatError as error:
        kind, problems, code = type(error).__name__, error.problems, error.exit_code
        for problem in problems:
            say(f"error: {problem}")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a full disk, a folder that may not be written, a file open elsewhere
        if os.environ.get("TEPAT_DEBUG"):
            raise
        kind, code = "StorageError", 1
        todo = "make room, and see that it may be written and is open nowhere else"
        problems = (Problem(str(error.filename or "a file"), error.strerror or type(error).__name__, todo=todo),)
        say(f"error: {problems[0]}")
    except Exception as error:
        show = getattr(error, "show", None)  # wrong options: typer has its own way to say so
        if show is None and os.environ.get("TEPAT_DEBUG"):
            raise
        if show is not None:
            show()
            kind, code = "InputError", 2
            problems = (Problem("command line", error.format_message(), todo="see --help"),)  # type: ignore[attr-defined]
        else:
            kind, code = type(error).__name__, 1
            todo = "set TEPAT_DEBUG=1 and run again for the full trace"
            problems = (Problem("tepat", f"{kind}: {error}", todo=todo),)
            say(f"error: {problems[0].found}\n  to do: {todo}")
    if "--json" in sys.argv[1:]:
        print_error(kind, problems, code)
    sys.exit(code)


if __name__ == "__main__":
    main()
