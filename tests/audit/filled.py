"""A small database in which every declared table has rows, whatever tables are declared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.cases.book import case_book
from pipeline.database import DATABASE, opened
from pipeline.publish import publish
from pipeline.publish.schema import PUBLISHED
from pipeline.purge.ending import Asked, purge
from pipeline.tables import (
    ACCESS_LOG,
    CASE_EVENTS,
    CASES,
    IDENTITY_EVENTS,
    LASTING,
    OUTCOMES,
    RUNS,
    SEALS,
    SOURCE_FILES,
    TOMBSTONES,
    Column,
    Table,
    Type,
)
from tests.publish.builders import STARTED, identity, month, silent

RULES = Path(__file__).resolve().parents[2] / "rules"
ALL = [RUNS, *PUBLISHED.values(), *LASTING.values()]
CASE = "K-AAA-BBB-CCC"
OPENED = datetime(2026, 11, 2, 8, 0)
BY_THEMSELVES = (ACCESS_LOG, SEALS, TOMBSTONES, CASES, CASE_EVENTS)
"""Tables that what is done fills anyhow."""


def any_value(column: Column, table: Table) -> Any:
    """Some value of the column's type."""
    text = f"{table.name} {column.name}"
    values = {
        Type.TEXT: text, Type.INTEGER: 7, Type.REAL: 0.25, Type.FLAG: True,
        Type.DATE: date(2026, 10, 5), Type.TIME: datetime(2026, 11, 3, 9, 0, 0, 123456),
    }  # fmt: skip
    return values[column.type]


def any_row(table: Table) -> pl.DataFrame:
    """One row without empty columns."""
    return table.conform(pl.DataFrame([{c.name: any_value(c, table) for c in table.columns}]))


def fill(out: Path, *, moment: datetime = OPENED) -> None:
    """Two runs of one month, the older one superseded and purged, and rows in all tables that live across runs."""
    for inputs in ("inputs-1", "inputs-2"):
        store = month(out)
        for table in PUBLISHED.values():
            if table is IDENTITY_EVENTS or (table is not OUTCOMES and store.read(table).is_empty()):
                store.write(table, any_row(table))
        store.write(OUTCOMES, any_row(OUTCOMES))
        sheet = any_row(SOURCE_FILES).with_columns(
            source_file=pl.lit(any_value(OUTCOMES.column["source_file"], OUTCOMES)),
            sheet=pl.lit(any_value(OUTCOMES.column["sheet"], OUTCOMES)),
            rows_total=pl.lit(6), rows_accepted=pl.lit(1), rows_quarantined=pl.lit(0), rows_layout=pl.lit(5),
        )  # fmt: skip
        store.write(SOURCE_FILES, pl.concat([store.read(SOURCE_FILES), SOURCE_FILES.conform(sheet)]))
        publish(store, out, identity(inputs), started_at=STARTED, timings={"ingest": 1.5}, say=silent)
    with case_book(out) as book:
        run_id = book.ask("select run_id from latest.runs")["run_id"][0]
        with book.transaction():
            for n, kind in enumerate(("opened", "finding_added", "closed")):
                event = any_row(CASE_EVENTS).with_columns(
                    case_id=pl.lit(CASE), event=pl.lit(kind), finding_key=pl.lit("K0001"), outcome_id=pl.lit("o2"),
                    to_state=pl.lit("closed" if n == 2 else "new"),
                )  # fmt: skip
                book.write(event, moment)
            other = any_row(CASE_EVENTS).with_columns(case_id=pl.lit("K-2"), event=pl.lit("opened"))
            book.write(other, moment)
            book.keep_outcomes(any_row(OUTCOMES).with_columns(case_id=pl.lit(CASE), outcome_id=pl.lit("o2")))
            for table in LASTING.values():
                if table not in BY_THEMSELVES:
                    row = any_row(table)
                    if "run_id" in table.names:
                        row = row.with_columns(run_id=pl.lit(run_id))
                    if "gate_id" in table.names:
                        row = row.with_columns(gate_id=pl.lit("G1"))
                    book.add(table, row)
            book.log("export", "worklist", "to the TKSK")
    purge(out, RULES, Asked("Ani", "test", superseded=True), today=date(2026, 12, 1), say=silent)


def everything(out: Path) -> dict[str, list[str]]:
    """All rows of all tables, as text, sorted; and what every view gives."""
    with opened(out / DATABASE, read_only=True) as c:
        names = c.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = current_database() order by 1"
        ).fetchall()
        return {name: sorted(map(str, c.execute(f"select * from {name}").fetchall())) for (name,) in names}


def sql(out: Path, statements: Iterable[str]) -> None:
    """What somebody with a DuckDB client could do."""
    with opened(out / DATABASE, read_only=False) as c:
        for statement in statements:
            c.execute(statement)
        c.execute("checkpoint")
