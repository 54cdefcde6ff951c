"""Whoever changes a row with a DuckDB client is found out, whatever table it is in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.audit import verify as verifying
from pipeline.audit.verify import verify
from pipeline.database import DATABASE, READ_ONLY_COPY, engine, opened
from pipeline.errors import InputError, StorageError
from pipeline.publish.content import named_text, row_text
from pipeline.publish.schema import RUN_ID, published_columns
from pipeline.tables import CASES, LASTING, OUTCOMES, RUNS, SEALS, TOMBSTONES, Column, Table, Type
from tests.asking import ask
from tests.audit.filled import ALL, everything, sql
from tests.publish.builders import silent

CHAINED = ("runs", "access_log", "case_events", "seals")
OTHER = {
    Type.TEXT: "'changed'",
    Type.INTEGER: "8",
    Type.REAL: "0.75",
    Type.FLAG: "false",  # where it was not: see `edit`
    Type.DATE: "date '2020-01-01'",
    Type.TIME: "timestamp '2020-01-01 00:00:00'",
}
"""Values that :func:`tests.audit.filled.any_value` never gives."""


NEW = Column("declared_later", Type.TEXT, "of a later version")


def found(out: Path) -> set[str]:
    """Tables in which something differs."""
    return {d.table for d in verify(out, say=silent).differences}


def one_row(table: Table) -> str:
    return f"(select min(rowid) from audit.{table.name})"


def edit(table: Table, column: Column) -> str:
    other = f'not coalesce("{column.name}", false)' if column.type is Type.FLAG else OTHER[column.type]
    return f'update audit.{table.name} set "{column.name}" = {other} where rowid = {one_row(table)}'


def columns_of(table: Table) -> list[Column]:
    return [c for c in published_columns(table) if c is not RUN_ID]


WAYS = {
    "edited": lambda t: edit(t, columns_of(t)[-1]),
    "emptied": lambda t: f"update audit.{t.name} set {emptied(t)} where rowid = {one_row(t)}",
    "deleted": lambda t: f"delete from audit.{t.name} where rowid = {one_row(t)}",
    "doubled": lambda t: f"insert into audit.{t.name} select * from audit.{t.name} where rowid = {one_row(t)}",
}


def emptied(table: Table) -> str:
    return ", ".join(f'"{c.name}" = null' for c in columns_of(table) if not c.key) or edit_first(table)


def edit_first(table: Table) -> str:
    """Of a table that is all key: nothing can be emptied, so its first column is changed."""
    column = columns_of(table)[0]
    return f'"{column.name}" = {OTHER[column.type]}'


@pytest.mark.parametrize("text", [row_text, named_text])
def test_no_two_rows_have_the_same_text_whatever_signs_stand_in_them(text: Callable[[Sequence[str]], str]) -> None:
    values = [None, "", "x", "\x1e", "\x1ex", "\x1f", "x\x1fb=y", "x\x1fy", "\x1e1F", "y"]
    with closing(engine()) as c:
        c.execute("create table v as select unnest($1::varchar[]) as v", [values])
        c.execute("create table pairs as select l.v as a, r.v as b from v l, v r")
        ((rows, different),) = c.execute(f"select count(*), count(distinct {text(['a', 'b'])}) from pairs").fetchall()
    assert rows == different == len(values) ** 2


def test_every_declared_table_has_rows_to_tamper_with(filled: Path) -> None:
    rows = everything(filled)
    assert [t.name for t in ALL if not rows[f"audit.{t.name}"]] == []


def test_what_nobody_touched_is_the_same(filled: Path) -> None:
    verified = verify(filled, say=silent)
    assert verified.same, verified.differences
    assert verified.checked["tombstones"] > 5
    assert verified.checked["rows of hash chains"] > 10
    assert verify(filled, head=verified.head[:16], say=silent).same
    on_the_report = ask(filled / DATABASE, "select left(run_hash, 12) from audit.runs limit 1").item()
    assert verify(filled, head=on_the_report, say=silent).same
    with pytest.raises(InputError, match="could be any"):
        verify(filled, head=verified.head[:2], say=silent)
    with pytest.raises(InputError, match="there is no such folder"):
        verify(filled, raw=filled / "nowhere", say=silent)


def test_a_database_made_before_a_column_or_table_was_declared_is_no_difference(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = verify(out, say=silent).checked
    later = Table("later", "cases", "of a later version", (Column("a", Type.TEXT, "a"),))
    monkeypatch.setitem(LASTING, "later", later)
    for name in ("access_log", "gate_events"):
        monkeypatch.setitem(LASTING, name, grown := replace(LASTING[name], columns=(*LASTING[name].columns, NEW)))
        monkeypatch.setattr(verifying, "CHAINS", tuple(grown if t.name == name else t for t in verifying.CHAINS))
    verified = verify(out, say=silent)
    assert verified.same, verified.differences
    assert verified.checked == before


@pytest.mark.parametrize("way", WAYS)
def test_a_row_of_any_table_changed_is_reported_under_its_table(out: Path, way: str) -> None:
    tables = [t for t in ALL if t not in (RUNS, SEALS, TOMBSTONES)]  # these alone: others hang on them
    sql(out, [WAYS[way](t) for t in tables])
    assert found(out) >= {t.name for t in tables}


@pytest.mark.parametrize("way", ["edited", "deleted", *(pytest.param(w, marks=pytest.mark.nightly) for w in WAYS)])
@pytest.mark.parametrize("table", [RUNS, SEALS, TOMBSTONES], ids=lambda t: t.name)
def test_what_proves_the_others_cannot_be_changed_either(out: Path, table: Table, way: str) -> None:
    sql(out, [WAYS[way](table)])
    assert table.name in found(out)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("table", "column"), [(t, c) for t in ALL for c in columns_of(t)], ids=lambda x: getattr(x, "name", "")
)
def test_every_column_of_every_table_counts(out: Path, table: Table, column: Column) -> None:
    before = everything(out)
    sql(out, [edit(table, column)])
    assert everything(out) != before, "the edit changed nothing"
    assert found(out), f"{table.name}.{column.name}"


@pytest.mark.parametrize(
    "statements",
    [
        ["delete from audit.access_log where \"at\" = (select max(\"at\") from audit.access_log)"],
        ["delete from audit.case_events where case_id = 'K-2'", "delete from audit.cases where case_id = 'K-2'"],
        ["delete from audit.gate_overrides", "delete from audit.seals where table_name = 'gate_overrides'"],
        ["delete from audit.runs where finished_at = (select min(finished_at) from audit.runs)"],
        ["drop table audit.match_judgements"],
    ],
    ids=["last line of the log", "a case with its events", "rows with their seal", "a past run", "a table"],
)  # fmt: skip
def test_rows_taken_away_with_what_belongs_to_them_are_missed(out: Path, statements: list[str]) -> None:
    sql(out, statements)
    assert not verify(out, say=silent).same


def test_the_end_of_everything_cut_off_together_is_seen_by_what_noted_a_head_before(out: Path) -> None:
    head = verify(out, say=silent).head
    with opened(out / DATABASE, read_only=True) as c:
        last = c.execute('select table_name from audit.seals order by "at" desc limit 2').fetchall()
    assert last[-1] == ("access_log",) or last[0] == ("access_log",)
    cut = [
        'delete from audit.seals where "at" = (select max("at") from audit.seals)',
        'delete from audit.access_log where "at" = (select max("at") from audit.access_log)',
    ]
    sql(out, cut)
    assert "seals" in found(out)  # the copy for notebooks has seen it
    (out / READ_ONLY_COPY).unlink()
    if last[0] == ("access_log",):
        assert verify(out, say=silent).same  # nothing in the file tells any more
    assert "seals" in {d.table for d in verify(out, head=head, say=silent).differences}
    folder = out / "2026-10" / "audit"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"head": head}))
    assert found(out) == {"seals"}  # an auditor's folder has noted it


def test_what_shows_something_else_under_a_name_of_the_program_is_reported(out: Path) -> None:
    runs = "from audit.findings f join audit.runs r on f.run_id = r.run_id"
    shown = f"select r.period, f.* {runs}"
    statements = [
        f"create or replace view latest.findings as {shown} where severity <> 'critical'",
        f"create or replace view latest.persons as select r.period, f.run_id {runs}",  # as an earlier version had it
        "create table other as from latest.measures", "drop view latest.measures",
        "create table latest.measures as from other",
        "alter table audit.notices rename to hidden", "create view audit.notices as from audit.hidden",
    ]  # fmt: skip
    sql(out, statements)
    assert found(out) == {"latest.findings", "latest.persons", "latest.measures", "audit.notices"}


def test_a_copy_for_notebooks_that_shows_something_else_is_reported(out: Path) -> None:
    with opened(out / READ_ONLY_COPY, read_only=False) as c:
        c.execute("update audit.findings set amount = amount + 1")
    (difference,) = verify(out, say=silent).differences  # of the newest run: older ones are not shown
    assert (difference.table, difference.means.name) == (f"{READ_ONLY_COPY} findings", "VIEW")


def test_rows_of_a_run_that_was_never_confirmed_are_named_as_loose(out: Path) -> None:
    sql(out, ["insert into audit.findings select * replace ('2026-10-x' as run_id) from audit.findings"])
    (difference,) = verify(out, say=silent).differences
    assert (difference.table, difference.run_id, difference.means.name) == ("findings", "2026-10-x", "LOOSE")


def test_a_case_that_says_other_than_its_events_is_reported(out: Path) -> None:
    sql(out, [f"update audit.{CASES.name} set decision = 'keep'"])
    assert found(out) == {CASES.name}


def test_an_answer_put_in_without_the_program_is_reported(out: Path) -> None:
    sql(out, ["insert into audit.outcomes select * replace ('o9' as outcome_id) from audit.outcomes"
              " where run_id is null"])  # fmt: skip
    assert found(out) == {OUTCOMES.name}


def test_numbers_of_persons_are_masked_in_what_is_said(out: Path) -> None:
    number = "7501" + "010101010001"
    sql(out, [f"update audit.source_files set source_file = 'DTSEN {number}.csv'"])
    assert number not in str(verify(out, say=silent).as_dict())


def test_a_database_that_cannot_be_opened_is_said_in_words(out: Path) -> None:
    (out / DATABASE).write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageError, match="damaged or unreadable"):
        verify(out, say=silent)
    (out / DATABASE).unlink()
    with pytest.raises(InputError, match="nothing is published here"):
        verify(out, say=silent)


def test_without_its_seals_there_is_nothing_to_verify_by(out: Path) -> None:
    sql(out, ["drop table audit.seals"])
    with pytest.raises(StorageError, match="nothing to verify by"):
        verify(out, say=silent)
