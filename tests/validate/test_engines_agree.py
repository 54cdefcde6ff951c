"""The law of the stage: polars and Great Expectations count the same rows, for every kind of check, nulls included."""

from datetime import date
from functools import cache

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.validate.cards import Check
from pipeline.validate.checks import CHECKS, chosen
from pipeline.validate.gate import Gate
from pipeline.validate.tally import tally

WORDS = {"reason": {"id": "x", "en": "x"}, "ask": {"id": "x", "en": "x"}, "severity": "info", "id": "x"}

EXAMPLES = {
    "required": {"columns": ["text"]},
    "unique": {"columns": ["text"]},
    "unique_together": {"columns": ["text", "number"]},
    "in_set": {"columns": ["text"], "values": ["a", "b"]},
    "regex": {"columns": ["text"], "pattern": "^[ab]+$"},
    "length": {"columns": ["text"], "min": 1, "max": 2},
    "between": {"columns": ["number"], "min": 1, "max": 3},
    "a_not_after_b": {"columns": ["day", "other_day"]},
}
MORE = [
    ("in_set", {"columns": ["flag"], "values": [True]}),
    ("regex", {"columns": ["text"], "pattern": "b$", "matches": False}),
    ("between", {"columns": ["day"], "min": date(2026, 1, 2)}),
    ("length", {"columns": ["text"], "max": 1}),
    ("unique_together", {"columns": ["text", "flag", "day"]}),
    ("required", {"columns": ["number"], "where": {"text": {"in": ["a", "ab"]}}}),
    ("unique", {"columns": ["number"], "where": {"flag": {"is": True}}}),
    ("between", {"columns": ["number"], "min": 2, "where": {"day": {"known": False}}}),
]

DAYS = st.sampled_from([date(2026, 1, 1), date(2026, 1, 2), date(2026, 2, 1), None])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "ab", "b\n", "É", "", None]),
        st.sampled_from([0, 1, 2, 3, 4, None]),
        st.sampled_from([True, False, None]),
        DAYS,
        DAYS,
    ),
    min_size=1,
    max_size=30,
)
SCHEMA = {"text": pl.String, "number": pl.Int64, "flag": pl.Boolean, "day": pl.Date, "other_day": pl.Date}


@cache
def gate() -> Gate:
    return Gate()


def check(name: str, **parameters: object) -> Check:
    return Check.model_validate({**WORDS, "check": name, **parameters})


def frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(
        source_file=pl.lit("f.csv"), sheet=pl.lit(""), row_number=pl.int_range(2, pl.len() + 2)
    )


def test_every_check_with_a_counterpart_is_tried():
    assert set(EXAMPLES) == {name for name, t in CHECKS.items() if t.expectation is not None}


@pytest.mark.parametrize(("name", "parameters"), [*EXAMPLES.items(), *MORE])
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_both_engines_count_the_same_rows(name, parameters, rows):
    made = check(name, **parameters)
    looked = frame(rows).filter(chosen(made))
    if looked.is_empty():
        return  # the gate is not asked about nothing
    counted = tally(looked, made, ["source_file", "sheet", "row_number"])
    judged = gate().judge(looked, made)
    assert judged.error == ""
    assert (judged.n_checked, judged.n_unexpected) == (counted.n_checked, counted.n_unexpected)


def test_an_expectation_that_cannot_run_is_told_from_bad_data():
    judged = gate().judge(frame([("a", 1, True, None, None)]), check("in_set", columns=["nowhere"], values=["a"]))
    assert judged.error
    assert judged.n_unexpected == 0
