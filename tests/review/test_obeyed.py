"""What people have said of a pair is what the run does, also where a person has very many rows."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipeline.period import Period
from pipeline.resolve.judgements import read_judgements
from tests.resolve.village import frame, identify, nik, row

PERIOD = Period(2026, 9)
BORN = date(1985, 3, 7)
FATMAH = {"name": "FATMAH PAKAYA", "birth_date": BORN, "sex": "P", "nik": nik(BORN, "P", 4)}
MARTEN = {"name": "MARTEN UNO", "birth_date": date(1950, 1, 9), "sex": "L", "nik": nik(date(1950, 1, 9), "L", 1)}


def persons(rows: list[dict[str, object]], *said: tuple[dict[str, object], dict[str, object], str]) -> dict[int, int]:
    """Person of each row written by hand, by its line."""
    mentions = frame(rows).sort("mention_id")
    pairs = [(*sorted((str(a["fingerprint"]), str(b["fingerprint"]))), word) for a, b, word in said]
    judged = pl.DataFrame(pairs, schema=["fingerprint_a", "fingerprint_b", "judgement"], orient="row")
    judged = judged.with_columns(valid_until=pl.lit(None, pl.Date), level=pl.lit("person"))
    labels, _ = identify(mentions, read_judgements(judged, mentions["fingerprint"], PERIOD))
    return {r: p for r, p in labels.select("row_number", "person").iter_rows() if r < 1000}


def many(who: dict[str, object], first: int, n: int) -> list[dict[str, object]]:
    """The same person on many lists, each row with another address, so that each has a fingerprint of its own."""
    return [row(f"list{k}.csv", first + k, **who, desa_code=f"75051020{k + 1:02d}") for k in range(n)]


@pytest.mark.parametrize("n", [2, 6, 20, 70])
def test_two_persons_of_many_rows_joined_by_one_word(n: int) -> None:
    one, two = many(FATMAH, 1, n), many(MARTEN, 101, n)
    assert len(set(persons([*one, *two]).values())) == 2
    found = persons([*one, *two], (one[n // 2], two[n // 3], "same"))
    assert len(set(found.values())) == 1


@pytest.mark.parametrize("n", [2, 6, 20, 70])
def test_a_person_of_many_rows_parted_by_one_word(n: int) -> None:
    rows = many(FATMAH, 1, n)
    assert len(set(persons(rows).values())) == 1
    found = persons(rows, (rows[n // 2], rows[0], "different"))
    assert found[rows[n // 2]["row_number"]] != found[rows[0]["row_number"]]


def test_different_outweighs_a_chain_of_same() -> None:
    a, b, c = (row(f"{k}.csv", k, **FATMAH, desa_code=f"750510200{k}") for k in (1, 2, 3))
    found = persons([a, b, c], (a, b, "same"), (b, c, "same"), (a, c, "different"))
    assert found[1] != found[3]
    assert found[2] in (found[1], found[3])
