"""What a user says outright in ``sources.yaml``, and what becomes of slips in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.written_lists import HEADER, ingested, person_row, refused, write_csv


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    write_csv(folder / "PKH.csv", [HEADER, *(person_row(i) for i in range(5))])
    return folder


def say(raw: Path, text: str) -> None:
    (raw / "sources.yaml").write_text(text, encoding="utf-8")


def test_entries_for_files_sheets_and_headings_that_are_not_there_are_reported(raw: Path, rules: Path) -> None:
    say(
        raw,
        "- {file: 'SEMBAKO*.csv', kind: recipients}\n"
        "- {file: PKH.csv, sheet: Lembar 2, kind: ignore}\n"
        "- {file: PKH.csv, columns: {NIK: nik, NOMOR KTP: nik}}\n",
    )
    told = ingested(raw, rules).notices.filter(code="sources_yaml")
    assert sorted(told["subject"].to_list()) == ["Lembar 2", "NOMOR KTP", "SEMBAKO*.csv"]


def test_a_column_that_no_table_has_names_its_line_and_the_nearest_one(raw: Path, rules: Path) -> None:
    say(raw, "- file: PKH.csv\n  columns:\n    NIK: nik\n    NO KK: no_k\n")
    message = refused(raw, rules)
    assert "sources.yaml:4" in message
    assert "did you mean 'no_kk'?" in message


def test_a_program_that_no_rule_knows_is_reported_by_name(raw: Path, rules: Path) -> None:
    say(raw, "- {file: PKH.csv, kind: recipients, program: BANSOS DAERAH}\n")
    told = ingested(raw, rules).notices.filter(code="unknown_program")
    assert told["subject"].to_list() == ["BANSOS DAERAH"]


def test_a_kind_that_does_not_fit_says_what_it_lacks(raw: Path, rules: Path) -> None:
    say(raw, "- {file: PKH.csv, kind: transactions}\n")
    message = refused(raw, rules)
    assert "sources.yaml calls it transactions" in message
    assert "card_number and transacted_at and amount" in message
