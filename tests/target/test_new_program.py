"""A program nobody foresaw: one new file under ``rules/programs``, and the whole way from lists to pay list and report.

Paid to persons, for some months only, from an age that changes between two months, with bars, and not beside PKH.
"""

from __future__ import annotations

import json
import shutil
from datetime import date

import polars as pl
import pytest
from typer.testing import CliRunner

from cli import app
from pipeline import open_run
from pipeline.demo import scene
from pipeline.run import Job, run
from pipeline.target import check_rules, rule_rows, run_examples
from tests.scenarios import OCTOBER, small_district

CODE = "bantuan_lansia"
CARD = """\
code: bantuan_lansia
name: {id: Bantuan Lansia, en: Aid for the Elderly}
aliases: [Bantuan Lansia, Bansos Lansia]
unit: person
parameters:
  desil_max:
    - {value: 6, valid_from: 2026-01-01, certainty: C, source: contoh}
  age_min:
    - {value: 75, valid_from: 2026-01-01, valid_to: 2026-09-30, certainty: C, source: contoh}
    - {value: 65, valid_from: 2026-10-01, certainty: C, source: contoh}
  monthly:
    - {value: 250000, valid_from: 2026-01-01, certainty: C, source: contoh}
versions:
  - valid_from: 2026-01-01
    valid_to: 2026-12-31
    legal_basis: contoh
    conditions:
      - id: welfare
        condition: desil <= :desil_max
        reason: above_welfare_threshold
        law: contoh pasal 1
        text: {id: Desil paling tinggi enam., en: Decile six at most.}
      - id: elderly
        condition: age >= :age_min
        reason: no_component
        law: contoh pasal 2
        text: {id: Sekurangnya berumur sekian., en: Of that age at least.}
    bars: [civil_servant, pensioner]
    excluded_by: [pkh]
    amount: {monthly: monthly}
examples:
  - text: Umur 65 pada batas
    desil: 6
    members: [{age: 65, sex: P}]
    receives: [pkh]
    expect: eligible
    excluded_by: [pkh]
    amount: 250000
  - text: Umur 65, aturan September
    day: 2026-09-30
    desil: 1
    members: [{age: 65, sex: P}, {age: 80, sex: L}]
    expect: ineligible
    against: [elderly]
"""


@pytest.fixture(scope="module")
def month(tmp_path_factory, rules):
    """A published month with a list of the new program: its rules, its folder, the persons on the list."""
    folder = tmp_path_factory.mktemp("new-program")
    ours = shutil.copytree(rules, folder / "rules")
    (ours / "programs" / f"{CODE}.yaml").write_text(CARD, encoding="utf-8")
    raw = small_district(folder, families=60, seed=7, periods=(OCTOBER,)).raw(OCTOBER)
    people = next(scene.months(60, 7, [OCTOBER])).people.filter(pl.col("death_day").is_null())
    some = people.sort("birth_day", "nik").head(40).gather_every(2)  # old ones, and as many who get nothing
    born = pl.from_epoch(pl.col("birth_day"), time_unit="d").cast(pl.String)
    listed = some.select(NAMA="name", NIK="nik", TGL_LAHIR=born)
    listed.write_csv(raw / "Penerima Bantuan Lansia.csv")
    paid = listed.head(10).select("NAMA", "NIK", JUMLAH=pl.lit(250_000))
    paid.write_csv(folder / "Daftar bayar Bantuan Lansia.csv")
    run(Job(OCTOBER, raw, folder / "out", ours), lambda _: None)
    return ours, folder


def test_its_rules_are_checked_worked_and_dated_like_all_others(month):
    ours, _ = month
    assert check_rules(ours) == []
    assert [str(o) for o in run_examples(ours) if not o.passed] == []
    in_force = {day: {r.program for r in rule_rows(ours, day)} for day in (date(2026, 10, 31), date(2027, 1, 31))}
    assert CODE in in_force[date(2026, 10, 31)]
    assert CODE not in in_force[date(2027, 1, 31)]


def test_it_is_judged_by_person_with_findings_and_measures(month):
    _, folder = month
    judged = open_run(out=folder / "out")
    units = judged.eligibility().filter(pl.col("program") == CODE)
    assert set(units["subject_kind"]) == {"person"}
    assert units["served"].sum() == 20
    ages = units.join(judged.persons(), left_on="subject_id", right_on="person_id").filter(
        pl.col("status") == "eligible"
    )
    assert ages["birth_date"].max() <= date(1961, 10, 31)
    assert units.filter(pl.col("excluded_by") != "")["excluded_by"].unique().to_list() == ["pkh"]
    found = judged.findings().filter(pl.col("program") == CODE)
    assert {"exclusion_error", "inclusion_error", "program_overlap"} <= set(found["finding_type"])
    assert found.filter(pl.col("finding_type") == "exclusion_error")["amount"].unique().to_list() == [250_000]
    coverage = judged.measures(level="province", breakdown="all").filter(
        pl.col("program") == CODE, pl.col("measure") == "coverage_rate"
    )
    free = units.filter(pl.col("status") == "eligible", pl.col("excluded_by") == "")
    assert coverage["value"].to_list() == [free["served"].mean()]


def test_its_pay_list_goes_through_the_gate(month):
    ours, folder = month
    pay_list = str(folder / "Daftar bayar Bantuan Lansia.csv")
    options = ["--period", str(OCTOBER), "--out", str(folder / "out"), "--rules", str(ours), "--json"]
    answer = CliRunner().invoke(app, ["gate", pay_list, *options])
    assert answer.exit_code in (0, 3), answer.output
    document = json.loads(answer.stdout)
    assert CODE in json.dumps(document)


@pytest.mark.parametrize("command", ["report", "worklist"])
def test_report_and_worklist_know_it(month, command):
    ours, folder = month
    options = ["--period", str(OCTOBER), "--out", str(folder / "out"), "--rules", str(ours), "--json"]
    answer = CliRunner().invoke(app, [command, *options])
    assert answer.exit_code == 0, answer.output
    texts = [p.read_text(encoding="utf-8") for p in (folder / "out").rglob("*.html")]
    texts += [p.read_text(encoding="utf-8-sig") for p in (folder / "out").rglob("*.csv")]
    assert any("Bantuan Lansia" in text for text in texts)
