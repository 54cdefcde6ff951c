"""Laws of the stage: what must hold whatever the lists say."""

from __future__ import annotations

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import tables

quick = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

members = st.fixed_dictionaries(
    {
        "age": st.one_of(st.none(), st.integers(0, 90)),
        "sex": st.sampled_from(["L", "P", None]),
        "pregnant": st.sampled_from([True, False, None]),
        "school_level": st.sampled_from(["none", "sd", "sma", None]),
        "disability": st.sampled_from(["none", "severe", None]),
        "job": st.sampled_from([None, None, "civil_servant", "private_employee"]),
    }
)
families = st.lists(
    st.fixed_dictionaries(
        {
            "desil": st.one_of(st.none(), st.integers(1, 10)),
            "members": st.lists(members, min_size=1, max_size=3),
            "served": st.sets(st.sampled_from(["pkh", "sembako", "blt_dd", "pbi_jkn"])),
        }
    ),
    min_size=1,
    max_size=4,
)


def told(month, town, *, backwards=False, dead=None):
    """The month of a town; rows of lists may be told in another order, and one recipient may be dead."""
    for i, family in enumerate(town):
        people = []
        for k, member in enumerate(family["members"]):
            facts = {n: v for n, v in member.items() if n != "job"}
            name = f"p{i}-{k}"
            people.append(month.person(name, alive=name != dead, **facts))
        month.household(f"H{i}", *people, desil=family["desil"])
        for k, member in enumerate(family["members"]):
            if member["job"]:
                month.row("employment", f"p{i}-{k}", employment_type=member["job"], income=3_000_000)
        for program in sorted(family["served"]):
            month.receives(program, f"p{i}-0", amount=100_000)
    if dead:
        month.row("deaths", dead)
    if backwards:
        for rows in (month._mentions, month._ids, month._persons):
            rows.reverse()
    return month.run()


def results(month):
    wanted = (tables.FINDINGS, tables.ELIGIBILITY, tables.MEASURES, tables.FINDING_EVIDENCE)
    return {t.name: month.table(t) for t in wanted}


@quick
@given(families)
def test_the_order_of_rows_changes_nothing(new_month, town):
    forwards, backwards = (results(told(new_month(), town, backwards=b)) for b in (False, True))
    for name, table in forwards.items():
        keys = tables.TABLES[name].keys
        assert table.sort(keys).equals(backwards[name].sort(keys)), name


@quick
@given(families)
def test_every_unit_is_in_exactly_one_of_the_lists_it_can_be_in(new_month, town):
    month = told(new_month(), town)
    eligibility, findings = month.table(tables.ELIGIBILITY), month.table(tables.FINDINGS)
    assert set(eligibility["status"]) <= {"eligible", "ineligible", "unknown"}
    assert not eligibility.select("program", "subject_id").is_duplicated().any()
    kinds = ["exclusion_error", "inclusion_error", "unverifiable"]
    units = findings.filter(pl.col("finding_type").is_in(kinds)).join(eligibility, on=["program", "subject_id"])
    assert not units.select("program", "subject_id").is_duplicated().any()
    status = {"exclusion_error": "eligible", "inclusion_error": "ineligible", "unverifiable": "unknown"}
    assert all(status[kind] == told_ for kind, told_ in units.select("finding_type", "status").iter_rows())
    # nobody served and ineligible is left out, nobody served and unknown either
    served = eligibility.filter("served", pl.col("status") != "eligible").select("program", "subject_id")
    assert served.join(units, on=["program", "subject_id"], how="anti").is_empty()


@quick
@given(families, st.data())
def test_a_death_of_the_recipient_makes_an_inclusion_error(new_month, town, data):
    served = [i for i, family in enumerate(town) if family["served"]]
    if not served:
        return
    i = data.draw(st.sampled_from(served))
    month = told(new_month(), town, dead=f"p{i}-0")
    reasons = {(p, u): r.split(",") for p, r, u in month.found("inclusion_error")}
    for program in town[i]["served"]:
        unit = f"p{i}-0" if program == "pbi_jkn" else f"H{i}"
        assert "deceased" in reasons[program, unit]


@quick
@given(families, st.data())
def test_a_death_never_clears_another_benefit_of_the_dead(new_month, town, data):
    served = [i for i, family in enumerate(town) if family["served"]]
    if not served:
        return
    i = data.draw(st.sampled_from(served))
    before = told(new_month(), town).found("inclusion_error")
    after = {(p, u) for p, _, u in told(new_month(), town, dead=f"p{i}-0").found("inclusion_error")}
    of_the_dead = {(p, u) for p, _, u in before if u in (f"p{i}-0", f"H{i}") and p in town[i]["served"]}
    assert of_the_dead <= after
