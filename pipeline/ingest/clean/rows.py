"""Rows of sheets, cleaned: every row comes back in exactly one of accepted and quarantine.

Belongs here: which theme cleans which column for which kind of source, and the ids of rows. Not here: how
(:mod:`~pipeline.ingest.clean.numbers`, ``dates``, ``names`` …) and what is required (``accept``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from pipeline.ingest.clean import accept, amounts, dates, names, numbers, places, words
from pipeline.ingest.clean.cells import RawRows
from pipeline.ingest.clean.notices import Notices
from pipeline.ingest.clean.reference import Cleaner
from pipeline.tables import MENTIONS, OUTCOMES, QUARANTINE, TRANSACTIONS

_ID_LENGTH = 16
_CODED = ("sex", "relationship", "school_level", "disability", "ppks_category")
_FREE_UPPER = ("occupation", "chronic_illness", "component", "employer", "role", "area", "bank")
_IDENTITY = ("nik_digits", "no_kk_digits", "name", "birth_date", "birth_place", "sex", "mother_name", "desa_code")
"""Columns that say who a row is about."""


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
    """The rows of sheets: accepted (in the shape of the kind's table), quarantined, and notices about them."""

    accepted: pl.DataFrame
    quarantine: pl.DataFrame
    notices: pl.DataFrame


def clean(kind: str, rows: pl.DataFrame, context: Context, cleaner: Cleaner) -> Cleaned:
    """Clean the rows of one sheet: :func:`clean_sheets` of one."""
    return clean_sheets(kind, [(rows, context)], cleaner)


def clean_sheets(kind: str, sheets: Sequence[tuple[pl.DataFrame, Context]], cleaner: Cleaner) -> Cleaned:
    """Clean the rows of some sheets of one kind; for many small sheets much faster than one by one, equal in result.

    Args:
        kind: kind of source (``registry`` … ``proposals``, ``transactions``, ``outcomes``).
        sheets: of each sheet its rows and where they come from, at least one sheet. Rows: ``row_number`` and per
            mapped column ``<name>`` (String as written) and ``<name>#`` (UInt8 cell type: 0 text, 1 number, 2 date,
            3 bool, 4 error). Columns that a sheet has not are simply not there; ``title_desa``, ``title_kecamatan``,
            ``title_kabupaten`` and ``title_period`` hold what the sheet's titles say.
        cleaner: the reference files of the run.

    Returns:
        Every row in exactly one of ``accepted`` and ``quarantine``, in the order of the sheets and their rows.
    """
    contexts = [context for _, context in sheets]
    raw = RawRows([rows for rows, _ in sheets])
    notices = Notices([(c.source_file, c.sheet, c.headings) for c in contexts])
    make = {"transactions": _transactions, "outcomes": _outcomes}.get(kind, _mentions)
    table = {"transactions": TRANSACTIONS, "outcomes": OUTCOMES}.get(kind, MENTIONS)
    where = _where(raw, contexts)
    cleaned = pl.concat([where, make(raw, contexts, cleaner, notices)], how="horizontal")
    judged = accept.reasons(kind, cleaned)
    bad = judged["reason"].is_not_null()
    accepted = cleaned.filter(~bad)
    if table is MENTIONS:
        ids = _mention_ids(raw.origin.filter(~bad), accepted["row_number"], contexts)
        accepted = accepted.with_columns(pl.lit(kind).alias("kind"), ids, _fingerprints(accepted))
    quarantine = pl.concat([where, judged], how="horizontal").filter(bad).with_columns(
        pl.lit(kind).alias("kind"), accept.as_read(raw, [c.headings for c in contexts], bad)
    )  # fmt: skip
    return Cleaned(
        table.conform(accepted.select(c for c in table.names if c in accepted.columns)),
        QUARANTINE.conform(quarantine),
        notices.frame(),
    )


def _where(raw: RawRows, contexts: Sequence[Context]) -> pl.DataFrame:
    """``source_file``, ``sheet`` and ``row_number`` of each row."""
    names_of = pl.DataFrame(
        [(i, c.source_file, c.sheet) for i, c in enumerate(contexts)],
        schema={"origin": pl.Int32, "source_file": pl.String, "sheet": pl.String},
        orient="row",
    )
    rows = raw.frame.select("origin", "row_number")
    return rows.join(names_of, on="origin", how="left", maintain_order="left").drop("origin")


# ----------------------------------------------------------------- mentions


def _mentions(raw: RawRows, contexts: Sequence[Context], cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    provinces = cleaner.gazetteer.provinces
    nik = numbers.identity_number(raw, "nik", family=False, provinces=provinces)
    no_kk = numbers.identity_number(raw, "no_kk", family=True, provinces=provinces)
    registered = no_kk["no_kk_digits"].zip_with(no_kk["no_kk_digits"].is_not_null(), nik["nik_digits"])
    frames = [
        nik,
        no_kk,
        _names(raw, cleaner, notices),
        dates.birth(raw, cleaner.period),
        places.regions(raw, registered, cleaner.gazetteer, notices),
        places.home(raw, cleaner.places, cleaner.titles),
        _bank_numbers(raw, notices),
        _facts(raw, contexts, cleaner, notices),
    ]
    return pl.concat(frames, how="horizontal")


def _names(raw: RawRows, cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    own = names.person_name(raw, "name", cleaner.titles)
    notices.count(
        "several_names", "name", own["other_names"].is_not_null(), raw.origin,
        "cells with more than one name: the first is the person of the row, the others are kept beside it",
    )  # fmt: skip
    notices.count(
        "death_mark", "name", own["died"], raw.origin,
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
        notices.count(
            "lost_digits", name, read[f"{name}_lost"], raw.origin,
            "numbers whose digits a spreadsheet has lost or somebody has covered were left empty; ask for text cells",
        )  # fmt: skip
    return pl.DataFrame(columns).with_columns(pl.col("bpjs_number").str.zfill(13))


def _facts(raw: RawRows, contexts: Sequence[Context], cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    titles, latest = cleaner.titles, cleaner.period.last_day
    columns = [words.coded(raw, c, cleaner.vocabularies[c], titles, notices) for c in _CODED]
    columns += [words.flag(raw, c, cleaner.vocabularies[c], titles, notices) for c in ("pregnant", "odgj", "status")]
    columns += [_population_status(raw, cleaner, notices), _employment_type(raw, contexts, cleaner, notices)]
    columns += words.upper(raw, _FREE_UPPER, titles)
    columns += words.as_written(raw, ("external_id", "reason", "program"), titles)
    columns += [raw.text(c).alias(f"{c}_raw") for c in ("employment_type", "ppks_category")]
    columns += [amounts.rupiah(raw, c) for c in ("amount", "income")]
    columns += [raw.written("amount").alias("amount_written")]
    columns += [words.small_number(raw, "desil", 1, 10, notices)]
    columns += [words.small_number(raw, "visits_per_month", 0, 500, notices)]
    columns += [dates.day(raw, c, latest) for c in ("death_date", "proposed_at")]
    columns += [dates.list_period(raw, cleaner.period)]
    return pl.DataFrame(columns).rename({"status": "active"})


def _population_status(raw: RawRows, cleaner: Cleaner, notices: Notices) -> pl.Series:
    """The column itself; where it is empty, what the status of the line says of death or removal."""
    vocabulary = cleaner.vocabularies["population_status"]
    own = words.coded(raw, "population_status", vocabulary, cleaner.titles, notices)
    if not raw.says("status"):
        return own
    said = words.coded(raw, "status", vocabulary, cleaner.titles, None)
    gone = pl.when(pl.col("status").is_in(["deceased", "moved"])).then("status")
    return pl.DataFrame([own, said]).select(pl.coalesce("population_status", gone)).to_series()


def _employment_type(raw: RawRows, contexts: Sequence[Context], cleaner: Cleaner, notices: Notices) -> pl.Series:
    """The column; where a sheet has none, the name of the sheet."""
    vocabulary = cleaner.vocabularies["employment_type"]
    own = words.coded(raw, "employment_type", vocabulary, cleaner.titles, notices)
    named = {
        origin: code
        for origin, context in enumerate(contexts)
        if "employment_type" not in context.headings and (code := vocabulary.read(context.sheet)[0]) is not None
    }
    if not named:
        return own
    of_sheet = raw.origin.replace_strict(named, default=None, return_dtype=pl.String())
    return own.zip_with(own.is_not_null(), of_sheet)


def _mention_ids(origin: pl.Series, row_numbers: pl.Series, contexts: Sequence[Context]) -> pl.Series:
    """Hash of the file's content, the sheet and the row."""
    starts = [f"{c.sha256}|{c.sheet}|".encode() for c in contexts]
    rows = zip(origin.to_list(), row_numbers.to_list(), strict=True)
    ids = [hashlib.sha256(b"%s%d" % (starts[o], n)).hexdigest()[:_ID_LENGTH] for o, n in rows]
    return pl.Series("mention_id", ids, dtype=pl.String)


def _fingerprints(accepted: pl.DataFrame) -> pl.Series:
    """Hash of what a row says of who it is; the same in every month and file where it says the same."""
    return _hashes(accepted.select(_IDENTITY)).alias("fingerprint")


def _hashes(frame: pl.DataFrame) -> pl.Series:
    said = [pl.col(c).cast(pl.String).fill_null("") for c in frame.columns]
    texts = frame.select(pl.concat_str(said, separator="|").alias("said")).to_series().to_list()
    return pl.Series([hashlib.sha256(t.encode()).hexdigest()[:_ID_LENGTH] for t in texts], dtype=pl.String)


# ------------------------------------------------- transactions and outcomes


def _transactions(raw: RawRows, _: Sequence[Context], cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    times = dates.moment(raw, "transacted_at")
    notices.count(
        "time_missing", "transacted_at", times["day_only"], raw.origin,
        "transactions with a day but no time of day: withdrawals in one sitting cannot be seen in them",
    )  # fmt: skip
    columns = [numbers.digits_of(raw, "card_number")["card_number"], times["transacted_at"]]
    columns += [amounts.rupiah(raw, c) for c in ("amount", "balance")]
    columns += words.as_written(raw, ("agent_id", "agent_name", "terminal_id"), cleaner.titles)
    coded = [
        words.coded(raw, c, cleaner.vocabularies[c], cleaner.titles, notices) for c in ("channel", "transaction_type")
    ]
    other = [code.fill_null("other").zip_with(raw.text(code.name).is_not_null(), code) for code in coded]
    return pl.DataFrame([*columns, *other])


def _outcomes(raw: RawRows, _: Sequence[Context], cleaner: Cleaner, notices: Notices) -> pl.DataFrame:
    columns = words.as_written(raw, ("case_id", "outcome", "note", "officer"), cleaner.titles)
    day = dates.day(raw, "visited_at", cleaner.period.last_day + timedelta(days=366))
    if raw.says("visited_at"):
        notices.count(
            "day_unreadable", "visited_at", raw.text("visited_at").str.contains(r"\w").fill_null(False) & day.is_null(),
            raw.origin, "days of a visit that cannot be read: the answers count as answers without a day",
        )  # fmt: skip
    sheet = pl.DataFrame([*columns, day])
    marks = words.as_written(raw, ("worklist",), cleaner.titles)  # the same answer on another list is the same answer
    return sheet.with_columns(_hashes(sheet).alias("outcome_id"), *marks)
