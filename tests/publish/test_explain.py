"""An id leads back to file and row, and numbers of persons stay masked unless somebody answers for showing them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.database import opened
from pipeline.errors import InputError
from pipeline.explain import explain
from pipeline.explain.veil import veiled
from pipeline.publish import database_path
from tests.publish.builders import COMPARISON, NIK


@pytest.mark.parametrize(
    ("name", "kind", "persons"),
    [
        ("P0000", "person", ["P0000"]),
        ("H0000", "household", ["P0000", "P0001", "P0002"]),
        ("F0001", "finding", ["P0000", "P0001", "P0002"]),
        ("K0001", "finding", ["P0000", "P0001", "P0002"]),
        ("m0004", "mention", ["P0004"]),
    ],
)
def test_every_kind_of_id_has_a_story(one: Path, name: str, kind: str, persons: list[str]) -> None:
    story = explain(one, name)
    assert story.kind == kind
    assert name in story.title
    assert [p["person_id"] for p in story.chapters["persons"]] == persons


def test_the_story_leads_back_to_file_sheet_and_row(one: Path) -> None:
    person = explain(one, "P0000").chapters["persons"][0]
    assert [m["where"] for m in person["mentions"]] == [
        "PKH_contoh.csv · row 2",
        "DTSEN_contoh.xlsx · Kec. Asparaga · row 6",
    ]
    assert person["mentions"][0]["written"]["amount"] == 225_000


def test_the_story_says_what_each_rule_saw_and_said(one: Path) -> None:
    chapters = explain(one, "H0000").chapters
    (pkh,) = chapters["eligibility"]
    assert pkh["rules"] == {"component": "unknown", "desil": "true"}
    assert pkh["facts"] == {"desil": 2}
    assert chapters["benefits"][0]["where"] == "PKH_contoh.csv · row 2"
    assert chapters["findings"][0]["evidence"][0]["where"] == "PKH_contoh.csv · row 2"
    assert chapters["matches"][0]["comparison"] == COMPARISON
    assert chapters["months"][0]["finding_type"] == "inclusion_error"


def test_numbers_of_persons_are_masked(one: Path) -> None:
    text = json.dumps(explain(one, "H0000").as_dict())
    assert NIK not in text
    assert "750101******0001" in text
    assert "6032981234567890" not in text


@pytest.mark.parametrize("name", ["phone", "account_number", "no_kk"])
def test_short_numbers_are_masked_where_the_column_says_what_they_are(name: str) -> None:
    assert veiled({"written": {name: "08123456"}})["written"][name] == "******56"


def test_numbers_within_texts_are_masked_and_ids_are_not() -> None:
    document = {"note": f"NIK {NIK} salah", "mention_id": "1234567890123456", "fact": {"digits": int(NIK)}}
    assert veiled(document) == {
        "note": "NIK 750101******0001 salah",
        "mention_id": "1234567890123456",
        "fact": {"digits": "750101******0001"},
    }


def test_showing_numbers_needs_a_purpose_and_is_logged(published: Path) -> None:
    with pytest.raises(InputError, match="purpose"):
        explain(published, "P0000", reveal=" ")
    story = explain(published, "P0000", reveal="called by the family")
    assert not story.masked
    assert story.chapters["persons"][0]["nik"] == NIK
    with opened(database_path(published), read_only=True) as c:
        log = c.execute(
            "select object, purpose, previous_hash <> '' from audit.access_log where action = 'reveal'"
        ).fetchall()
    assert log == [("P0000", "called by the family", True)]


def test_an_id_nobody_knows_is_answered_with_what_ids_look_like(one: Path) -> None:
    with pytest.raises(InputError, match="a person P…, a household H…"):
        explain(one, "X9")


def test_without_a_published_run_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is published here"):
        explain(tmp_path, "P0000")
