"""Nowhere in what a month prints or shows does a number of a person stand in full: every command, every page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.errors import TepatError
from pipeline.history import published_runs
from pipeline.period import Period
from tests.scenarios import District

NUMBER = re.compile(r"(?<![0-9a-f])\d{16}(?![0-9a-f])")  # not within a hash


@pytest.fixture(scope="module")
def told(
    district: District, published_district: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The folder of a month gone through as an office does it, and what each command printed on both streams.

    The month before is published already; this month's lists are those of then, sent once more.
    """
    out = tmp_path_factory.mktemp("told") / "out"
    shutil.copytree(published_district, out)
    first = district.periods[-1]
    period = Period(first.year, first.month + 1)
    raw, printed = district.raw(first), {}

    def tepat(*words: object, codes: tuple[int, ...] = (0,)) -> None:
        asked = [str(w) for w in words]
        answer = CliRunner().invoke(app, asked)
        raised = answer.exception if isinstance(answer.exception, TepatError) else None  # what `cli.main` would print
        assert (raised.exit_code if raised else answer.exit_code) in codes, (asked, answer.output)
        printed[" ".join(asked)] = f"{answer.stdout}{answer.stderr}{raised or ''}"

    month, into = ("--period", period), ("--out", out)
    tepat("run", *month, "--raw", raw, *into)
    run = published_runs(out)[-1]
    tepat("compare", first, period, "--by", "kecamatan", *into)
    tepat("compare", first, period, *into, "--json")
    findings = run.findings()
    person = findings.filter(subject_kind="person")["subject_id"][0]
    tepat("inspect", *sorted(p for p in raw.iterdir() if p.suffix in (".xlsx", ".csv"))[:4], codes=(0, 2, 3))
    tepat("worklist", *month, *into)
    forms = sorted((out / str(period) / "worklist").glob("*.xlsx"))
    tepat("outcomes", *forms[:2], *into, codes=(0, 3))
    tepat("sample", *month, "--n", 60, *into)
    tepat("sample", *month, "--results", *into)
    tepat("review", *month, "--as", "SITI", "--export", out / "pairs.xlsx", *into)
    tepat("report", *month, *into)
    tepat("measures", *month, *into)
    tepat("simulate", *month, "--set", "pkh.desil_max=3", *into)
    for subject in (person, findings["finding_id"][0], run.mentions()["mention_id"][0]):
        tepat("explain", subject, "--page", out / "story" / f"{subject}.html", *into)
        tepat("explain", subject, *into, "--json")
    tepat("identity", "evaluate", *month, *into, codes=(0, 3))
    tepat("audit", "verify", *into, codes=(0, 3))
    tepat("audit", "pack", *month, *into, codes=(0, 3))
    people = sorted(p for p in raw.iterdir() if "dtsen" in p.name.lower())
    tepat("dedupe", people[0], "--out", out / "twice", codes=(0, 3))
    tepat("dedupe", people[0], "--out", out / "twice", "--json", codes=(0, 3))
    survey = out / "survey.csv"
    survey.write_text("welfare,benefit,NIK\n100,0,7501010101900001\n300,50,7501010101900002\n", encoding="utf-8")
    tepat("incidence", survey, "--welfare", "welfare", "--benefit", "benefit", "--by", "NIK", codes=(2,))
    survey.unlink()
    tepat("rules", "check")
    tepat("purge", "--dry-run", *into)
    lists = [p for p in raw.iterdir() if "bayar" in p.name.lower()]
    for paylist in lists[:1]:
        tepat("gate", paylist, *month, *into, codes=(0, 3))
    tepat("run", "--period", "2031-01", "--raw", out / "nowhere", *into, codes=(2,))
    return out, printed


def test_no_command_prints_a_number_in_full(told: tuple[Path, dict[str, str]]) -> None:
    _, printed = told
    assert len(printed) > 15
    for asked, text in printed.items():
        assert NUMBER.findall(text) == [], asked


def test_no_page_shows_a_number_in_full(told: tuple[Path, dict[str, str]]) -> None:
    out, _ = told
    pages = [p for p in out.rglob("*") if p.suffix in (".html", ".csv", ".json") and "outcomes" not in p.parts]
    assert {"report.html", "quality.html", "programs.csv"} <= {p.name for p in pages}
    for page in pages:
        assert NUMBER.findall(page.read_text(encoding="utf-8")) == [], page


def test_no_paper_shows_a_number_in_full(told: tuple[Path, dict[str, str]]) -> None:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not on this machine")
    out, _ = told
    papers = list(out.rglob("*.pdf"))
    assert "report.pdf" in {p.name for p in papers}
    for paper in papers:
        text = subprocess.run([program, str(paper), "-"], capture_output=True, text=True, check=True).stdout
        assert len(text) > 200
        assert NUMBER.findall(text) == [], paper
