"""The two synthetic months with known truth: every row where it belongs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.ingest.written_lists import Ingested, ingested

pytestmark = pytest.mark.sample
KEY = ["source_file", "sheet", "row_number"]


@pytest.fixture(scope="module", params=["2026-09", "2026-10"])
def month(
    request: pytest.FixtureRequest, sample: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ingested, Path]:
    raw = tmp_path_factory.mktemp("month") / request.param
    raw.symlink_to(sample / "raw" / request.param)
    return ingested(raw, rules), sample / "truth" / request.param


def truth(folder: Path, name: str) -> pl.DataFrame:
    frame = pl.read_csv(folder / f"{name}.csv", infer_schema=False).with_columns(pl.col("sheet").fill_null(""))
    numbers = [c for c in ("row_number", "layout_rows", "rows_nonempty") if c in frame.columns]
    return frame.with_columns(pl.col(numbers).cast(pl.Int64))


def test_no_row_is_lost_and_layout_is_told_from_people(month: tuple[Ingested, Path]) -> None:
    found, folder = month
    sheets = ["source_file", "sheet"]
    books = found.files.select(*sheets, "rows_total", "rows_layout").sort(sheets)
    expected = truth(folder, "rows").join(truth(folder, "layout_rows"), on=sheets, how="left")
    expected = expected.with_columns(pl.col("layout_rows").fill_null(1))  # the truth does not name plain headers
    assert books.rows() == expected.select(*sheets, "rows_nonempty", "layout_rows").sort(sheets).rows()


def test_mentions_and_quarantine_are_those_of_the_truth(month: tuple[Ingested, Path]) -> None:
    found, folder = month
    people = truth(folder, "mentions").select(*KEY, "kind").sort(KEY).rows()
    assert found.mentions.select(*KEY, "kind").sort(KEY).rows() == people
    expected = truth(folder, "expected_quarantine").select(*KEY, "kind", "reason").sort(KEY).rows()
    assert found.quarantine.select(*KEY, "kind", "reason").sort(KEY).rows() == expected
