"""Every table, declared once: name, columns, types, meaning.

Belongs here: what passes from stage to stage as Parquet and what is published to ``audit.*``. Not here: how a table
is made (the stage's folder) or stored (:mod:`pipeline.store`, :mod:`pipeline.database`). The declarations serve as
check between stages, as schema of the database and as reference in the docs.

Every published table has ``run_id`` as its first column; stage files do not carry it, because a stage does not
know its run: :mod:`pipeline.publish` adds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import polars as pl

from pipeline.errors import StorageError


class Type(Enum):
    """Column types: the polars type and the SQL type of each. Amounts are whole rupiah (``INTEGER``)."""

    TEXT = (pl.String(), "VARCHAR")
    INTEGER = (pl.Int64(), "BIGINT")
    REAL = (pl.Float64(), "DOUBLE")
    FLAG = (pl.Boolean(), "BOOLEAN")
    DATE = (pl.Date(), "DATE")
    TIME = (pl.Datetime("us"), "TIMESTAMP")
    JSON = TEXT
    """Text that holds one JSON document with sorted keys (an alias: JSON types differ between engines)."""

    @property
    def polars(self) -> pl.DataType:
        """Type in a polars frame."""
        polars_type: pl.DataType = self.value[0]
        return polars_type

    @property
    def sql(self) -> str:
        """Type in DuckDB, plain enough for any SQL engine."""
        sql_type: str = self.value[1]
        return sql_type


@dataclass(frozen=True)
class Column:
    """One column: its name, type and meaning; ``key`` columns together name a row and are never null."""

    name: str
    type: Type
    meaning: str
    key: bool = False


@dataclass(frozen=True)
class Table:
    """A declared table. ``stage`` makes it; ``published`` tables are appended to ``audit.<name>`` with a run_id."""

    name: str
    stage: str
    meaning: str
    columns: tuple[Column, ...]
    published: bool = True
    column: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", {c.name: c for c in self.columns})

    @property
    def names(self) -> list[str]:
        """Column names in declared order."""
        return [c.name for c in self.columns]

    @property
    def keys(self) -> list[str]:
        """Names of the columns that together name a row."""
        return [c.name for c in self.columns if c.key]

    @property
    def schema(self) -> pl.Schema:
        """The polars schema."""
        return pl.Schema({c.name: c.type.polars for c in self.columns})

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return pl.DataFrame(schema=self.schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Bring a frame into declared order and types: absent columns become null, others are refused.

        Raises:
            StorageError: a column that is not declared, a type that does not fit, or a null in a key.
        """
        unknown = [c for c in frame.columns if c not in self.column]
        if unknown:
            raise StorageError(f"table {self.name}: columns {unknown} are not declared in pipeline/tables.py")
        exprs = [
            pl.col(c.name).cast(c.type.polars) if c.name in frame.columns else pl.lit(None, c.type.polars).alias(c.name)
            for c in self.columns
        ]
        out = frame.select(exprs)
        holes = [k for k in self.keys if out[k].null_count()]
        if holes:
            raise StorageError(f"table {self.name}: empty values in key columns {holes}")
        return out


def _text(name: str, meaning: str, *, key: bool = False) -> Column:
    return Column(name, Type.TEXT, meaning, key)


def _int(name: str, meaning: str, *, key: bool = False) -> Column:
    return Column(name, Type.INTEGER, meaning, key)


def _real(name: str, meaning: str) -> Column:
    return Column(name, Type.REAL, meaning)


def _flag(name: str, meaning: str) -> Column:
    return Column(name, Type.FLAG, meaning)


def _date(name: str, meaning: str) -> Column:
    return Column(name, Type.DATE, meaning)


def _time(name: str, meaning: str, *, key: bool = False) -> Column:
    return Column(name, Type.TIME, meaning, key)


def _json(name: str, meaning: str) -> Column:
    return Column(name, Type.JSON, meaning)


_WHERE_FROM = (
    _text("source_file", "name of the file, without folder", key=True),
    _text("sheet", "name of the sheet; empty for formats without sheets", key=True),
    _int("row_number", "row as a spreadsheet shows it, the first row of the sheet is 1", key=True),
)

# ---------------------------------------------------------------- ingest

