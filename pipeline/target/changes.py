"""What became of last month's findings.

Belongs here: matching the findings of two runs by key, across persons and households that were merged or split in
between. Not here: the findings themselves.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.history import PublishedRun
from pipeline.period import Period
from pipeline.resolve.ancestry import LINE
from pipeline.tables import FINDING_CHANGES
from pipeline.target.eligibility import Assessment
from pipeline.target.keys import digest, finding_key_text
from pipeline.target.lineage import followed
from pipeline.target.records import Codes

KEYED: Final = ["finding_type", "reason", "program", "subject_kind", "subject_id", "finding_key", "kecamatan_code"]

NEEDS: Final = {
    "exclusion_error": ("registry", "recipients"),
    "inclusion_error": ("recipients",),
    "duplicate_benefit": ("recipients",),
    "program_overlap": ("recipients",),
    "identity_problem": ("recipients",),
    "unverifiable": ("registry", "recipients"),
    "card_misuse": ("recipients",),
    "unclaimed_benefit": ("recipients", "transactions"),
    "service_gap": ("ppks", "recipients"),
}
"""Kinds of source without which a finding can neither be confirmed nor be gone."""
NEEDS_OF_REASON: Final = {
    "deceased": "deaths",
    "moved_out": "registry",
    "above_welfare_threshold": "registry",
    "no_component": "registry",
    "companion": "companions",
    "companion_holds_cards": "transactions",
    "bulk_withdrawal": "transactions",
    **dict.fromkeys(
        (
            "civil_servant", "soldier_police", "state_enterprise", "pensioner", "village_official",
            "income_above_minimum_wage",
        ),
        "employment",
    ),
}  # fmt: skip
WHY: Final = {
    "new": "belum ada pada bulan sebelumnya",
    "recurring": "masih ada",
    "reopened": "pernah selesai, kini ada lagi",
    "served": "kini ada di daftar penerima",
    "unserved": "tidak lagi ada di daftar penerima",
    "ineligible": "tidak lagi memenuhi syarat",
    "unknown": "kelayakannya kini tidak dapat dipastikan",
    "gone": "alasannya tidak ada lagi di data bulan ini",
}

NO_DATA: Final = "bulan ini tidak ada data: "
"""Before the kinds of source that are missing."""


def compared(
    findings: pl.DataFrame,
    previous: PublishedRun | None,
    moves: pl.DataFrame,
    sources: pl.DataFrame,
    assessments: list[Assessment],
    codes: Codes,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Findings with ``baseline_state``, and the rows of ``tables.FINDING_CHANGES``.

    Args:
        findings: of this run, with ``finding_key``.
        previous: the run compared with; without one every finding is new and there are no changes.
        moves: of ids (:mod:`pipeline.target.lineage`): keys follow persons and households that were merged or split.
        sources: ``kind``, ``program``, ``kabupaten_code`` of what this month's files hold, see :func:`held`.
        assessments: eligibility in this run, for what changed.
        codes: of the subjects there.
    """
    if previous is None:
        return findings.with_columns(baseline_state=pl.lit("new")), FINDING_CHANGES.empty()
    last_month = previous.table("findings", KEYED).with_columns(period=pl.lit(str(previous.period)))
    before = _with_key_now(followed(last_month, moves))
    older = _older_keys(previous, moves)
    state = (
        pl.when(pl.col("finding_key").is_in(before["key_now"].implode()))
        .then(pl.lit("recurring"))
        .when(pl.col("finding_key").is_in(older.implode()))
        .then(pl.lit("reopened"))
        .otherwise(pl.lit("new"))
    )
    findings = findings.with_columns(baseline_state=state)
    now = findings.select("finding_key", change="baseline_state").with_columns(
        why=pl.col("change").replace_strict(WHY, return_dtype=pl.String)
    )
    here = before["key_now"].is_in(findings["finding_key"].implode())
    still = before.filter(here)["finding_key"].unique()
    gone = before.filter(~pl.col("finding_key").is_in(still.implode())).unique(
        "finding_key", keep="first", maintain_order=True
    )
    gone = gone.with_columns(codes.units_coded(gone["subject_now"]).alias("subject"))
    gone = _ended(gone, sources, assessments)
    # a key that a merge has replaced lives on under the new key
    changes = pl.concat([now, gone.select("finding_key", "change", "why")])
    return findings, changes.with_columns(previous_run_id=pl.lit(previous.run_id))


def _with_key_now(followed: pl.DataFrame) -> pl.DataFrame:
    """Findings of earlier months with the key that they would have now."""
    return digest(followed.with_columns(pl.col("program").fill_null("")), finding_key_text("subject_now"), "key_now")


def _older_keys(previous: PublishedRun, moves: pl.DataFrame) -> pl.Series:
    """Keys of all findings of the runs it descends from, whatever became of them; also those they would have now."""
    columns = "finding_type, reason, program, subject_kind, subject_id"
    older = previous.sql(
        f"""{LINE} select distinct l.period, f.finding_key, {columns}
            from audit.findings f join line l using (run_id) order by all""",
        run=previous.run_id,
    ).cast(pl.String)
    moved = older.join(moves.select(subject_id="old_id").unique(), on="subject_id", how="semi").drop("finding_key")
    now = _with_key_now(followed(moved, moves))["key_now"]
    return pl.concat([older["finding_key"], now.alias("finding_key")]).unique()


