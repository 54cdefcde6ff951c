"""A month made again from its files gives what was published, or what differs is said."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.audit import rerun
from pipeline.audit.verify import verify
from pipeline.errors import InputError
from pipeline.publish.identity import libraries
from pipeline.store import Store
from tests.audit.filled import RULES
from tests.publish.builders import NIK, publish_one, silent, write_stages
from tests.scenarios import District, MadeOnce


@pytest.fixture
def again(made_once: MadeOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A published month of made-up stage files; making it again writes those of ``name``."""
    out, raw = tmp_path / "out", tmp_path / "raw"
    shutil.copytree(made_once("one", publish_one), out)
    (raw / "2026-10").mkdir(parents=True)
    (raw / "2026-10" / "daftar.csv").write_text("NIK;NAMA\n")
    monkeypatch.setattr("pipeline.audit.inputs.inputs_hash", lambda _: "inputs-1")
    monkeypatch.setattr(rerun, "inputs_hash", lambda _: "inputs-1")
    monkeypatch.setattr(rerun, "rules_hash", lambda _: "rules")
    monkeypatch.setattr(rerun, "judgements_hash", lambda _: "judgements")

    def make(name: str = "SITI", **given: Any) -> Any:
        def stages(job: object, past: object, store: Store, say: object) -> None:
            write_stages(store, name=name)

        monkeypatch.setattr(rerun, "run_stages", stages)
        return verify(out, raw=raw, rerun=RULES, say=silent, **given)

    return make


def test_the_same_files_give_the_same_tables(again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    today = json.dumps(json.loads(libraries()) | {"polars": "0.0"})
    monkeypatch.setattr(rerun, "libraries", lambda: today)
    verified = again()
    assert verified.same, verified.differences
    assert len(verified.made_again) == 1
    assert verified.checked["tables made again"] > 15
    assert re.search(r"made by program 0\+test, polars [1-9].* again by program .*, polars 0\.0:", verified.notes[0])


def test_what_differs_is_counted_with_its_columns_and_first_examples(again: Callable[..., Any]) -> None:
    differences = {d.table: d for d in again("SITA").differences}
    assert set(differences) == {"mentions", "persons"}
    told = differences["persons"].what
    assert "9 changed (person_id=P0000; person_id=P0001; person_id=P0002)" in told
    assert "values that changed: 9 in name" in told
    assert differences["persons"].means.name == "AGAIN"
    assert NIK not in str(differences)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("rules_hash", "the rules in .* are not those of the run"),
        pytest.param("inputs_hash", "are not all those it was made from", marks=pytest.mark.nightly),
        pytest.param("judgements_hash", "the judgements of that time are not kept", marks=pytest.mark.nightly),
    ],
)
def test_with_other_rules_files_or_judgements_nothing_is_compared_and_it_is_said(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, part: str, reason: str
) -> None:
    monkeypatch.setattr(rerun, part, lambda _: "another")
    with pytest.raises(InputError, match=reason):
        again()


@pytest.mark.parametrize(("name", "told"), [("SITI", []), ("SITA", ["rows of 2026-08-old"])])
def test_where_a_run_further_back_was_purged_only_what_is_the_same_tells_something(
    again: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str, told: list[str]
) -> None:
    monkeypatch.setattr(rerun, "_line", lambda *_: ["2026-09-kept", "2026-08-old"])
    monkeypatch.setattr(rerun, "tombstones_of", lambda _: {("2026-08-old", "mentions"): None})
    if told:
        with pytest.raises(InputError, match=told[0]):  # nothing could be compared
            again(name)
        return
    verified = again(name)
    assert (verified.same, len(verified.made_again)) == (True, 1)


def test_a_real_month_comes_out_the_same_again(
    district: District, published_district: Path, rules: Path, tmp_path: Path
) -> None:
    period = district.periods[-1]
    shutil.copytree(published_district, tmp_path / "out")
    raw = district.raw(period)
    verified = verify(tmp_path / "out", period=period, raw=raw, rerun=rules, say=silent)
    assert verified.same, verified.differences
    assert verified.checked["months whose raw files are the same"] == 1
    assert [r[:7] for r in verified.made_again] == [str(period)]
    assert not list((tmp_path / "out").glob(".rerun*"))


def test_a_raw_file_that_was_changed_or_put_in_is_named(
    district: District, published_district: Path, tmp_path: Path
) -> None:
    period = district.periods[-1]
    raw = tmp_path / str(period)
    shutil.copytree(district.raw(period), raw)
    changed, gone, *_ = sorted(p for p in raw.iterdir() if p.suffix == ".csv")
    changed.write_bytes(changed.read_bytes() + b"\n")
    gone.unlink()
    (raw / "baru.csv").write_text("NIK;NAMA\n")
    verified = verify(published_district, raw=tmp_path, say=silent)
    assert {d.what.split("/")[1] for d in verified.differences} == {
        f"{changed.name} is not the file that was read", "baru.csv was not among the files read",
    }  # fmt: skip
    assert any(f"{gone.name}: it is not kept" in n for n in verified.not_checked)
