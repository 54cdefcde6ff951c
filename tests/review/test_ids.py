"""Ids that last: through corrections, through mistakes of identity and their undoing, for nobody else."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.resolve.village import background, frame, nik, row
from tests.review.months import Ledger, Month

BORN = date(1985, 3, 7)
KK, OTHER, NEW = "7505101804150003", "7505102207230006", "7505100110260009"
HOME = {"rt": 2, "rw": 1, "address": "JL TIRTONADI NO 4", "no_kk": KK}
AWAY = {"rt": 9, "rw": 1, "address": "JL MANGGA NO 7", "no_kk": OTHER}
FATMAH: dict[str, Any] = {"name": "FATMAH PAKAYA", "birth_date": BORN, "sex": "P", "nik": nik(BORN, "P", 4), **HOME}
MARTEN: dict[str, Any] = {
    "name": "MARTEN UNO", "birth_date": date(1950, 1, 9), "sex": "L", "nik": nik(date(1950, 1, 9), "L", 1), **AWAY,
}  # fmt: skip
LISTS = ("registry.csv", "pkh.csv", "pbi.csv", "sembako.csv", "blt.csv")


def rows(who: dict[str, Any], first: int, n: int) -> list[dict[str, Any]]:
    """The person on some lists; a row a list, each with a fingerprint of its own."""
    made = []
    for k in range(n):
        one = row(LISTS[k], first + k, **{**who, "relationship": "head"} if k == 0 else who)
        one["fingerprint"] = sha256(f"{one['fingerprint']}|{k}".encode()).hexdigest()[:16]
        made.append(one)
    return made


def village(these: list[dict[str, Any]]) -> pl.DataFrame:
    """The rows among those of some ordinary families."""
    return frame([*background(40), *these], among=False)


def in_another_file(month: int, these: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows in the files of another month: no mention_id is what it was."""
    return [{**r, "mention_id": sha256(f"{month}|{r['mention_id']}".encode()).hexdigest()[:16]} for r in these]


@pytest.mark.parametrize("same_files", [True, False])
@pytest.mark.parametrize(("n_one", "n_two"), [(1, 4), (4, 1), (3, 3)])
def test_a_merge_that_is_undone_gives_back_both_ids(tmp_path: Path, n_one: int, n_two: int, same_files: bool) -> None:
    one, two = rows(FATMAH, 1, n_one), rows(MARTEN, 101, n_two)
    pair = (one[0]["fingerprint"], two[0]["fingerprint"])
    ledger = Ledger(tmp_path)

    def files(month: int) -> pl.DataFrame:
        return village([*one, *two] if same_files else in_another_file(month, [*one, *two]))

    august = ledger.month(files(8))
    assert august.person(1) != august.person(101)
    september = ledger.month(files(9), [(*pair, "same")])
    assert september.person(1) == september.person(101)
    assert {e for e, _, _ in september.happened()} == {"merged"}
    october = ledger.month(files(10), [(*pair, "different")])
    assert (october.person(1), october.person(101)) == (august.person(1), august.person(101))
    kept = september.person(1)
    back = ({august.person(1), august.person(101)} - {kept}).pop()
    assert october.happened() == {("undone", kept, back)}
    homes = [(m.household(1), m.household(101)) for m in (august, october)]
    assert homes[0] == homes[1]


def test_a_merge_is_undone_also_months_later(tmp_path: Path) -> None:
    one, two = rows(FATMAH, 1, 2), rows(MARTEN, 101, 4)
    pair = (one[0]["fingerprint"], two[0]["fingerprint"])
    ledger = Ledger(tmp_path)
    august = ledger.month(village([*one, *two]))
    for month in (9, 10, 11):
        ledger.month(village(in_another_file(month, [*one, *two])), [(*pair, "same")])
    december = ledger.month(village(in_another_file(12, [*one, *two])), [(*pair, "different")])
    assert (december.person(1), december.person(101)) == (august.person(1), august.person(101))


def test_a_split_that_is_undone_gives_back_the_id_that_was_split(tmp_path: Path) -> None:
    one = rows(FATMAH, 1, 4)
    pair = (one[0]["fingerprint"], one[1]["fingerprint"])
    ledger = Ledger(tmp_path)
    august = ledger.month(village(one))
    september = ledger.month(village(in_another_file(9, one)), [(*pair, "different")])
    assert {e for e, _, _ in september.happened()} == {"split"}
    october = ledger.month(village(in_another_file(10, one)), [(*pair, "same")])
    assert {october.person(line) for line in (1, 2, 3, 4)} == {august.person(1)}
    ((event, old, new),) = october.happened()
    assert (event, new) == ("undone", august.person(1))
    assert old in {september.person(line) for line in (1, 2, 3, 4)}


