"""The report of a district: every figure worked out again from the database, and nobody named."""

from __future__ import annotations

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.errors import ConservationError, InputError
from pipeline.history import open_run
from pipeline.report import report
from pipeline.report.cells import WHOLE, cells_of
from pipeline.report.people import _same
from pipeline.report.queries import count
from pipeline.report.welfare import kept_points

PERIOD = "2026-10"
SMALLEST = 5


@pytest.fixture(scope="module")
def out(published_district: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    shutil.copy(published_district / "tepat.duckdb", folder)
    return folder


@pytest.fixture(scope="module")
def run(out: Path):
    return open_run(PERIOD, out)


@pytest.fixture(scope="module")
def open_rules(rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rules that hide counts of 1 only, so that nearly every figure can be compared."""
    folder = shutil.copytree(rules, tmp_path_factory.mktemp("rules") / "rules")
    settings = folder / "report.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("smallest_cell: 5", "smallest_cell: 2"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(out: Path, open_rules: Path):
    return report(out, PERIOD, rules=open_rules)


@pytest.fixture(scope="module")
def careful(published_district: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory):
    """The report as the rules shipped make it."""
    folder = tmp_path_factory.mktemp("careful")
    shutil.copy(published_district / "tepat.duckdb", folder)
    return report(folder, PERIOD, rules=rules)


@pytest.fixture(scope="module")
def page(made) -> str:
    return (made.folder / "report.html").read_text(encoding="utf-8")


def table(made, name: str) -> pl.DataFrame:
    return pl.read_csv(made.folder / "csv" / f"{name}.csv")


def units(run, condition: str) -> dict[str, int]:
    """Units by program, straight from the published eligibility."""
    rows = run.sql(
        f"select program, count(*) as n from audit.eligibility where run_id = $run and {condition} group by program",
        run=run.run_id,
    )
    return dict(rows.iter_rows())


KINDS = {
    "Layak": "status = 'eligible' and excluded_by = ''",
    "sudah menerima": "status = 'eligible' and excluded_by = '' and served",
    "belum menerima": "status = 'eligible' and excluded_by = '' and not served",
    "Tidak layak": "status = 'ineligible'",
    "Belum dapat dinilai": "status = 'unknown'",
    "Menerima": "served",
    "tidak layak": "status = 'ineligible' and served",
    "belum dapat dinilai": "status = 'unknown' and served",
}


def test_units_by_program_are_those_of_the_database(made, run) -> None:
    rows = {r["step"]: r for r in table(made, "programs").to_dicts()}
    compared = 0
    for step, condition in KINDS.items():
        expected = units(run, condition)
        for program, shown in rows[step].items():
            if program not in ("step", "suppressed") and shown is not None:
                assert shown == expected.get(program, 0), (step, program)
                compared += 1
    assert compared > 20


def test_every_step_of_a_program_adds_up(made) -> None:
    rows = {r["step"]: r for r in table(made, "programs").to_dicts()}
    sums = {
        "Dinilai": ["Layak", "Layak, tetapi sudah menerima program lain yang tidak boleh digabung", "Tidak layak",
                    "Belum dapat dinilai"],
        "Layak": ["sudah menerima", "belum menerima"],
        "Menerima": ["layak", "layak, tetapi seharusnya tidak digabung", "tidak layak", "belum dapat dinilai"],
    }  # fmt: skip
    for whole, parts in sums.items():
        for program in ("pkh", "sembako", "pbi_jkn", "blt_dd"):
            values = [rows[p][program] for p in parts]
            if None not in values and rows[whole][program] is not None:
                assert rows[whole][program] == sum(values), (whole, program)


def test_rows_end_in_persons_and_nothing_is_lost(made, run) -> None:
    steps = dict(table(made, "flow").select("step", "count").iter_rows())
    sums = run.sql(
        "select sum(rows_total)::bigint t, sum(rows_accepted)::bigint a, sum(rows_quarantined)::bigint q, "
        "sum(rows_layout)::bigint l from audit.source_files where run_id = $run",
        run=run.run_id,
    ).row(0)
    assert steps["Baris di semua berkas"] == sums[0] == sum(sums[1:])
    others = run.table("transactions").height + run.table("outcomes").height
    assert steps["Baris yang menyebut seseorang"] == sums[1] - others == run.mentions().height
    persons = run.persons()
    assert steps["Orang"] == persons.height
    assert steps["Orang yang keluarganya diketahui"] == persons["household_id"].drop_nulls().len()
    assert steps["Keluarga"] == run.households().height
    assert steps["menyebut orang yang sudah disebut"] == run.mentions().height - persons.height


def test_a_step_that_does_not_add_up_stops_the_report() -> None:
    with pytest.raises(ConservationError, match="3 are not 4"):
        _same("rows", 3, 4)


def test_errors_are_the_published_measures(made, run) -> None:
    columns = {"exclusion": "exclusion_error_rate", "inclusion": "inclusion_error_rate"}
    measures = run.measures(level="province", breakdown="all")
    compared = 0
    for name, measure in columns.items():
        shown = {r["program"]: r for r in table(made, f"errors_{name}").to_dicts()}
        for row in measures.filter(measure=measure).to_dicts():
            mine = shown[row["program"].upper().replace("_", "-")]
            for column, published in ((name, "value"), (f"{name}_low", "bound_low"), (f"{name}_high", "bound_high")):
                if mine[column] is not None:
                    assert mine[column] == pytest.approx(row[published], abs=1e-6), (measure, row["program"], column)
                    compared += 1
    assert compared > 12


def test_the_verdict_is_worked_out_again_from_the_database(made, run) -> None:
    families = run.sql(
        """with u as (select coalesce(p.household_id, e.subject_id) as family, e.* from audit.eligibility e
             left join audit.persons p on p.run_id = e.run_id and p.person_id = e.subject_id
             where e.run_id = $run),
           f as (select family, bool_or(status = 'eligible' and excluded_by = '' and not served) as lacks,
                        bool_or(served) as aided, bool_or(served and status = 'ineligible') as leaks,
                        bool_or(served and status = 'unknown') as unsure
                 from u group by family)
           select count(*) filter (lacks) as lacks, count(*) filter (lacks and not aided) as none,
                  count(*) filter (leaks) as leaks, count(*) filter (unsure) as unknown from f""",
        run=run.run_id,
    ).row(0, named=True)
    measures = run.measures(level="province", breakdown="all")
    sums = {m: measures.filter(measure=m)["value"].sum() for m in ("amount_leaked", "amount_to_close_gap")}
    expected = families | {
        "leaked": sums["amount_leaked"],
        "gap": sums["amount_to_close_gap"],
        "leaked_high": measures.filter(measure="amount_leaked")["bound_high"].sum(),
        "paid": run.table("benefits")["amount"].sum(),
        "found": run.findings().height,
        "expected": round(run.findings()["confidence"].sum()),
        "possible": run.table("match_pairs").filter(decision="possible").height,
    }
    shown = {n: v for n, v in made.values.items() if v is not None}
    assert {"lacks", "leaks", "paid", "found"} <= set(shown)
    assert shown == pytest.approx({n: expected[n] for n in shown})


class _Data(HTMLParser):
    """Marked numbers of a page: ``<data data-name value>``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, set[str]] = {}
        self.pictures = self.titles = 0
        self.links: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "data":
            self.found.setdefault(str(values["data-name"]), set()).add(str(values["value"]))
        if tag == "svg" and values.get("class") == "chart":
            self.pictures += 1
            assert values["role"] == "img"
            assert values["aria-labelledby"]
        if tag == "desc":
            self.titles += 1
        if tag == "a":
            self.links.append(str(values["href"]))
        self.outside += [v for k, v in attrs if k in ("src", "href") and v and not v.startswith(("#", "csv/"))]


def test_the_page_shows_the_verdict_and_says_of_every_picture_what_it_is(made, page) -> None:
    data = _Data()
    data.feed(page)
    for name, values in data.found.items():
        assert values == {f"{made.values[name]:.0f}"}, name
    assert data.pictures > 10
    assert data.titles == data.pictures
    for link in [n for n in data.links if n.startswith("csv/")]:
        assert (made.folder / link).is_file(), link
    assert data.outside == []
    assert "<script" not in page
    assert len(page.encode()) < 2_000_000


def test_every_csv_stands_in_the_index_with_its_definition_and_its_lists(made) -> None:
    index = table(made, "figures")
    files = {f.name for f in made.files if f.suffix == ".csv"} - {"figures.csv"}
    assert set(index["file"]) == files
    assert index["definition"].null_count() == index["inputs"].null_count() == 0
    assert set(index["run"]) == {made.run_id}


def test_findings_by_type_and_reason_are_those_of_the_database(made, run, rules) -> None:
    from pipeline.target.taxonomy import read_taxonomy

    types = read_taxonomy(rules).types
    found = run.findings()
    by_type = {types[t].text.id: n for t, n in found["finding_type"].value_counts().iter_rows()}
    for row in table(made, "findings").to_dicts():
        if row["all"] is not None:
            assert row["all"] == by_type.get(row["label"], 0)
    by_reason = found.with_columns(pl.col("reason").str.split(",")).explode("reason")
    counts = {
        (types[t].text.id, types[t].reasons[r].text.id): n
        for t, r, n in by_reason.group_by("finding_type", "reason").len().iter_rows()
        if r in types[t].reasons
    }
    shown = [r for r in table(made, "reasons").to_dicts() if r["count"] is not None and "+" not in r["label"]]
    assert shown
    for row in shown:
        assert row["count"] == counts[row["type"], row["label"]]


def test_kecamatan_counts_are_those_of_the_database(made, run) -> None:
    compared = 0
    for path in (made.folder / "csv").glob("areas_exclusion_*.csv"):
        program = path.stem.removeprefix("areas_exclusion_")
        by_area = dict(
            run.sql(
                "select kecamatan_code, count(*) from audit.eligibility where run_id = $run and program = $program "
                "and status = 'eligible' and excluded_by = '' and not served group by 1",
                run=run.run_id, program=program,
            ).iter_rows()
        )  # fmt: skip
        for row in pl.read_csv(path, schema_overrides={"code": pl.String}).to_dicts():
            if row["hits"] is not None:
                assert row["hits"] == by_area[row["code"]]
                assert row["value"] == pytest.approx(row["hits"] / row["size"], abs=1e-6)
                assert row["low"] <= row["value"] <= row["high"]
                compared += 1
    assert compared


def test_shares_by_desil_are_those_of_the_database(made, run) -> None:
    rows = table(made, "coverage_by_desil").to_dicts()
    measures = run.measures(level="province", breakdown="desil").filter(measure="beneficiary_incidence")
    for program in ("pkh", "sembako"):
        served = table(made, f"served_by_desil_{program}").to_dicts()
        published = dict(measures.filter(program=program).select("breakdown_value", "value").iter_rows())
        for row in [r for r in served if r["share"] is not None and r["label"] != "?"]:
            assert row["share"] == pytest.approx(published.get(row["label"], 0.0), abs=1e-6)
        assert all(r[program] is None or 0 <= r[program] <= 1 for r in rows)


def test_no_small_count_of_people_is_shown(careful) -> None:
    people = {"programs", "changes", "findings", "reasons", "overlap", "field"}
    for path in (careful.folder / "csv").glob("*.csv"):
        if path.stem not in people and not path.stem.startswith(("areas_", "served_by_desil")):
            continue
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                numbers = [v for k, v in row.items() if k not in ("share", "value", "low", "high", "code", "label")]
                counts = [float(v) for v in numbers if re.fullmatch(r"\d+(\.0)?", v or "")]
                assert not [n for n in counts if 0 < n < SMALLEST], (path.stem, row)


def test_a_hidden_cell_is_hidden_in_every_report_of_the_month(run) -> None:
    cells = cells_of(count(run), SMALLEST)
    assert not [k for k, v in cells.counts.items() if 0 < v < SMALLEST and k not in cells.hidden]
    for s in cells.sums:
        hidden = [k for k in (s.total, *s.parts) if k in cells.hidden]
        known_nought = [k for k in hidden if k[1] != WHOLE and cells.counts[k] == 0]
        assert len(hidden) != 1 or known_nought == hidden, s


@pytest.mark.parametrize(
    ("hidden", "kept"),
    [
        ([False] * 4, [True] * 5),
        ([False, True, True, False], [True, True, False, True, True]),
        ([True, False, True, False], [True, False, False, True, True]),
    ],
)
def test_points_of_a_curve_that_tell_a_hidden_group_are_left_out(hidden: list[bool], kept: list[bool]) -> None:
    assert kept_points(hidden) == kept


def test_nobody_is_named_and_no_number_of_a_person_stands_anywhere(made, careful, run) -> None:
    texts = [p.read_text(encoding="utf-8") for p in (*made.files, *careful.files) if p.suffix != ".pdf"]
    persons = run.persons()
    everything = "\n".join(texts)
    assert not re.search(r"\d{16}", everything)
    assert not [n for n in persons["name"].drop_nulls().unique() if len(n) > 5 and n in everything]
    ids = run.findings().filter(pl.col("subject_kind").is_in(["account", "phone", "card"]))["subject_id"]
    assert not [i for i in ids if i in everything]


def test_the_pdf_is_one_and_the_same(made, out, open_rules) -> None:
    first = (made.folder / "report.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    again = report(out, PERIOD, rules=open_rules)
    assert (again.folder / "report.pdf").read_bytes() == first


def test_the_report_of_one_kecamatan_shows_its_own_counts_only(out, run, rules) -> None:
    code = run.households()["kecamatan_code"].drop_nulls().mode()[0]
    made = report(out, PERIOD, kecamatan=code, lang="en", rules=rules)
    assert made.folder.name == f"report-{code}"
    rows = {r["step"]: r for r in table(made, "programs").to_dicts()}
    expected = units(run, f"served and coalesce(kecamatan_code, left(desa_code, 6)) = '{code}'")
    shown = {p: n for p, n in rows["Served"].items() if p not in ("step", "suppressed") and n is not None}
    assert shown == {p: expected[p] for p in shown}
    assert not list((made.folder / "csv").glob("areas_*"))
    assert not list((made.folder / "csv").glob("*desil*"))
    html = (made.folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in html


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kecamatan": "Atlantis"}, "'Atlantis': there is no such kecamatan here"),
        ({"lang": "jv"}, "there is no language 'jv'"),
        ({"period": "2031-01"}, "2031-01 is not published"),
    ],
)
def test_wrong_usage_is_told_and_writes_nothing(out, rules, options: dict[str, str], message: str) -> None:
    before = sorted(out.rglob("*"))
    with pytest.raises(InputError, match=message):
        report(out, **{"period": PERIOD, "rules": rules, **options})
    assert sorted(out.rglob("*")) == before


def test_the_command_prints_one_document(out, made, open_rules) -> None:
    asked = ["report", "-p", PERIOD, "--out", str(out), "--rules", str(open_rules), "--json"]
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code == 0
    document = json.loads(answer.stdout)
    assert document["values"]["lacks"] == made.values["lacks"]
    assert Path(document["files"][0]).name == "report.html"
