"""Options that several commands take.

The rules folder is one callable: where none is given it is the one shipped, and finding it imports what ``--help`` has
no need of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.period import Period


def group(name: str | None = None, help: str | None = None) -> typer.Typer:  # noqa: A002 - typer's own word
    """Commands of one subject, under a word of their own where ``name`` says one."""
    # rich's help would double the time that `--help` takes; a traceback with local values would show persons
    return typer.Typer(
        name=name, help=help, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
    )


def _shipped_rules() -> Path:
    from pipeline.rulebook import default_rules

    return default_rules()


OUT: Final = Path("data/clean")

PeriodOption = Annotated[
    Period,
    typer.Option("--period", "-p", parser=Period.parse, metavar="YYYY-MM", help="Month, YYYY-MM.", show_default=False),
]
OutOption = Annotated[Path, typer.Option("--out", help="Folder that holds tepat.duckdb and <period>/.")]
RulesOption = Annotated[
    Path,
    typer.Option(
        "--rules", default_factory=_shipped_rules, help="Rules folder. Default: the one shipped.", show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
LangOption = Annotated[str, typer.Option("--lang", help="id or en.")]
AsOption = Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides.", show_default=False)]