SOURCE_FILES: Final = Table(
    "source_files",
    "ingest",
    "One row a sheet of an input file, with where each of its rows went.",
    (
        _text("file_id", "hash of the file's content and the sheet's name", key=True),
        _text("source_file", "name of the file, without folder"),
        _text("sheet", "name of the sheet; empty for formats without sheets"),
        _text("kind", "kind of source, `none` for a sheet that is layout in full"),
        _text(
            "program",
            "program of the rows, where the file or its columns say it (null where it varies or is none)",
        ),
        _text("sha256", "hash of the file's bytes"),
        _int("header_row", "row number of the (last) header row; null where there is none"),
        _json("columns", "canonical column → heading as written in the file"),
        _json("unknown_columns", "headings that no source card knows, in file order"),
        _int("rows_total", "non-empty rows of the sheet"),
        _int("rows_accepted", "rows that became a mention, transaction or outcome"),
        _int("rows_quarantined", "rows in quarantine"),
        _int("rows_layout", "title, header, column-number, section, total and signature rows"),
    ),
)

QUARANTINE: Final = Table(
    "quarantine",
    "ingest",
    "Rows that cannot be used, as they were read.",
    (
        *_WHERE_FROM,
        _text("kind", "kind of source"),
        _text(
            "reason",
            "no_identity, placeholder, no_number, name_only, no_amount, no_card, bad_amount, bad_time",
        ),
        _text("detail", "what was found and what is needed"),
        _json("raw", "the row as read: heading → text"),
    ),
)

NOTICES: Final = Table(
    "notices",
    "ingest",
    "What a person should know about the input and that stops nothing: unknown columns, empty sheets, a vanished desa…",
    (
        _text(
            "code",
            "kind of notice: unknown_column, unknown_program, unknown_employment_type, empty_sheet, …",
            key=True,
        ),
        _text("source_file", "name of the file; empty where it concerns the whole month", key=True),
        _text("sheet", "name of the sheet", key=True),
        _text("subject", "the column, program, region … by name", key=True),
        _int("n_rows", "rows concerned"),
        _text("message", "what was found and what to do"),
    ),
)

_MENTION_COLUMNS = (
    _text("mention_id", "hash of file sha256, sheet and row number", key=True),
    _text("source_file", "name of the file, without folder"),
    _text("sheet", "name of the sheet; empty for formats without sheets"),
    _int("row_number", "row as a spreadsheet shows it"),
    _text(
        "kind",
        "kind of source: registry, recipients, payments, deaths, employment, companions, tksk, ppks, proposals",
    ),
    _text("program", "program code (pkh, sembako, pbi_jkn, blt_dd, …), null for kinds without program"),
    _text("list_period", "month the row speaks of where the list says it, YYYY-MM"),
    # who
    _text("nik", "16 digits where the number is valid or repaired, else null"),
    _text("nik_status", "valid, repaired, lossy, masked, invalid, missing"),
    _text(
        "nik_digits",
        "what survives of the number: digits, `?` for each digit lost or masked; null if missing",
    ),
    _text("no_kk", "16 digits where the family number is valid or repaired, else null"),
    _text("no_kk_status", "as nik_status"),
    _text("no_kk_digits", "as nik_digits"),
    _text("name_raw", "name as written"),
    _text("name", "upper case, titles and marks taken off, punctuation folded; spelling kept"),
    _text("other_names", "further names in the same cell, joined by ` / `"),
    _date("birth_date", "date of birth as written (a date in the number is not put here)"),
    _text(
        "birth_date_note",
        "how sure: null, `unreadable`, `year_only`, `ambiguous` (day and month could be swapped)",
    ),
    _text("birth_place", "upper case"),
    _text("sex", "L or P"),
    _text("relationship", "head, spouse, child, parent, grandchild, child_in_law, other_relative, other"),
    _text("mother_name", "mother's name, cleaned as name"),
    _text("address", "upper case, abbreviations folded"),
    _text("dusun", "upper case, number folded: `DUSUN 3`"),
    _int("rt", "RT number"),
    _int("rw", "RW number"),
    _text("desa", "as written, upper case"),
    _text("kecamatan", "as written, upper case"),
    _text("kabupaten", "as written, upper case"),
    _text("desa_code", "Kemendagri code, 10 digits"),
    _text("kecamatan_code", "Kemendagri code, 6 digits"),
    _text("kabupaten_code", "Kemendagri code, 4 digits"),
    _text("phone", "digits, starting with 0"),
    _text("card_number", "KKS card, digits"),
    _text("account_number", "bank account, digits"),
    _text("bank", "upper case"),
    _text("bpjs_number", "health insurance card (NOKAPST), digits"),
    _text("external_id", "id of another system (ID DTKS, IDBDT, idsemesta, NIP …), as written"),
    # what is said of them
    _int("desil", "welfare rank 1-10"),
    _text("occupation", "as written, upper case"),
    _int("income", "rupiah a month"),
    _flag("pregnant", "pregnant or post-partum"),
    _text("school_level", "none (not at school or not yet), sd, smp, sma, higher"),
    _text("disability", "none, mild, severe"),
    _text("chronic_illness", "as written, upper case"),
    _flag("odgj", "mental disorder"),
    _text("population_status", "active, deceased, moved"),
    _date("death_date", "day of death"),
    _flag("active", "on a recipients list: false where the status says NON AKTIF; null where no status is given"),
    _int("amount", "rupiah"),
    _text("component", "as written, upper case"),
    _text("companion", "name of the pendamping, cleaned as name"),
    _text("employment_type", "code of rules/reference/employment.yaml: civil_servant, soldier_police, …"),
    _text("employment_type_raw", "as written"),
    _text("employer", "as written, upper case"),
    _text("role", "job of a companion or officer, as written, upper case"),
    _text("area", "area of work, as written, upper case"),
    _int("visits_per_month", "visits a TKSK can make in a month"),
    _text("ppks_category", "odgj, disability, neglected_elderly, neglected_child, other"),
    _text("ppks_category_raw", "as written"),
    _text("reason", "why somebody was proposed, or a remark, as written"),
    _date("proposed_at", "day of the proposal"),
    _text(
        "fingerprint",
        "hash of the cleaned identity fields: changes when what a row says of who it is changes",
    ),
)

