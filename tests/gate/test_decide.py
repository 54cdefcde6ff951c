"""Laws of decisions, whatever the lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import RulesError
from pipeline.gate.decide import FLAGS, decide
from pipeline.gate.gate_rules import GateRules, read_gate_rules
from pipeline.gate.totals import totals
from pipeline.rulebook import default_rules

RULES: GateRules = read_gate_rules(default_rules())
SCHEMA = {
    "at": pl.Int64, "program": pl.String, "person": pl.String, "household": pl.String, "listed": pl.Boolean,
    "head": pl.Boolean, "amount": pl.Int64, **dict.fromkeys(FLAGS, pl.Boolean),
}  # fmt: skip
Row = dict[str, Any]

# about persons, not lines: the same on all lines of one person
OF_PERSON = ("deceased", "moved_out", "ineligible", "not_in_registry", "unknown_eligibility")
OF_LINE = ("nik_shared", "invalid_nik", "lossy_nik", "account_of_other")


@st.composite
def lists(draw: st.DrawFn) -> list[Row]:
    """Some lines of a few persons in fewer households."""
    people = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "household": st.sampled_from(["H1", "H2", None]), "listed": st.booleans(), "head": st.booleans(),
                    **{flag: st.sampled_from([False, False, False, True]) for flag in OF_PERSON},
                }
            ),
            min_size=1, max_size=4,
        )
    )  # fmt: skip
    lines = []
    for at in range(draw(st.integers(1, 8))):
        k = draw(st.integers(0, len(people) - 1))
        own = {flag: draw(st.sampled_from([False, False, True])) for flag in OF_LINE}
        known = {"at": at, "program": draw(st.sampled_from(["pkh", "sembako"])), "person": f"P{k}"}
        lines.append(dict.fromkeys(FLAGS, False) | people[k] | own | known | {"amount": draw(st.integers(1, 9))})
    return lines


def decided(lines: Sequence[Row]) -> pl.DataFrame:
    """The decisions."""
    return decide(pl.DataFrame(lines, schema=SCHEMA), RULES)


@given(lists())
@settings(max_examples=30, deadline=None)
def test_totals_balance(lines: list[Row]) -> None:
    out = decided(lines)
    sums = totals(out)
    parts = [sums[d] for d in ("pay", "hold", "reject")]
    assert sum(p["rows"] for p in parts) == sums["counted"]["rows"] == len(lines)
    assert sum(p["amount"] for p in parts) == sums["counted"]["amount"] == sum(r["amount"] for r in lines)


@given(lists(), st.data())
@settings(max_examples=30, deadline=None)
def test_a_death_more_never_turns_a_reject_into_a_pay(lines: list[Row], data: st.DataObject) -> None:
    dead = data.draw(st.sampled_from(sorted({r["person"] for r in lines})))
    before = decided(lines)
    after = decided([r | {"deceased": r["deceased"] or r["person"] == dead} for r in lines])
    turned = (before["decision"] == "reject") & (after["decision"] == "pay")
    assert not turned.any()


@given(lists(), st.data())
@settings(max_examples=30, deadline=None)
def test_order_matters_only_for_which_line_of_a_person_stays(lines: list[Row], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(lines))))
    shuffled = [lines[k] | {"at": at} for at, k in enumerate(order)]

    def told(rows: Sequence[Row]) -> Counter[Any]:
        out = decided(rows)
        return Counter(out.select("program", "person", "decision").rows())

    assert told(lines) == told(shuffled)


@given(lists())
@settings(max_examples=30, deadline=None)
def test_nobody_is_paid_twice_and_no_household_has_two_persons_paid(lines: list[Row]) -> None:
    paid = decided(lines).filter(pl.col("decision") == "pay")
    assert not paid.select("program", "person").is_duplicated().any()
    homes = paid.filter(pl.col("household").is_not_null())
    assert not homes.select("program", "household").is_duplicated().any()


@given(lists())
@settings(max_examples=30, deadline=None)
def test_the_first_reason_decides(lines: list[Row]) -> None:
    for decision, reason, reasons in decided(lines).select("decision", "reason", "reasons").iter_rows():
        assert reason == (reasons[0] if reasons else None)
        assert decision == (str(RULES.card[reason].decision) if reason else "pay")


def test_every_reason_needs_a_decision(tmp_path: Path) -> None:
    text = (default_rules() / "gate.yaml").read_text(encoding="utf-8")
    (tmp_path / "gate.yaml").write_text(text.replace("reason: moved_out", "reason: moved_away"), encoding="utf-8")
    with pytest.raises(RulesError, match=r"gate\.yaml:\d+"):
        read_gate_rules(tmp_path)
