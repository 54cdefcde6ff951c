"""`tepat dedupe` as a user meets it: files, options, answers, refusals."""

from __future__ import annotations

import json
import time
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import cli
from pipeline.dedupe import Request, dedupe, parse_maps
from pipeline.dedupe.card import read_card
from pipeline.dedupe.columns import declare
from pipeline.dedupe.dates import as_date
from pipeline.dedupe.headings import Headings
from pipeline.dedupe.reading import read_lists
from pipeline.errors import InputError
from pipeline.rulebook import default_rules
from tests.dedupe.lists import people


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    frame = pl.DataFrame(rows)
    {".csv": frame.write_csv, ".xlsx": frame.write_excel, ".parquet": frame.write_parquet}[path.suffix](path)
    return path


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_every_row_once_in_every_format(tmp_path: Path, suffix: str) -> None:
    file = written(tmp_path / f"list{suffix}", people(200))
    answer = CliRunner().invoke(
        cli.app, ["dedupe", str(file), "--truth", "who", "--out", str(tmp_path / "out"), "--json"]
    )
    assert answer.exit_code == 0, answer.output
    summary = json.loads(answer.stdout)
    clusters = pl.read_csv(tmp_path / "out" / "clusters.csv")
    assert clusters.columns == ["file_index", "source_file", "row_number", "person_id"]
    assert clusters["row_number"].to_list() == list(range(2, clusters.height + 2))
    assert clusters["person_id"].n_unique() == summary["persons"]
    sheet = "Sheet1" if suffix == ".xlsx" else ""
    first = f"{sha256(file.read_bytes()).hexdigest()}|{sheet}|{clusters['row_number'][0]}"
    assert clusters["person_id"][0] == "P" + sha256(first.encode()).hexdigest()[:16]  # the same in every version
    assert summary["score"]["f1"] >= 0.98
    pairs = pl.read_csv(tmp_path / "out" / "pairs.csv")
    assert pairs.columns[:6] == ["file_a", "row_a", "file_b", "row_b", "probability", "decision"]
    assert set(pairs["decision"]) <= {"match", "possible"}


def test_the_same_list_gives_the_same_ids(tmp_path: Path) -> None:
    file = written(tmp_path / "list.csv", people(900))
    one, two = (dedupe([file], default_rules(), Request({}), quiet) for _ in range(2))
    assert one.clusters.equals(two.clusters)
    assert one.pairs.equals(two.pairs)


def test_what_is_ignored_cannot_help(tmp_path: Path) -> None:
    rows = [r | {"rec_id": f"rec-{r['who']}-{i}", "code": r["who"]} for i, r in enumerate(people(400))]
    names = [{k: r[k] for k in ("given_name", "rec_id", "code", "who")} for r in rows]
    file = written(tmp_path / "list.csv", names)
    result = dedupe([file], default_rules(), Request({}, ("code",), "who"), quiet)
    assert [c["column"] for c in result.columns] == ["given_name"]
    assert result.left_out == {"rec_id": "another value in nearly every row"}
    assert result.score is not None
    assert result.score.f1 < 0.5


def test_identical_rows_end_in_bounded_time(tmp_path: Path) -> None:
    row = {"given_name": "Ana", "surname": "Cruz", "date_of_birth": "1980-02-03", "city": "Lima"}
    file = tmp_path / "list.csv"
    pl.DataFrame([row]).select(pl.all().repeat_by(50_000).explode()).write_csv(file)
    before = time.process_time()
    result = dedupe([file], default_rules(), Request({}), quiet)
    assert time.process_time() - before < 20
    assert result.summary()["persons"] == 1
    assert "50,000 rows are equal in all that is compared" in result.notices[0]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"a": "", "b": ""}] * 5, "holds no list"),
        ([{"name": "", "x": str(i)} for i in range(50)], "no column can tell"),
        ([{"status": "ok", "kind": "A"}] * 50 + [{"status": "ok", "kind": "A"}], "no column can tell"),
    ],
    ids=["empty", "running numbers", "one value"],
)
def test_no_usable_column_is_said_plainly(tmp_path: Path, rows: list[dict[str, str]], told: str) -> None:
    file = written(tmp_path / "list.csv", rows)
    with pytest.raises(InputError, match=told):
        dedupe([file], default_rules(), Request({}), quiet)


def test_a_file_that_is_not_what_its_name_says_is_told(tmp_path: Path) -> None:
    text = tmp_path / "list.xlsx"
    text.write_text("hello")
    with pytest.raises(InputError, match="is a text file, whatever its name says"):
        dedupe([text], default_rules(), Request({}), quiet)