MENTIONS: Final = Table(
    "mentions",
    "ingest",
    "Accepted rows: somebody wrote down a person. Published with person_id and household_id.",
    _MENTION_COLUMNS,
)

TRANSACTIONS: Final = Table(
    "transactions",
    "ingest",
    "Uses of KKS cards.",
    (
        *_WHERE_FROM,
        _text("card_number", "digits"),
        _time("transacted_at", "local time"),
        _int("amount", "rupiah"),
        _text("agent_id", "as in the file"),
        _text("agent_name", "as in the file"),
        _text("terminal_id", "as in the file"),
        _text("channel", "agent, teller, atm, other"),
        _text("transaction_type", "withdrawal, balance_inquiry, purchase, credit, transfer, other"),
        _int("balance", "rupiah after the use"),
    ),
)

OUTCOMES: Final = Table(
    "outcomes",
    "ingest",
    "Answers from the field to cases.",
    (
        _text("outcome_id", "hash of what the row says", key=True),
        _text("source_file", "name of the file"),
        _text("sheet", "name of the sheet"),
        _int("row_number", "row as a spreadsheet shows it"),
        _text("case_id", "case answered"),
        _text("outcome", "as written"),
        _date("visited_at", "day of the visit"),
        _text("note", "free text"),
        _text("officer", "who visited"),
        _text("worklist", "mark of the worklist it was filled in: month and first digits of the run; null: not said"),
    ),
)

# -------------------------------------------------------------- validate

QUALITY_RESULTS: Final = Table(
    "quality_results",
    "validate",
    "Outcome of each check.",
    (
        _text("suite", "file of rules/quality that holds the check", key=True),
        _text("check_id", "id of the check in rules/quality", key=True),
        _text("engine", "gx (gate by Great Expectations) or polars", key=True),
        _text("expectation", "Great Expectations type, or the check's own name"),
        _text("column_name", "column or columns looked at"),
        _text("severity", "info, warning, critical"),
        _text("outcome", "passed, failed, could_not_run"),
        _int("n_checked", "rows looked at"),
        _int("n_unexpected", "rows that broke the check"),
        _text("detail", "why it could not run"),
    ),
)

QUALITY_ROWS: Final = Table(
    "quality_rows",
    "validate",
    "Which mention broke which check.",
    (_text("mention_id", "mention", key=True), _text("check_id", "check", key=True)),
)

QUALITY_SHEETS: Final = Table(
    "quality_sheets",
    "validate",
    "Outcome of each check on each sheet, where at least one row broke it: what to ask its sender.",
    (
        _text("suite", "file of rules/quality that holds the check", key=True),
        _text("check_id", "id of the check in rules/quality", key=True),
        _text("source_file", "name of the file, without folder", key=True),
        _text("sheet", "name of the sheet; empty for formats without sheets", key=True),
        _int("n_checked", "rows looked at"),
        _int("n_unexpected", "rows that broke the check"),
        _json("first_rows", "row numbers of the first of them, at most eight"),
    ),
)

# --------------------------------------------------------------- resolve

MENTION_IDS: Final = Table(
    "mention_ids",
    "resolve",
    "Which person and household each mention is about.",
    (
        _text("mention_id", "mention", key=True),
        _text("person_id", "person"),
        _text("household_id", "household; null where the files cannot tell it"),
    ),
    published=False,
)

