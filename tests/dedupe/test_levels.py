"""Comparing in bulk says what comparing two strings would say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from pipeline.dedupe.card import (
    C_DIFFERS,
    C_PART,
    C_SLIP,
    C_SLIPS,
    DIFFERS,
    EQUAL,
    NEAR,
    ORDER,
    PART,
    TOKEN,
    read_card,
)
from pipeline.dedupe.cleaning import cleaned
from pipeline.dedupe.kinds import Column, prepared
from pipeline.dedupe.numbers import code_levels
from pipeline.dedupe.texts import text_levels
from pipeline.dedupe.values import Values
from pipeline.rulebook import default_rules


def values(texts: list[str], compare: str) -> Values:
    """A column of some texts."""
    text = sorted(set(texts))
    code = np.array([text.index(t) for t in texts], dtype=np.int32)
    return Values(Column("c", "account", compare, "own"), code, pl.Series([*text, ""]))  # type: ignore[arg-type]


@settings(deadline=None, max_examples=150)
@given(st.data())
@pytest.mark.parametrize("alphabet", ["012", "0123456789", "0123456789ABCDEFGHIJ-/?"])
def test_codes_are_as_far_apart_as_their_strings(alphabet: str, data: st.DataObject) -> None:
    """Numbers of one length and of several, longer than fit into one integer too, with few characters and with many."""
    base = data.draw(st.text(alphabet, min_size=5, max_size=18))
    edit = st.tuples(st.integers(0, 18), st.sampled_from(["put", "swap", "out", "in"]), st.sampled_from(alphabet))
    texts = {base, alphabet}
    for edits in data.draw(st.lists(st.lists(edit, max_size=3), min_size=1, max_size=4)):
        text = base
        for at, what, letter in edits:
            rest = {"put": letter + text[at + 1 :], "in": letter + text[at:], "out": text[at + 1 :]}
            text = text[:at] + rest.get(what, text[at : at + 2][::-1] + text[at + 2 :])
        texts.add(text)
    column = values(sorted(texts), "code")
    x, y = (c.astype(np.int32) for c in np.triu_indices(column.distinct, 1))
    for i, j, level in zip(x, y, code_levels(column, x, y), strict=True):
        one, two = column.text[int(i)], column.text[int(j)]
        distance = OSA.distance(one, two)
        in_place = sum(a != b for a, b in zip(one, two, strict=False))
        if len(one) == len(two) and in_place > 4:
            continue  # a digit moved far is two slips only if few digits are out of place
        short = min(len(one), len(two)) < 4
        expected = C_SLIP if distance == 1 else C_SLIPS if distance == 2 and not short else None
        assert (level == expected) if expected else level >= C_PART, (one, two)


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("SMITH J", "JOHN SMITH", PART),
        ("J K SMITH", "SMITH JOHN KARL", PART),
        ("SMITH J", "WALTER SMITH", TOKEN),
        ("BILL SMITH", "WILLIAM SMITH", NEAR),
        ("BILL SMITH", "JOHN ADAMS", DIFFERS),
    ],
)
def test_initials_and_short_forms_of_names(one: str, two: str, level: int) -> None:
    column = Column("c", "full_name", "text", "own", (("BILL", "WILLIAM"),))
    text = sorted([one, two])
    names = Values(column, np.arange(2, dtype=np.int32), pl.Series([*text, ""]))
    assert text_levels(names, np.array([0], np.int32), np.array([1], np.int32)).tolist() == [level]


@pytest.mark.parametrize(("meaning", "level"), [("birth_year", C_SLIP), ("account", C_DIFFERS)])
def test_years_are_compared_as_numbers(meaning: str, level: int) -> None:
    said = Values(Column("c", meaning, "code", "own"), np.arange(2, dtype=np.int32), pl.Series(["1999", "2000", ""]))
    assert code_levels(said, np.array([0], np.int32), np.array([1], np.int32)).tolist() == [level]


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [("정상훈", "상훈정", ORDER), ("王建国", "建国", PART), ("佐藤 直樹", "佐藤直樹", EQUAL)],
)
def test_characters_of_names_written_together_are_words(one: str, two: str, level: int) -> None:
    card, column = read_card(default_rules()), Column("c", "full_name", "text", "own")
    said = prepared(cleaned(pl.Series([one, two]), ()), column, card)
    text = said.unique().sort()
    code = np.array([text.index_of(t) for t in said], dtype=np.int32)
    names = Values(column, code, text.extend(pl.Series([""])))
    got = text_levels(names, code[:1], code[1:]) if level != EQUAL else code[:1] == code[1:]
    assert got.tolist() == [level]
