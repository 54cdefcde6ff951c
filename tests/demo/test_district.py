"""The synthetic district: the same for a seed, true to itself, well-formed, and with everything planted."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from pipeline.demo import CLEAN, card_use, lists, make_district, scene
from pipeline.ingest.compare import Tally, refuse_too_little
from pipeline.period import Period
from tests.scenarios import OCTOBER, SEPTEMBER, District, small_district

BOTH = pytest.mark.parametrize("period", [SEPTEMBER, OCTOBER], ids=str)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def text_of(path: Path) -> str:
    content = path.read_bytes()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def separator_of(path: Path) -> str:
    widest = max(text_of(path).splitlines()[:8], key=len)
    return max(";,\t|", key=widest.count)


def cells_of(path: Path) -> dict[str, list[list[object]]]:
    """All rows of all sheets, read without the pipeline: sheet → rows, the first row is row 1."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        return {leaf.title: [list(row) for row in leaf.iter_rows(values_only=True)] for leaf in book.worksheets}
    if path.suffix == ".csv":
        return {"": [list(row) for row in csv.reader(io.StringIO(text_of(path)), delimiter=separator_of(path))]}
    if path.suffix == ".parquet":
        return {"": [[], *(list(row) for row in pl.read_parquet(path).iter_rows())]}
    return {"": [[], *([*json.loads(line).values()] for line in path.read_text("utf-8").splitlines())]}


def filled(row: list[object]) -> bool:
    return any(cell not in (None, "") for cell in row)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        small_district(tmp_path / name, families=60, periods=(SEPTEMBER,))
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_is_another_district(district: District, tmp_path: Path) -> None:
    other = small_district(tmp_path, families=60, seed=8, periods=(SEPTEMBER,))
    mine = digests(district.raw(SEPTEMBER)).values()
    assert not set(digests(other.raw(SEPTEMBER)).values()) & set(mine)


@BOTH
def test_rows_are_conserved_by_an_independent_count(district: District, period: Period) -> None:
    """Non-empty rows of each sheet = rows that say who somebody is (or card uses) + quarantine + layout."""
    found = {
        (path.name, sheet): sum(map(filled, rows))
        for path in district.raw(period).iterdir()
        for sheet, rows in cells_of(path).items()
    }
    where = ["source_file", "sheet"]
    told = {(f, s): n for f, s, n in district.truth("rows", period).iter_rows()}
    assert found == told
    mentions = district.truth("mentions", period).group_by(where).len("mentions")
    junk = district.truth("expected_quarantine", period).group_by(where).len("junk")
    sheets = (
        district.truth("rows", period)
        .join(district.truth("layout_rows", period), on=where)
        .join(mentions, on=where, how="left")
        .join(junk, on=where, how="left")
        .with_columns(pl.col("mentions", "junk").fill_null(0))
    )
    people = sheets.filter(~pl.col("source_file").str.starts_with("Transaksi"))
    assert (people["mentions"] + people["junk"] + people["layout_rows"]).to_list() == people["rows_nonempty"].to_list()


@BOTH
def test_row_numbers_point_at_filled_rows_that_no_two_answers_share(district: District, period: Period) -> None:
    where = ["source_file", "sheet", "row_number"]
    answers = pl.concat([district.truth(t, period).select(where) for t in ("mentions", "expected_quarantine")])
    assert answers.is_duplicated().sum() == 0
    for (file, sheet), part in answers.group_by("source_file", "sheet"):
        rows = cells_of(district.raw(period) / str(file))[str(sheet)]
        assert all(filled(rows[n - 1]) for n in part["row_number"]), f"{file} {sheet}"


def test_a_row_is_the_person_that_the_truth_says(tmp_path: Path) -> None:
    """Without errors one person has one name (in capitals or not) and one number, wherever the rows stand."""
    clean = small_district(tmp_path, periods=(SEPTEMBER,), profile=CLEAN)
    truth = clean.truth("mentions", SEPTEMBER).filter(pl.col("kind").is_in(["registry", "recipients", "deaths"]))
    seen: dict[str, set[str]] = {}
    for (file, sheet), part in truth.group_by("source_file", "sheet"):
        rows = cells_of(clean.raw(SEPTEMBER) / str(file))[str(sheet)]
        for number, person in part.select("row_number", "true_person_id").iter_rows():
            row = [str(cell) for cell in rows[number - 1] if cell is not None]
            seen.setdefault(person, set()).update({"NIK " + cell for cell in row if is_nik(cell)})
    lone = {person: numbers for person, numbers in seen.items() if len(numbers) > 3}
    assert len(seen) > 400
    assert not lone, "a person has one NIK, one family number and at most an older one"


