"""What is past its retention is ended, proves what it was, and can be taken up where it was killed."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

from pipeline.audit.verify import verify
from pipeline.database import DATABASE, READ_ONLY_COPY, opened
from pipeline.errors import InputError, Refused, RulesError, StorageError
from pipeline.history import published_run
from pipeline.publish import publish
from pipeline.purge import ending
from pipeline.purge.ending import Asked, Purged, purge
from pipeline.purge.plan import AGES
from pipeline.purge.retention import read_retention
from pipeline.tables import LASTING, OUTCOMES, SEALS, TOMBSTONES
from tests.audit.filled import CASE, RULES, everything, sql
from tests.publish.builders import NIK, PERIOD, STARTED, identity, month, silent
from tests.warm import warm

ASKED = Asked("Ani", "retention of 2026")
THREE_YEARS, NINE_YEARS = date(2029, 12, 1), date(2035, 12, 1)


@dataclass(frozen=True)
class After:
    """A purged folder, what was told, and the size of the database before."""

    out: Path
    purged: Purged
    size: int

    @property
    def ended(self) -> set[str]:
        """Tables of which rows went."""
        return {e.table for e in self.purged.ended}


def after(filled: Path, out: Path, today: date) -> After:
    for path in filled.glob("*.duckdb"):
        shutil.copyfile(path, out / path.name)
    size = (out / DATABASE).stat().st_size
    return After(out, purge(out, RULES, ASKED, today=today, say=silent), size)


@pytest.fixture(scope="session")
def three_years(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> After:
    """Purged when people are past their retention. Read it, do not write to it."""
    return after(filled, tmp_path_factory.mktemp("three"), THREE_YEARS)


@pytest.fixture(scope="session")
def nine_years(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> After:
    """Purged when decisions are, too. Read it, do not write to it."""
    return after(filled, tmp_path_factory.mktemp("nine"), NINE_YEARS)


def test_every_table_has_a_retention_and_every_lasting_one_an_age() -> None:
    read_retention(RULES)
    kept_for_ever = {SEALS, TOMBSTONES}
    assert set(AGES) | kept_for_ever == {*LASTING.values(), OUTCOMES}


def test_nothing_goes_before_its_time(out: Path) -> None:
    before = everything(out)
    assert purge(out, RULES, ASKED, today=date(2027, 1, 1), say=silent).as_dict()["rows"] == 0
    assert everything(out) == before


def test_after_three_years_people_go_and_findings_stay(three_years: After) -> None:
    assert {"mentions", "persons", "households", "eligibility", "transactions"} <= three_years.ended
    rows = everything(three_years.out)
    assert not rows["audit.persons"] + rows["audit.mentions"]
    assert all(rows[f"audit.{t}"] for t in ("findings", "measures", "gate_results"))
    assert verify(three_years.out, say=silent).same


def test_what_counts_persons_says_that_they_were_ended(three_years: After) -> None:
    run = published_run(three_years.out, PERIOD)
    run.require("findings", "measures")
    for tables in (("persons", "findings"), ()):
        with pytest.raises(InputError, match=r"persons.* were ended by `tepat purge`"):
            run.require(*tables)


def test_after_eight_years_decisions_go_too_and_the_proof_stays(nine_years: After) -> None:
    assert {"findings", "gate_results", "case_events", "cases", "outcomes", "match_judgements", "samples",
            "access_log"} <= nine_years.ended  # fmt: skip
    rows = everything(nine_years.out)
    assert CASE not in str(rows["audit.cases"])
    assert "K-2" in str(rows["audit.cases"]), "an open case stays"
    assert all(rows[f"audit.{t}"] for t in ("runs", "measures", "tombstones"))
    verified = verify(nine_years.out, say=silent)
    assert verified.same, verified.differences


def test_what_was_ended_cannot_be_read_from_the_files_any_more(filled: Path, nine_years: After) -> None:
    for name in (DATABASE, READ_ONLY_COPY):
        assert NIK.encode() in (filled / name).read_bytes()
        assert NIK.encode() not in (nine_years.out / name).read_bytes()
    assert nine_years.purged.bytes_after == (nine_years.out / DATABASE).stat().st_size < nine_years.size


def test_a_replaced_run_keeps_findings_measures_and_digests(filled: Path) -> None:
    with opened(filled / DATABASE, read_only=True) as c:
        (old, new) = (r for (r,) in c.execute("select run_id from audit.runs order by finished_at").fetchall())
        left = {t: c.execute(f"select count(*) from audit.{t} where run_id = ?", [old]).fetchall()[0][0]
                for t in ("mentions", "persons", "findings", "measures")}  # fmt: skip
        why = c.execute("select distinct reason, basis from audit.tombstones").fetchall()
    assert (left["mentions"], left["persons"]) == (0, 0)
    assert left["findings"] == left["measures"] == 1
    assert why == [("superseded", f"replaced by {new}")]


def test_no_empty_folder_is_left_behind(out: Path) -> None:
    listed = out / str(PERIOD) / "worklist" / "kabupaten"
    listed.mkdir(parents=True)
    for path in (listed / "7501.xlsx", listed.parent / "750119.pdf"):
        path.write_bytes(b"x")
    purge(out, RULES, ASKED, today=NINE_YEARS, say=silent)
    assert [p for p in out.rglob("*") if p.is_dir() and not any(p.iterdir())] == []
    assert not (out / str(PERIOD) / "worklist").exists()


def test_it_is_logged_with_name_and_reason(three_years: After) -> None:
    with opened(three_years.out / DATABASE, read_only=True) as c:
        said = c.execute("select object, purpose from audit.access_log where action = 'purge'").fetchall()
    assert [p for o, p in said if "2026-10" in o and p == "Ani: retention of 2026"]


@pytest.mark.parametrize(("asked", "what"), [(Asked("", "why"), "--as"), (Asked("Ani", " "), "--reason")])
def test_nobody_purges_without_name_and_reason(out: Path, asked: Asked, what: str) -> None:
    with pytest.raises(InputError, match=what):
        purge(out, RULES, asked, say=silent)


def test_a_dry_run_changes_nothing(out: Path) -> None:
    content = (out / DATABASE).read_bytes()
    told = purge(out, RULES, Asked("", ""), dry_run=True, today=THREE_YEARS, say=silent).as_dict()
    assert told["rows"] > 20
    assert told["dry_run"]
    assert (out / DATABASE).read_bytes() == content


def test_what_was_tampered_with_is_not_buried(out: Path) -> None:
    sql(out, ["update audit.persons set name = 'X'"])
    with pytest.raises(Refused, match="nothing was ended"):
        purge(out, RULES, ASKED, today=THREE_YEARS, say=silent)
    assert everything(out)["audit.persons"]


def test_files_go_with_the_rows_they_were_made_from_and_raw_files_only_when_asked(out: Path, tmp_path: Path) -> None:
    month(out)
    young, old = out / "outcomes" / "new" / "usulan.csv", out / "outcomes" / "old" / "usulan.csv"
    screened, report = out / "gate" / "G1" / "daftar_pay.csv", out / str(PERIOD) / "report" / "report.html"
    office = out / str(PERIOD) / "worklist" / "dukcapil" / "7503_dukcapil.xlsx"
    raw, raw_later = (tmp_path / "raw" / name / "daftar.csv" for name in ("2026-10", "2034-01"))
    for path in (young, old, screened, report, office, raw, raw_later):
        path.parent.mkdir(parents=True)
        path.write_text("x")
    os.utime(young, (stamp := datetime(2035, 1, 1).timestamp(), stamp))
    purge(out, RULES, ASKED, today=THREE_YEARS, say=silent)
    assert not list((out / str(PERIOD)).glob("*.parquet"))
    assert not office.exists()
    assert all(p.exists() for p in (young, old, screened, report, raw, raw_later))
    purge(out, RULES, Asked("Ani", "raw too", raw=tmp_path / "raw"), today=NINE_YEARS, say=silent)
    kept = [p for p in (young, old, screened, report, raw, raw_later) if p.exists()]
    assert kept == [young, report, raw_later]
    assert verify(out, say=silent).same


@pytest.mark.nightly
def test_a_row_that_comes_after_a_purge_hangs_on_the_chain(out: Path) -> None:
    for day in (NINE_YEARS, date(2045, 1, 1)):  # each verifies what the one before left
        purge(out, RULES, ASKED, today=day, say=silent)
    assert verify(out, say=silent).same
    assert len(everything(out)["audit.access_log"]) >= 1


def test_killed_after_the_rows_are_gone_the_next_purge_finishes(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    month(out)
    with monkeypatch.context() as patched:
        patched.setattr(ending, "compact", killed)
        with pytest.raises(KeyboardInterrupt):
            purge(out, RULES, ASKED, today=NINE_YEARS, say=silent)
    verified = verify(out, say=silent)
    assert verified.same
    assert "a purge was killed, run it again" in verified.notes[0]
    assert NIK.encode() in (out / READ_ONLY_COPY).read_bytes()
    purge(out, RULES, ASKED, today=NINE_YEARS, say=silent)
    for path in out.rglob("*"):
        assert not path.is_file() or NIK.encode() not in path.read_bytes(), path.name
    assert verify(out, say=silent).same


def purge_all(out: str) -> None:
    """What is killed."""
    purge(Path(out), RULES, ASKED, today=NINE_YEARS, say=silent)


@pytest.mark.nightly
def test_kill_9_leaves_the_database_whole_and_a_repeat_finishes(filled: Path, tmp_path: Path) -> None:
    kills, killed = 60, 0
    with warm(__name__) as at_work:
        shutil.copytree(filled, tmp_path / "usual")
        usual = at_work.do(__name__, "purge_all", str(tmp_path / "usual"))
        for n in range(kills):
            out = tmp_path / f"out{n}"
            shutil.copytree(filled, out)
            killed += at_work.kill(1.1 * usual * (n + 0.5) / kills, __name__, "purge_all", str(out))
            verified = verify(out, say=silent)
            assert verified.same, verified.differences
            purge(out, RULES, ASKED, today=NINE_YEARS, say=silent)
            assert verify(out, say=silent).same
            assert not any(NIK.encode() in p.read_bytes() for p in out.rglob("*") if p.is_file())
            assert [p.name for p in out.iterdir() if p.name.startswith(".copy")] == []
            shutil.rmtree(out)
    assert killed >= kills // 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("      - persons\n      - households", "      - households", "no retention is given for persons"),
        ("  - runs\n", "", "no retention is given for runs"),
        ("      - persons\n", "      - persons\n      - person\n", "there is no table person"),
        ("      - samples\n", "      - samples\n      - persons\n", "persons stand twice"),
        ("raw: people", "raw: folk", "there is no class folk"),
        ("    months: 36", "    months: 0", "greater than or equal to 1"),
    ],
)
def test_a_card_that_would_lose_something_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (RULES / "retention.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "retention.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RulesError, match=message):
        read_retention(tmp_path)


@pytest.mark.skipif("TEPAT_KEY" in os.environ, reason="a key is set already")
def test_with_a_key_the_new_file_is_encrypted_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb_extension_httpfs")
    monkeypatch.setenv("TEPAT_KEY", "kunci-1")
    publish(month(tmp_path), tmp_path, identity(), started_at=STARTED, timings={}, say=silent)
    purge(tmp_path, RULES, ASKED, today=THREE_YEARS, say=silent)
    assert verify(tmp_path, say=silent).same
    assert not any(b"finding_evidence" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    monkeypatch.delenv("TEPAT_KEY")
    with pytest.raises(StorageError, match="this database is encrypted"):
        verify(tmp_path, say=silent)


def test_the_copy_for_notebooks_shows_what_is_left(three_years: After) -> None:
    with opened(three_years.out / READ_ONLY_COPY, read_only=True) as c:
        manifest = json.loads(c.execute("select manifest from latest.runs").fetchall()[0][0])
        assert manifest["persons"]["rows"] > 0
        assert c.execute("select count(*) from latest.persons").fetchall() == [(0,)]
