"""Several answers to one case: two officers, two visits, a slip put right, two questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cases.deciding import decide
from pipeline.cases.returning import Outcomes
from pipeline.errors import Refused
from pipeline.signers import same_person
from pipeline.verdicts import verdicts
from tests.cases.conftest import VISIT, Take
from tests.cases.office import RULES, Office, typed
from tests.cases.test_answers import row

SITI, ALI = {"PETUGAS": "SITI HASAN"}, {"PETUGAS": "ALI RAHIM"}


def came(month: Office, take: Take, folder: Path, *said: tuple[str, str, dict[str, str]]) -> Outcomes:
    """A file a visit, all in one delivery: answer, day, officer."""
    return take(
        *(
            typed(
                folder / f"{n}-{day[:2]}-{answer}.csv", [row(month, "H2", answer, **{"TANGGAL KUNJUNGAN": day}, **who)]
            )
            for n, (answer, day, who) in enumerate(said)
        )
    )


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("at_once", [True, False])
def test_the_visit_made_last_counts_whichever_file_comes_first(
    month: Office, take: Take, tmp_path: Path, order: int, at_once: bool
) -> None:
    visits = [("Layak", "10/11/2026", ALI), ("Meninggal", "15/11/2026", SITI)][::order]
    taken = [came(month, take, tmp_path, *visits)] if at_once else [came(month, take, tmp_path, v) for v in visits]
    assert (month.case("H2")["outcome"], month.case("H2")["state"]) == ("deceased", "for_approval")
    late = [r.why for t in taken for r in t.refusals]
    assert late == [] if at_once or order == 1 else "15/11/2026 yang lebih baru sudah menjawab Meninggal" in late[0]


@pytest.mark.parametrize("at_once", [True, False])
def test_two_people_who_differ_on_one_day_leave_it_open(
    month: Office, take: Take, tmp_path: Path, at_once: bool
) -> None:
    visits = [("Layak", "15/11/2026", ALI), ("Meninggal", "15/11/2026", SITI)]
    taken = [came(month, take, tmp_path, *visits)] if at_once else [came(month, take, tmp_path, v) for v in visits]
    assert month.case("H2")["state"] == "in_progress"
    assert "Layak (ALI RAHIM), Meninggal (SITI HASAN)" in taken[-1].applied.remarks[-1].why
    assert taken[-1].changes == 0
    case_id = month.case("H2")["case_id"]
    with pytest.raises(Refused, match="does not wait"):
        decide(month.out, RULES, [case_id], "accept", person="Kepala", now=VISIT)
    came(month, take, tmp_path, ("Meninggal", "16/11/2026", SITI))
    assert (month.case("H2")["outcome"], month.case("H2")["state"]) == ("deceased", "for_approval")


def test_nothing_follows_for_who_is_who_where_two_people_differ(month: Office, take: Take, tmp_path: Path) -> None:
    said = [row(month, "H3", "Orang yang sama", **SITI), row(month, "H3", "Orang yang berbeda", **ALI)]
    take(typed(tmp_path / "a.csv", said))
    words = month.ask("select * from audit.match_judgements")
    assert sorted(words.select("by", "judgement").rows()) == [("ALI RAHIM", "different"), ("SITI HASAN", "same")]
    assert verdicts(words, VISIT.date())["judgement"].to_list() == ["unsure"]


def test_one_person_who_says_two_things_is_asked_which_and_later_puts_it_right(
    month: Office, take: Take, tmp_path: Path
) -> None:
    slip, right = ("Pindah", "15/11/2026", SITI), ("Meninggal", "15/11/2026", {"PETUGAS": "Siti Hasan, S.Sos"})
    both = came(month, take, tmp_path, slip, right)
    assert (both.applied.applied, ["dijawab dua kali" in r.why for r in both.refusals]) == (0, [True, True])
    came(month, take, tmp_path, slip)
    came(month, take, tmp_path, right)
    assert month.case("H2")["outcome"] == "deceased"
    assert came(month, take, tmp_path, slip).applied.already == 1
    assert month.case("H2")["outcome"] == "deceased"


def test_an_answer_to_every_question_leaves_the_one_with_its_own_alone(
    month: Office, take: Take, tmp_path: Path
) -> None:
    take(typed(tmp_path / "a.csv", [row(month, "H1", "Layak", **SITI), row(month, "H1", "Meninggal", **SITI)]))
    said = month.ask("select outcome from audit.case_events where event = 'finding_answered'")["outcome"]
    assert sorted(said) == ["deceased", "found_eligible"]
    assert month.case("H1")["state"] == "for_approval"


def test_an_answer_beside_the_question_is_kept_and_told(month: Office, take: Take, tmp_path: Path) -> None:
    taken = take(typed(tmp_path / "a.csv", [row(month, "H2", "Orang yang sama", **SITI)]))
    assert (taken.applied.applied, month.case("H2")["state"]) == (1, "in_progress")
    (remark,) = taken.applied.remarks
    assert "tetap menunggu satu dari: Layak, Tidak layak, " in remark.why
    assert "Orang yang" not in remark.why.partition("tetap")[2]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SITI HASAN", "Siti  Hasan", True),
        ("SITI HASAN", "Hasan, Siti S.Sos.", True),
        ("'SITI HASAN", "SITI HASAN", True),
        ("SITI HASAN", "SITI HASNA", False),
        ("SITI", "SITI HASAN", True),
        ("", "SITI", False),
    ],
)
def test_whose_name_it_is(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same
