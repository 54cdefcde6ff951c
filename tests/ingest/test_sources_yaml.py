"""What a user says outright in ``sources.yaml``, and what becomes of slips in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.written_lists import HEADER, Row, ingested, person_row, refused, write_csv, write_xlsx


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


def test_recipients_of_a_program_that_nothing_names_stop_the_month_with_what_to_write(raw: Path, rules: Path) -> None:
    def rows(n: int, name: str = "NAMA KPM") -> list[Row]:
        return [[name if h == "NAMA KPM" else h for h in HEADER], *(person_row(i) for i in range(n))]

    write_csv(raw / "Data [1].csv", rows(1))
    write_xlsx(raw / "Data 2.xlsx", {"Lembar1": rows(2), "PKH": rows(3)})
    write_csv(raw / "Data 3.csv", rows(4, "NAMA KPM BLT"))
    write_csv(raw / "Penerima BST.csv", rows(6))
    message = refused(raw, rules)
    assert "Data 3" not in message
    assert "Penerima BST" not in message
    lines = "\n".join(line for line in message.splitlines() if line.startswith(("- file", "  sheet", "  program")))
    say(raw, lines.replace("…", "sembako"))
    files = ingested(raw, rules).files.sort("source_file", "sheet")
    assert files.select("source_file", "sheet", "program").rows() == [
        ("Data 2.xlsx", "Lembar1", "sembako"),
        ("Data 2.xlsx", "PKH", "pkh"),
        ("Data 3.csv", "", "blt_dd"),
        ("Data [1].csv", "", "sembako"),
        ("PKH.csv", "", "pkh"),
        ("Penerima BST.csv", "", "bst"),
    ]
