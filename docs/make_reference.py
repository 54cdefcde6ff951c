"""Writes docs/tables.md from the declarations in pipeline/tables.py: `make docs`."""

from __future__ import annotations

from pathlib import Path

from pipeline.tables import RUNS, TABLES, Column, Table

HEAD = """# Tables

Made by `make docs` from `pipeline/tables.py`; do not edit. Key columns are **bold**: together they name a row.
Published tables stand in schema `audit` with `run_id` in front; schema `latest` shows the newest run of each period.
"""


def main() -> None:
    """Write the page."""
    (Path(__file__).parent / "tables.md").write_text(reference(), encoding="utf-8")


def reference() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *(_section(t) for t in [*TABLES.values(), RUNS])])


def _section(table: Table) -> str:
    where = "published" if table.published else "stage file only"
    rows = "\n".join(_row(c) for c in table.columns)
    return (
        f"## {table.name}\n\n{table.meaning} Made by `{table.stage}`; {where}.\n\n"
        f"| column | type | meaning |\n|---|---|---|\n{rows}\n"
    )


def _row(column: Column) -> str:
    name = f"**{column.name}**" if column.key else column.name
    return f"| {name} | {column.type.sql.lower()} | {column.meaning} |"


if __name__ == "__main__":
    main()