PERSONS: Final = Table(
    "persons",
    "resolve",
    "One human being each: the golden record, and which mention each value came from.",
    (
        _text("person_id", "stable from month to month", key=True),
        _text("household_id", "household the person lives in; null where unknown"),
        _text("nik", "the valid number that is the person's own"),
        _text("name", "name"),
        _date("birth_date", "date of birth"),
        _text("birth_date_from", "written, nik (taken from the number) or null"),
        _text("sex", "L or P"),
        _text("birth_place", "place of birth"),
        _text("relationship", "to the head of the household"),
        _flag("alive", "false where a deaths list or the registry says so"),
        _flag("moved_out", "true where the registry says so"),
        _flag("in_registry", "has a registry row"),
        _text("desa_code", "where the person lives"),
        _text("kecamatan_code", "where the person lives"),
        _int("n_mentions", "mentions"),
        _real("confidence", "probability that all mentions are of this one person"),
        _json("origin", "column → mention_id the value came from"),
    ),
)

HOUSEHOLDS: Final = Table(
    "households",
    "resolve",
    "Persons that live as one.",
    (
        _text("household_id", "stable from month to month", key=True),
        _text("no_kk", "newest family number"),
        _json("all_no_kk", "all family numbers of the household, sorted"),
        _text("head_person_id", "head of the household"),
        _int("desil", "highest among the registry rows, empty ones ignored; null = unknown"),
        _text("desa_code", "where the household lives"),
        _text("kecamatan_code", "where the household lives"),
        _text("dusun", "dusun"),
        _flag("in_registry", "has a registry row"),
        _int("n_members", "persons, also those dead or moved"),
        _int("n_present", "persons alive and not moved out"),
    ),
)

MATCH_PAIRS: Final = Table(
    "match_pairs",
    "resolve",
    "Pairs that were compared and that matter: matches, possible matches, vetoes.",
    (
        _text("mention_id_a", "smaller mention_id", key=True),
        _text("mention_id_b", "larger mention_id", key=True),
        _text("level", "person or household", key=True),
        _real("probability", "that both are the same; of households by signs that are weighed by judgement"),
        _text("decision", "match, possible, vetoed (kept apart although alike)"),
        _json(
            "comparison",
            "column → level and weight (log2 Bayes factor); `kept_apart`: judged, group (with what all rows of both "
            "say), twins, two_numbers, one_list, own_family, two_families; `judged`: what people said",
        ),
    ),
)

IDENTITY_EVENTS: Final = Table(
    "identity_events",
    "resolve",
    "How ids came from those of the previous run.",
    (
        _text("event", "minted, merged, split, undone", key=True),
        _text("level", "person or household", key=True),
        _text("old_id", "id in the previous run; empty when minted", key=True),
        _text("new_id", "id in this run", key=True),
        _text("why", "evidence in words"),
    ),
)

# ---------------------------------------------------------------- misuse

MISUSE_SIGNALS: Final = Table(
    "misuse_signals",
    "misuse",
    "Indications in card use, each against its base rate: never a verdict. Four of them are findings too.",
    (
        _text(
            "reason",
            "bulk_withdrawal, companion_holds_cards, shared_account, shared_phone (these are findings); odd_hours, "
            "far_from_home, drained_after_credit, busy_agent, cards_never_used, cards_idle, insider_recipient, "
            "insider_number",
            key=True,
        ),
        _text("subject_kind", "agent, companion, account, phone", key=True),
        _text(
            "subject_id",
            "agent as in the file, person_id of a companion, digits of an account or phone",
            key=True,
        ),
        _flag("finding", "whether it is a finding of type card_misuse"),
        _text("queue", "who looks at it: never a companion, agent or TKSK on their own people"),
        _text("kecamatan_code", "where most of the cards' holders live"),
        _int("n_cards", "cards or persons involved"),
        _int("n_of", "cards or persons that could have been"),
        _int("amount", "rupiah involved in the period"),
        _time("started_at", "first use of the sitting"),
        _time("ended_at", "last use of the sitting"),
        _real("expected", "how many would be involved by the rate of the others; null where nothing can be compared"),
        _real("chance", "chance of as many or more by that rate; formulas in pipeline/misuse/base_rate.py"),
        _int("compared", "how many subjects (terminals' days, agents, companions, numbers) were compared"),
        _text("strength", "strong, clear, weak: by how many as extreme are to be expected by chance"),
        _text("summary", "what was seen and how unusual it is, in Bahasa Indonesia, without numbers of persons"),
        _text("innocent", "what else may explain it, in Bahasa Indonesia"),
        _json("fact", "the figures behind it"),
        _json("evidence", "list of source_file, sheet, row_number; 500 at most"),
    ),
)

