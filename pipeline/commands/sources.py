"""A file: what it is and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.options import JsonOption, RulesOption, group
from pipeline.terminal import Document, print_json, print_rows, say

app = group()


@app.command()
def inspect(
    *,
    files: Annotated[list[Path], typer.Argument(help="Files to look at.", show_default=False)],
    rules: RulesOption,
    as_json: JsonOption = False,
) -> None:
    """What a file is, how its columns were read, and what is wrong with it. Exit code 3 if something is."""
    from pipeline.ingest import inspect as look

    sheets = look(files, rules)
    if as_json:
        print_json([s.as_dict() for s in sheets])
    else:
        for sheet in sheets:
            _print_sheet(sheet.as_dict())
    if any(s.problems for s in sheets):
        raise typer.Exit(3)


def _print_sheet(sheet: Document) -> None:
    """How one sheet of a file was read."""
    print(
        f"{sheet['source_file']}  {sheet['sheet'] or '(no sheets)'}: {sheet['kind']}"
        f"{' / ' + sheet['program'] if sheet['program'] else ''}, header in row {sheet['header_row']}"
    )
    print_rows("Columns", [{"heading": h, "read as": c} for c, h in sheet["columns"].items()])
    counts = ", ".join(f"{k.removeprefix('rows_')} {v:,}" for k, v in sheet.items() if k.startswith("rows_"))
    print(f"rows: {counts}")
    if sheet["unknown_columns"]:
        print(f"not read: {', '.join(sheet['unknown_columns'])}")
    for problem in sheet["problems"]:
        say(str(problem))
