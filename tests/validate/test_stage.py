"""The stage on a small month: tables, page, summary; no data of persons on the page."""

import json
import os
import subprocess
import sys
from datetime import date, datetime

import polars as pl
import pytest

from pipeline.errors import RulesError
from pipeline.period import Period
from pipeline.rulebook import default_rules
from pipeline.store import Store
from pipeline.tables import (
    MENTIONS,
    NOTICES,
    QUALITY_RESULTS,
    QUALITY_ROWS,
    QUALITY_SHEETS,
    QUARANTINE,
    SOURCE_FILES,
    TRANSACTIONS,
)  # fmt: skip
from pipeline.validate import quality_summary, stage, validate

PERIOD = Period(2026, 10)
NIK = "7501015203850001"


def mention(row_number: int, **values: object) -> dict[str, object]:
    return {
        "mention_id": f"m{row_number:03d}",
        "source_file": "PKH <kpm>.xlsx",
        "sheet": "Biau",
        "row_number": row_number,
        "kind": "recipients",
        "program": "pkh",
        "nik": NIK,
        "nik_digits": NIK,
        "nik_status": "valid",
        "no_kk_status": "missing",
        "name": "SITI CONTOH",
        "name_raw": "SITI CONTOH",
        "birth_date": date(1985, 3, 12),
        "sex": "P",
        "kecamatan": "BIAU",
        "kecamatan_code": "750510",
        **values,
    }


ROWS = [
    mention(5),
    mention(6),  # the same number again
    mention(7, nik=None, nik_digits=None, nik_status="missing", name="AHMAD CONTOH", birth_date=None, sex=None),
    mention(8, nik="7501011203850002", nik_digits="7501011203850002", birth_date=date(1985, 12, 3), sex="P"),
]


def month(folder) -> Store:
    store = Store(folder)
    store.write(MENTIONS, pl.DataFrame(ROWS))
    store.write(
        TRANSACTIONS,
        pl.DataFrame(
            {
                "source_file": ["t.csv"] * 2,
                "sheet": [""] * 2,
                "row_number": [2, 3],
                "card_number": ["6013000000000001"] * 2,
                "transacted_at": [datetime(2026, 10, 31, 23, 59), datetime(2026, 11, 1)],
                "amount": [200_000, 200_000],
                "transaction_type": ["withdrawal"] * 2,
                "terminal_id": ["T1"] * 2,
            }
        ),
    )
    sources = {
        "source_file": ["PKH <kpm>.xlsx", "t.csv"],
        "sheet": ["Biau", ""],
        "kind": ["recipients", "transactions"],
    }
    counts = {"rows_total": [9, 3], "rows_accepted": [4, 2], "rows_quarantined": [1, 0], "rows_layout": [4, 1]}
    unknown = {"file_id": ["a", "b"], "unknown_columns": ['["KODE X"]', "[]"]}
    store.write(SOURCE_FILES, pl.DataFrame({**sources, **counts, **unknown}))
    where = {"source_file": ["PKH <kpm>.xlsx"], "sheet": ["Biau"], "row_number": [9], "kind": ["recipients"]}
    store.write(QUARANTINE, pl.DataFrame({**where, "reason": ["no_number"], "raw": [json.dumps({"NAMA": "RAHASIA"})]}))
    store.write(NOTICES, NOTICES.empty())
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    made = month(tmp_path_factory.mktemp("month"))
    validate(made, PERIOD, default_rules(), say=lambda _: None)
    return made


def rows_of(store: Store, check_id: str) -> list[str]:
    return store.read(QUALITY_ROWS).filter(pl.col("check_id") == check_id)["mention_id"].to_list()


def test_rows_that_broke_a_check_are_named(store):
    assert rows_of(store, "person_once_a_program") == ["m005", "m006"]
    assert rows_of(store, "nik_given") == ["m007"]
    assert rows_of(store, "birth_date_not_swapped") == ["m008"]
    assert rows_of(store, "sex_agrees_with_nik") == ["m008"]


def test_transactions_are_a_suite_of_their_own_and_the_last_minute_of_the_month_is_in_it(store):
    sheet = store.read(QUALITY_SHEETS).filter(check_id="not_after_month").to_dicts()
    assert [(s["source_file"], s["n_checked"], s["n_unexpected"], s["first_rows"]) for s in sheet] == [
        ("t.csv", 2, 1, "[3]")
    ]


def test_no_check_failed_to_run_and_the_engine_is_named(store):
    results = store.read(QUALITY_RESULTS)
    assert "could_not_run" not in results["outcome"].to_list()
    assert set(results["engine"]) == {"gx", "polars"}
    gated = results.filter((pl.col("engine") == "gx") & (pl.col("n_checked") > 0))
    assert gated["expectation"].str.starts_with("expect_").all()
    assert results.filter(check_id="card_check_digit", engine="polars").height == 2


def test_the_page_stands_alone_and_holds_no_data_of_persons(store):
    html = (store.folder / "quality.html").read_text(encoding="utf-8")
    assert "PKH &lt;kpm&gt;.xlsx" in html
    assert "NIK yang sama tertulis dua kali pada satu program" in html
    assert "lembar Biau, baris 5, 6" in html
    assert "KODE X" in html
    for outside in ("http:", "https:", "<script", "src=", "@import", "url("):
        assert outside not in html
    for person in (NIK, NIK[:12], "CONTOH", "RAHASIA", "6013000000000001"):
        assert person not in html


def test_the_summary_names_the_worst_file(store):
    summary = quality_summary(store)
    assert summary["worst_file"] == "PKH <kpm>.xlsx"
    assert summary["failed"] == sum(summary["failed_by_severity"].values())
    assert summary["checks"] == summary["passed"] + summary["failed"] + summary["could_not_run"]


def test_pieces_of_any_size_give_the_same_answer(store, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "ROWS_PER_FRAME", 2)
    again = month(tmp_path)
    validate(again, PERIOD, default_rules(), say=lambda _: None)
    for table in (QUALITY_RESULTS, QUALITY_SHEETS, QUALITY_ROWS):
        assert again.read(table).equals(store.read(table))
    assert (again.folder / "quality.html").read_bytes() == (store.folder / "quality.html").read_bytes()


def test_great_expectations_is_imported_only_when_it_is_needed():
    code = "import sys, pipeline.validate; assert 'great_expectations' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, cwd=default_rules().parent)


def test_a_check_that_does_not_fit_its_column_names_itself(tmp_path):
    made = month(tmp_path / "month")
    folder = tmp_path / "quality"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        """title: {id: x, en: x}
kinds: [recipients]
checks:
  - {id: odd, check: regex, columns: [birth_date], pattern: a, severity: info,
     reason: {id: x, en: x}, ask: {id: x, en: x}}
""",
        encoding="utf-8",
    )
    with pytest.raises(RulesError, match=r"mine\.yaml: odd"):
        validate(made, PERIOD, tmp_path, say=lambda _: None)
