"""Rows of one sheet, cleaned: every row comes back in exactly one of accepted and quarantine.

Belongs here: which theme cleans which column for which kind of source, and the ids of rows. Not here: how
(:mod:`~pipeline.ingest.clean.numbers`, ``dates``, ``names`` …) and what is required (``accept``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from pipeline.ingest.clean import accept, amounts, dates, names, numbers, places, words
from pipeline.ingest.clean.cells import RawRows
from pipeline.ingest.clean.notices import Notices
from pipeline.ingest.clean.reference import Cleaner
from pipeline.tables import MENTIONS, OUTCOMES, QUARANTINE, TRANSACTIONS

_ID_LENGTH = 16


@dataclass(frozen=True)
class Context:
    """Where rows come from.

    Args:
        source_file: name of the file, without folder.
        sheet: name of the sheet, empty for formats without sheets.
        sha256: hash of the file's bytes.
        file_id: hash of the file's content and the sheet's name.
        headings: canonical column → heading as written in the file.
    """

    source_file: str
    sheet: str
    sha256: str
    file_id: str
    headings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cleaned:
    """The rows of a sheet: accepted (in the shape of the kind's table), quarantined, and notices about them."""

    accepted: pl.DataFrame
    quarantine: pl.DataFrame
    notices: pl.DataFrame


def clean(kind: str, rows: pl.DataFrame, context: Context, cleaner: Cleaner) -> Cleaned:
    """Clean the rows of one sheet.

    Args:
        kind: kind of source (``registry`` … ``proposals``, ``transactions``, ``outcomes``).
        rows: ``row_number`` and per mapped column ``<name>`` (String as written) and ``<name>#`` (UInt8 cell type:
            0 text, 1 number, 2 date, 3 bool, 4 error). Columns that the sheet has not are simply not there;
            ``title_desa``, ``title_kecamatan`` and ``title_kabupaten`` hold what the sheet's titles say.
        context: where the rows come from.
        cleaner: the reference files of the run.

    Returns:
        Every row in exactly one of ``accepted`` and ``quarantine``.
    """
    raw = RawRows(rows)
    notices = Notices(context.source_file, context.sheet, context.headings)
    make = {"transactions": _transactions, "outcomes": _outcomes}.get(kind, _mentions)
    table = {"transactions": TRANSACTIONS, "outcomes": OUTCOMES}.get(kind, MENTIONS)
    where = rows.select(
        pl.lit(context.source_file).alias("source_file"), pl.lit(context.sheet).alias("sheet"), "row_number"
    )
    cleaned = pl.concat([where, make(raw, context, cleaner, notices)], how="horizontal")
    judged = accept.reasons(kind, cleaned)
    bad = judged["reason"].is_not_null()
    accepted = cleaned.filter(~bad)
    if table is MENTIONS:
        accepted = accepted.with_columns(
            pl.lit(kind).alias("kind"), _mention_ids(accepted, context), _fingerprints(accepted)
        )
    quarantine = pl.concat([where, judged], how="horizontal").filter(bad).with_columns(
        pl.lit(kind).alias("kind"), accept.as_read(raw, context.headings, bad)
    )  # fmt: skip
    return Cleaned(
        table.conform(accepted.select(c for c in table.names if c in accepted.columns)),
        QUARANTINE.conform(quarantine),
        notices.frame(),
    )


# ---------------------------------------------------------------- mentions


def _mentions(raw: RawRows, context: Context, cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    provinces = cleaner.gazetteer.provinces
    nik = numbers.identity_number(raw, "nik", family=False, provinces=provinces)
    no_kk = numbers.identity_number(raw, "no_kk", family=True, provinces=provinces)
    family = no_kk["no_kk_digits"] if no_kk["no_kk_digits"].count() else nik["nik_digits"]
    frames = [
        nik,
        no_kk,
        _names(raw, cleaner, notices),
        dates.birth(raw, cleaner.period),
        places.regions(raw, family, cleaner.gazetteer, cleaner.titles, notices),
        places.home(raw, cleaner.places, cleaner.titles),
        _bank_numbers(raw, notices),
        _facts(raw, context, cleaner, notices),
    ]
    return pl.concat(frames, how="horizontal")


def _names(raw: RawRows, cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    own = names.person_name(raw, "name", cleaner.titles)
    notices.add(
        "several_names", notices.heading("name"), own["other_names"].count(),
        "cells with more than one name: the first is the person of the row, the others are kept beside it",
    )  # fmt: skip
    notices.add(
        "death_mark", notices.heading("name"), int(own["died"].sum()),
        "names marked as late (ALM, MENINGGAL): compare with the deaths list",
    )  # fmt: skip
    return own.select("name", "other_names", "placeholder").with_columns(
        raw.text("name").alias("name_raw"),
        *(
            names.person_name(raw, column, cleaner.titles)["name"].alias(column)
            for column in ("mother_name", "companion")
        ),
    )


def _bank_numbers(raw: RawRows, notices: Notices) -> pl.DataFrame:
    columns = [numbers.phone(raw)]
    for name in ("card_number", "account_number", "bpjs_number"):
        read = numbers.digits_of(raw, name)
        columns += [read[name], read[f"{name}_lost"]]
        notices.add(
            "lost_digits", notices.heading(name), int(read[f"{name}_lost"].sum()),
            "numbers whose digits a spreadsheet has lost or somebody has covered: they were left empty; ask for text cells",
        )  # fmt: skip
    return pl.DataFrame(columns).with_columns(pl.col("bpjs_number").str.zfill(13))


def _facts(raw: RawRows, context: Context, cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    latest = cleaner.period.last_day

    def code(column: str) -> pl.Series:
        return words.coded(raw, column, cleaner.vocabularies[column], cleaner.titles, notices)

    def flag(column: str) -> pl.Series:
        return words.flag(raw, column, cleaner.vocabularies[column], cleaner.titles, notices)

    columns = [code(c) for c in ("sex", "relationship", "school_level", "disability", "ppks_category")]
    columns += [flag(c) for c in ("pregnant", "odgj")]
    columns += [_population_status(raw, cleaner, notices), _employment_type(raw, context, cleaner, notices)]
    columns += [flag("status").alias("active")]
    columns += [
        words.upper(raw, c, cleaner.titles)
        for c in ("occupation", "chronic_illness", "component", "employer", "role", "area", "bank")
    ]
    columns += [words.as_written(raw, c, cleaner.titles) for c in ("external_id", "reason", "program")]
    columns += [raw.text(c).alias(f"{c}_raw") for c in ("employment_type", "ppks_category")]
    columns += [amounts.rupiah(raw, c) for c in ("amount", "income")]
    columns += [raw.text("amount").alias("amount_written")]
    columns += [
        words.small_number(raw, "desil", 1, 10, notices),
        words.small_number(raw, "visits_per_month", 0, 500, notices),
    ]
    columns += [dates.day(raw, c, latest) for c in ("death_date", "proposed_at")]
    columns += [dates.list_period(raw, cleaner.period).alias("list_period")]
    return pl.DataFrame(columns)


def _population_status(raw: RawRows, cleaner: Cleaner, notices: Notices) -> pl.Series:
    """The column itself; where the sheet has none, what the status of the line says of death or removal."""
    vocabulary = cleaner.vocabularies["population_status"]
    if raw.has("population_status") or not raw.has("status"):
        return words.coded(raw, "population_status", vocabulary, cleaner.titles, notices)
    silent = Notices("", "", {})  # the words of the status column are reported by their own vocabulary
    said = words.coded(raw, "status", vocabulary, cleaner.titles, silent).alias("population_status")
    return said.to_frame().select(pl.col("population_status").replace({"active": None})).to_series()


def _employment_type(raw: RawRows, context: Context, cleaner: Cleaner, notices: Notices) -> pl.Series:
    """The column; where the sheet has none, the name of the sheet."""
    vocabulary = cleaner.vocabularies["employment_type"]
    column = words.coded(raw, "employment_type", vocabulary, cleaner.titles, notices)
    if raw.has("employment_type"):
        return column
    of_sheet, _ = vocabulary.read(context.sheet)
    return pl.Series("employment_type", [of_sheet] * raw.height, dtype=pl.String)


def _mention_ids(accepted: pl.DataFrame, context: Context) -> pl.Series:
    start = hashlib.sha256(f"{context.sha256}|{context.sheet}|".encode())

    def digest(row_number: int) -> str:
        whole = start.copy()
        whole.update(str(row_number).encode())
        return whole.hexdigest()[:_ID_LENGTH]

    return pl.Series("mention_id", [digest(n) for n in accepted["row_number"].to_list()], dtype=pl.String)


def _hashes(texts: pl.Series) -> pl.Series:
    sha256: Callable[[bytes], hashlib._Hash] = hashlib.sha256
    return pl.Series([sha256(t.encode()).hexdigest()[:_ID_LENGTH] for t in texts.to_list()], dtype=pl.String)


_IDENTITY = ("nik_digits", "no_kk_digits", "name", "birth_date", "birth_place", "sex", "mother_name", "desa_code")


def _fingerprints(accepted: pl.DataFrame) -> pl.Series:
    """Hash of what a row says of who it is; the same in every month and file where it says the same."""
    said = [pl.col(c).cast(pl.String).fill_null("") for c in _IDENTITY]
    return _hashes(accepted.select(pl.concat_str(said, separator="|").alias("said")).to_series()).alias("fingerprint")


# ------------------------------------------------- transactions and outcomes


def _transactions(raw: RawRows, context: Context, cleaner: Cleaner, notices: Notices) -> pl.DataFrame:  # noqa: ARG001
    cards = numbers.digits_of(raw, "card_number")
    times = dates.moment(raw, "transacted_at")
    notices.add(
        "time_missing", notices.heading("transacted_at"), int(times["day_only"].sum()),
        "transactions with a day but no time of day: withdrawals in one sitting cannot be seen in them",
    )  # fmt: skip
    columns = [
        cards["card_number"],
        times["transacted_at"],
        amounts.rupiah(raw, "amount"),
        amounts.rupiah(raw, "balance"),
    ]
    columns += [words.as_written(raw, c, cleaner.titles) for c in ("agent_id", "agent_name", "terminal_id")]
    columns += [
        words.coded(raw, c, cleaner.vocabularies[c], cleaner.titles, notices).to_frame()
        .select(pl.when(raw.text(c).is_not_null()).then(pl.col(c).fill_null("other"))).to_series()
        for c in ("channel", "transaction_type")
    ]  # fmt: skip
    return pl.DataFrame(columns)


def _outcomes(raw: RawRows, context: Context, cleaner: Cleaner, notices: Notices) -> pl.DataFrame:  # noqa: ARG001
    columns = [words.as_written(raw, c, cleaner.titles) for c in ("case_id", "outcome", "note", "officer")]
    columns += [dates.day(raw, "visited_at", cleaner.period.last_day.replace(year=cleaner.period.year + 1))]
    sheet = pl.DataFrame(columns)
    said = sheet.select(pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator="|").alias("said")).to_series()
    return sheet.with_columns(_hashes(said).alias("outcome_id"))
