"""A month with far fewer rows than the one before stops, and says what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.period import Period
from tests.ingest.written_lists import HEADER, Ingested, ingested, person_row, refused, write_csv


@dataclass(frozen=True)
class EarlierRun:
    """Stands for a published run: the tables of an earlier ingest behind the same questions."""

    tables: Ingested
    run_id: str = "r1"
    period: Period = Period(2026, 8)  # noqa: RUF009 - never changes

    def sql(self, query: str, **parameters: object) -> pl.DataFrame:
        with duckdb.connect() as connection:
            connection.execute("create schema audit")
            for name in ("mentions", "transactions"):
                frame = getattr(self.tables, name).with_columns(run_id=pl.lit(self.run_id))
                connection.register("frame", frame.to_arrow())
                connection.execute(f"create table audit.{name} as select * from frame")
            return pl.from_arrow(connection.execute(query, parameters).to_arrow_table())  # type: ignore[return-value]


def month(folder: Path, lists: dict[str, int], *, desa: str = "Bakti", kecamatan: str = "Pulubala") -> Path:
    """A folder of recipients lists, each with so many rows, and a list of cards used."""
    folder.mkdir()
    for file, n in lists.items():
        if file == "Transaksi":
            header = ["NO KARTU", "WAKTU TRANSAKSI", "NOMINAL"]
            rows = [[f"603298{i:010d}", "2026-09-07 09:03:07", 100000] for i in range(n)]
        else:
            header, rows = HEADER, [person_row(i, desa, kecamatan) for i in range(n)]
        write_csv(folder / f"{file}.csv", [header, *rows])
    return folder


@pytest.fixture
def before(tmp_path: Path, rules: Path) -> EarlierRun:
    return EarlierRun(ingested(month(tmp_path / "before", {"PKH": 300, "SEMBAKO": 150, "Transaksi": 20}), rules))


def test_half_of_last_month_is_enough(tmp_path: Path, rules: Path, before: EarlierRun) -> None:
    found = ingested(month(tmp_path / "raw", {"PKH baru": 150, "SEMBAKO": 60, "Transaksi": 2}), rules, previous=before)
    assert found.mentions.height == 210


def test_less_than_half_and_a_hundred_fewer_stops_and_names_program_and_kabupaten(
    tmp_path: Path, rules: Path, before: EarlierRun
) -> None:
    raw = month(tmp_path / "raw", {"PKH": 149, "SEMBAKO": 20, "Transaksi": 1})
    message = refused(raw, rules, previous=before)
    assert "recipients pkh kabupaten 7501: 149 accepted rows; 2026-08 had 300" in message
    assert "recipients sembako kabupaten 7501: 20 accepted rows; 2026-08 had 150" in message
    assert ingested(raw, rules, previous=before, accept_smaller=True).mentions.height == 169


def test_a_kind_that_is_missing_stops(tmp_path: Path, rules: Path, before: EarlierRun) -> None:
    message = refused(month(tmp_path / "raw", {"PKH": 300, "SEMBAKO": 150}), rules, previous=before)
    assert "transactions: no accepted row of this kind; 2026-08 had 20" in message


def test_rows_that_moved_to_another_file_are_not_missed(tmp_path: Path, rules: Path, before: EarlierRun) -> None:
    raw = month(tmp_path / "raw", {"PKH 1": 140, "SEMBAKO": 150, "Transaksi": 20})
    write_csv(raw / "PKH 2.csv", [HEADER, *(person_row(i) for i in range(140, 300))])
    assert ingested(raw, rules, previous=before).mentions.height == 450


def test_a_kecamatan_or_desa_that_vanished_is_reported(tmp_path: Path, rules: Path, before: EarlierRun) -> None:
    raw = month(tmp_path / "raw", {"PKH": 300, "SEMBAKO": 150, "Transaksi": 20}, desa="Teratai", kecamatan="Tabongo")
    found = ingested(raw, rules, previous=before)
    vanished = found.notices.filter(pl.col("code").str.starts_with("vanished"))
    assert {"vanished_kecamatan", "vanished_desa"} == set(vanished["code"])
    assert vanished.filter(pl.col("code") == "vanished_desa")["n_rows"].to_list() == [450]
