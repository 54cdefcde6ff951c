"""The pairs that a file names: all of them, in its order, in the terminal and in a workbook, until all are judged."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipeline.errors import InputError
from pipeline.history import published_run
from pipeline.identity import Question, evaluate
from pipeline.review import Choice, export_pairs, import_pairs
from pipeline.review.choice import pairs_in
from pipeline.review.keeping import review_book
from pipeline.review.pairs import Chosen, pairs_to_judge
from tests.review.test_session import review, said
from tests.scenarios import OCTOBER


def asked_next(out: Path, n: int = 8) -> Path:
    """What the evaluation would have judged next."""
    found = evaluate(out, OCTOBER, Question(further=n))
    return next(p for p in found.write(out, "en") if p.name == "judge_next.csv")


def chosen(out: Path, file: Path, person: str = "Rina") -> Chosen:
    run = published_run(out, OCTOBER)
    with review_book(out) as book:
        return pairs_to_judge(book, run, person, Choice(file=file))


def ids(pairs: Chosen) -> list[tuple[str, ...]]:
    return [tuple(sorted(side["mention_id"] for side in p.sides)) for p in pairs.pairs]


def test_evaluate_judge_and_evaluate_again(out: Path) -> None:
    file = asked_next(out)
    named = pl.read_csv(file)
    assert ids(chosen(out, file)) == list(named.select("mention_id_a", "mention_id_b").iter_rows())
    told, _ = review(out, "s" * 8, file=file)
    assert (told["same"], told["left"], told["judged_before"]) == (8, 0, 0)
    again = evaluate(out, OCTOBER, Question(further=8))
    assert again.basis == "judged"
    assert again.counts["judged"] >= 8
    assert again.further.join(named, on=["mention_id_a", "mention_id_b"], how="semi").is_empty()


def test_who_stops_half_way_goes_on_where_it_was(out: Path) -> None:
    file = asked_next(out)
    before = ids(chosen(out, file))
    review(out, "sdq", file=file)
    rest = chosen(out, file)
    assert ids(rest) == before[2:]
    assert rest.left_out == {"alike": 0, "unknown": 0, "judged_before": 2}
    _, screen = review(out, "", file=file)
    assert "Pair 1 of 6" in screen


def test_the_same_pairs_in_excel(out: Path, tmp_path: Path) -> None:
    file = asked_next(out)
    path = tmp_path / "pairs.xlsx"
    told = export_pairs(out, OCTOBER, path, Choice(file=file), person="Rina")
    assert (told["pairs"], told["unknown"]) == (8, 0)
    book = openpyxl.load_workbook(path)
    for row in range(4, 12):
        book["Pasangan"].cell(row, 2, "berbeda")
    book.save(path)
    assert import_pairs(out, OCTOBER, path, person="Rina")["applied"] == 8
    assert chosen(out, file).pairs == []


def test_a_pair_that_nobody_wrote_down_can_be_judged_too(out: Path, tmp_path: Path) -> None:
    rows = published_run(out, OCTOBER).mentions().unique("person_id", keep="first", maintain_order=True)
    (tmp_path / "two.csv").write_text("\n".join(["mention_id_a,mention_id_b", ",".join(rows["mention_id"][:2])]))
    told, screen = review(out, "d", file=tmp_path / "two.csv")
    assert told["different"] == 1
    assert "taken for two by the program" in screen
    assert said(out).height == 1


def test_two_rows_that_say_the_same_leave_nothing_to_judge(out: Path, tmp_path: Path) -> None:
    rows = published_run(out, OCTOBER).mentions()
    twins = rows.filter(pl.len().over("fingerprint") > 1).sort("fingerprint")["mention_id"][:2].to_list()
    two = rows.unique("fingerprint", keep="none")["mention_id"].sort()[:2].to_list()
    lines = ["mention_id_a;mention_id_b", ";".join(twins), ";".join(two), ";".join(reversed(two)), f"{two[0]};gone"]
    file = tmp_path / "saved by Excel.csv"
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    found = chosen(out, file)
    assert found.left_out == {"alike": 1, "unknown": 1, "judged_before": 0}
    assert ids(found) == [tuple(two)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", "names no pair"),
        ("mention_id_a,mention_id_b\n", "names no pair"),
        ("mention_id_a,mention_id_b\nx,y\n", "none of its rows is in"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(out: Path, tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        chosen(out, file)
    with pytest.raises(InputError, match="no such file"):
        pairs_in(tmp_path / "nowhere.csv")