def held(mentions: pl.LazyFrame, n_transactions: int) -> pl.DataFrame:
    """What this month's files hold: ``kind``, ``program`` and ``kabupaten_code``, each combination once."""
    kinds = mentions.select("kind", "program", "kecamatan_code").unique().cast(pl.String)
    kabupaten = pl.col("kecamatan_code").str.slice(0, 4)
    known = kinds.select("kind", "program", kabupaten_code=kabupaten).unique().collect()
    used = pl.DataFrame(
        {"kind": ["transactions"] if n_transactions else [], "program": None, "kabupaten_code": None},
        schema=known.schema,
    )
    return pl.concat([known, used])


def _ended(gone: pl.DataFrame, sources: pl.DataFrame, assessments: list[Assessment]) -> pl.DataFrame:
    """``change`` and ``why`` of findings that are not in this run; ``subject`` is the code of ``subject_now``."""
    assessable = not_assessable(gone, sources)
    now = pl.concat(
        a.units.lazy()
        .filter(pl.col("subject_id").is_in(gone["subject"].drop_nulls().unique().implode()))
        .select(pl.lit(a.program.code).alias("program"), "status", "served", subject="subject_id")
        for a in assessments
    ).collect()
    gone = gone.join(assessable, on="finding_key", how="left").join(
        now, on=["program", "subject"], how="left", maintain_order="left"
    )
    served, status, kind = pl.col("served"), pl.col("status"), pl.col("finding_type")
    what = (
        pl.when((kind == "exclusion_error") & served)
        .then(pl.lit("served"))
        .when((kind == "exclusion_error") & (status == "ineligible"))
        .then(pl.lit("ineligible"))
        .when((kind == "exclusion_error") & (status == "unknown"))
        .then(pl.lit("unknown"))
        .when(kind.is_in(["inclusion_error", "unverifiable", "program_overlap"]) & ~served.fill_null(False))
        .then(pl.lit("unserved"))
        .otherwise(pl.lit("gone"))
    )
    missing = pl.format(NO_DATA + "{}", "missing")
    cannot_tell = pl.col("missing").is_not_null()
    return gone.with_columns(
        change=pl.when(cannot_tell).then(pl.lit("not_assessable")).otherwise(pl.lit("resolved")),
        why=pl.when(cannot_tell).then(missing).otherwise(what.replace_strict(WHY, return_dtype=pl.String)),
    )


def not_assessable(gone: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    """``finding_key`` and ``missing``: the kinds of source that are missing this month, for those that miss any.

    Registry and recipients are looked for in the finding's kabupaten, recipients in its program; other lists anywhere.
    """
    needs = gone.select(
        "finding_key",
        "program",
        kabupaten_code=pl.col("kecamatan_code").str.slice(0, 4),
        kind=pl.concat_list(
            pl.col("finding_type").replace_strict(NEEDS, return_dtype=pl.List(pl.String), default=[]),
            pl.col("reason").str.split(",").list.eval(
                pl.element().replace_strict(NEEDS_OF_REASON, return_dtype=pl.String, default=None)
            ),
        ),
    ).explode("kind").drop_nulls("kind").unique()  # fmt: skip

    def none(column: str) -> pl.Expr:
        return pl.lit(None, pl.String).alias(column)

    local = pl.col("kind").is_in(["registry", "recipients"]) & pl.col("kabupaten_code").is_not_null()
    needs = needs.with_columns(
        pl.when((pl.col("kind") == "recipients") & (pl.col("program") != "")).then("program").alias("program"),
        pl.when(local).then("kabupaten_code").alias("kabupaten_code"),
    )
    have = pl.concat(
        sources.select(
            "kind",
            pl.col("program") if program else none("program"),
            pl.col("kabupaten_code") if area else none("kabupaten_code"),
        )
        for program in (True, False)
        for area in (True, False)
    ).unique()
    absent = needs.join(have, on=["kind", "program", "kabupaten_code"], how="anti", nulls_equal=True)
    return absent.group_by("finding_key").agg(missing=pl.col("kind").unique().sort().str.join(", "))


def idle_before(previous: PublishedRun | None, period: Period, months: int, moves: pl.DataFrame) -> pl.DataFrame:
    """``program`` and ``subject_id`` of units whose card was unused in each of the ``months - 1`` months before.

    Args:
        previous: the run of an earlier month.
        period: this month.
        months: how many in a row make an idle balance, this one included.
        moves: of ids, see :mod:`pipeline.target.lineage`.
    """
    empty = pl.DataFrame(schema={"program": pl.String, "subject_id": pl.String})
    if previous is None:
        return empty
    first = period.year * 12 + period.month - 1
    wanted = [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in range(first - months + 1, first)]
    unused = previous.sql(
        f"""{LINE}
            select distinct period, program, subject_id from audit.findings join line using (run_id)
            where finding_type = 'unclaimed_benefit' and period >= $first order by all""",
        run=previous.run_id,
        first=wanted[0],
    ).cast(pl.String)
    ever = followed(unused, moves).group_by("program", subject_id="subject_now")
    idle = ever.agg(pl.col("period").n_unique()).filter(pl.col("period") == len(wanted))
    return pl.concat([empty, idle.select("program", "subject_id").sort("program", "subject_id")])