def test_only_names_are_told_and_rare_ones_joined(tmp_path: Path) -> None:
    given, family = (
        ["Ana", "Budi", "Citra", "Dewi", "Eko", "Fitri", "Gita", "Hasan"],
        ["Katili", "Lihawa", "Monoarfa", "Nento", "Olii", "Pakaya"],
    )
    names = [f"{one} {two} {three}" for one in given for two in given for three in family]
    file = written(tmp_path / "list.csv", [{"name": n} for n in [*names, *names[::7]]])
    result = dedupe([file], default_rules(), Request({}), quiet)
    assert "only names are compared" in result.notices[0]
    assert result.summary()["persons"] >= len(names)


@pytest.mark.parametrize(
    ("rows", "meanings"),
    [
        (
            [("Ana Lima", "1980-02-03"), ("Bo Wirth", "1951-12-30"), ("Cy Odum", "2003-05-11")],
            ["full_name", "birth_date"],
        ),
        ([("Ana", "Lima"), ("Bo", "Wirth"), ("Cy", "Odum")], ["given_name", "surname"]),
        ([("Ana Lima", "2024-01-03"), ("Bo Wirth", "2024-02-05"), ("Cy Odum", "2024-02-05")], ["full_name", "text"]),
    ],
    ids=["a name and a birthday", "two names", "a day of this year is no birthday"],
)
def test_contents_say_what_headings_do_not(tmp_path: Path, rows: list[tuple[str, str]], meanings: list[str]) -> None:
    file = written(tmp_path / "list.csv", [{"x": one, "y": two} for one, two in rows])
    card = read_card(default_rules())
    declared = declare(read_lists([file], Headings(card).known), card, {}, [])
    assert [c.meaning for c in declared.columns] == meanings


def test_a_row_of_persons_is_no_header(tmp_path: Path) -> None:
    rows = [{"f1": "Eliza", "f2": "Ward", "f3": "1971-06-10", "f4": "Queen Street", "f5": "12"}] * 3
    lists = read_lists([written(tmp_path / "list.csv", rows)], Headings(read_card(default_rules())).known)
    assert lists.headings == ("f1", "f2", "f3", "f4", "f5")


def test_two_lists_that_call_and_cut_their_columns_otherwise(tmp_path: Path) -> None:
    one = written(
        tmp_path / "a.csv", [{"first": "Ana", "last": "Lima", "street": "Oak Road 1", "town": "Ely", "dob": "3/2/1980"}]
    )
    two = written(tmp_path / "b.csv", [{"CLIENT": "LIMA ANA", "home address": "Oak Road 1, Ely", "born": "1980-02-03"}])
    card = read_card(default_rules())
    lists = read_lists([one, two], Headings(card).known)
    declared = declare(lists, card, {"full_name": "CLIENT"}, [])
    assert {c.meaning for c in declared.columns} == {"full_name", "address", "birth_date"}
    assert declared.values.null_count().sum_horizontal().item() == 0


def test_wrong_usage_is_exit_2(tmp_path: Path) -> None:
    file = written(tmp_path / "list.csv", people(20))
    for more in (["--truth", "nothing"], ["--ignore", "nothing"], ["--map", "hat=given_name"], ["--map", "nik"]):
        answer = CliRunner().invoke(cli.app, ["dedupe", str(file), "--out", str(tmp_path / "out"), *more])
        assert isinstance(answer.exception, InputError), more
    assert not (tmp_path / "out").exists()


def test_maps() -> None:
    assert parse_maps(["nik=NO KTP", "name=Nama = Alias"]) == {"nik": "NO KTP", "name": "Nama = Alias"}


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("Date_of_Birth", "birth_date"),
        ("fname_c1", "given_name"),
        ("APELLIDOS", "surname"),
        ("Né le", "birth_date"),
        ("姓名", "full_name"),
        ("patient surname", "surname"),
        ("NO. KK", "family_number"),
        ("soc_sec_id", "personal_number"),
        ("postcodeFake", "postcode"),
        ("rec_id", "row_key"),
        ("DoB", "birth_date"),
        ("LST_NM", "surname"),
        ("birth yr (est.)", "birth_year"),
        ("聯絡電話", "phone"),
        ("휴대폰번호", "phone"),
        ("Mother's date of birth", None),
        ("Name of school", None),
        ("weather", None),
        ("year of death", None),
    ],
)
def test_headings(heading: str, meaning: str | None) -> None:
    assert Headings(read_card(default_rules())).meaning(heading) == meaning


@pytest.mark.parametrize(
    ("texts", "dates"),
    [
        (["1980-02-13", "1980-02-03T00:00:00"], ["19800213", "19800203"]),
        (["13/02/1980", "3/2/1980"], ["19800213", "19800203"]),
        (["02/13/1980", "2/3/1980"], ["19800213", "19800203"]),
        (["13 Februari 1980", "3-MAR-80"], ["19800213", "??800303"]),
        (["19800213", "1980", None, "unknown"], ["19800213", "1980????", None, None]),
        (["13021980", "03021980", "25121980"], ["19800213", "19800203", "19801225"]),
    ],
)
def test_dates(texts: list[str | None], dates: list[str | None]) -> None:
    assert as_date(pl.Series(texts, dtype=pl.String)).to_list() == dates
