"""Hash chains and seals: whether any row of a table that lives across runs was changed, added or taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from pipeline.audit.report import Means, Verified
from pipeline.history import has_table
from pipeline.publish.chain import CLOCKS, HASHES, seal
from pipeline.publish.content import content_of, digest_of_sums, named_text, sums_of_digest
from pipeline.tables import CASES, LASTING, OUTCOMES, RUNS, SEALS, TOMBSTONES, Table

_BATCH = 10_000


def check_chain(connection: duckdb.DuckDBPyConnection, table: Table, report: Verified) -> None:
    """Follow a chain from its first row: each seals itself and the one before; gaps only where a purge says so."""
    gaps = _gaps(connection, table)
    hash_column, clock = HASHES[table.name], CLOCKS[table.name]
    previous = ""
    for row in _rows(connection, table, clock):
        where = f"{row.get('period') or ''} {row[clock]}".strip()
        run_id = str(row["run_id"]) if table is RUNS else ""
        while row["previous_hash"] != previous and previous in gaps:
            previous = gaps.pop(previous)
        if row["previous_hash"] != previous:
            what = f"the row of {where} does not follow the one before: a row is missing, was put in, or was changed"
            report.differs(Means.RECORD, table.name, run_id, what)
        if seal(table, row) != row[hash_column]:
            report.differs(Means.RECORD, table.name, run_id, f"the row of {where} is not what was written")
        previous = row[hash_column]
        report.checked["rows of hash chains"] += 1
    while previous in gaps:
        previous = gaps.pop(previous)
    if gaps:
        report.differs(
            Means.RECORD, table.name, "", f"{len(gaps)} stretches that were purged do not fit into the chain"
        )
    if table is SEALS:
        report.head = previous


def _gaps(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, str]:
    """Hash before each stretch that was purged → last hash of the stretch."""
    said = connection.execute(
        f"select gaps from audit.{TOMBSTONES.name} where table_name = ? and gaps is not null", [table.name]
    ).fetchall()
    return {before: last for (text,) in said for before, last in json.loads(text)}


def _rows(connection: duckdb.DuckDBPyConnection, table: Table, clock: str) -> Iterator[Mapping[str, Any]]:
    there = {row[0] for row in connection.execute(f"describe audit.{table.name}").fetchall()}
    present = [c for c in table.names if c in there]  # as in :func:`_check_sealed`
    names = ", ".join(f'"{c}"' for c in present)
    found = connection.cursor().execute(f'select {names} from tepat.audit.{table.name} order by "{clock}"')
    while batch := found.fetchmany(_BATCH):
        for values in batch:
            yield dict(zip(present, values, strict=True))


def check_seals(connection: duckdb.DuckDBPyConnection, report: Verified) -> None:
    """What was ever appended to a table, less what was purged, is what is there."""
    wanted: dict[str, list[int]] = {}
    for name, rows, digest in connection.execute(
        f"select table_name, n_rows, digest from audit.{SEALS.name}"
    ).fetchall():
        _add(wanted, name, rows, digest, 1)
    for name, rows, digest in connection.execute(
        f"select table_name, n_rows, digest from audit.{TOMBSTONES.name} where run_id = ''"
    ).fetchall():
        _add(wanted, name, rows, digest, -1)
    for table in (RUNS, OUTCOMES, *LASTING.values()):
        if table not in (SEALS, CASES):
            with report.reading(table.name):
                _check_sealed(connection, table, wanted.pop(table.name, [0, 0, 0]), report)
    for name in wanted:
        report.differs(Means.RECORD, name or SEALS.name, "", "rows of a table that does not exist were sealed")


def _check_sealed(connection: duckdb.DuckDBPyConnection, table: Table, wanted: list[int], report: Verified) -> None:
    rows, lower, upper = wanted
    if not has_table(connection, table.name):
        if rows:
            report.differs(Means.RECORD, table.name, "", f"the table is gone, with {rows} rows that were written")
        return  # declared by a later version than the one that wrote last
    there = {row[0] for row in connection.execute(f"describe audit.{table.name}").fetchall()}
    columns = [c for c in table.names if c in there]  # one that a later version declares is empty in older rows
    where = "run_id is null" if table is OUTCOMES else "true"
    found = content_of(connection, f"audit.{table.name}", columns, where, named_text)
    report.checked["rows that live across runs"] += found.rows
    if found.rows != rows:
        report.differs(Means.RECORD, table.name, "", f"{found.rows} rows are there where {rows} were written")
    elif found.digest != digest_of_sums(lower, upper):
        report.differs(Means.RECORD, table.name, "", f"of its {rows} rows at least one is not what was written")


def _add(sums: dict[str, list[int]], table: str, rows: int, digest: str, sign: int) -> None:
    lower, upper = sums_of_digest(digest)
    total = sums.setdefault(table, [0, 0, 0])
    for i, value in enumerate((rows, lower, upper)):
        total[i] += sign * value


def check_head(connection: duckdb.DuckDBPyConnection, head: str, noted: str, report: Verified) -> None:
    """A head that was noted somewhere, of all that is sealed or of the runs, is still part of its chain."""
    found = connection.execute(
        f"select 1 from audit.{SEALS.name} where starts_with(hash, $head) "
        f"union all select 1 from audit.{RUNS.name} where starts_with(run_hash, $head)",
        {"head": head},
    ).fetchall()
    if not found:
        what = f"the head {head[:16]}… noted {noted} is not in the chain: what was written then is gone or written anew"
        report.differs(Means.RECORD, SEALS.name, "", what)
    report.checked["heads noted earlier"] += 1
