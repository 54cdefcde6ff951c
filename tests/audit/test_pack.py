"""The auditor's folder: whole, countable, reproducible, without a number of a person."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.audit import pack as packing
from pipeline.audit.evidence import Chosen, tables_of
from pipeline.audit.named_tests import read_audit_rules
from pipeline.audit.pack import Pack, make_pack
from pipeline.database import DATABASE, opened
from pipeline.errors import InputError, RulesError, StorageError
from pipeline.history import published_run
from pipeline.target.taxonomy import read_taxonomy
from tests.audit.filled import RULES, sql
from tests.publish.builders import NIK, PERIOD, silent
from tests.scenarios import District

WHOLE_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{16}(?![0-9A-Za-z])")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";"))


@pytest.fixture(scope="session")
def district_pack(
    district: District, published_district: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory
) -> Pack:
    """The folder of the small district's newest month."""
    out = tmp_path_factory.mktemp("pack") / "out"
    shutil.copytree(published_district, out)
    return make_pack(out, district.periods[-1], rules, raw=district.raw(district.periods[-1]), say=silent)


def test_every_file_is_in_the_manifest_with_its_hash(district_pack: Pack) -> None:
    said = json.loads((district_pack.folder / "manifest.json").read_text())["sha256"]
    files = {
        p.relative_to(district_pack.folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in district_pack.folder.rglob("*") if p.is_file() and p.name != "manifest.json"
    }  # fmt: skip
    assert said == files == district_pack.files


def test_no_whole_number_of_a_person_stands_in_it(district_pack: Pack) -> None:
    for path in district_pack.folder.rglob("*.csv"):
        assert not WHOLE_NUMBER.search(path.read_text(encoding="utf-8")), path.name
    book = openpyxl.load_workbook(next(district_pack.folder.glob("*.xlsx")), read_only=True)
    for sheet in book:
        for row in sheet.iter_rows(values_only=True):
            assert not WHOLE_NUMBER.search(" ".join(map(str, row))), sheet.title
    assert any("*" in r["nik"] for r in rows_of(district_pack.folder / "csv" / "contoh.csv"))


def test_tests_count_what_the_database_has(district_pack: Pack) -> None:
    tests = {r["uji"]: r for r in rows_of(district_pack.folder / "csv" / "uji.csv")}
    with opened(district_pack.folder.parents[1] / DATABASE, read_only=True) as c:
        ((dead, rupiah),) = c.execute(
            "select count(*), sum(amount) from latest.findings "
            "where list_contains(string_split(reason, ','), 'deceased')"
        ).fetchall()
        ((all_of_them,),) = c.execute("select count(*) from latest.findings").fetchall()
    assert (int(tests["Meninggal"]["temuan"]), int(tests["Meninggal"]["rupiah"])) == (dead, rupiah)
    assert int(tests["Semua temuan, masing-masing sekali"]["temuan"]) == all_of_them
    assert dead > 0


def test_a_sample_is_of_its_test_and_names_file_and_row(district_pack: Pack) -> None:
    samples = rows_of(district_pack.folder / "csv" / "contoh.csv")
    dead = [s for s in samples if s["uji"] == "Meninggal"]
    assert dead
    assert all("deceased" in s["alasan"].split(",") and re.search(r" \d+(;|$)", s["asal"]) for s in dead)


def test_the_same_seed_draws_the_same(district: District, published_district: Path, rules: Path) -> None:
    period = district.periods[-1]
    run_id = published_run(published_district, period).run_id
    card = read_audit_rules(rules).model_copy(update={"sample": 3})

    def drawn(seed: int) -> list[str]:
        with opened(published_district / DATABASE, read_only=True) as c:
            return tables_of(c, Chosen(run_id, str(period), seed, "id"), card)["samples"]["finding_id"].to_list()

    first = drawn(5)
    assert len(first) > 20
    assert drawn(5) == first
    assert drawn(6) != first


def test_it_reads_in_plain_words_in_both_languages(out: Path) -> None:
    make_pack(out, PERIOD, RULES, to=out / "id", say=silent)
    text = (out / "id" / "BACA_DULU.txt").read_text(encoding="utf-8")
    assert "bukan putusan" in text
    assert "semua sama seperti saat ditulis" in text
    made = make_pack(out, PERIOD, RULES, to=out / "en", lang="en", say=silent)
    text = (out / "en" / "README.txt").read_text(encoding="utf-8")
    assert "not a verdict" in text
    assert made.verified.head in text
    assert NIK not in text


def test_the_export_is_in_the_access_log_with_the_hash_of_the_manifest(out: Path) -> None:
    made = make_pack(out, PERIOD, RULES, to=out / "to", say=silent)
    digest = hashlib.sha256((made.folder / "manifest.json").read_bytes()).hexdigest()
    with opened(out / DATABASE, read_only=True) as c:
        log = c.execute("select object from audit.access_log where action = 'export'").fetchall()
    assert any(digest[:16] in said for (said,) in log)


def test_what_differs_is_said_on_the_first_page(out: Path) -> None:
    sql(out, ["update audit.persons set name = 'X'"])
    made = make_pack(out, PERIOD, RULES, to=out / "to", say=silent)
    assert not made.verified.same
    assert "1 PERBEDAAN" in (made.folder / "BACA_DULU.txt").read_text(encoding="utf-8")


def test_written_whole_or_not_at_all(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = out / "to"
    make_pack(out, PERIOD, RULES, to=to, seed=1, say=silent)
    before = {p: p.read_bytes() for p in to.rglob("*") if p.is_file()}

    def fails(*_: Any) -> None:
        raise StorageError("the log cannot be written")

    monkeypatch.setattr(packing, "record_access", fails)
    with pytest.raises(StorageError):
        make_pack(out, PERIOD, RULES, to=to, seed=2, say=silent)
    with pytest.raises(StorageError):
        make_pack(out, PERIOD, RULES, to=out / "other", say=silent)
    assert {p: p.read_bytes() for p in to.rglob("*") if p.is_file()} == before
    assert sorted(p.name for p in out.iterdir() if not p.name.endswith("duckdb") and p.name != ".tepat.lock") == ["to"]


def test_a_folder_with_other_files_is_left_alone(out: Path) -> None:
    (out / "mine").mkdir()
    (out / "mine" / "thesis.docx").write_text("x")
    with pytest.raises(InputError, match="holds other files"):
        make_pack(out, PERIOD, RULES, to=out / "mine", say=silent)


def test_with_a_passphrase_tables_of_persons_are_in_the_locked_workbook_only(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    msoffcrypto = pytest.importorskip("msoffcrypto")
    monkeypatch.setenv("TEPAT_PASSPHRASE", "empat kata yang lepas")
    made = make_pack(out, PERIOD, RULES, to=out / "to", say=silent)
    assert not {"csv/contoh.csv", "csv/kasus.csv", "csv/persetujuan.csv"} & set(made.files)
    assert "csv/uji.csv" in made.files
    clear = io.BytesIO()
    with next(made.folder.glob("*.xlsx")).open("rb") as file:
        book = msoffcrypto.OfficeFile(file)
        book.load_key(password="empat kata yang lepas")  # noqa: S106 - of this test
        book.decrypt(clear)
    assert "contoh" in openpyxl.load_workbook(clear).sheetnames


def test_with_a_key_and_no_passphrase_nothing_is_written(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb_extension_httpfs")
    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    with pytest.raises(StorageError, match="TEPAT_PASSPHRASE"):
        make_pack(out, PERIOD, RULES, to=out / "to", say=silent)
    assert not (out / "to").exists()


def test_every_reason_of_the_taxonomy_answers_some_test(rules: Path) -> None:
    asked = [f for t in read_audit_rules(rules).tests for f in t.finds]
    left = {
        (kind, reason)
        for kind, card in read_taxonomy(rules).types.items() for reason in (card.reasons or [""])
        if not any(f.type == kind and (not f.reasons or reason in f.reasons) for f in asked)
    }  # fmt: skip
    assert left == set()


def test_a_reason_that_no_finding_has_is_named_with_its_line(rules: Path, tmp_path: Path) -> None:
    shutil.copytree(rules, tmp_path / "rules")
    path = tmp_path / "rules" / "audit.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("[deceased]", "[deseased]"), encoding="utf-8")
    with pytest.raises(RulesError, match=r"audit\.yaml:\d+: .*deseased") as refused:
        read_audit_rules(tmp_path / "rules")
    assert "deceased" in str(refused.value)
