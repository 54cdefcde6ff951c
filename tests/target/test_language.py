"""The language of conditions: what it reads, what it refuses, and that both engines agree in three values."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.target.language import ConditionError, Fact, Kind, facts_of, parse
from pipeline.target.writers import to_polars, to_sql

FACTS = {
    "desil": Fact("desil", Kind.NUMBER),
    "income": Fact("income", Kind.NUMBER),
    "poor": Fact("poor", Kind.FLAG),
    "old": Fact("old", Kind.FLAG),
    "level": Fact("level", Kind.TEXT),
    "since": Fact("since", Kind.DATE),
    "n_pupils": Fact("n_pupils", Kind.NUMBER, counted=True),
    "n_elderly": Fact("n_elderly", Kind.NUMBER, counted=True),
}
PARAMETERS = {"max": 4, "share": 1.5, "day": date(2026, 1, 1), "word": "sd", "yes": True}

numbers = st.sampled_from(["desil", "income", ":max", ":share", "0", "3", "-1", "2.5", "coalesce(desil, 9)"])
counts = st.sampled_from(["n_pupils", "n_elderly", "0", "1", "2", ":max", "desil"])
texts = st.sampled_from(["level", ":word", "'smp'", "'o''clock'"])
dates = st.sampled_from(["since", ":day", "date '2026-02-28'"])
flags = st.sampled_from(["poor", "old", ":yes", "true", "false"])
operators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def comparison(terms):
    return st.tuples(terms, operators, terms).map(" ".join)


atoms = st.one_of(
    comparison(numbers),
    comparison(counts),
    comparison(texts),
    comparison(dates),
    flags,
    st.tuples(flags, st.sampled_from(["=", "<>"]), flags).map(" ".join),
    st.sampled_from(list(FACTS)).map("{} is null".format),
    st.sampled_from(list(FACTS)).map("{} is not null".format),
    st.tuples(numbers, numbers, numbers).map(lambda t: f"{t[0]} between {t[1]} and {t[2]}"),
    st.tuples(counts, counts, counts).map(lambda t: f"{t[0]} not between {t[1]} and {t[2]}"),
    st.tuples(texts, texts, texts).map(lambda t: f"{t[0]} in ({t[1]}, {t[2]})"),
    st.tuples(counts, counts, counts).map(lambda t: f"{t[0]} not in ({t[1]}, {t[2]})"),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.tuples(inner, inner).map(lambda t: f"({t[0]}) and ({t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]}) or ({t[1]})"),
    ),
    max_leaves=6,
)


def maybe(values):
    return st.one_of(st.none(), values)


def count():
    """Bounds of a count: the upper one may be unknown."""
    return st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(0, 3))).map(
        lambda b: (b[0], None if b[1] is None else b[0] + b[1])
    )


units = st.fixed_dictionaries(
    {
        "desil": maybe(st.integers(1, 10)),
        "income": maybe(st.integers(-2, 5)),
        "poor": maybe(st.booleans()),
        "old": maybe(st.booleans()),
        "level": maybe(st.sampled_from(["sd", "smp", "o'clock", ""])),
        "since": maybe(st.sampled_from([date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 1)])),
        "n_pupils": count(),
        "n_elderly": count(),
    }
)
SCHEMA = {
    "desil": pl.Int64, "income": pl.Int64, "poor": pl.Boolean, "old": pl.Boolean, "level": pl.String, "since": pl.Date,
    "n_pupils__low": pl.Int64, "n_pupils__high": pl.Int64, "n_elderly__low": pl.Int64, "n_elderly__high": pl.Int64,
}  # fmt: skip


def frame(rows):
    flat = []
    for row in rows:
        plain = {k: v for k, v in row.items() if not isinstance(v, tuple)}
        for name in ("n_pupils", "n_elderly"):
            plain[f"{name}__low"], plain[f"{name}__high"] = row[name]
        flat.append(plain)
    return pl.DataFrame(flat, schema=SCHEMA)


def in_polars(condition, data):
    return data.with_columns(x=to_polars(condition))["x"].to_list()


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=120, deadline=None)
@given(conditions, st.lists(units, min_size=1, max_size=5))
def test_both_engines_say_true_false_or_unknown_alike(engine, text, rows):
    try:
        condition = parse(text, FACTS, PARAMETERS)
    except ConditionError:  # flags and orders that the language refuses
        return
    data = frame(rows)
    engine.register("units", data.to_arrow())
    asked = engine.execute(f"select {to_sql(condition)} from units").fetchall()
    assert in_polars(condition, data) == [answer for (answer,) in asked]


@settings(max_examples=80, deadline=None)
@given(conditions, units, st.data())
def test_an_answer_that_is_known_stays_so_when_a_count_becomes_known(text, row, data):
    try:
        condition = parse(text, FACTS, PARAMETERS)
    except ConditionError:
        return
    if any(f"{name} is n" in text for name in ("n_pupils", "n_elderly")):
        return  # asking whether something is known is the exception
    sharper = dict(row)
    for name in ("n_pupils", "n_elderly"):
        low, high = row[name]
        exact = data.draw(st.integers(low, low + 4 if high is None else high))
        sharper[name] = (exact, exact)
    before, after = in_polars(condition, frame([row]))[0], in_polars(condition, frame([sharper]))[0]
    assert before is None or before == after


@pytest.mark.parametrize(
    ("bounds", "more_than_none", "none", "at_most_one"),
    [
        ((0, 0), False, True, True),
        ((0, 1), None, None, True),
        ((1, 1), True, False, True),
        ((1, 3), True, False, None),
        ((2, None), True, False, False),
        ((0, None), None, None, None),
    ],
)
def test_a_count_is_compared_by_its_bounds(bounds, more_than_none, none, at_most_one):
    row = dict.fromkeys(SCHEMA) | {"n_pupils__low": bounds[0], "n_pupils__high": bounds[1]}
    data = pl.DataFrame([row], schema=SCHEMA)
    answers = [in_polars(parse(text, FACTS, {}), data)[0] for text in ("n_pupils > 0", "n_pupils = 0", "n_pupils <= 1")]
    assert answers == [more_than_none, none, at_most_one]


@pytest.mark.parametrize(
    ("text", "message", "todo"),
    [
        ("desill <= :max", "no fact `desill`", "`desil`"),
        ("desil <= :maxi", "no parameter `:maxi`", "`max`"),
        ("desil + 1 > 2", "not in the language", ""),
        ("exists (select 1)", "not in the language", ""),
        ("desil in (select 1)", "not in the language", ""),
        ("length(level) > 1", "not in the language", ""),
        ("level like 's%'", "not in the language", ""),
        ("poor is true", "not in the language", ""),
        ("t.desil = 1", "not in the language", ""),
        ("case when poor then true end", "not in the language", ""),
        ("desil = 'sd'", "number is compared with a text", ""),
        ("since < 2026", "date is compared with a number", ""),
        ("poor < old", "no order", ""),
        ("desil", "number is not a condition", ""),
        ("desil = null", "not in the language", ""),
        ("since = date '2026-02-30'", "not a date", ""),
        ("coalesce(n_pupils, 0) > 1", "cannot be filled in", ""),
        ("desil <", "not a condition", ""),
        ("desil <= 1; drop table units", "not in the language", ""),
        ("", "not a condition", ""),
    ],
)
def test_everything_else_is_refused_and_says_why(text, message, todo):
    with pytest.raises(ConditionError, match=message) as refused:
        parse(text, FACTS, PARAMETERS)
    assert todo in refused.value.todo


def test_a_refusal_in_a_long_condition_knows_its_line():
    with pytest.raises(ConditionError) as refused:
        parse("desil <= 4\nand poor\nand levle = 'sd'", FACTS, {})
    assert refused.value.line == 2


def test_a_condition_names_the_facts_it_rests_on():
    condition = parse(
        "desil <= :max and (n_pupils > 0 or coalesce(income, 0) < 3) and since is null", FACTS, PARAMETERS
    )
    assert facts_of(condition) == {"desil", "n_pupils", "income", "since"}