def test_households_that_were_one_by_mistake_get_back_their_ids(tmp_path: Path) -> None:
    one, two = rows(FATMAH, 1, 2), rows(MARTEN, 101, 4)
    pair = (one[0]["fingerprint"], two[0]["fingerprint"])
    ledger = Ledger(tmp_path)
    august = ledger.month(village([*one, *two]))
    september = ledger.month(village([*one, *two]), [(*pair, "same")], level="household")
    assert september.household(1) == september.household(101)
    assert september.person(1) != september.person(101)
    october = ledger.month(village([*one, *two]), [(*pair, "different")], level="household")
    assert (october.household(1), october.household(101)) == (august.household(1), august.household(101))
    assert {e for e, _, _ in october.happened("household")} == {"undone"}


def test_ids_survive_three_months_of_corrections_a_move_and_a_marriage(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    slip = FATMAH | {"nik": FATMAH["nik"][:13] + "1" + FATMAH["nik"][14:], "name": "FATMA PAKAJA"}
    august = ledger.month(village([*rows(slip, 1, 3), *rows(MARTEN, 101, 2)]))
    moved = FATMAH | {"no_kk": NEW, "rt": 5, "rw": 3, "address": "JL DURIAN NO 1"}
    september = ledger.month(village(in_another_file(9, [*rows(FATMAH, 1, 3), *rows(MARTEN, 101, 2)])))
    october = ledger.month(village(in_another_file(10, [*rows(moved, 1, 3), *rows(MARTEN, 101, 2)])))
    married = MARTEN | {"no_kk": NEW, "rt": 5, "rw": 3, "address": "JL DURIAN NO 1"}
    november = ledger.month(village(in_another_file(11, [*rows(moved, 1, 3), *rows(married, 101, 2)])))
    for month in (september, october, november):
        assert (month.person(1), month.person(101)) == (august.person(1), august.person(101)), month.run_id
        assert not month.happened()
    assert november.household(1) == november.household(101)


SALMA = FATMAH | {
    "name": "SALMA GANI", "birth_date": date(1990, 6, 5), "nik": nik(date(1990, 6, 5), "P", 2), "no_kk": NEW,
    "address": "JL DURIAN NO 1",
}  # fmt: skip
PEOPLE = [FATMAH, MARTEN, SALMA]
PAIRS = [(0, 1), (0, 2), (1, 2)]


HISTORIES = given(
    st.lists(st.integers(1, 4), min_size=3, max_size=3),
    st.lists(st.lists(st.sampled_from(["same", "different", ""]), min_size=3, max_size=3), min_size=2, max_size=2),
    st.booleans(),
)
MANY = settings(  # each plays eight months
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PARTED_AND_JOINED_AT_ONCE = [  # off one person and into another in the same month
    ([1, 1, 1], [["different", "same", "same"], ["same", "different", "different"]]),
    ([2, 3, 2], [["", "same", ""], ["same", "different", "same"]]),
]


@pytest.mark.parametrize(("sizes", "words"), PARTED_AND_JOINED_AT_ONCE)
def test_no_id_is_ever_two_persons(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], words: list[list[str]]
) -> None:
    assert_no_id_is_two_persons(tmp_path_factory, sizes, words, same_files=False)


@pytest.mark.nightly
@MANY
@HISTORIES
def test_no_id_is_ever_two_persons_in_many_histories(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], words: list[list[str]], same_files: bool
) -> None:
    assert_no_id_is_two_persons(tmp_path_factory, sizes, words, same_files)


def assert_no_id_is_two_persons(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], words: list[list[str]], same_files: bool
) -> None:
    people = [rows(who, 1 + 100 * k, n) for k, (who, n) in enumerate(zip(PEOPLE, sizes, strict=True))]
    everybody = [r for person in people for r in person]
    pairs = [(people[a][0]["fingerprint"], people[b][0]["fingerprint"]) for a, b in PAIRS]
    said = [
        [(*pair, word) for pair, word in zip(pairs, of_month, strict=True) if word]
        for of_month in [["", "", ""], *words, ["different"] * 3]
    ]

    def played() -> list[Month]:
        ledger = Ledger(tmp_path_factory.mktemp("ids"))
        for k, of_month in enumerate(said):
            files = everybody if same_files else in_another_file(k, everybody)
            ledger.month(village(files), of_month)
        return ledger.months

    months = played()
    owner: dict[str, int] = {}
    for month in months:
        mine = {k: {month.person(r["row_number"]) for r in person} for k, person in enumerate(people)}
        assert all(len(ids) == 1 for ids in mine.values()), "judged pairs join and part whole persons"
        for k, ids in mine.items():
            (own,) = ids
            if all(own not in other for j, other in mine.items() if j != k):  # nobody else is in it
                assert owner.setdefault(own, k) == k
    # all are apart in the end, and have what they had at first
    first, last = months[0], months[-1]
    assert [last.person(1 + 100 * k) for k in range(3)] == [first.person(1 + 100 * k) for k in range(3)]
    assert [m.ids.rows() for m in played()] == [m.ids.rows() for m in months], "same in, same out"
