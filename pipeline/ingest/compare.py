"""Is there enough? This month's rows against the previous run's.

Belongs here: the check against a file forgotten or cut off. It compares per kind, program and kabupaten, never per
file: files are renamed and split from month to month.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import PublishedRun
from pipeline.ingest.books import Notices

_LEAST_SHARE: Final = 0.5
_LEAST_FEWER: Final = 100
_NAMED: Final = 12
GROUP: Final = ("kind", "program", "kecamatan_code", "desa_code")


class Tally:
    """Accepted rows per kind, program and region, counted as they are made."""

    def __init__(self) -> None:
        self._frames: list[pl.DataFrame] = []

    def count(self, kind_or_table: str, rows: pl.DataFrame) -> None:
        """Count accepted rows of a table; mentions say their kind themselves."""
        if kind_or_table == "mentions":
            self._frames.append(rows.group_by(GROUP).len())
        elif kind_or_table == "transactions" and rows.height:
            none = dict.fromkeys(GROUP[1:])
            row = {"kind": kind_or_table, **none, "len": rows.height}
            self._frames.append(pl.DataFrame([row], schema=_SCHEMA))

    def frame(self) -> pl.DataFrame:
        """Rows per group, columns of :data:`GROUP` and ``len``."""
        frames = [f.cast(_SCHEMA) for f in self._frames]  # type: ignore[arg-type]
        return pl.concat(frames).group_by(GROUP).agg(pl.col("len").sum()) if frames else pl.DataFrame(schema=_SCHEMA)


_SCHEMA: Final = {**dict.fromkeys(GROUP, pl.String), "len": pl.Int64}


def previous_tally(previous: PublishedRun) -> pl.DataFrame:
    """The same of the previous run."""
    mentions = previous.sql(
        "select kind, program, kecamatan_code, desa_code, count(*) as len from audit.mentions"
        " where run_id = $run_id group by all",
        run_id=previous.run_id,
    )
    transactions = previous.sql(
        "select 'transactions' as kind, count(*) as len from audit.transactions"
        " where run_id = $run_id having count(*) > 0",
        run_id=previous.run_id,
    )
    return pl.concat(
        [mentions.cast({"len": pl.Int64}), transactions.cast({"len": pl.Int64})], how="diagonal_relaxed"
    ).select(pl.col(c).cast(t) for c, t in _SCHEMA.items())


def refuse_too_little(now: pl.DataFrame, before: pl.DataFrame, period: str) -> None:
    """Stop where a kind is missing or a kind, program and kabupaten has less than half of the rows it had.

    Raises:
        InputError: all such groups at once.
    """
    problems = [
        Problem(
            kind,
            f"no accepted row of this kind; {period} had {n:,}",
            "all kinds of the previous month",
            "add the missing files, or accept it with --accept-smaller",
        )
        for kind, n in before.group_by("kind").agg(pl.col("len").sum()).sort("kind").iter_rows()
        if kind not in set(now["kind"])
    ]
    gone = {p.where for p in problems}
    keys = ["kind", "program", "kabupaten"]
    joined = _by_kabupaten(before).join(_by_kabupaten(now), on=keys, how="left", suffix="_now", nulls_equal=True)
    short = joined.with_columns(pl.col("len_now").fill_null(0)).filter(
        (pl.col("len_now") < _LEAST_SHARE * pl.col("len")) & (pl.col("len") - pl.col("len_now") >= _LEAST_FEWER)
    )
    for kind, program, kabupaten, had, has in short.sort(keys, nulls_last=True).iter_rows():
        if kind not in gone:
            problems.append(
                Problem(
                    " ".join(filter(None, (kind, program, f"kabupaten {kabupaten}" if kabupaten else ""))),
                    f"{has:,} accepted rows; {period} had {had:,}",
                    "at least half of the previous month",
                    "look for a missing or cut-off file, or accept it with --accept-smaller",
                )
            )
    if problems:
        raise InputError(*problems)


def _by_kabupaten(tally: pl.DataFrame) -> pl.DataFrame:
    return (
        tally.with_columns(kabupaten=pl.col("kecamatan_code").str.head(4))
        .group_by("kind", "program", "kabupaten")
        .agg(pl.col("len").sum())
    )


def report_vanished(now: pl.DataFrame, before: pl.DataFrame, notices: Notices) -> None:
    """Notices of kecamatan that a list no longer has, and of desa that no list has any more."""
    keys = ["kind", "program", "kecamatan_code"]
    lost = before.group_by(keys).agg(pl.col("len").sum()).join(now, on=keys, how="anti", nulls_equal=True)
    for kind, program, code, n in lost.drop_nulls("kecamatan_code").sort(keys, nulls_last=True).iter_rows():
        what = f"{kind} {program}" if program else kind
        notices.add(
            "vanished_kecamatan",
            f"{what} {code}",
            f"kecamatan {code} had {n} rows in {what} last month and has none now",
            rows=n,
        )
    desa = before.group_by("desa_code").agg(pl.col("len").sum()).join(now, on="desa_code", how="anti")
    for code, n in desa.drop_nulls("desa_code").sort("desa_code").iter_rows():
        notices.add("vanished_desa", code, f"desa {code} had {n} rows last month and is in no list now", rows=n)