def is_nik(cell: str) -> bool:
    return len(cell) == 16 and cell.isdigit() and not cell.startswith("6291")


def test_numbers_are_well_formed_and_everybody_has_an_own_one(tmp_path: Path) -> None:
    """NIK: region, birth date with 40 added for women, serial above 0; unique. Cards pass Luhn's check."""
    month = next(iter(scene.months(300, 3, [SEPTEMBER])))
    people = month.people
    assert people["nik"].n_unique() == people.height
    assert month.homes["no_kk"].n_unique() == month.homes.height
    for nik, woman, born in people.select(
        "nik", "woman", pl.from_epoch(pl.col("birth_day"), time_unit="d")
    ).iter_rows():  # fmt: skip
        day = int(nik[6:8]) - (40 if woman else 0)
        year = born.year - born.year % 100 + int(nik[10:12])
        assert date(year, int(nik[8:10]), day) == born
        assert nik[:2] in {"75", "71", "72", "73", "35", "51"}
        assert nik[12:] > "0000"
    assert all(luhn(card) for card in month.wallets["card"])


def luhn(number: str) -> bool:
    digits = [int(d) for d in reversed(number)]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


@pytest.mark.parametrize("period", [Period(2026, 2), Period(2026, 9), Period(2026, 12)], ids=str)
def test_ages_are_those_of_the_last_day_of_the_month(period: Period) -> None:
    month = next(iter(scene.months(100, 3, [period])))
    end = period.last_day
    for born, age in month.facts.select("birth", "age").iter_rows():
        assert age == end.year - born.year - ((end.month, end.day) < (born.month, born.day))


REASONS = {
    "exclusion_error": {"eligible_unserved"},
    "inclusion_error": {
        "above_welfare_threshold", "no_component", "deceased", "civil_servant", "soldier_police", "state_enterprise",
        "pensioner", "village_official", "companion", "income_above_minimum_wage", "moved_out",
    },
    "duplicate_benefit": {"same_person_twice", "same_household_twice"},
    "program_overlap": {"blt_dd+pkh", "blt_dd+sembako"},
    "identity_problem": {"invalid_nik", "nik_shared", "name_mismatch"},
    "unverifiable": {"not_in_registry", "unknown_eligibility"},
    "card_misuse": {"bulk_withdrawal", "companion_holds_cards", "shared_account", "shared_phone"},
    "unclaimed_benefit": {"no_transaction"},
    "service_gap": {"ppks_unserved"},
}  # fmt: skip


def test_every_kind_of_finding_is_planted(district: District) -> None:
    findings = district.truth("findings", SEPTEMBER).filter(pl.col("optional") == 0)
    for finding_type, reasons in REASONS.items():
        found = set(findings.filter(pl.col("finding_type") == finding_type)["reason"])
        assert found == reasons, finding_type


def test_a_third_idle_month_is_a_finding_of_its_own(tmp_path: Path) -> None:
    months = (Period(2026, 7), Period(2026, 8), Period(2026, 9))
    small = small_district(tmp_path, families=60, periods=months)
    idle = [small.truth("findings", m).filter(pl.col("reason") == "balance_idle").height for m in months]
    assert idle[:2] == [0, 0]
    assert idle[2] > 0


@pytest.fixture(scope="module")
def uses(district: District) -> pl.DataFrame:
    """Withdrawals of September at agents, read from the file."""
    path = next(p for p in district.raw(SEPTEMBER).iterdir() if p.name.startswith("Transaksi"))
    rows = cells_of(path)[""]
    bad = set(district.truth("expected_quarantine", SEPTEMBER).filter(source_file=path.name)["row_number"])
    kept = [row for n, row in enumerate(rows, start=1) if n > 1 and n not in bad]
    names = ["card", "at", "amount", "agent", "agent_name", "terminal", "channel", "type"]
    frame = pl.DataFrame(kept, schema=names, orient="row").with_columns(
        at=pl.col("at").map_elements(lambda t: datetime.fromisoformat(str(t)), pl.Datetime)
    )
    return frame.filter((pl.col("type") == "TARIK TUNAI") & (pl.col("channel") == "AGEN"))


def test_only_planted_agents_empty_ten_cards_in_a_quarter_of_an_hour(district: District, uses: pl.DataFrame) -> None:
    crowd = uses.sort("terminal", "at").rolling("at", period="15m", group_by="terminal").agg(
        pl.col("card").n_unique(), pl.col("agent").first()
    )  # fmt: skip
    caught = set(crowd.filter(pl.col("card") >= 10)["agent"])
    planted = district.truth("findings", SEPTEMBER).filter(pl.col("reason") == "bulk_withdrawal")
    assert caught == set(planted["true_subject_id"])


