"""A sign as pictures: what stands behind it, and nothing that names anybody."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipeline import tables
from pipeline.errors import InputError
from pipeline.explain import explain
from pipeline.explain.page import render_page
from pipeline.look.numbers import Language
from pipeline.misuse import screen
from pipeline.misuse.pictures import pictures, read_sign
from pipeline.publish import publish
from tests.misuse.month import START, lines, rows
from tests.publish.builders import PERIOD, STARTED, identity, month, silent

CARDS = [f"60329812345678{i:02d}" for i in range(12)]
OCTOBER = START.replace(month=10)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, rules: Path) -> Path:
    """A published month: twelve cards within minutes at one agent, who served two more in the morning, and one account
    on three persons."""
    folder = tmp_path_factory.mktemp("signs")
    store = month(folder)
    used = [
        rows(12, 1, cards=CARDS, start=OCTOBER),
        rows(2, 1, cards=["early1", "early2"], start=OCTOBER - timedelta(hours=3)),
    ]
    together = pl.concat(used).with_columns(row_number=pl.int_range(2, 16, dtype=pl.Int64))
    store.write(tables.TRANSACTIONS, together)
    told = lines(12, card_number=CARDS, account_number=["0012345678906789"] * 3 + [None] * 9)
    mentions = told.drop("person_id", "household_id").with_columns(
        mention_id=pl.concat_str(pl.lit("r"), "row_number"), kind=pl.lit("recipients"),
        card_number=pl.col("card").cast(pl.String),
    ).drop("card")  # fmt: skip
    ids = told.select(pl.concat_str(pl.lit("r"), "row_number").alias("mention_id"), "person_id", "household_id")
    store.write(tables.MENTIONS, tables.MENTIONS.conform(mentions))
    store.write(tables.MENTION_IDS, tables.MENTION_IDS.conform(ids))
    files = pl.DataFrame(
        {"file_id": ["a", "b"], "source_file": ["r.csv", "t.csv"], "sheet": ["", ""],
         "kind": ["recipients", "transactions"],
         "rows_total": [12, 14], "rows_accepted": [12, 14], "rows_quarantined": [0, 0], "rows_layout": [0, 0]}
    )  # fmt: skip
    store.write(tables.SOURCE_FILES, tables.SOURCE_FILES.conform(files))
    for table in (tables.QUARANTINE, tables.PERSONS, tables.HOUSEHOLDS, tables.BENEFITS, tables.MATCH_PAIRS):
        store.write(table, table.empty())
    screen(store, PERIOD, rules, say=silent)
    signals = store.read(tables.MISUSE_SIGNALS).filter("finding")
    findings = signals.select(
        "reason", "subject_kind", "subject_id", finding_id=pl.concat_str(pl.lit("F"), "reason"),
        finding_type=pl.lit("card_misuse"), program=pl.lit(""),
    )  # fmt: skip
    place = pl.List(pl.Struct({"source_file": pl.String, "sheet": pl.String, "row_number": pl.Int64}))
    behind = signals.select(
        pl.col("evidence").str.json_decode(place), finding_id=pl.concat_str(pl.lit("F"), "reason")
    ).explode("evidence").unnest("evidence")  # fmt: skip
    lines_behind = pl.col("source_file") == "r.csv"
    behind = behind.with_columns(mention_id=pl.when(lines_behind).then(pl.concat_str(pl.lit("r"), "row_number")))
    other = pl.DataFrame({"finding_id": ["Fother"], "finding_type": ["service_gap"], "reason": ["ppks_unserved"]})
    store.write(tables.FINDINGS, tables.FINDINGS.conform(pl.concat([findings, other], how="diagonal")))
    store.write(tables.FINDING_EVIDENCE, tables.FINDING_EVIDENCE.conform(behind))
    publish(store, folder, identity(), started_at=STARTED, timings={}, say=silent)
    return folder


def test_the_sign_at_an_agent_shows_the_day_and_marks_what_is_behind_it(out: Path) -> None:
    sign = read_sign(out, "Fbulk_withdrawal")
    assert sign.uses.height == 14
    assert sign.uses["inside"].to_list() == [False] * 2 + [True] * 12
    assert sign.links["right"].unique().to_list() == ["T1"]
    assert sign.links["left"].unique().to_list() == ["HADIJAH WARTABONE"]
    timeline, graph = pictures(sign)
    assert timeline.description.startswith("14 penarikan, 12 di antaranya")
    assert "kartu (12)" in graph.description


def test_the_sign_on_an_account_shows_persons_and_families(out: Path) -> None:
    sign = read_sign(out, "Fshared_account")
    assert sign.uses.is_empty()
    assert sign.links.select(pl.col("left", "middle", "right").n_unique()).row(0) == (1, 3, 3)
    [graph] = pictures(sign, "en")
    assert "family (3)" in graph.description


@pytest.mark.parametrize("finding", ["Fbulk_withdrawal", "Fcompanion_holds_cards", "Fshared_account"])
@pytest.mark.parametrize("lang", ["id", "en"])
def test_a_picture_holds_no_whole_number_and_no_name(out: Path, finding: str, lang: Language) -> None:
    drawn = "".join(d.html("picture") + d.description for d in pictures(read_sign(out, finding), lang))
    assert "<svg" in drawn
    assert not re.search(r"\d{11}", drawn)
    assert "WARTABONE" not in drawn


def test_the_page_of_a_sign_says_first_what_else_may_explain_it(out: Path, rules: Path) -> None:
    page = render_page(explain(out, "Fbulk_withdrawal"), "id", [read_sign(out, "Fbulk_withdrawal")], rules)
    assert page.index("Penjelasan lain yang perlu ditanyakan lebih dulu") < page.index("<svg")


def test_what_has_no_picture_is_said(out: Path) -> None:
    with pytest.raises(InputError, match="service_gap has no picture"):
        read_sign(out, "Fother")
    with pytest.raises(InputError, match="knows this finding"):
        read_sign(out, "F000")
