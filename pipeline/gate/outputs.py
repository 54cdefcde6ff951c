"""What a screening hands out: three lists, totals by desa, the page; written whole, and found unchanged later.

Belongs here: the folder of a screening. Not here: how a list (:mod:`.lists`) or the page (:mod:`.page`) is written.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipeline.errors import Problem, Refused
from pipeline.gate.gate_rules import Decision, GateRules
from pipeline.gate.lists import write_lists
from pipeline.gate.page import write_page
from pipeline.gate.paylist import PayList
from pipeline.ingest.folder import file_hash

FOLDER: Final = "gate"
DESA: Final = "per_desa.csv"


def write_outputs(
    pay: PayList, results: pl.DataFrame, document: dict[str, Any], gate: GateRules, folder: Path, lock: str | None
) -> None:
    """The three lists, totals by desa and the page; the hashes of the lists go into the document."""
    words = _words(results, gate)
    files = write_lists(pay, words, folder, lock)
    document["locked"] = lock is not None
    document["files"] = {
        decision: {"name": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for decision, file in files.items()
    }
    _desa_table(document).write_csv(folder / DESA, separator=";", include_bom=True)
    write_page({k: v for k, v in document.items() if k != "screened_moment"}, folder)


def refuse_changed_outputs(document: dict[str, Any], folder: Path) -> None:
    """What is signed is what will be paid: the lists must be as they were written.

    Raises:
        Refused: a list is gone or has changed.
    """
    for file in document.get("files", {}).values():
        path = folder / str(file["name"])
        if not path.is_file() or file_hash(path) != file["sha256"]:
            raise Refused(
                Problem(
                    str(path),
                    "this list is not as the gate wrote it",
                    f"the bytes with SHA-256 {file['sha256'][:12]}…",
                    "screen the list again, and pay from the lists that come of it",
                )
            )


def _desa_table(document: dict[str, Any]) -> pl.DataFrame:
    """Rows and rupiah by desa and in all, with last month's where they are known."""
    parts = [f"{what}{part}" for part in ("", "_pay", "_hold", "_reject", "_before") for what in ("rows", "amount")]
    desa = pl.DataFrame(document["desa"], infer_schema_length=None)
    known = bool(document["compared_with"])
    whole = desa.select(pl.col(parts).sum()).with_columns(desa=pl.lit("JUMLAH"), unusual=pl.lit(False))
    table = pl.concat([desa, whole], how="diagonal_relaxed")
    unknown = (pl.col("desa_code") == "").fill_null(False)
    before = [pl.col(c) if known else pl.lit(None).alias(c) for c in ("rows_before", "amount_before")]
    return table.select(
        kode_desa="desa_code",
        desa=pl.when(unknown).then(pl.lit("desa tidak diketahui")).otherwise("desa"),
        kecamatan="kecamatan",
        baris="rows",
        rupiah="amount",
        baris_bayar="rows_pay",
        rupiah_bayar="amount_pay",
        baris_tahan="rows_hold",
        rupiah_tahan="amount_hold",
        baris_tolak="rows_reject",
        rupiah_tolak="amount_reject",
        baris_bulan_lalu=before[0],
        rupiah_bulan_lalu=before[1],
        lonjakan=pl.when("unusual").then(pl.lit("ya")).otherwise(pl.lit("")),
    )


def _words(results: pl.DataFrame, gate: GateRules) -> pl.DataFrame:
    """Reasons as a person reads them; the different ones only once."""
    distinct = results["reasons"].unique()
    texts = {
        reasons: "; ".join(gate.card[r].text.id for r in reasons.split(",") if r) for reasons in distinct.drop_nulls()
    }
    told = pl.col("reasons").replace_strict(texts, default=None, return_dtype=pl.String)
    if "override_reason" in results.columns:
        by = pl.concat_str(pl.lit("diputuskan oleh "), "override_by", pl.lit(": "), "override_reason")
        told = pl.coalesce(by, told)
    until = pl.when(pl.col("hold_until").is_not_null() & (pl.col("decision") == str(Decision.HOLD))).then(
        pl.concat_str(pl.lit(" (putuskan sebelum "), pl.col("hold_until").cast(pl.String), pl.lit(")"))
    )
    return results.with_columns(words=pl.concat_str(told, until.fill_null("")))
