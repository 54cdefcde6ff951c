"""A run is published whole or not at all, and the same run only once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.database import opened
from pipeline.errors import ConservationError, InputError, Problem, StorageError
from pipeline.history import newest_run, open_run, previous_run, published_runs
from pipeline.period import Period
from pipeline.publish import already_published, code_version, commit, database_path, publish, read_only_path
from pipeline.publish.chain import seal
from pipeline.publish.schema import PUBLISHED, published_columns
from pipeline.store import Store, sweep
from pipeline.tables import ACCESS_LOG, MENTIONS, PERSONS, RUNS, SOURCE_FILES
from tests.asking import ask
from tests.publish.builders import PERIOD, STARTED, identity, month, silent, write_stages


def publish_month(out: Path, inputs: str = "inputs-1", period: Period = PERIOD, **content: object) -> str:
    store = month(out, period, **content)  # type: ignore[arg-type]
    return publish(store, out, identity(inputs, period), started_at=STARTED, timings={}, say=silent)


def counts(path: Path, schema: str) -> dict[str, int]:
    query = " union all ".join(f"select '{n}', count(*) from {schema}.{n}" for n in PUBLISHED)
    return dict(ask(path, query).iter_rows())


def test_what_the_stages_made_can_be_read_from_the_published_run(one: Path) -> None:
    run = newest_run(one, PERIOD)
    assert run is not None
    store = Store(one / str(PERIOD))
    assert run.table("persons").equals(store.read(PERSONS))
    mentions = run.table("mentions", ["mention_id", "person_id", "household_id"]).sort("mention_id")
    assert mentions.row(0) == ("m0000", "P0000", "H0000")
    assert mentions.height == 10


def test_every_declared_column_is_in_the_database_with_run_id_first(one: Path) -> None:
    with opened(database_path(one), read_only=True) as c:
        for name, table in PUBLISHED.items():
            found = [row[0] for row in c.execute(f"describe audit.{name}").fetchall()]
            assert found == [x.name for x in published_columns(table)]
            assert found[0] == "run_id"


def test_the_file_can_be_attached_under_any_name(one: Path) -> None:
    connection = duckdb.connect()
    connection.execute(f"attach '{database_path(one)}' as arsip (read_only)")
    assert connection.execute("select period, count(*) from arsip.latest.mentions group by 1").fetchall() == [
        ("2026-10", 10)
    ]
    assert connection.execute("select count(*) from arsip.latest.runs").fetchall() == [(1,)]
    connection.close()


def test_latest_shows_the_newest_run_of_each_period_only(tmp_path: Path) -> None:
    publish_month(tmp_path, "september", Period(2026, 9), name="ANI")
    publish_month(tmp_path, "october, first try", name="BUDI")
    publish_month(tmp_path, "october, corrected", name="CITRA")
    with opened(database_path(tmp_path), read_only=True) as c:
        shown = c.execute("select distinct period, left(name, 3) from latest.persons order by 1").fetchall()
        kept = c.execute("select count(distinct run_id) from audit.persons").fetchall()
    assert shown == [("2026-09", "ANI"), ("2026-10", "CIT")]
    assert kept == [(3,)]
    assert counts(read_only_path(tmp_path), "latest") == counts(database_path(tmp_path), "latest")


def test_the_same_run_is_not_published_twice(published: Path) -> None:
    (run,) = published_runs(published)
    before = database_path(published).read_bytes()
    assert already_published(published, identity())
    assert publish_month(published) == run.run_id
    assert database_path(published).read_bytes() == before
    assert not already_published(published, identity("other inputs"))


def test_putting_last_weeks_files_back_makes_last_weeks_result_the_newest_again(published: Path) -> None:
    (first,) = published_runs(published)
    publish_month(published, "mistaken", name="CITRA")
    assert not already_published(published, identity())
    assert publish_month(published) != first.run_id
    assert open_run("2026-10", published).persons()["name"][0] == "SITI 0"
    assert already_published(published, identity())


def test_two_folders_given_the_same_get_the_same_ids(one: Path, tmp_path: Path) -> None:
    assert [publish_month(tmp_path)] == [run.run_id for run in published_runs(one)]


@pytest.mark.parametrize(
    "other",
    [
        identity("other inputs"),
        identity(period=Period(2026, 9)),
        identity(previous="2026-09-abc"),
    ],
)
def test_the_run_id_depends_on_everything_a_run_depends_on(other: object) -> None:
    assert other.run_id != identity().run_id  # type: ignore[attr-defined]


def test_the_code_version_is_stable_and_names_the_package_version() -> None:
    assert code_version() == code_version.__wrapped__()
    assert "+" in code_version()


def test_ids_are_inherited_from_the_newest_run_of_an_earlier_period(tmp_path: Path) -> None:
    publish_month(tmp_path, "first", Period(2026, 8))
    second = publish_month(tmp_path, "second", Period(2026, 8))
    publish_month(tmp_path, "later", Period(2026, 10))
    found = previous_run(tmp_path, Period(2026, 9))
    assert found is not None
    assert found.run_id == second
    assert previous_run(tmp_path, Period(2026, 8)) is None


def test_a_row_that_went_nowhere_stops_publishing(tmp_path: Path) -> None:
    store = month(tmp_path)
    store.write(MENTIONS, store.read(MENTIONS).filter(pl.col("mention_id") != "m0003"))
    with pytest.raises(ConservationError, match=r"DTSEN_contoh\.xlsx Kec\. Asparaga"):
        publish(store, tmp_path, identity(), started_at=STARTED, timings={}, say=silent)
    assert published_runs(tmp_path) == []


def test_rows_of_a_sheet_that_source_files_does_not_know_stop_publishing(tmp_path: Path) -> None:
    store = month(tmp_path)
    store.write(SOURCE_FILES, store.read(SOURCE_FILES).filter(pl.col("kind") != "transactions"))
    with pytest.raises(ConservationError, match=r"Transaksi_contoh\.csv"):
        publish(store, tmp_path, identity(), started_at=STARTED, timings={}, say=silent)


def test_a_key_that_occurs_twice_stops_publishing_and_names_the_table(tmp_path: Path) -> None:
    store = month(tmp_path)
    persons = store.read(PERSONS)
    store.write(PERSONS, pl.concat([persons, persons.head(1)]))
    with pytest.raises(StorageError, match=r"table persons: 1 rows repeat the key \(person_id\)"):
        publish(store, tmp_path, identity(), started_at=STARTED, timings={}, say=silent)
    assert published_runs(tmp_path) == []


def test_a_missing_stage_is_named_and_nothing_is_touched(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="run `tepat ingest` first"):
        publish(Store(tmp_path / "2026-10"), out, identity(), started_at=STARTED, timings={}, say=silent)
    assert not out.exists()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        ("delete from audit.persons where person_id = 'P0003'", "8 rows were read back where 9 were written"),
        ("update audit.persons set name = 'ORANG LAIN' where person_id = 'P0003'", "are not those written"),
    ],
)
def test_what_is_read_back_must_be_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, message: str
) -> None:
    write_rows = commit.write_rows

    def harmful(connection: duckdb.DuckDBPyConnection, store: Store, run_id: str) -> None:
        write_rows(connection, store, run_id)
        connection.execute(harm)

    monkeypatch.setattr(commit, "write_rows", harmful)
    with pytest.raises(StorageError, match=message):
        publish_month(tmp_path)
    monkeypatch.undo()
    assert published_runs(tmp_path) == []
    assert not read_only_path(tmp_path).exists()

    publish_month(tmp_path)  # removes what the failed attempt left
    assert counts(database_path(tmp_path), "audit")["persons"] == 9


def test_runs_and_access_log_form_chains(published: Path) -> None:
    publish_month(published, "two")
    with opened(database_path(published), read_only=True) as c:
        for table, clock, hash_column in ((RUNS, "finished_at", "run_hash"), (ACCESS_LOG, "at", "hash")):
            values = c.execute(f'select * from audit.{table.name} order by "{clock}"').fetchall()
            rows = [dict(zip(table.names, v, strict=True)) for v in values]
            assert [r["previous_hash"] for r in rows] == ["", rows[0][hash_column]]
            assert [r[hash_column] for r in rows] == [seal(table, r) for r in rows]
            assert seal(table, {**rows[0], table.names[1]: "changed"}) != rows[0][hash_column]
        log = c.execute('select action, object from audit.access_log order by "at"').fetchall()
    assert log == [("run", r.run_id) for r in published_runs(published)]


def test_the_manifest_tells_rows_and_digest_of_every_table(one: Path) -> None:
    with opened(database_path(one), read_only=True) as c:
        manifest = json.loads(c.execute("select manifest from audit.runs").fetchall()[0][0])
    assert {n: entry["rows"] for n, entry in manifest.items()} == counts(database_path(one), "audit")
    assert manifest["mentions"]["columns"][-2:] == ["person_id", "household_id"]


def test_a_database_of_an_earlier_version_gets_the_columns_it_lacks(published: Path) -> None:
    with opened(database_path(published), read_only=False) as c:
        for statement in (
            "drop view latest.persons",
            "alter table audit.persons drop column confidence",
            "alter table audit.persons add column of_yore varchar",
            "create or replace view latest.persons as select r.period, t.* from audit.persons t "
            "join audit.runs r on t.run_id = r.run_id",
        ):
            c.execute(statement)
    publish_month(published, "new")
    with opened(database_path(published), read_only=True) as c:
        known = c.execute("select count(*), count(confidence) from audit.persons").fetchall()
        latest = c.execute("select count(*), count(confidence) from latest.persons").fetchall()
    assert known == [(18, 9)]
    assert latest == [(9, 9)]


def test_a_stage_file_of_an_earlier_version_is_published_with_what_it_has(tmp_path: Path) -> None:
    store = month(tmp_path)
    store.read(PERSONS).drop("birth_place").write_parquet(store.path(PERSONS))
    publish(store, tmp_path, identity(), started_at=STARTED, timings={}, say=silent)
    assert open_run("2026-10", tmp_path).persons()["birth_place"].null_count() == 9


def test_a_lost_copy_for_notebooks_is_made_again(published: Path) -> None:
    (run,) = published_runs(published)
    for harm in (b"", b"not a database"):
        read_only_path(published).write_bytes(harm)
        assert not already_published(published, identity())
        assert publish_month(published) == run.run_id
        assert counts(read_only_path(published), "latest")["mentions"] == 10


def test_leftovers_of_dead_processes_are_swept_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    dead = 2**22 + 1  # beyond the highest process id
    for name in (f".2026-10.{dead}", f".spill.{dead}.0", ".2026-10.1", "2026-10"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mentions.parquet").touch()
    for name in (f".copy.{dead}", f".copy.{dead}.wal", ".other.hidden"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {".2026-10.1", "2026-10", ".other.hidden"}


def test_notebooks_read_the_copy_and_fall_back_to_the_database(published: Path) -> None:
    run = open_run("2026-10", published)
    assert run.database == read_only_path(published)
    assert run.findings()["finding_type"].to_list() == ["inclusion_error"]
    assert "run_id" not in run.mentions().columns
    persons = run.persons()
    read_only_path(published).unlink()
    fallback = open_run("2026-10", published)
    assert fallback.database == database_path(published)
    assert fallback.persons().equals(persons)
    with pytest.raises(InputError, match="2026-07 is not published"):
        open_run("2026-07", published)
    with pytest.raises(InputError, match="no such published table"):
        run.table("mention_ids")


def test_stage_files_may_be_larger_than_one_group(tmp_path: Path) -> None:
    store = Store(tmp_path / "2026-10")
    write_stages(store, persons=3000)
    publish(store, tmp_path, identity(), started_at=STARTED, timings={}, say=silent)
    assert counts(database_path(tmp_path), "audit")["mentions"] == 3001
    shutil.rmtree(tmp_path / "2026-10")  # a published run does not need its stage files
    assert open_run("2026-10", tmp_path).persons().height == 3000


def test_stage_files_that_another_run_has_replaced_are_not_published(tmp_path: Path) -> None:
    def refuse() -> None:
        raise InputError(Problem("2026-10", "another run came in between"))

    store = month(tmp_path)
    with pytest.raises(InputError, match="came in between"):
        publish(store, tmp_path, identity(), started_at=STARTED, timings={}, say=silent, check=refuse)
    assert not published_runs(tmp_path)