# ---------------------------------------------------------------- target

FACTS: Final = Table(
    "facts",
    "target",
    "What the rules may ask of a household or person, one row a fact.",
    (
        _text("subject_kind", "household or person", key=True),
        _text("subject_id", "household_id or person_id", key=True),
        _json("facts", "fact → value; null where nobody reported it"),
    ),
)

BENEFITS: Final = Table(
    "benefits",
    "target",
    "One program pays one unit in the period: an active line on a recipients list.",
    (
        _text("mention_id", "the recipients row", key=True),
        _text("program", "program"),
        _text("subject_kind", "unit of the program: household or person"),
        _text("subject_id", "household_id or person_id"),
        _text("person_id", "named recipient"),
        _text("household_id", "household of the named recipient"),
        _int("amount", "rupiah in the period as listed; the program's monthly amount where the list has none"),
        _text("kecamatan_code", "on the list"),
        _text("desa_code", "on the list"),
    ),
)

ELIGIBILITY: Final = Table(
    "eligibility",
    "target",
    "What each program's own conditions say of each unit.",
    (
        _text("program", "program", key=True),
        _text("subject_kind", "household or person", key=True),
        _text("subject_id", "household_id or person_id", key=True),
        _text("status", "eligible, ineligible, unknown"),
        _text("excluded_by", "programs whose receipt rules this one out, joined by `,`; empty: none"),
        _flag("served", "an active line on the program's recipients list in the period"),
        _text("kecamatan_code", "where the unit is counted"),
        _text("desa_code", "where the unit is counted"),
        _json("rule_results", "rule → true, false or null"),
    ),
)

FINDINGS: Final = Table(
    "findings",
    "target",
    "What somebody must look at, true in this run.",
    (
        _text("finding_id", "hash of period and finding_key", key=True),
        _text("finding_key", "stays the same across months"),
        _text("finding_type", "see rules/findings.yaml"),
        _text(
            "reason",
            "see rules/findings.yaml; several joined by `,` in alphabetical order for inclusion errors",
        ),
        _text("program", "program; empty where none"),
        _text("subject_kind", "person, household, agent, companion, card, account, phone"),
        _text("subject_id", "id of the subject"),
        _text("kecamatan_code", "where it is followed up"),
        _text("desa_code", "where it is followed up"),
        _text("severity", "low, medium, high, critical"),
        _real("confidence", "0-1: how sure the files are"),
        _int("amount", "rupiah a month at stake"),
        _real("priority", "0-100: order of work"),
        _text("baseline_state", "new, recurring, reopened"),
        _text("summary", "what it is about in plain Bahasa Indonesia, without numbers of persons"),
    ),
)

FINDING_CHANGES: Final = Table(
    "finding_changes",
    "target",
    "What became of the findings of the previous run.",
    (
        _text("previous_run_id", "run compared with"),
        _text("finding_key", "finding", key=True),
        _text("change", "new, recurring, resolved, reopened, not_assessable"),
        _text("why", "what changed"),
    ),
)

FINDING_EVIDENCE: Final = Table(
    "finding_evidence",
    "target",
    "The rows of the source files that a finding rests on.",
    (
        _text("finding_id", "finding", key=True),
        _text("mention_id", "mention; null for a transaction"),
        _text("source_file", "name of the file", key=True),
        _text("sheet", "name of the sheet", key=True),
        _int("row_number", "row as a spreadsheet shows it", key=True),
        _json("fact", "what this row says that matters"),
    ),
)

MEASURES: Final = Table(
    "measures",
    "target",
    "Targeting measures by program and area, each with its definition.",
    (
        _text("measure", "name of the measure", key=True),
        _text("definition", "numerator / denominator in words"),
        _text("program", "program", key=True),
        _text("area_level", "province, kabupaten, kecamatan, desa", key=True),
        _text("area_code", "Kemendagri code", key=True),
        _text("breakdown", "all, desil, sex, age_group", key=True),
        _text("breakdown_value", "value of the breakdown; empty for all", key=True),
        _real("value", "share or rupiah; null where the denominator is 0"),
        _real("numerator", "numerator"),
        _real("denominator", "denominator"),
        _real("bound_low", "lowest value that the unknowns leave"),
        _real("bound_high", "highest value that the unknowns leave"),
        _real("ci_low", "lower end of the 95 % interval; samples only"),
        _real("ci_high", "upper end of the 95 % interval; samples only"),
    ),
)

# --------------------------------------------------------------- publish

