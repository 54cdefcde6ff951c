"""150,000 lines against a published province: ``python -m tests.benchmarks.gate_province [FOLDER] [csv|xlsx]``.

The province is a demo district, published once and copied 300 times with other ids, numbers, names and places, until
it has 1.2 million persons; the list is of its recipients, with errors as the district's lists have them and one line in
fifty twice. Run once to make it, again to measure: seconds, seconds of processors and memory of the gate alone.
"""

from __future__ import annotations

import random
import resource
import shutil
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import xlsxwriter

from pipeline import tables
from pipeline.demo import make_district
from pipeline.gate import screen
from pipeline.period import Period
from pipeline.publish.schema import prepare, published_columns
from pipeline.regions import Gazetteer, PlaceRules
from pipeline.rulebook import default_rules
from pipeline.run import Job, run

PERIOD = Period(2026, 10)
PERSONS, LINES, AT_ONCE = 1_200_000, 150_000, 50
VOWELS, OTHERS = "AIUEO", "BCDFGHJKLMNPQRSTVWYZ"
NUMBERS = ("nik", "nik_digits", "no_kk", "no_kk_digits", "card_number", "account_number", "phone", "bpjs_number")
IDS = ("mention_id", "person_id", "household_id", "head_person_id", "finding_id", "finding_key", "fingerprint",
       "subject_id")  # fmt: skip
COPIED = (tables.MENTIONS, tables.PERSONS, tables.HOUSEHOLDS, tables.ELIGIBILITY, tables.BENEFITS, tables.FINDINGS)


def make(folder: Path) -> None:
    """The published province and the list, as CSV and XLSX."""
    make_district(folder, families=1200, seed=5, periods=[PERIOD])
    small, out = folder / "small", folder / "out"
    run(Job(PERIOD, folder / "raw" / str(PERIOD), small, default_rules()), print)
    out.mkdir(exist_ok=True)
    (out / "tepat.duckdb").unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '4GB'; set preserve_insertion_order = false")
        connection.execute(f"set temp_directory = '{folder / 'spill'}'")
        connection.execute(
            f"attach '{small / 'tepat.duckdb'}' as s (read_only); attach '{out / 'tepat.duckdb'}' as tepat"
        )
        connection.execute("use tepat")
        prepare(connection)
        copies = PERSONS // connection.execute("select count(*) from s.audit.persons").fetchall()[0][0] + 1
        _changes(connection, copies)
        for table in COPIED:
            _copy(connection, table, copies)
        for name in ("source_files", "runs"):
            connection.execute(f"insert into audit.{name} by name select * from s.audit.{name}")
        connection.execute("checkpoint")
        lines = _lines(connection)
    lines.write_csv(folder / "Daftar_Bayar_2026-10.csv", separator=";")
    _write_workbook(lines, folder / "Daftar_Bayar_2026-10.xlsx")


def _changes(connection: duckdb.DuckDBPyConnection, copies: int) -> None:
    """What each copy changes: letters of names (twenty ways), digits 3 to 6 of numbers, ids, places."""
    letters = []
    for copy in range(copies):
        dice, vowels, others = random.Random(copy % 20), list(VOWELS), list(OTHERS)
        if copy % 20:
            dice.shuffle(vowels)
            dice.shuffle(others)
        letters.append("".join(vowels + others))
    gazetteer = Gazetteer(PlaceRules())
    kecamatan = [c for k in gazetteer.children("75") for c in gazetteer.children(k.code)]
    used = connection.execute(
        "select distinct kecamatan_code from s.audit.mentions where kecamatan_code is not null order by 1"
    )
    places = []
    for number, (code,) in enumerate(used.fetchall()):
        for copy in range(copies):
            new = (
                kecamatan[(number + 6 * copy) % len(kecamatan)]
                if copy
                else next(c for c in kecamatan if c.code == code)
            )
            inside = gazetteer.children(new.code)
            for i, desa in enumerate(gazetteer.children(code)):
                there = inside[i % len(inside)]
                places.append((copy, code, desa.code, new.code, new.name, there.code, there.name))
    names = ["copy", "kec", "desa", "new_kec", "kec_name", "new_desa", "desa_name"]
    for name, frame in (("copies", pl.DataFrame({"copy": range(copies), "letters": letters})),
                        ("places", pl.DataFrame(places, schema=names, orient="row"))):  # fmt: skip
        connection.register("given", frame.to_arrow())
        connection.execute(f"create temp table {name} as select * from given")
    connection.execute("create temp table kecs as select distinct copy, kec, new_kec, kec_name from places")
    connection.execute(
        """create temp macro other_number(x, n) as case when regexp_full_match(substr(x, 3, 4), '[0-9]{4}')
           then substr(x, 1, 2) || lpad(cast((cast(substr(x, 3, 4) as int) + 7919 * n) % 10000 as varchar), 4, '0')
                || substr(x, 7) else x end"""
    )
    connection.execute(
        "create temp macro other_id(x, n) as "
        "case when n = 0 then x else substr(x, 1, 1) || substr(md5(x || n), 1, 15) end"
    )


