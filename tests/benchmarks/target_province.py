"""Eligibility, findings and measures of 1.2 million persons: ``python -m tests.benchmarks.target_province [FOLDER]``.

The month is a demo district up to who is who and the signs of card misuse, copied with other ids and numbers until it
has 1.2 million persons. Run once to make it, again to measure: seconds, seconds of processors and memory of the stage.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import duckdb

from pipeline import tables
from pipeline.demo import make_district
from pipeline.period import Period
from pipeline.rulebook import default_rules
from pipeline.run import Job, run_stage
from pipeline.store import Store
from pipeline.target import target

PERIOD = Period(2026, 10)
PERSONS = 1_200_000
STAGES = ("ingest", "validate", "resolve", "misuse")
READ = (tables.MENTIONS, tables.MENTION_IDS, tables.PERSONS, tables.HOUSEHOLDS, tables.MISUSE_SIGNALS,
        tables.IDENTITY_EVENTS, tables.TRANSACTIONS)  # fmt: skip
IDS = ("mention_id", "person_id", "household_id", "head_person_id", "subject_id", "old_id", "new_id", "fingerprint")
NUMBERS = ("nik", "nik_digits", "no_kk", "no_kk_digits", "card_number", "account_number", "phone", "bpjs_number")


def make(folder: Path) -> None:
    """The stage files of the month, each copy with ids and numbers of its own."""
    make_district(folder / "small", families=1200, seed=5, periods=[PERIOD])
    job = Job(PERIOD, folder / "small" / "raw" / str(PERIOD), folder / "small" / "out", default_rules())
    for stage in STAGES:
        run_stage(job, stage, print)
    large = folder / "large" / str(PERIOD)
    large.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '2GB'; set preserve_insertion_order = false")
        connection.execute(f"set temp_directory = '{folder / 'spill'}'")
        persons = connection.execute(f"select count(*) from '{job.final.path(tables.PERSONS)}'").fetchall()[0][0]
        for table in READ:
            _copy(connection, table, job.final.path(table), large, PERSONS // persons + 1)


def _copy(connection: duckdb.DuckDBPyConnection, table: tables.Table, source: Path, to: Path, copies: int) -> None:
    """A table once for each copy; the first is as it was. Digits 3 to 8 of a number are moved on."""
    changed = {c: f"case when n = 0 then {c} else substr({c}, 1, 1) || substr(md5({c} || n), 1, 15) end" for c in IDS}
    changed |= {
        c: f"""case when regexp_full_match(substr({c}, 3, 6), '[0-9]{{6}}') then substr({c}, 1, 2)
               || lpad(cast((cast(substr({c}, 3, 6) as int) + 7919 * n) % 1000000 as varchar), 6, '0')
               || substr({c}, 9) else {c} end"""
        for c in NUMBERS
    }
    changed["row_number"] = "row_number + n * 100000"
    chosen = ", ".join(f'{changed.get(c, c)} as "{c}"' for c in table.names)
    connection.execute(
        f"copy (select {chosen} from '{source}' cross join (select unnest(range({copies})) as n)) "
        f"to '{to / f'{table.name}.parquet'}' (format parquet, row_group_size 100000)"
    )


def main() -> None:
    """Make the month where it is missing, else run the stage on it and print what that took."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/tepat-benchmarks/target")  # noqa: S108
    final = folder / "large" / str(PERIOD)
    if not (final / f"{READ[-1].name}.parquet").exists():
        make(folder)
        print("made; run again to measure")
        return
    staging = folder / "made"
    staging.mkdir(exist_ok=True)
    store = Store(final, staging)
    wall, busy = time.perf_counter(), time.process_time()
    target(store, PERIOD, default_rules(), previous=None, say=print)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made = {t.name: store.scan(t).select("program").collect().height for t in (tables.ELIGIBILITY, tables.FINDINGS)}
    print(made)
    print(f"{wall:.1f} s, {busy:.1f} s of processors, {peak:,.0f} MB at most")


if __name__ == "__main__":
    main()