RUNS: Final = Table(
    "runs",
    "publish",
    "One row a published run. A run without a row here does not exist.",
    (
        _text("run_id", "hash of period, inputs, rules, judgements, code and previous run", key=True),
        _text("period", "YYYY-MM"),
        _text("status", "published"),
        _time("started_at", "UTC"),
        _time("finished_at", "UTC"),
        _text("previous_run_id", "newest published run of an earlier period, from which ids are inherited"),
        _text("rules_hash", "hash of the files under rules/ that a run depends on (not of pipeline.rulebook.LATER)"),
        _text("inputs_hash", "hash of the names and contents of all input files"),
        _text("judgements_hash", "hash of the judgements in force"),
        _text("code_version", "version and digest of the program"),
        _json("options", "options that change the result: accept_smaller"),
        _json("libraries", "Python and the libraries that a result may depend on → version"),
        _json("manifest", "table → rows, digest and the columns it is taken over, as recounted after reopening"),
        _text("previous_hash", "run_hash of the row before"),
        _text("run_hash", "hash over previous_hash and this row without timings"),
        _json("timings", "stage → seconds and peak memory in MB"),
    ),
)

# ----------------------------------------------------- lives across runs

MATCH_JUDGEMENTS: Final = Table(
    "match_judgements",
    "review",
    "What people said of two mentions; append-only. The newest word of each person counts, and of the words of several "
    "the most; as many on both sides decide nothing.",
    (
        _text("fingerprint_a", "smaller fingerprint of the two mentions", key=True),
        _text("fingerprint_b", "larger fingerprint; a row that changes gets another, which ends this", key=True),
        _time("at", "UTC", key=True),
        _text("level", "person or household; empty in rows of earlier versions, which mean the person"),
        _text("judgement", "same, different, unsure"),
        _text("by", "who said so"),
        _text("reason", "why"),
        _date("valid_until", "last day on which it counts; null = until further notice"),
    ),
)

ACCESS_LOG: Final = Table(
    "access_log",
    "publish",
    "Who did what with personal data; a hash chain, append-only.",
    (
        _time("at", "UTC; later than the row before"),
        _text("actor", "name of the user of the machine"),
        _text("action", "run, export, reveal, judge, override, approve, decide, purge"),
        _text("object", "run_id, file or id concerned"),
        _text("purpose", "what for"),
        _text("previous_hash", "hash of the row before; empty for the first"),
        _text("hash", "hash over previous_hash and this row", key=True),
    ),
)

SEALS: Final = Table(
    "seals",
    "publish",
    "One row each time rows are appended to `runs` or a table that lives across runs; a hash chain of its own, so "
    "that no row of theirs can be changed, added or taken away unnoticed, not even the last. Its newest hash stands "
    "for all.",
    (
        _time("at", "UTC; later than the row before"),
        _text("table_name", "table appended to"),
        _int("n_rows", "rows appended"),
        _text("digest", "sum of the MD5 numbers of those rows, each as `column=value` of what is not empty"),
        _text("previous_hash", "hash of the row before; empty for the first"),
        _text("hash", "hash over previous_hash and this row", key=True),
    ),
)

TOMBSTONES: Final = Table(
    "tombstones",
    "purge",
    "What stands in the place of rows that were ended: how many, their digest, and why.",
    (
        _time("at", "UTC", key=True),
        _text("table_name", "table the rows stood in", key=True),
        _text("run_id", "their run; empty for a table that lives across runs", key=True),
        _int("n_rows", "rows ended"),
        _text("digest", "that of the run's manifest, or as in `seals`"),
        _text("reason", "retention, superseded"),
        _text("basis", "the law, or what was said"),
        _json("gaps", "of a hash chain: previous_hash and hash at both ends of each stretch that is gone"),
    ),
)

# ------------------------------------------------------------------ gate

GATE_BATCHES: Final = Table(
    "gate_batches",
    "gate",
    "One screening of a pay list: control totals and checks; append-only.",
    (
        _text("gate_id", "hash of the list, run, rules and options, and how often they have been screened", key=True),
        _text("run_id", "published run that was asked"),
        _text("program", "programs of the list, joined by `,`"),
        _text("period", "month the list is to be paid for"),
        _text("source_file", "name of the list, without folder"),
        _text("list_path", "where the list lay: its hash is taken again before it is approved"),
        _text("list_sha256", "hash of the bytes of exactly the list that was screened"),
        _int("rows_declared", "lines as declared; null: not declared"),
        _int("rows_counted", "lines counted, also those that could not be read"),
        _int("amount_declared", "rupiah as declared; null: not declared"),
        _int("amount_counted", "rupiah counted = amount_pay + amount_hold + amount_reject"),
        _int("rows_pay", "lines to pay"),
        _int("rows_hold", "lines held"),
        _int("rows_reject", "lines rejected"),
        _int("amount_pay", "rupiah to pay"),
        _int("amount_hold", "rupiah held"),
        _int("amount_reject", "rupiah rejected"),
        _text("result", "pass, pass_with_holds, fail"),
        _json("checks", "list of checks: check, outcome (pass, warn, fail, not_run), what was found"),
        _text("rules_hash", "hash of the rules it was decided by"),
        _text("screened_by", "who ran the gate"),
        _time("screened_at", "UTC"),
    ),
)

