"""How a question is written, and what is said of one that cannot be asked."""

from __future__ import annotations

from datetime import date

import pytest

from pipeline.errors import InputError
from pipeline.simulate import Question
from pipeline.target.programs import read_rules

DAY = date(2026, 10, 31)


@pytest.fixture(scope="module")
def written(rules):
    return read_rules(rules)


def test_values_take_the_kind_that_the_parameter_has(written):
    question = Question.read(["pkh.desil_max=3", " sembako.monthly = 250000"], None, written, DAY)
    assert question.changes == {"pkh.desil_max": 3, "sembako.monthly": 250_000}
    assert question.before == {"pkh.desil_max": 4, "sembako.monthly": 200_000}
    assert question.programs == {"pkh", "sembako"}


def test_a_parameter_of_the_bars_concerns_every_program(written):
    assert Question.read(["bars.minimum_wage=4000000"], None, written, DAY).programs is None


def test_before_is_what_is_in_force_on_the_day(written):
    then = Question.read(["bars.minimum_wage=1"], None, written, date(2025, 6, 30)).before
    assert then == {"bars.minimum_wage": 3_221_731}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("pkh.desil_max=1..6", (1, 2, 3, 4, 5, 6)),
        ("sembako.monthly=100000..300000/100000", (100_000, 200_000, 300_000)),
        ("pkh.desil_max=4..4", (4,)),
    ],
)
def test_a_range_takes_every_value_up_to_its_end(written, text, values):
    question = Question.read([], text, written, DAY)
    assert question.range is not None
    assert question.range.values == values


@pytest.mark.parametrize(
    ("sets", "spread", "said"),
    [
        (["pkh.desil_mx=3"], None, "did you mean `pkh.desil_max`"),
        (["phk.desil_max=3"], None, "did you mean `pkh.desil_max`"),
        (["pkh.desil_max"], None, "says no value"),
        (["pkh.desil_max=three"], None, "a number"),
        (["sembako.monthly=250.000"], None, "a number such as 250000"),
        (["pkh.desil_max=nan"], None, "a number"),
        (["pkh.desil_max=1e400"], None, "a number"),
        (["sembako.monthly=1000000000001"], None, "not above"),
        (["pkh.desil_max=3", "pkh.desil_max=4"], None, "given twice"),
        (["pkh.desil_max="], None, "says no value"),
        ([], None, "nothing is changed"),
        ([], "pkh.desil_max=6..1", r"write pkh.desil_max=1\.\.6"),
        ([], "pkh.desil_max=1..6/0", "a step of 1 or more"),
        ([], "sembako.monthly=1..1000000", r"write sembako.monthly=1\.\.1000000/20000"),
        ([], "pkh.desil_max=3", "whole numbers"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_what_was_expected(written, sets, spread, said):
    with pytest.raises(InputError, match=said):
        Question.read(sets, spread, written, DAY)
