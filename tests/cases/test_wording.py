"""Answers as people write them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cases.field_rules import read_field_rules
from pipeline.cases.opening import ALPHABET
from pipeline.cases.wording import CaseNumbers, Wording
from tests.cases.office import RULES

FIELD = read_field_rules(RULES)
WORDING = Wording(FIELD)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Layak", "found_eligible"),
        ("TIDAK LAYAK", "found_not_eligible"),
        ("tdk layak krn PNS", "found_not_eligible"),
        ("sudah meninggal bulan lalu", "deceased"),
        ("Menigal", "deceased"),
        ("orangnya pindah ke Manado", "moved"),
        ("rumah kosong", "not_home"),
        ("bukan orang yang sama", "different_person"),
        ("found_eligible", "found_eligible"),
        ("Not eligible", "found_not_eligible"),
        ("Lainnya (tulis di catatan)", "other"),
    ],
)
def test_understood(written: str, code: str) -> None:
    assert WORDING.read(written).code == code


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("tidak pindah", "turned"),
        ("belum meninggal", "turned"),
        ("layak tapi pindah", "several"),
        ("rumah kosong, tidak layak?", "several"),
        ("masih hidup", "no_answer"),
        ("?", "no_answer"),
        ("", "no_answer"),
    ],
)
def test_not_guessed(written: str, problem: str) -> None:
    assert (WORDING.read(written).code, WORDING.read(written).problem) == (None, problem)


@pytest.mark.parametrize("code", list(FIELD.outcomes))
def test_every_label_and_phrase_means_its_own_answer(code: str) -> None:
    outcome = FIELD.outcomes[code]
    for text in (code, outcome.text.id, outcome.text.en, *outcome.phrases):
        assert WORDING.read(text).code == code, text


@given(st.text(alphabet=ALPHABET, min_size=12, max_size=12), st.data())
def test_a_case_number_copied_carelessly_is_found(letters: str, data: st.DataObject) -> None:
    number = "K-" + "-".join(letters[n : n + 3] for n in range(0, 12, 3))
    careless = number.replace("0", data.draw(st.sampled_from("0Oo"))).replace("1", data.draw(st.sampled_from("1IiLl")))
    careless = careless.replace("-", data.draw(st.sampled_from(["-", " ", "", "."]))).lower()
    assert CaseNumbers([number]).find(careless) == (number, "")


@given(st.text(alphabet=string.printable, max_size=40))
def test_no_text_breaks_reading(text: str) -> None:
    understood = WORDING.read(text)
    assert (understood.code is None) == (understood.problem is not None)


def test_one_slip_in_a_number_is_told_and_not_taken() -> None:
    numbers = CaseNumbers(["K-4T7-QM2-X9P-A3F", "K-000-000-000-000"])
    assert numbers.find("K-4T7-QM2-X9P-A3G") == (None, "K-4T7-QM2-X9P-A3F")
    assert numbers.find("K-999-999-999-999") == (None, "")
