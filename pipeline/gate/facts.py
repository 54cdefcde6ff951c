"""What is known of each line of a pay list: the payee, and a flag for every reason.

Belongs here: asking the published run, once for all lines. Not here: who somebody is (:mod:`pipeline.resolve`), what
follows from a flag (:mod:`.decide`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import duckdb
import polars as pl

from pipeline.database import opened
from pipeline.gate.decide import FLAGS
from pipeline.gate.gate_rules import GateRules
from pipeline.gate.paylist import PayList
from pipeline.history import PublishedRun, frame_of
from pipeline.target.identity_problems import invalid_numbers, shared_numbers, strange_names
from pipeline.target.programs import PRESENT, RECIPIENT, Program, Rules

UNPUBLISHED: Final = "new:"
"""Before the key of a payee whom the run does not know: lines that are one person have one key."""

LINE_COLUMNS: Final = (
    "at", "source_file", "sheet", "row_number", "mention_id", "program", "amount", "person", "person_id",
    "household_id", "household", "listed", "head", "insider", "against", "account_number", "desa_code",
    "kecamatan_code", "desa", "kecamatan", "list_period",
)  # fmt: skip

FINDING_TYPES: Final = {
    "deceased": ("inclusion_error",),
    "moved_out": ("inclusion_error",),
    "ineligible": ("inclusion_error",),
    "duplicate_line": ("duplicate_benefit",),
    "second_person_of_household": ("duplicate_benefit",),
    "not_in_registry": ("unverifiable",),
    "unknown_eligibility": ("unverifiable",),
    "nik_shared": ("identity_problem",),
    "name_mismatch": ("identity_problem",),
    "invalid_nik": ("identity_problem",),
    "program_overlap": ("program_overlap",),
    "shared_account": ("card_misuse",),
}
"""Reason → types of finding that may stand behind it."""


@dataclass(frozen=True)
class Known:
    """What is known of a list.

    Attributes:
        lines: one row a line, usable or not: where it stands, ``program``, ``amount``, ``person``, ``person_id``,
            ``household_id``, ``household``, ``listed``, ``head``, ``insider``, flags, ``against`` (rules that fail).
        findings: of the run: finding_id, finding_type, program, subject_id, of the subjects on the list.
        kinds: kinds of source that the run has.
    """

    lines: pl.DataFrame
    findings: pl.DataFrame
    kinds: frozenset[str]


def known_of(
    pay: PayList, payees: pl.DataFrame, run: PublishedRun, rules: Rules, gate: GateRules, mismatch_below: float
) -> Known:
    """Everything the run knows of the lines.

    Args:
        pay: the list.
        payees: ``mention_id``, ``person_id`` and ``fellow`` (see :mod:`pipeline.resolve.attach`).
        run: the published run.
        rules: the programs in force.
        gate: who is an insider.
        mismatch_below: likeness (0-100) below which two names are wholly different.
    """
    programs = {p.code: p for p in rules.programs}
    lines = pay.lines.join(payees, on="mention_id", how="left", maintain_order="left").with_columns(
        person=pl.coalesce("person_id", pl.lit(UNPUBLISHED) + pl.coalesce("fellow", "mention_id"))
    )
    with opened(run.database, read_only=True) as connection:
        ask = _Questions(connection, run, lines)
        people = ask.people(gate.insider_kinds)
        lines = lines.join(people, on="person_id", how="left", maintain_order="left")
        lines = _with_units(lines, programs)
        lines = lines.join(ask.eligibility(lines), on=["program", "subject_id"], how="left", maintain_order="left")
        lines = lines.join(ask.listed(), on=["program", "person_id"], how="left", maintain_order="left")
        problems = _identity_flags(ask, lines, mismatch_below)
        lines = lines.join(problems, on="mention_id", how="left", maintain_order="left")
        lines = _with_numbers_of_others(ask, lines)
        findings = ask.findings(lines)
        kinds = ask.kinds()
    shared = findings.filter(pl.col("finding_type") == "card_misuse")["subject_id"].unique()
    lines = lines.join(_lost_accounts(pay), on=["sheet", "row_number"], how="left", maintain_order="left")
    flagged = _flagged(lines, programs, shared, kinds)
    return Known(_with_unusable(flagged, pay), findings, kinds)


class _Questions:
    """Questions to the run, each one query; ``lines`` is known to the database as ``pay``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, run: PublishedRun, lines: pl.DataFrame) -> None:
        self._connection = connection
        self._run = run
        told = ["mention_id", "person_id", "nik", "program", "account_number", "card_number"]
        connection.register("pay", lines.select(told).to_arrow())

    def ask(self, query: str) -> pl.DataFrame:
        """A query with ``$run``."""
        return frame_of(self._connection, query, {"run": self._run.run_id})

    def kinds(self) -> frozenset[str]:
        """Kinds of source in the run with at least one accepted row."""
        query = "select distinct kind from audit.source_files where run_id = $run and rows_accepted > 0"
        return frozenset(self.ask(query)["kind"])

    def people(self, insiders: tuple[str, ...]) -> pl.DataFrame:
        """Payees: household, alive, moved, in the registry, head of the household, of the household of an insider."""
        kinds = ", ".join(f"'{k}'" for k in insiders) or "''"
        return self.ask(f"""
            with inside as (
                select distinct person_id, household_id from audit.mentions where run_id = $run and kind in ({kinds}))
            select p.person_id, p.household_id, coalesce(p.alive, true) as alive,
                   coalesce(p.moved_out, false) as moved_out,
                   coalesce(h.in_registry, p.in_registry, false) as in_registry,
                   coalesce(h.head_person_id = p.person_id, false) as head,
                   p.person_id in (select person_id from inside)
                   or coalesce(p.household_id in (select household_id from inside
                               where household_id is not null), false) as insider
            from audit.persons p
            left join audit.households h on h.run_id = p.run_id and h.household_id = p.household_id
            where p.run_id = $run and p.person_id in (select person_id from pay)""")

    def eligibility(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Rule results of the units, by program and subject."""
        units = lines.select("program", "subject_id").drop_nulls().unique()
        self._connection.register("units", units.to_arrow())
        return self.ask("""
            select e.program, e.subject_id, e.rule_results, e.excluded_by
            from audit.eligibility e join units u on e.program = u.program and e.subject_id = u.subject_id
            where e.run_id = $run""")

    def listed(self) -> pl.DataFrame:
        """Persons with an active line on a recipients list, by program."""
        return self.ask("""
            select program, person_id, true as listed from audit.benefits
            where run_id = $run and person_id in (select person_id from pay) group by program, person_id""")

    def rows(self) -> pl.DataFrame:
        """Published rows of the payees, and rows of anybody with a number that stands on the list."""
        return self.ask("""
            select mention_id, kind, nik, name, person_id from audit.mentions
            where run_id = $run and person_id is not null and mention_id not in (select mention_id from pay)
              and (person_id in (select person_id from pay) or nik in (select nik from pay))""")

    def persons_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Golden records of the persons of some rows: what a claim to a number rests on."""
        self._connection.register("claimants", rows.select("person_id").unique().to_arrow())
        return self.ask("""
            select person_id, birth_date, birth_date_from, sex from audit.persons
            where run_id = $run and person_id in (select person_id from claimants)""")

    def holders(self, column: str) -> pl.DataFrame:
        """Account or card numbers of the list: the persons and households that recipients lists have them for."""
        return self.ask(f"""
            select {column}, list(distinct person_id) as persons,
                   list(distinct household_id) filter (where household_id is not null) as households
            from audit.mentions
            where run_id = $run and kind = 'recipients' and {column} in (select {column} from pay) group by {column}""")

    def findings(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Findings about the payees, their households and their accounts."""
        subjects = pl.concat([lines[c].drop_nulls() for c in ("person_id", "household_id", "account_number")]).unique()
        self._connection.register("subjects", pl.DataFrame({"subject_id": subjects}).to_arrow())
        return self.ask("""
            select finding_id, finding_type, program, subject_id from audit.findings
            where run_id = $run and subject_id in (select subject_id from subjects) order by finding_id""")


def _with_units(lines: pl.DataFrame, programs: dict[str, Program]) -> pl.DataFrame:
    """``subject_id`` that the program pays, and ``household`` where it pays households."""
    units = {code: str(p.unit) for code, p in programs.items()}
    by_person = pl.col("program").replace_strict(units, default=None, return_dtype=pl.String) == "person"
    return lines.with_columns(
        subject_id=pl.when(by_person).then("person_id").otherwise(pl.coalesce("household_id", "person_id")),
        household=pl.when(~by_person).then("household_id"),
    )


def _identity_flags(ask: _Questions, lines: pl.DataFrame, mismatch: float) -> pl.DataFrame:
    """``mention_id`` with ``nik_shared``, ``name_mismatch`` and ``invalid_nik``, as the monthly run finds them."""
    told = lines.select("mention_id", "nik", "nik_status", "name", person_id="person")
    head = pl.col("nik").str.head(15).alias("nik_head")  # of whole numbers only: a cut one holds nobody's payment
    own = told.select("mention_id", pl.lit("payments").alias("kind"), "nik", "name", "person_id")
    published = ask.rows()
    rows = pl.concat([published.cast(dict(own.schema)), own])  # type: ignore[arg-type]
    claimants = ask.persons_of(published)
    problems = pl.concat(
        [
            invalid_numbers(told),
            shared_numbers(rows.lazy(), claimants, told),
            strange_names(rows.lazy().with_columns(head), told.with_columns(head), mismatch),
        ]
    )
    return problems.group_by("mention_id").agg(
        (pl.col("reason") == reason).any().alias(reason) for reason in ("nik_shared", "name_mismatch", "invalid_nik")
    )


def _with_numbers_of_others(ask: _Questions, lines: pl.DataFrame) -> pl.DataFrame:
    """``account_of_other`` and ``card_of_other``: recipients lists have the number, and only for other households."""
    for column, flag in (("account_number", "account_of_other"), ("card_number", "card_of_other")):
        held = ask.holders(column)
        mine = pl.col("persons").list.contains(pl.col("person_id")) | pl.col("households").list.contains(
            pl.col("household_id")
        ).fill_null(False)
        other = pl.col("persons").is_not_null() & ~mine.fill_null(False)
        lines = (
            lines.join(held, on=column, how="left", maintain_order="left")
            .with_columns(other.alias(flag))
            .drop("persons", "households")
        )
    return lines


def _lost_accounts(pay: PayList) -> pl.DataFrame:
    """Rows on which an account number is written: where none could be read, its digits are lost."""
    written = [
        sheet.cell("account_number").select(
            pl.lit(sheet.name).alias("sheet"), "row_number", account_written=pl.col("written").str.contains(r"\d")
        )
        for sheet in pay.sheets
    ]
    return pl.concat(written)


def _own_conditions(lines: pl.DataFrame) -> pl.DataFrame:
    """``rule_results`` → ``own``: eligible, ineligible or unknown by the unit's own conditions, and ``against``.

    That a recipient named on a list is dead or gone says nothing of this line's payee, who is asked himself.
    """
    distinct = lines["rule_results"].drop_nulls().unique().sort()
    own, against = [], []
    for text in distinct:
        results = {rule: holds for rule, holds in json.loads(text).items() if rule not in (PRESENT, RECIPIENT)}
        false = sorted(rule for rule, holds in results.items() if holds is False)
        own.append("ineligible" if false else "unknown" if None in results.values() else "eligible")
        against.append(",".join(false))
    return pl.DataFrame(
        {"rule_results": distinct, "own": own, "against": against},
        schema={"rule_results": pl.String, "own": pl.String, "against": pl.String},
    )


def _flagged(
    lines: pl.DataFrame, programs: dict[str, Program], shared_accounts: pl.Series, kinds: frozenset[str]
) -> pl.DataFrame:
    """A column for each reason that a line has by itself."""
    lines = lines.join(_own_conditions(lines), on="rule_results", how="left", maintain_order="left")
    known_program = pl.col("program").is_in(list(programs)).fill_null(False)
    registered = pl.col("in_registry").fill_null(False)
    status = pl.col("nik_status")
    flags = {
        "deceased": ~pl.col("alive").fill_null(True),
        "moved_out": pl.col("moved_out").fill_null(False),
        "ineligible": pl.col("own") == "ineligible",
        "unknown_program": ~known_program,
        "not_in_registry": ~registered,
        "unknown_eligibility": known_program & registered & (pl.col("own").is_null() | (pl.col("own") == "unknown")),
        "lossy_nik": status == "lossy",
        "masked_nik": status == "masked",
        "missing_nik": status == "missing",
        "account_lost": pl.col("account_written").fill_null(False) & pl.col("account_number").is_null(),
        "shared_account": pl.col("account_number").is_in(shared_accounts.implode()).fill_null(False),
        "not_on_recipients_list": pl.lit("recipients" in kinds) & pl.col("listed").is_null(),
        "program_overlap": pl.col("excluded_by").fill_null("") != "",
        "unusable_line": pl.lit(False),
    }
    told = ("nik_shared", "name_mismatch", "invalid_nik", "account_of_other", "card_of_other")
    return lines.with_columns(**flags).with_columns(pl.col(told).fill_null(False))


def _with_unusable(lines: pl.DataFrame, pay: PayList) -> pl.DataFrame:
    """The lines, and those that could not be read, which hold."""
    flags = pl.col(FLAGS)
    kept = lines.select(*LINE_COLUMNS, flags)
    broken = pay.unusable.select(
        "at", "source_file", "sheet", "row_number", unusable_line=pl.lit(True), against="reason"
    )
    whole = pl.concat([kept, broken], how="diagonal").with_columns(flags.fill_null(False))
    return whole.with_columns(pl.col("listed", "head", "insider").fill_null(False)).sort("at")


def behind(lines: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """Lines with ``finding_ids``: the findings of the run that stand behind the reasons of each, as a JSON list."""
    types = [(reason, t) for reason, found in FINDING_TYPES.items() for t in found]
    kinds = pl.DataFrame(types, schema={"reasons": pl.String, "finding_type": pl.String}, orient="row")
    subjects = pl.concat_list("person_id", "household_id", "account_number").list.unique()
    asked = (
        lines.select("at", "program", "reasons", subject_id=subjects)
        .explode("reasons")
        .join(kinds, on="reasons")
        .explode("subject_id")
        .drop_nulls("subject_id")
    )
    any_program = pl.col("finding_type").is_in(["card_misuse", "program_overlap"])
    found = (
        asked.join(findings, on=["finding_type", "subject_id"], suffix="_found")
        .filter(any_program | (pl.col("program") == pl.col("program_found")))
        .group_by("at")
        .agg(ids=pl.col("finding_id").unique().sort())
        .select("at", finding_ids=pl.lit('["') + pl.col("ids").list.join('", "') + pl.lit('"]'))
    )
    return lines.join(found, on="at", how="left", maintain_order="left").with_columns(
        pl.col("finding_ids").fill_null("[]")
    )
