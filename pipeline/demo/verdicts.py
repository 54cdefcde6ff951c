"""What each unit of each program truly is: eligible or not and why, served or not.

Belongs here: joining conditions and benefits of a month into one frame of units, from which findings, measures and
the gate are told. Borderline cases are decided as the design says: the named recipient dead or moved makes a served
unit ineligible; a household with nobody left is judged by that alone.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.demo.aid import HOUSEHOLD_PROGRAMS
from pipeline.demo.conditions import MONTHLY, reasons
from pipeline.demo.scene import Scene


def person_id(column: str = "pid") -> pl.Expr:
    """Id of a person in the truth."""
    return pl.concat_str(pl.lit("P"), pl.col(column).cast(pl.String).str.zfill(8))


def household_id(column: str = "hid") -> pl.Expr:
    """Id of a household in the truth; null for none."""
    return pl.concat_str(pl.lit("H"), pl.col(column).cast(pl.String).str.zfill(7))


def units(scene: Scene) -> pl.DataFrame:
    """Units of all programs.

    Returns:
        program, subject_kind, id (hid or pid), hid, kecamatan_code, registered, n_present, served, amount, status
        (eligible, ineligible, unknown), against (list of reasons), excluded (receives a program that rules this one
        out), gone (reason why the named recipient is not there, or null).
    """
    served = _served(scene)
    parts = [_households(scene, served, program) for program in HOUSEHOLD_PROGRAMS]
    parts.append(_persons(scene, served))
    out = pl.concat(parts, how="diagonal_relaxed")
    nothing = pl.lit([], dtype=pl.List(pl.String))
    out = out.with_columns(against=pl.when("registered").then("against").otherwise(nothing))
    gone = pl.when(pl.col("gone").is_not_null()).then(pl.concat_list("gone")).otherwise(nothing)
    out = out.with_columns(against=pl.concat_list("against", gone))
    return out.with_columns(
        status=pl.when(pl.col("against").list.len() > 0).then(pl.lit("ineligible"))
        .when(~pl.col("registered")).then(pl.lit("unknown"))
        .otherwise("status")
    )  # fmt: skip


def _served(scene: Scene) -> pl.DataFrame:
    """Active lines with the state of the named recipient: ``gone`` is deceased, moved_out or null."""
    state = scene.facts.select(
        "pid",
        gone=pl.when(pl.col("death_day").is_not_null()).then(pl.lit("deceased"))
        .when(pl.col("moved_day").is_not_null()).then(pl.lit("moved_out")),
    )  # fmt: skip
    lines = scene.lines.filter("active").select("program", "hid", "pid", "line", "kecamatan_code", "desa_code")
    return lines.join(state, on="pid", how="left", maintain_order="left")


def _households(scene: Scene, served: pl.DataFrame, program: str) -> pl.DataFrame:
    judged = reasons(scene.homes, program)
    mine = served.filter(pl.col("program") == program).group_by("hid").agg(pl.col("gone").drop_nulls().min())
    mine = mine.with_columns(served=pl.lit(True))
    others = served.filter(pl.col("program").is_in(["pkh", "sembako"])).select("hid").unique()
    amount = pl.col("pkh_amount").cast(pl.Int64) if program == "pkh" else pl.lit(MONTHLY[program], dtype=pl.Int64)
    out = judged.join(mine, on="hid", how="left", maintain_order="left").with_columns(
        program=pl.lit(program),
        subject_kind=pl.lit("household"),
        id="hid",
        served=pl.col("served").fill_null(False),
        amount=amount,
        excluded=pl.col("hid").is_in(others["hid"].implode()) & pl.lit(program == "blt_dd"),
    )
    return out.select(_COLUMNS)


def _persons(scene: Scene, served: pl.DataFrame) -> pl.DataFrame:
    homes = scene.homes.select("hid", "desil", "bars", "registered", "kecamatan_code")
    people = scene.facts.join(homes, on="hid", how="left", maintain_order="left")
    mine = served.filter(pl.col("program") == "pbi_jkn").group_by("pid").agg(pl.col("gone").drop_nulls().min())
    out = reasons(people, "pbi_jkn").join(
        mine.with_columns(served=pl.lit(True)), on="pid", how="left", maintain_order="left"
    )
    return out.with_columns(
        program=pl.lit("pbi_jkn"),
        subject_kind=pl.lit("person"),
        id="pid",
        n_present=pl.col("present").cast(pl.UInt32),
        served=pl.col("served").fill_null(False),
        amount=pl.lit(MONTHLY["pbi_jkn"], dtype=pl.Int64),
        excluded=pl.lit(False),
    ).select(_COLUMNS)


_COLUMNS: Final = (
    "program", "subject_kind", "id", "hid", "kecamatan_code", "desil", "registered", "n_present", "served", "amount",
    "status", "against", "excluded", "gone",
)  # fmt: skip


def measures(judged: pl.DataFrame) -> pl.DataFrame:
    """Coverage, exclusion and inclusion error by program, kecamatan and province."""
    counts = judged.with_columns(
        entitled=(pl.col("status") == "eligible")
        & ~pl.col("excluded")
        & pl.col("registered")
        & (pl.col("n_present") > 0),
        wrong=pl.col("served") & (pl.col("status") == "ineligible"),
    )
    kecamatan = counts.with_columns(area_level=pl.lit("kecamatan"), area_code="kecamatan_code")
    province = counts.with_columns(area_level=pl.lit("province"), area_code=pl.col("kecamatan_code").str.slice(0, 2))
    by = ["program", "area_level", "area_code"]
    sums = (
        pl.concat([kecamatan, province])
        .group_by(by)
        .agg(
            entitled=pl.col("entitled").sum(),
            reached=(pl.col("entitled") & pl.col("served")).sum(),
            served=pl.col("served").sum(),
            wrong=pl.col("wrong").sum(),
        )
    )
    shapes = {
        "coverage_rate": (pl.col("reached"), pl.col("entitled")),
        "exclusion_error_rate": (pl.col("entitled") - pl.col("reached"), pl.col("entitled")),
        "inclusion_error_rate": (pl.col("wrong"), pl.col("served")),
    }
    parts = [
        sums.select(
            pl.lit(name).alias("measure"), *by, value=top / bottom, numerator=top.cast(pl.Int64),
            denominator=bottom.cast(pl.Int64),
        ).filter(pl.col("denominator") > 0)
        for name, (top, bottom) in shapes.items()
    ]  # fmt: skip
    return pl.concat(parts).sort("measure", "program", "area_level", "area_code")


def gate(scene: Scene, judged: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Decision for each line of the pay lists.

    Args:
        written: rows of the pay lists with source_file, sheet, row_number, program and damage.
    """
    whole = judged.filter(pl.col("subject_kind") == "household").select(
        "program", "hid", "status", "registered", "against", left="n_present"
    )
    state = _served(scene).select("pid", "gone").unique("pid")
    lines = written.join(whole, on=["program", "hid"], how="left", maintain_order="left").join(
        state, on="pid", how="left", maintain_order="left"
    )
    same = pl.len().over("source_file", "pid")
    turn = pl.int_range(pl.len()).over("source_file", "pid")
    others = pl.col("pid").n_unique().over("source_file", "hid") > 1
    own = pl.col("against").list.set_difference(["deceased", "moved_out"]).list.len() > 0
    wrong = (
        pl.when(pl.col("gone").is_not_null()).then(pl.col("gone"))
        .when(own).then(pl.lit("ineligible"))
        .when(turn > 0).then(pl.lit("duplicate_line"))
    )  # fmt: skip
    doubt = (
        pl.when(~pl.col("registered")).then(pl.lit("not_in_registry"))
        .when(pl.col("status") == "unknown").then(pl.lit("unknown_eligibility"))
        .when(pl.col("owner").is_not_null()).then(pl.lit("nik_shared"))
        .when(pl.col("name_damage") == "other_person").then(pl.lit("name_mismatch"))
        .when(pl.col("nik_impossible")).then(pl.lit("invalid_nik"))
    )  # fmt: skip
    odd = pl.col("nik_damage").is_in(["number_cell", "masked", "missing", "family_number", "filler", "letter"])
    lines = lines.with_columns(wrong=wrong, doubt=doubt).with_columns(
        decision=pl.when(pl.col("wrong").is_not_null()).then(pl.lit("reject"))
        .when(pl.col("doubt").is_not_null()).then(pl.lit("hold")).otherwise(pl.lit("pay")),
        dup_group=pl.when(same > 1).then(pl.concat_str(pl.lit("D"), pl.col("pid").cast(pl.String))),
    )  # fmt: skip
    either = (pl.col("decision") == "pay") & (odd | others)
    soft = (pl.col("doubt") == "invalid_nik") & (pl.col("decision") == "hold")
    return lines.select(
        "source_file", "sheet", "row_number", "program", "decision",
        accept=pl.when(either).then(pl.lit("pay|hold")).when(soft).then(pl.lit("hold|pay")).otherwise("decision"),
        reasons=pl.coalesce("wrong", "doubt"),
        dup_group="dup_group",
        amount="amount",
    )  # fmt: skip
