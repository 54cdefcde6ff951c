"""Stock and flow add up, whatever came, left, merged, split or moved, and however many months lie between."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.compare.stage import TEXTS
from pipeline.look.words import texts
from tests.compare.months import (
    BIAU,
    TABONGO,
    between,
    finding,
    home,
    line,
    listed,
    moved,
    person,
    publish,
    unit,
)

PLACES = st.sampled_from([TABONGO, BIAU, None])
PEOPLE, HOMES = [f"P{n}" for n in range(6)], [f"H{n}" for n in range(5)]
STATUS = st.sampled_from(["eligible", "ineligible", "unknown"])
EXAMPLES = itertools.count()
_YEARS = 90
"""Examples to a database: each takes a year of its own, and the calendar ends in 2100."""


@st.composite
def month(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """A month of a few people: any of them there or not, dead, moved, merged into or split from any other."""
    some = st.lists(st.sampled_from(PEOPLE), unique=True)
    homes = draw(st.lists(st.sampled_from(HOMES), unique=True))
    served = [(h, draw(st.booleans())) for h in homes]
    pairs = st.lists(st.tuples(st.sampled_from(["merged", "split"]), st.sampled_from(HOMES), st.sampled_from(HOMES)),
                     max_size=3, unique_by=lambda t: t[1:])  # fmt: skip
    lists = [listed()] if draw(st.booleans()) else []
    lists += [listed("recipients", "pkh", draw(PLACES))] if draw(st.booleans()) else []
    return {
        "mentions": lists,
        "persons": [
            person(p, draw(st.sampled_from(HOMES)), alive=draw(st.sampled_from([True, False, None])),
                   moved_out=draw(st.booleans()), kecamatan_code=draw(PLACES))
            for p in draw(some)
        ],
        "households": [
            home(h, draw(st.integers(0, 2)), draw(st.sampled_from([2, 7, None])), kecamatan_code=draw(PLACES))
            for h in homes
        ],
        "eligibility": [unit(h, served=s, status=draw(STATUS), kecamatan_code=draw(PLACES)) for h, s in served],
        "benefits": [line(h, draw(st.sampled_from(PEOPLE)), draw(st.integers(0, 5)) * 100_000) for h, s in served if s],
        "findings": [finding(h, kecamatan_code=draw(PLACES)) for h in homes if draw(st.booleans())],
        "identity_events": [moved(event, old, new) for event, old, new in draw(pairs) if old != new],
    }  # fmt: skip


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("months")


def ids(rows: list[dict[str, Any]], subject: str) -> set[str]:
    """What stands in a month, counted by hand."""
    if subject == "persons":
        return {r["person_id"] for r in rows if r["alive"] is not False and not r["moved_out"]}
    if subject == "households":
        return {r["household_id"] for r in rows if r["n_present"]}
    if subject == "benefits":
        return {r["subject_id"] for r in rows if r["served"]}
    return {r["finding_key"] for r in rows}


TABLES = {"persons": "persons", "households": "households", "benefits": "eligibility", "findings": "findings"}


@settings(max_examples=max(settings().max_examples // 4, 1))  # each publishes three months
@given(st.lists(month(), min_size=3, max_size=3))
def test_stock_and_flow_add_up(out: Path, months: list[dict[str, Any]]) -> None:
    example = next(EXAMPLES)
    out, year = out / str(example // _YEARS), 2001 + example % _YEARS
    for number, content in zip((1, 2, 5), months, strict=True):
        publish(out, f"{year}-{number:02d}", **content)
    words = texts(TEXTS, "id")
    for by in (None, "kecamatan"):  # January and May: February lies between
        found = between(out, f"{year}-01", f"{year}-05", by)
        sums = found.stocks.group_by("subject").agg(pl.col("before", "left", "came", "after", "stayed").sum())
        for subject, before, left, came, after, stayed in sums.iter_rows():
            first, last = (ids(months[n][TABLES[subject]], subject) for n in (0, 2))
            assert (before, after) == (len(first), len(last))
            assert before - left == stayed == after - came
            if by is None:
                assert (left, came) == (len(first - last), len(last - first))
        flows = found.flows.group_by("subject", "direction").agg(pl.col("n").sum())
        stocks = {r[0]: r for r in sums.select("subject", "left", "came").iter_rows()}
        for subject, direction, n in flows.iter_rows():
            assert n == stocks[subject][1 if direction == "left" else 2]
        assert all(r["reason"] in words[r["direction"]] for r in found.flows.to_dicts())