GATE_RESULTS: Final = Table(
    "gate_results",
    "gate",
    "What became of each line of a pay list; append-only: overrides stand in their own table.",
    (
        _text("gate_id", "screening", key=True),
        *_WHERE_FROM,
        _text("decision", "pay, hold, reject"),
        _text("reasons", "all reasons in the order of rules/gate.yaml, joined by `,`; the first decides"),
        _int("amount", "rupiah; null where none could be read"),
        _text("program", "program of the line"),
        _text("person_id", "payee; null where the run knows nobody"),
        _text("household_id", "household of the payee"),
        _text("kecamatan_code", "on the list"),
        _text("desa_code", "on the list"),
        _json("finding_ids", "findings of the run behind the reasons"),
        _text("against", "conditions of the program that are not met, joined by `,`, or why a line could not be read"),
        _text(
            "queue", "who decides where it is held or rejected: never a companion, agent or TKSK on their own people"
        ),
        _date("hold_until", "day until which a hold must be decided; then it is escalated"),
        _time("decided_at", "UTC"),
    ),
)

GATE_OVERRIDES: Final = Table(
    "gate_overrides",
    "gate",
    "Lines decided otherwise by a person; append-only, the newest in force counts.",
    (
        _text("gate_id", "screening", key=True),
        _text("sheet", "name of the sheet", key=True),
        _int("row_number", "line", key=True),
        _time("at", "UTC", key=True),
        _text("from_decision", "decision before"),
        _text("to_decision", "pay, hold, reject"),
        _text("person", "who decided: not who ran the gate, and never an approver of it"),
        _text("reason", "why"),
        _date("valid_until", "last day on which it counts"),
    ),
)

GATE_APPROVALS: Final = Table(
    "gate_approvals",
    "gate",
    "Signatures, bound to the hash of the list; append-only. Those before an override or a changed list are void.",
    (
        _text("gate_id", "screening", key=True),
        _text("list_sha256", "hash of the list when it was signed"),
        _text("role", "checker, approver", key=True),
        _text("person", "who signed", key=True),
        _time("at", "UTC", key=True),
        _text("comment", "free text"),
    ),
)

GATE_EVENTS: Final = Table(
    "gate_events",
    "gate",
    "What happened to screenings later: list_changed (voids approvals), escalated (a hold ran out); append-only.",
    (
        _text("gate_id", "screening", key=True),
        _text("event", "list_changed, escalated", key=True),
        _text("sheet", "name of the sheet; empty where the whole list is meant", key=True),
        _int("row_number", "line; 0 where the whole list is meant", key=True),
        _time("at", "UTC", key=True),
        _text("detail", "what was found"),
    ),
)

# ----------------------------------------------------------------- cases

_CASE_FACTS = (
    _text("subject_kind", "household, person, companion, agent, account, phone, card"),
    _text("subject_id", "id of the subject"),
    _text("kecamatan_code", "where it is followed up"),
    _text("desa_code", "where it is followed up"),
    _text("queue", "who acts: tksk, kabupaten, inspectorate, dukcapil, bank"),
    _text("assigned_to", "name of the TKSK; null in other queues and where the roster names nobody"),
    _date("due_at", "day by which it should be answered"),
    _text("outcome", "newest answer from the field, a code of rules/field.yaml"),
    _text("officer", "who gave that answer: never who decides on it"),
    _text("decision", "what was decided, a code of rules/field.yaml; or resolved_by_data, merged, handed_on"),
    _text("decided_by", "who decided"),
    _text("listed_period", "newest month in whose worklist it stood"),
    _text("explanation", "why it stood there, in words"),
)

CASES: Final = Table(
    "cases",
    "cases",
    "One household (or person, companion, agent, account, phone) that somebody must look at, with all its findings. "
    "What stands here is the last word of each column in case_events, which are the record.",
    (
        _text("case_id", "hash of the first subject, `K-` and four groups of three, safe to write by hand", key=True),
        *_CASE_FACTS,
        _text("state", "new, assigned, in_progress, on_hold, for_approval, closed, reopened"),
        _json("finding_keys", "findings that wait for an answer or a decision, sorted"),
        _json("settled_keys", "findings answered and decided, or gone from the data, sorted"),
        _date("suppressed_until", "last day on which decided findings do not open the case again; null where none are"),
        _int("times_reopened", "how often it was opened again"),
        _time("opened_at", "UTC"),
        _time("updated_at", "UTC"),
    ),
)

