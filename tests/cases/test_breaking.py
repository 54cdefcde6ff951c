"""Lists that broke off on their way, and lists saved again by other programs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.cases.field_rules import read_field_rules
from pipeline.cases.reading import Returned, read_returned
from pipeline.cases.refusing import Reasons
from pipeline.errors import InputError
from tests.cases.office import RULES

FIELD = read_field_rules(RULES)
PAGE = (
    "case_id;outcome;visited_at;note;officer;worklist\r\n"
    "K-AAA-AAA-AAA-AAA;Layak;2026-11-15;;SITI HASAN;2026-10-3f9a0c\r\n"
    'K-BBB-BBB-BBB-BBB;Tidak menerima;2026-11-16;"sakit; é di ""RS""";SITI HASAN;2026-10-3f9a0c\r\n'
)
TYPED = "ID KASUS,HASIL,TGL\nK-AAA-AAA-AAA-AAA,Layak,2026-11-15\n"


def read(path: Path, content: str | bytes) -> Returned:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_returned([path], RULES, FIELD, date(2026, 11, 24), Reasons())


@pytest.mark.parametrize("last", ["K-BB", ";Tidak", "2026-11-1", '"sakit; ', "é", "SITI HASAN;", "2026-10-3f9a0"])
def test_the_last_line_of_a_list_that_broke_off_is_named_and_left_out(tmp_path: Path, last: str) -> None:
    content = PAGE[: PAGE.rindex(last) + len(last)].encode()
    came = read(tmp_path / "hasil.csv", content[:-1] if last == "é" else content)  # in the middle of the letter
    assert came.rows["case_id"].to_list() == ["K-AAA-AAA-AAA-AAA"]
    assert [(r.row_number, "terpotong" in r.why) for r in came.refused] == [(3, True)]


@pytest.mark.parametrize(
    ("last", "whole"),
    [
        ("K-BBB-BBB-BBB-BBB,Layak,2026-11-16", True),
        ("K-BBB-BBB-BBB-BBB,Layak,16/11/2026", True),
        ("K-BBB-BBB-BBB-BBB,Layak,", True),
        ("K-BBB-BBB-BBB-BBB,Layak,2026-11-1", False),
        ("K-BBB-BBB-BBB-BBB,Layak,16/11/20", False),
    ],
)
def test_a_list_that_ends_without_a_line_end_is_whole_if_nothing_can_be_missing(
    tmp_path: Path, last: str, whole: bool
) -> None:
    assert (read(tmp_path / "hasil.csv", TYPED + last).rows.height == 2) is whole


@pytest.mark.parametrize(("last", "whole"), [("Meninggal", True), ("Tidak menerima", False)])
def test_an_answer_at_the_end_that_may_go_on_is_left_out(tmp_path: Path, last: str, whole: bool) -> None:
    came = read(tmp_path / "hasil.csv", f"ID KASUS,HASIL\nK-AAA-AAA-AAA-AAA,Layak\nK-BBB-BBB-BBB-BBB,{last}")
    assert (came.rows.height == 2) is whole


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("\ufeff", "no row of answers"),
        (PAGE.split("\r\n")[0], "no row of answers"),
        ("case_id;outc", "no row of it holds the headings"),
        ("\r\n".join(PAGE.split("\r\n")[1:]), "no row of it holds the headings"),
    ],
)
def test_a_list_without_answers_or_headings_is_refused_in_its_own_words(
    tmp_path: Path, content: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path / "hasil.csv", content)


def test_a_list_saved_again_by_excel_says_the_same(tmp_path: Path) -> None:
    days = [date(2026, 11, d) for d in (5, 13, 14, 15, 16, 17)]
    lines = [["case_id", "outcome", "visited_at", "note", "officer"]]
    lines += [[f"K-AAA-AAA-AAA-AA{n}", "Layak", f"{d:%m/%d/%Y}", "'-", "'SITI"] for n, d in enumerate(days)]
    came = read(tmp_path / "hasil.csv", "\n".join(",".join(line) for line in lines))
    assert came.rows.select("visited_at", "officer").rows() == [(d, "SITI") for d in days]


def test_two_answers_in_two_columns_of_a_row_are_both_seen(tmp_path: Path) -> None:
    rows = [{"ID KASUS": "K-AAA", "HASIL": "Layak", "JAWABAN": other} for other in ("Pindah", "Layak", None)]
    pl.DataFrame(rows).write_csv(tmp_path / "lists.csv")
    came = read(tmp_path / "hasil.csv", (tmp_path / "lists.csv").read_text(encoding="utf-8"))
    assert came.rows["outcome"].to_list() == ["Layak / Pindah", "Layak", "Layak"]