@pytest.mark.parametrize("families", [200, 2000])
def test_only_planted_companions_hold_the_cards_of_their_families(families: int) -> None:
    """All used cards (eight or more) of one companion's families at one terminal within two and a half hours."""
    month = next(iter(scene.months(families, 5, [SEPTEMBER])))
    use = card_use.use_cards(month)
    withdrawn = use.rows.filter((pl.col("fate") == "transaction") & (pl.col("transaction_type") == "TARIK TUNAI"))
    listed = month.lines.filter((pl.col("program") == "pkh") & pl.col("active")).select("hid", "pid").unique()
    sittings = (
        month.assigned.join(listed, on="hid")
        .join(month.wallets.select("pid", card_number="card"), on="pid")
        .join(withdrawn, on="card_number")
        .group_by("companion_pid")
        .agg(
            cards=pl.col("card_number").n_unique(),
            terminals=pl.col("terminal_id").n_unique(),
            hours=(pl.col("transacted_at").max() - pl.col("transacted_at").min()).dt.total_minutes() / 60,
        )
    )
    caught = sittings.filter((pl.col("cards") >= 8) & (pl.col("terminals") == 1) & (pl.col("hours") <= 2.5))
    assert set(caught["companion_pid"]) == set(use.holders["companion_pid"])
    assert caught.height >= 1


def test_a_branch_serves_a_crowd_and_is_no_agent(district: District) -> None:
    """The innocent look-alike must be there to be told apart."""
    path = next(p for p in district.raw(SEPTEMBER).iterdir() if p.name.startswith("Transaksi"))
    assert any("TELLER" in map(str, row) for row in cells_of(path)[""])


def test_people_keep_their_ids_and_their_errors(district: District) -> None:
    before, after = (district.truth("mentions", p) for p in (SEPTEMBER, OCTOBER))
    both = set(before["true_person_id"]) & set(after["true_person_id"])
    assert len(both) > 0.97 * before["true_person_id"].n_unique()
    assert set(before["true_person_id"]) != set(after["true_person_id"])


def test_measures_follow_from_findings(district: District) -> None:
    """Numerators are the numbers of units that have the finding."""
    findings = district.truth("findings", SEPTEMBER).filter(pl.col("optional") == 0)
    measures = district.truth("measures", SEPTEMBER).filter(pl.col("area_level") == "province")
    for program in ("pkh", "sembako", "pbi_jkn"):
        mine = findings.filter(pl.col("program") == program)
        for measure, finding in (
            ("exclusion_error_rate", "exclusion_error"),
            ("inclusion_error_rate", "inclusion_error"),
        ):
            units = mine.filter(pl.col("finding_type") == finding)["true_subject_id"].n_unique()
            told = measures.filter((pl.col("program") == program) & (pl.col("measure") == measure))["numerator"].item()
            assert int(told) == units, (program, measure)


def test_each_pay_line_has_one_decision(district: District) -> None:
    gate, mentions = district.truth("gate", SEPTEMBER), district.truth("mentions", SEPTEMBER)
    where = ["source_file", "sheet", "row_number"]
    lines = mentions.filter(pl.col("kind") == "payments").select(where).sort(where)
    assert gate.select(where).sort(where).equals(lines)
    assert set(gate["decision"]) == {"pay", "hold", "reject"}
    repeated = gate.filter(pl.col("dup_group") != "").group_by("source_file", "dup_group").agg(
        paid=(pl.col("decision") == "pay").sum()
    )  # fmt: skip
    assert repeated["paid"].max() == 1


@pytest.mark.parametrize("families", [3, 20], ids=["tiny", "hamlet"])
def test_the_smallest_districts_work(tmp_path: Path, families: int) -> None:
    make_district(tmp_path, families=families, seed=1, periods=[SEPTEMBER, OCTOBER])
    assert pl.read_csv(tmp_path / "truth" / "2026-10" / "mentions.csv").height > families


@pytest.mark.parametrize(("families", "seed"), [(50, 3), (700, 5), (1500, 1), (4000, 2)])
def test_an_ordinary_second_month_never_has_too_little(families, seed):
    """`tepat demo` must not stop at its own guard; every list is complete in both months."""

    def tally(month: scene.Scene) -> pl.DataFrame:
        counted = Tally()
        for made in lists.build(month):
            place = made.rows.select(pl.col("^(kecamatan|desa)_code$").cast(pl.String))
            counted.count("mentions", place.with_columns(kind=pl.lit(made.kind), program=pl.lit(made.program)))
        return counted.frame()

    before, now = (tally(month) for month in scene.months(families, seed, [SEPTEMBER, OCTOBER]))
    refuse_too_little(now, before, str(SEPTEMBER))
