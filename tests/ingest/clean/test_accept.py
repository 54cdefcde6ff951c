"""Which rows can be used; ids; many sheets at once."""

from __future__ import annotations

import json

import polars as pl
import pytest

from pipeline.ingest.clean import clean, clean_sheets
from pipeline.tables import MENTIONS
from tests.ingest.clean.raw_cells import Raw, cleaned, cleaner, context, raw_rows

NIK, KK, CARD = "7501014107850001", "7501013112200001", "6032987517456358"
TIME = "2026-10-01 10:00:00"


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("registry", {}, "no_identity"),
        ("registry", {"name": "XXX", "nik": "-"}, "placeholder"),
        ("registry", {"name": "ALI"}, "name_only"),
        ("registry", {"name": "ALI", "birth_date": "1/1/1980"}, None),
        ("registry", {"name": "ALI", "no_kk": KK}, None),
        ("recipients", {"name": "ALI", "birth_date": "1/1/1980"}, "no_number"),
        ("recipients", {"name": "ALI", "nik": "7,50101E+15"}, None),  # lossy counts as present
        ("recipients", {"name": "ALI", "nik": "7501XXXX"}, None),
        ("recipients", {"name": "ALI", "nik": "123"}, None),
        ("recipients", {"name": "-", "nik": NIK}, None),  # the number says who it is
        ("payments", {"name": "ALI", "nik": NIK}, "no_amount"),
        ("payments", {"name": "ALI", "account_number": "0348018322", "amount": "200.000"}, None),
        ("payments", {"name": "ALI", "amount": "200.000"}, "no_number"),
        ("payments", {"account_number": "0348018322", "amount": "200.000"}, "no_identity"),
        ("deaths", {"name": "ALI", "no_kk": KK}, "name_only"),
        ("deaths", {"name": "ALI", "birth_date": "1/1/1980"}, None),
        ("employment", {"name": "ALI", "employment_type": "PNS"}, "name_only"),
        ("employment", {"employment_type": "PNS"}, "no_identity"),
        ("ppks", {"name": "ALI", "ppks_category": "ODGJ"}, None),  # often without NIK, which is no error
        ("ppks", {"ppks_category": "ODGJ"}, "no_identity"),
        ("proposals", {"name": "ALI"}, None),
        ("companions", {"name": "ALI"}, None),
        ("tksk", {"name": "ALI", "kecamatan": "BIAU"}, None),
        ("transactions", {"transacted_at": TIME, "amount": "1"}, "no_card"),
        ("transactions", {"transacted_at": "x", "amount": "1", "card_number": CARD}, "bad_time"),
        ("transactions", {"transacted_at": TIME, "amount": "#VALUE!", "card_number": CARD}, "bad_amount"),
        ("transactions", {"transacted_at": TIME, "amount": "0", "card_number": CARD}, None),
        ("outcomes", {"outcome": "DITEMUKAN"}, "no_identity"),
    ],
)  # fmt: skip
def test_quarantine(kind: str, row: dict[str, str], reason: str | None) -> None:
    columns: dict[str, list[Raw]] = {"reason": [None]} | {name: [value] for name, value in row.items()}
    result = clean(kind, raw_rows(columns), context(list(columns)), cleaner())
    assert result.quarantine["reason"].to_list() == ([] if reason is None else [reason])
    assert result.accepted.height == (1 if reason is None else 0)


def test_quarantine_keeps_the_row_as_read() -> None:
    columns: dict[str, list[Raw]] = {"name": ["XXX"], "nik": ["-"], "desa": ["Tudi"], "kecamatan": [None]}
    row = clean("registry", raw_rows(columns, first_row=7), context(list(columns)), cleaner()).quarantine.row(
        0, named=True
    )
    assert json.loads(row["raw"]) == {"NAME": "XXX", "NIK": "-", "DESA": "Tudi"}
    assert (row["row_number"], row["kind"], row["source_file"]) == (7, "registry", "list.csv")


def test_two_people_in_a_cell_are_one_mention() -> None:
    result = cleaned(name=["ALI / ANI"])
    assert result.accepted.height == 1
    assert result.accepted["other_names"].to_list() == ["ANI"]


def test_the_fingerprint_says_who_and_nothing_else() -> None:
    """The same person in another file, month, row and state of facts has the same fingerprint; another name has not."""
    here = cleaned(name=["ALI HASAN"], desil=["1"]).accepted
    there = clean(
        "recipients", raw_rows({"name": ["Ali Hasan"], "nik": [f"'{NIK}"], "amount": ["5"]}, first_row=90),
        context(["name", "nik"], "another"), cleaner(),
    ).accepted  # fmt: skip
    other = cleaned(name=["ALI HASAM"]).accepted
    assert here["fingerprint"][0] == there["fingerprint"][0] != other["fingerprint"][0]
    assert here["mention_id"][0] != there["mention_id"][0]


def test_many_sheets_at_once_are_the_same_as_one_by_one() -> None:
    first = {"name": ["ALI", "-"], "nik": [NIK, "-"], "sex": ["L", "?X"]}
    second = {"name": ["ANI"], "ttl": ["Biau, 1-2-1980"], "title_desa": ["OMUTO"], "no_kk": [KK]}
    third = {"name": ["BUDI (ALM)"], "desa": ["OMUTO"], "kecamatan": ["BIAU"], "nik": [NIK]}
    sheets = [
        (raw_rows(columns), context(list(columns), name))
        for name, columns in {"A": first, "B": second, "TNI POLRI": third}.items()
    ]
    for kind in ("registry", "recipients", "employment"):
        together = clean_sheets(kind, sheets, cleaner())
        single = [clean(kind, rows, where, cleaner()) for rows, where in sheets]
        assert together.accepted.equals(pl.concat([s.accepted for s in single]))
        assert together.quarantine.equals(pl.concat([s.quarantine for s in single]))
        assert set(together.notices.rows()) == set(pl.concat([s.notices for s in single]).rows())


def test_accepted_rows_have_the_declared_shape() -> None:
    assert cleaned(sex=["L"]).accepted.schema == MENTIONS.schema
