"""The right answers of a month, as tables.

Belongs here: which person and household each written row is about, where each row must go, findings, measures and
gate decisions, written as CSV. Independent of the stages under test: nothing here imports them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.demo import answers, verdicts
from pipeline.demo.card_use import CardUse
from pipeline.demo.files import Written
from pipeline.demo.lists import ListFrame
from pipeline.demo.scene import Scene
from pipeline.demo.verdicts import household_id, person_id

_WHERE = ("source_file", "sheet", "row_number")


@dataclass(frozen=True)
class Month:
    """All that was written in a month: each list with its rows, and the card uses."""

    lists: list[tuple[ListFrame, Written]]
    use: CardUse
    card_file: Written


def write(scene: Scene, month: Month, idle: list[pl.DataFrame], folder: Path) -> None:
    """Write the truth of a month.

    Args:
        idle: unclaimed benefits of the months before, oldest first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    judged = verdicts.units(scene)
    benefit = _benefit_rows(month)
    tables = {
        "mentions": _mentions(scene, month),
        "expected_quarantine": _quarantine(month),
        **_sheets(month),
        "findings": answers.findings(scene, judged, benefit, month.use, idle),
        "measures": verdicts.measures(judged),
        "gate": verdicts.gate(scene, judged, benefit.filter(pl.col("kind") == "payments")),
    }
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")


def _mentions(scene: Scene, month: Month) -> pl.DataFrame:
    """Household empty where no file can tell it: nobody of it in the registry, and no family number on any row."""
    parts = [
        w.rows.filter(pl.col("fate") == "mention").select(
            *_WHERE, pl.lit(s.kind).alias("kind"), pl.lit(s.program).alias("program"), "pid", "hid",
            has_card=pl.col("no_kk").is_not_null(),
        )
        for s, w in month.lists
    ]  # fmt: skip
    rows = pl.concat(parts)
    known = scene.homes.filter("registered")["hid"]
    told = pl.col("hid").is_in(known.implode()) | pl.col("has_card").any().over("pid")
    return rows.select(
        *_WHERE, "kind", "program", person_id().alias("true_person_id"),
        pl.when(told).then(household_id()).alias("true_household_id"),
    ).sort(*_WHERE)  # fmt: skip


def _quarantine(month: Month) -> pl.DataFrame:
    parts = [
        w.rows.filter(pl.col("fate") != "mention").select(*_WHERE, pl.lit(s.kind).alias("kind"), reason="fate")
        for s, w in month.lists
    ]
    cards = month.card_file.rows.filter(pl.col("fate") != "transaction")
    parts.append(cards.select(*_WHERE, pl.lit("transactions").alias("kind"), reason="fate"))
    return pl.concat(parts).sort(*_WHERE)


def _sheets(month: Month) -> dict[str, pl.DataFrame]:
    sheets = pl.concat([w.sheets for _, w in month.lists] + [month.card_file.sheets]).sort("source_file", "sheet")
    return {
        "layout_rows": sheets.select("source_file", "sheet", "layout_rows"),
        "rows": sheets.select("source_file", "sheet", "rows_nonempty"),
    }


def _benefit_rows(month: Month) -> pl.DataFrame:
    """Accepted rows of recipients and pay lists, as written."""
    parts = []
    for sheet, written in month.lists:
        if sheet.kind not in ("recipients", "payments"):
            continue
        rows = written.rows.filter(pl.col("fate") == "mention")
        if "active" not in rows.columns:
            rows = rows.with_columns(active=pl.lit(True))
        impossible = pl.col("nik").is_not_null() & ~answers.possible_nik()
        parts.append(
            rows.select(
                *_WHERE, "pid", "hid", "kecamatan_code", "nik", "nik_damage", "name_damage", "owner", "active",
                amount=pl.col("amount").cast(pl.Int64), kind=pl.lit(sheet.kind), program=pl.lit(sheet.program),
                nik_impossible=impossible,
            )
        )  # fmt: skip
    return pl.concat(parts, how="vertical_relaxed")
