"""The commands as a user sees them: exit codes, one JSON document, what is logged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.database import DATABASE, opened
from tests.audit.filled import sql
from tests.scenarios import District


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(w) for w in words])
    return result.exit_code, result.stdout


def test_the_same_is_0_and_a_difference_is_3_with_what_it_means(out: Path) -> None:
    code, text = run("audit", "verify", "--out", out, "--json")
    assert (code, json.loads(text)["result"]) == (0, "same")
    sql(out, ["update audit.findings set amount = 0"])
    code, text = run("audit", "verify", "--out", out, "--json")
    difference, *others = json.loads(text)["differences"]
    assert (code, difference["table"], len(others)) == (3, "findings", 1)  # one a run
    assert "no figure, worklist or decision of it can be relied on" in difference["means"]
    code, text = run("audit", "verify", "--out", out)
    assert code == 3
    assert "2 differences\n" in text
    assert "to do: put the last backup" in text


def test_a_purge_by_command_and_a_folder_after_it(out: Path, tmp_path: Path) -> None:
    code, text = run("purge", "--out", out, "--dry-run", "--json")
    assert (code, json.loads(text)["rows"]) == (0, 0)
    assert run("purge", "--out", out, "--as", "Ani", "--reason", "yearly")[0] == 0
    code, text = run("audit", "pack", "--period", "2026-10", "--out", out, "--to", tmp_path / "to", "--json")
    document = json.loads(text)
    assert (code, document["verification"]["result"]) == (0, "same")
    sql(out, ["update audit.findings set amount = 0"])
    assert run("audit", "pack", "--period", "2026-10", "--out", out, "--to", tmp_path / "to")[0] == 3


def test_whoever_hands_out_files_that_must_be_locked_writes_it_down() -> None:
    """``lock_of`` is asked wherever files with personal data leave; the same folder must log an export."""
    pipeline = Path(__file__).resolve().parents[2] / "pipeline"
    texts = {
        f: "".join(p.read_text(encoding="utf-8") for p in f.glob("*.py")) for f in pipeline.iterdir() if f.is_dir()
    }
    handing = {f.name for f, text in texts.items() if "lock_of(" in text}
    assert {"audit", "cases", "gate", "worklist"} <= handing
    assert {f.name for f, text in texts.items() if f.name in handing and '"export"' not in text} == set()


@pytest.mark.nightly
def test_moves_of_a_simulation_are_an_export(district: District, published_district: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(published_district, out)
    period = district.periods[-1]
    save = tmp_path / "what-if"
    code, _ = run("simulate", "--period", period, "--set", "pkh.desil_max=3", "--save", save, "--out", out, "--json")
    assert code == 0
    with opened(out / DATABASE, read_only=True) as c:
        log = c.execute("select object, purpose from audit.access_log where action = 'export'").fetchall()
    assert log == [(f"simulation: {save}", "pkh.desil_max=3")]
