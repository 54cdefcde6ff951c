"""How right the links of a month are: against the truth of a synthetic district."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cli import app
from pipeline.errors import InputError
from pipeline.history import published_run
from pipeline.identity import Question, evaluate
from pipeline.identity.known import judged_in_database
from pipeline.identity.population import population
from pipeline.period import Period
from pipeline.tables import MATCH_JUDGEMENTS
from tests.identity.judges import judge, persons
from tests.scenarios import District
from tests.scoring import score

MEASURES = ("precision", "recall", "f1", "b3_precision", "b3_recall", "b3_f1")


@pytest.fixture(scope="module")
def period(district: District) -> Period:
    return district.periods[-1]


@pytest.fixture(scope="module")
def of(published_district: Path, period: Period, district: District) -> dict[str, str]:
    return persons(published_district, period, district.truth_folder(period))


def labels(district: District, period: Period) -> tuple[Path, str]:
    return district.truth_folder(period) / "mentions.csv", "true_person_id"


def test_labels_give_what_the_scorer_counts(published_district: Path, period: Period, district: District) -> None:
    found = evaluate(published_district, period, Question(truth=labels(district, period))).overall
    told = score(published_district, district.truth_folder(period)).persons
    assert found["recall"] == pytest.approx(told.recall, abs=1e-5)
    assert found["precision"] == pytest.approx(told.precision, abs=2e-3)  # rows without a label are left out


def test_without_judged_pairs_the_answer_is_no_and_says_how_to_get_some(
    published_district: Path, period: Period
) -> None:
    command = ["identity", "evaluate", "--period", str(period), "--out", str(published_district), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert document["basis"] == "model"
    assert 0.9 < document["overall"]["precision"] <= 1
    assert "precision_low" not in document["overall"]
    assert "tepat review" in document["notes"][0]
    assert len(document["next"]) == 50


def test_judged_in_rounds_the_estimate_comes_to_the_truth(
    tmp_path: Path, published_district: Path, period: Period, district: District, of: dict[str, str]
) -> None:
    said, widths = pl.DataFrame(schema=dict.fromkeys(("mention_id_a", "mention_id_b", "judgement"), pl.String)), []
    path = tmp_path / "judged.csv"
    for _ in range(3):
        said.write_csv(path)
        asked = evaluate(published_district, period, Question(judged=path, further=60)).further
        assert asked.height == 60
        assert asked.join(said, on=["mention_id_a", "mention_id_b"], how="semi").is_empty()
        said = pl.concat([said, judge(asked, of)])
        said.write_csv(path)
        found = evaluate(published_district, period, Question(judged=path, further=0)).overall
        widths.append(found["f1_high"] - found["f1_low"])
    true = evaluate(published_district, period, Question(truth=labels(district, period))).overall
    for measure in ("precision", "b3_precision", "f1"):
        assert found[f"{measure}_low"] <= found[measure] <= found[f"{measure}_high"], measure
        assert found[f"{measure}_low"] <= true[measure] <= found[f"{measure}_high"] + 1e-3, measure
    assert widths == sorted(widths, reverse=True), "more judged pairs, narrower intervals"


def test_where_all_written_pairs_are_judged_nothing_is_left_to_chance(
    tmp_path: Path, published_district: Path, period: Period, of: dict[str, str]
) -> None:
    everything = evaluate(published_district, period, Question(further=100_000)).further
    doubtful = everything.filter(pl.col("band") != "beyond doubt")
    judge(doubtful, of).write_csv(tmp_path / "all.csv")
    found = evaluate(published_district, period, Question(judged=tmp_path / "all.csv"))
    for band in found.bands.filter(pl.col("band") != "beyond doubt", pl.col("pairs") > 0).to_dicts():
        assert band["judged"] == band["pairs"]
        assert band["share"] == pytest.approx(band["same"] / band["pairs"])
        assert band["high"] - band["low"] < 1e-3
    assert found.overall["recall_high"] - found.overall["recall_low"] < 0.05


def test_parts_add_up(published_district: Path, period: Period) -> None:
    found = evaluate(published_district, period, Question(by="kecamatan"))
    assert sum(k["pairs_joined"] for k in found.kecamatan) <= found.overall["pairs_joined"]
    assert found.bands["joined"].sum() == found.overall["pairs_joined"]
    assert all(0 <= k[m] <= 1 for k in found.kecamatan for m in MEASURES)


def test_the_same_seed_asks_for_the_same_pairs(published_district: Path, period: Period) -> None:
    one, two, other = (evaluate(published_district, period, Question(seed=s)).further for s in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)


def test_files_hold_numbers_and_ids_only(tmp_path: Path, published_district: Path, period: Period) -> None:
    written = evaluate(published_district, period, Question()).write(tmp_path, "id")
    assert {p.name for p in written} == {"calibration.svg", "calibration.csv", "judge_next.csv"}
    assert "belum ada pasangan" in written[0].read_text(encoding="utf-8")
    assert pl.read_csv(written[1]).columns == [
        "band", "pairs", "joined", "expected", "judged", "same", "share", "low", "high",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "no column mention_id_a"),
        ("mention_id_a,mention_id_b,judgement\nx,y,sama\n", "'sama'"),
        ("mention_id_a,mention_id_b,judgement\nx,y,same\n", "none of its mention ids"),
        ("", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    tmp_path: Path, published_district: Path, period: Period, content: str, said: str
) -> None:
    path = tmp_path / "judged.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        evaluate(published_district, period, Question(judged=path))


def test_one_way_of_asking_at_a_time() -> None:
    with pytest.raises(InputError, match="together with"):
        Question(judged=Path("a.csv"), truth=(Path("b.csv"), "who"))
    with pytest.raises(InputError, match="desa"):
        Question(by="desa")


@pytest.mark.parametrize("before", [True, False])
def test_what_was_judged_before_the_run_counts_where_its_score_would_have_put_it(
    monkeypatch: pytest.MonkeyPatch, published_district: Path, period: Period, before: bool
) -> None:
    """The run has obeyed it: a pair joined against its score would otherwise prove the run right."""
    people = population(published_run(published_district, period))
    pair = people.pairs.filter(pl.col("joined"), pl.col("probability") >= 0.5).row(0, named=True)
    here = (pl.col("a") == pair["a"]) & (pl.col("b") == pair["b"])
    parted = people.pairs.with_columns(stratum=pl.col("stratum") - here.cast(pl.Int64), joined=pl.col("joined") & ~here)
    people = replace(people, pairs=parted)
    prints = sorted(people.rows["fingerprint"].gather([pair["a"], pair["b"]]).to_list())
    started = people.run.table("runs", ["started_at"])["started_at"][0]
    word = {
        "fingerprint_a": [prints[0]], "fingerprint_b": [prints[1]], "level": ["person"], "judgement": ["different"],
        "at": [started + timedelta(hours=-1 if before else 1)], "by": ["SRI"], "reason": [""], "valid_until": [None],
    }  # fmt: skip
    said = MATCH_JUDGEMENTS.conform(pl.DataFrame(word))
    monkeypatch.setattr("pipeline.identity.known.judgements", lambda *_: said)
    found = judged_in_database(people).pairs.filter(here)
    assert found["same"].to_list() == [False]
    assert people.joined[found["stratum"][0]] == before