def _copy(connection: duckdb.DuckDBPyConnection, table: tables.Table, copies: int) -> None:
    columns = [c.name for c in published_columns(table)]
    changed = {c: f"other_number(t.{c}, a.copy)" for c in NUMBERS} | {c: f"other_id(t.{c}, a.copy)" for c in IDS}
    changed |= {c: f"translate(t.{c}, '{VOWELS}{OTHERS}', a.letters)" for c in ("name", "name_raw", "mother_name")}
    changed |= {
        "desa_code": "coalesce(d.new_desa, t.desa_code)",
        "kecamatan_code": "coalesce(k.new_kec, t.kecamatan_code)",
    }
    if table is tables.MENTIONS:
        changed["row_number"] = "t.row_number + a.copy * 100000"
    chosen = ", ".join(f'{changed.get(c, "t." + c)} as "{c}"' for c in columns)
    joins = ""
    if "desa_code" in columns:
        joins = """left join places d on d.copy = a.copy and d.desa = t.desa_code
                   left join kecs k on k.copy = a.copy and k.kec = t.kecamatan_code"""
    elif "kecamatan_code" in columns:
        joins = "left join kecs k on k.copy = a.copy and k.kec = t.kecamatan_code"
    kept = "where t.kind <> 'payments'" if table is tables.MENTIONS else ""
    for first in range(0, copies, AT_ONCE):
        some = f"(select * from copies where copy between {first} and {first + AT_ONCE - 1})"
        connection.execute(
            f"""insert into audit.{table.name} ({", ".join(columns)}) select {chosen}
                from s.audit.{table.name} t cross join {some} a {joins} {kept}"""
        )


def _lines(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Recipients of two programs in an order by chance; one in fifty again, without the last letter of the name."""
    arrow = connection.execute(
        f"""with listed as (
                select m.name as name_raw, coalesce(m.nik_digits, '') as nik, coalesce(m.no_kk_digits, '') as kk,
                       account_number, card_number, coalesce(amount, 200000) as amount,
                       upper(m.program) as program, mention_id,
                       coalesce(p.desa_name, '') as desa, coalesce(p.kec_name, '') as kecamatan
                from audit.mentions m left join (select distinct new_desa, new_kec, desa_name, kec_name from places) p
                  on p.new_desa = m.desa_code
                where m.kind = 'recipients' and m.program in ('pkh', 'sembako')),
            twice as (
                select *, 0 as again from listed
                union all by name
                select * replace (left(name_raw, -1) as name_raw), 1 as again from listed
                where hash(mention_id) % 50 = 0)
            select row_number() over (order by hash(mention_id, again)) as "NO", name_raw as "NAMA PENERIMA",
                   replace(nik, '?', '*') as "NIK", kk as "NO KK", account_number as "NO REKENING", 'BRI' as "BANK",
                   card_number as "NO KKS", amount as "NOMINAL", program as "PROGRAM", desa as "DESA/KELURAHAN",
                   kecamatan as "KECAMATAN"
            from twice order by 1 limit {LINES}"""
    ).to_arrow_table()
    lines = pl.from_arrow(arrow)
    assert isinstance(lines, pl.DataFrame)
    return lines


def _write_workbook(lines: pl.DataFrame, path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Daftar Bayar")
        sheet.write(0, 0, "DAFTAR PEMBAYARAN BANTUAN")
        sheet.write_row(2, 0, lines.columns)
        for number, row in enumerate(lines.iter_rows(), 3):
            sheet.write_row(number, 0, row)


def main() -> None:
    """Make the province where it is missing, else screen the list and print what it took."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/tepat-benchmarks/gate")  # noqa: S108
    paylist = folder / f"Daftar_Bayar_2026-10.{sys.argv[2] if len(sys.argv) > 2 else 'csv'}"
    if not paylist.exists():
        make(folder)
        print("made; run again to measure")
        return
    shutil.rmtree(folder / "out" / "gate", ignore_errors=True)
    wall, busy = time.perf_counter(), time.process_time()
    screened = screen(paylist, PERIOD, folder / "out", default_rules(), say=print)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print({part: sums["rows"] for part, sums in screened.document["totals"].items()})
    print(f"{wall:.1f} s, {busy:.1f} s of processors, {peak:,.0f} MB at most")


if __name__ == "__main__":
    main()