CASE_EVENTS: Final = Table(
    "case_events",
    "cases",
    "What happened to cases; append-only, a hash chain. A column that an event does not set is null.",
    (
        _time("at", "UTC; later than the row before"),
        _text("case_id", "case"),
        _text(
            "event",
            "opened, assigned, routed, listed, answered, decided, closed, reopened, followed, merged, unmerged, "
            "parted, finding_added, finding_moved, finding_resolved, …",
        ),
        _text("period", "month of the data behind it; of an answer or decision the month at which the cases stood"),
        _text("run_id", "published run behind it; null where it came from a person"),
        _text("finding_key", "finding concerned; null where it is about the case as a whole"),
        _text("from_state", "state before; null where the state stays"),
        _text("to_state", "state after; null where the state stays"),
        *_CASE_FACTS,
        _text("outcome_id", "row of `outcomes` behind it"),
        _text("answer_id", "hash of what was answered, whatever the form it came in: it counts once"),
        _text("verdict", "what an answer says of a finding: right, wrong, open"),
        _date("valid_until", "last day on which a decided finding does not open the case again"),
        _text("actor", "who or what made it happen"),
        _text("other_case", "case into which it was merged, from which it parted, or to or from which a finding went"),
        _text("words", "why, in words"),
        _text("previous_hash", "hash of the row before; empty for the first"),
        _text("hash", "hash over previous_hash and this row", key=True),
    ),
)

# --------------------------------------------------- verification samples

SAMPLES: Final = Table(
    "samples",
    "sample",
    "Households drawn to be visited whether or not anything was found about them, as they stood when drawn; "
    "append-only. What the visits found stands in `case_events` under the same finding_key.",
    (
        _text("sample_id", "hash of the run and of what was asked for", key=True),
        _text("period", "month whose households were drawn from"),
        _text("run_id", "published run they were drawn from"),
        _int("seed", "another seed draws other households"),
        _int("n_asked", "visits asked for"),
        _text("restricted_to", "kecamatan the draw was limited to; empty: the whole list"),
        _text("stratum", "band, and code of the kabupaten", key=True),
        _text("band", "what is flagged: exclusion, inclusion, both, other; or unflagged_served, _poor, _better_off, …"),
        _int("stratum_size", "households of the stratum on the full list"),
        _int("stratum_drawn", "households drawn from it"),
        _real("inclusion_probability", "stratum_drawn / stratum_size"),
        _text("subject_kind", "household, or person where no list tells the household", key=True),
        _text("subject_id", "household_id or person_id when drawn", key=True),
        _text("finding_key", "hash of sample and subject: what the visit stands under in its case"),
        _text("kecamatan_code", "where it is visited"),
        _text("desa_code", "where it is visited"),
        _text("flags", "types of finding about it or its members when drawn, joined by `,`; empty: none"),
        _flag("served", "some program paid it or a member when drawn"),
        _int("desil", "when drawn; null = unknown"),
        _date("due_at", "day by which all visits of the sample are to be made"),
        _time("drawn_at", "UTC"),
    ),
)

STAGES: Final = ("ingest", "validate", "resolve", "misuse", "target", "publish")

TABLES: Final[dict[str, Table]] = {
    t.name: t
    for t in (
        SOURCE_FILES, QUARANTINE, NOTICES, MENTIONS, TRANSACTIONS, OUTCOMES,
        QUALITY_RESULTS, QUALITY_ROWS, QUALITY_SHEETS,
        MENTION_IDS, PERSONS, HOUSEHOLDS, MATCH_PAIRS, IDENTITY_EVENTS,
        MISUSE_SIGNALS,
        FACTS, BENEFITS, ELIGIBILITY, FINDINGS, FINDING_CHANGES, FINDING_EVIDENCE, MEASURES,
    )
}  # fmt: skip
"""Stage tables by name (``runs`` is written by publish itself)."""

LASTING: Final[dict[str, Table]] = {
    t.name: t
    for t in (
        MATCH_JUDGEMENTS, ACCESS_LOG, SEALS, TOMBSTONES,
        GATE_BATCHES, GATE_RESULTS, GATE_OVERRIDES, GATE_APPROVALS, GATE_EVENTS,
        CASES, CASE_EVENTS, SAMPLES,
    )
}  # fmt: skip
"""Tables that live across runs: no run_id of the pipeline, no view in ``latest``."""
