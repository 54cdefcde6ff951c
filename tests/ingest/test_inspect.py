"""What a single file is, told without running the month."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.ingest import inspect
from tests.ingest.written_lists import HEADER, blank, person_row, write_csv, write_xlsx


def test_a_list_is_told_with_its_columns_and_counts(tmp_path: Path, rules: Path) -> None:
    rows = [
        ["DAFTAR KPM PKH"],
        HEADER,
        *(person_row(i) for i in range(3)),
        [4, "", "", "", "Dusun 1", "Bakti", "Pulubala", 1],
    ]
    path = write_xlsx(tmp_path / "PKH 2026-09.xlsx", {"Data": rows, "Catatan": [["hubungi operator"]]})
    data, note = inspect([path], rules)
    assert (data.kind, data.program, data.header_row) == ("recipients", "pkh", 2)
    assert data.columns["name"] == "NAMA KPM"
    assert (data.rows_total, data.rows_accepted, data.rows_quarantined, data.rows_layout) == (6, 3, 1, 2)
    assert data.quarantine_reasons == {"no_identity": 1}
    assert data.quarantine_examples[0].startswith("row 6: no_identity")
    assert not data.problems
    assert (note.kind, note.rows_layout) == ("none", 1)
    assert json.loads(json.dumps(data.as_dict()))["kind"] == "recipients"


def test_a_file_of_no_known_kind_and_a_damaged_one_are_problems(tmp_path: Path, rules: Path) -> None:
    unknown = write_csv(tmp_path / "stok.csv", [["KODE", "BARANG"], ["A", "BERAS"], blank(2)])
    damaged = tmp_path / "rusak.xlsx"
    damaged.write_bytes(b"PK\x03\x04 cut")
    looks = inspect([unknown, damaged], rules)
    assert "no sheet is a list of a known kind" in looks[0].problems[0]
    assert "cannot be read" in looks[1].problems[0]


def test_a_folder_is_inspected_file_by_file_and_sources_yaml_counts(tmp_path: Path, rules: Path) -> None:
    write_csv(tmp_path / "PKH.csv", [HEADER, person_row(0)])
    write_csv(tmp_path / "stok.csv", [["KODE", "BARANG"], ["A", "BERAS"]])
    (tmp_path / "sources.yaml").write_text("- {file: stok.csv, kind: ignore}")
    assert [(s.source_file, s.kind) for s in inspect([tmp_path], rules)] == [
        ("PKH.csv", "recipients"),
        ("stok.csv", "ignore"),
    ]


def test_a_path_that_is_not_there(tmp_path: Path, rules: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        inspect([tmp_path / "nowhere.csv"], rules)
