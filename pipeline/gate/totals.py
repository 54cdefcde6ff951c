"""Control totals of a list, and the checks of the list as a whole.

Belongs here: sums that must agree, by desa and in all; change from last month; which comparison could not be made.
Not here: any single line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from pipeline.errors import ConservationError, Problem
from pipeline.gate.gate_rules import DUPLICATE, Decision, GateRules, JumpCard
from pipeline.period import Period

PASS, NOT_RUN = "pass", "not_run"
COMPARED_KINDS: Final = ("registry", "recipients", "deaths", "employment", "companions")
"""Kinds of source against which every line is held."""


@dataclass(frozen=True)
class Declared:
    """What the sender says the list holds; None: not said."""

    rows: int | None = None
    amount: int | None = None


@dataclass(frozen=True)
class Before:
    """Last month by desa: ``program``, ``desa_code``, ``rows``, ``amount``; ``basis`` says from what."""

    basis: str
    desa: pl.DataFrame


def totals(lines: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Rows and rupiah counted in all and by decision.

    Raises:
        ConservationError: the parts are not the whole.
    """
    parts = {str(d): _sums(lines.filter(pl.col("decision") == str(d))) for d in Decision}
    whole = _sums(lines)
    for what in ("rows", "amount"):
        if sum(p[what] for p in parts.values()) != whole[what]:
            raise ConservationError(Problem("gate", f"{what}: paid + held + rejected are not the {what} of the list"))
    return {"counted": whole, **parts}


def _sums(lines: pl.DataFrame) -> dict[str, int]:
    return {"rows": lines.height, "amount": int(lines["amount"].sum() or 0)}


def by_reason(lines: pl.DataFrame, rules: GateRules) -> list[dict[str, Any]]:
    """Lines and rupiah by each reason, in the order of the rules; a line with two reasons is counted with both."""
    counted = lines.explode("reasons").group_by("reasons").agg(pl.len().alias("rows"), pl.col("amount").sum())
    found = {reason: (rows, amount) for reason, rows, amount in counted.iter_rows()}
    return [
        {
            "reason": name,
            "decision": str(card.decision),
            "text": card.text.id,
            "rows": found[name][0],
            "amount": int(found[name][1] or 0),
        }
        for name, card in rules.card.items()
        if name in found
    ]


def by_desa(lines: pl.DataFrame, before: Before, jump: JumpCard) -> pl.DataFrame:
    """One row a desa: what is counted, by decision, last month's, and whether the change is ``unusual``.

    Lines without a known desa stand together under an empty code.
    """
    keyed = lines.with_columns(pl.col("desa_code", "kecamatan_code").fill_null(""))
    sums = _by_decision()
    now = keyed.group_by("desa_code").agg(
        pl.col("desa", "kecamatan").min(), pl.len().cast(pl.Int64).alias("rows"), pl.col("amount").sum(), *sums
    )
    last = before.desa.group_by("desa_code").agg(
        pl.col("rows").sum().alias("rows_before"), pl.col("amount").sum().alias("amount_before")
    )
    both = now.join(last, on="desa_code", how="full", coalesce=True).with_columns(
        pl.exclude("desa_code", "desa", "kecamatan").fill_null(0)
    )
    if not before.basis:
        return both.with_columns(unusual=pl.lit(False)).sort("desa_code")
    larger = pl.max_horizontal("amount", "amount_before")
    moved = (pl.col("amount") - pl.col("amount_before")).abs() >= jump.share * pl.col("amount_before")
    enough = (pl.col("rows") - pl.col("rows_before")).abs() >= jump.lines
    dearer = (pl.col("rows") == pl.col("rows_before")) & (pl.col("rows") >= jump.lines)
    return both.with_columns(unusual=(larger > 0) & moved & (enough | dearer)).sort("desa_code")


def desa_again(desa: list[dict[str, Any]], lines: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows of :func:`by_desa` after some lines were decided otherwise."""
    now = lines.group_by(pl.col("desa_code").fill_null("")).agg(_by_decision())
    parts = {row["desa_code"]: row for row in now.iter_rows(named=True)}
    return [row | parts.get(row["desa_code"], {}) for row in desa]


def _by_decision() -> list[pl.Expr]:
    """Rows and rupiah of each decision."""
    return [
        part.alias(f"{what}_{decision}")
        for decision in Decision
        for what, part in (
            ("rows", (pl.col("decision") == str(decision)).sum().cast(pl.Int64)),
            ("amount", pl.col("amount").filter(pl.col("decision") == str(decision)).sum()),
        )
    ]


class Checks:
    """Gathers the checks of a list, in the order of the rules."""

    def __init__(self, rules: GateRules) -> None:
        self._rules = rules
        self._made: dict[str, dict[str, Any]] = {}

    def add(self, check: str, holds: bool | None, found: str, todo: str = "") -> None:
        """One check: whether it holds (None: could not be made), and what was found."""
        card = self._rules.checks[check]
        outcome = NOT_RUN if holds is None else PASS if holds else card.outcome
        self._made[check] = {"check": check, "outcome": outcome, "text": card.text.id, "found": found, "todo": todo}

    def rows(self) -> list[dict[str, Any]]:
        """All checks; one that nobody made is not run."""
        for check in self._rules.checks:
            if check not in self._made:
                self.add(check, None, "tidak diperiksa")
        return [self._made[c] for c in self._rules.checks]

    @property
    def failed(self) -> bool:
        """Whether the list must not be paid as it is."""
        return any(c["outcome"] == "fail" for c in self._made.values())


def check_declared(checks: Checks, declared: Declared, counted: dict[str, int]) -> None:
    """Rows and rupiah against what was declared."""
    for check, said, got in (
        ("declared_rows", declared.rows, counted["rows"]),
        ("declared_amount", declared.amount, counted["amount"]),
    ):
        if said is None:
            checks.add(check, None, "tidak dinyatakan", f"--{check.replace('_', '-')}")
        else:
            checks.add(
                check, said == got, f"dinyatakan {number(said)}, dihitung {number(got)}, selisih {number(got - said)}"
            )


def check_period(checks: Checks, lines: pl.DataFrame, period: Period) -> None:
    """The month that the list or its lines speak of."""
    told = lines["list_period"].drop_nulls().unique().sort().to_list()
    others = [t for t in told if t != str(period)]
    if not told:
        checks.add("period", None, "daftar tidak menyebut bulan")
    else:
        checks.add("period", not others, f"daftar menyebut {', '.join(told)}; diperiksa untuk {period}")


def check_lines(checks: Checks, lines: pl.DataFrame) -> None:
    """What a look over all lines shows: unreadable ones, repeated ones of another amount, accounts without digits."""
    has = pl.col("reasons").list.contains
    broken = lines.filter(has("unusable_line")).height
    checks.add("unusable_lines", not broken, f"{number(broken)} baris tidak lengkap")
    people = lines.filter(has(DUPLICATE)).select("program", "person").unique()
    spread = lines.join(people, on=["program", "person"]).group_by("program", "person").agg(pl.col("amount").n_unique())
    differing = spread.filter(pl.col("amount") > 1).height
    checks.add("duplicate_amounts", not differing, f"{number(differing)} orang dengan jumlah berbeda di dua baris")
    lost = lines.filter(has("account_lost")).height
    checks.add("accounts_readable", not lost, f"{number(lost)} nomor rekening kehilangan angka")


def check_change(checks: Checks, desa: pl.DataFrame, before: Before) -> None:
    """Change from last month, by desa; the largest are named."""
    if not before.basis:
        checks.add("month_on_month", None, "tidak ada daftar bulan lalu")
        return
    unusual = desa.filter("unusual").with_columns(change=pl.col("amount") - pl.col("amount_before"))
    named = unusual.sort(pl.col("change").abs(), "desa_code", descending=[True, False]).head(5)
    words = [
        f"{name or code or 'desa tidak diketahui'} {number(then)} → {number(now)}"
        for name, code, then, now in named.select("desa", "desa_code", "amount_before", "amount").iter_rows()
    ]
    found = f"{unusual.height} desa berubah tajam dibanding {before.basis}"
    checks.add("month_on_month", unusual.is_empty(), "; ".join([found, *words]))


def check_other_lists(checks: Checks, others: pl.DataFrame) -> None:
    """Payees whom another list of the month pays as well; the lists are named."""
    n = int(others["rows"].sum() or 0)
    named = ", ".join(f"{file} ({number(rows)})" for file, rows in others.rows()[:5])
    found = f"{number(n)} baris daftar lain bulan ini membayar penerima yang sama: {named}" if n else "tidak ada"
    checks.add("other_lists", not n, found)


def check_sources(checks: Checks, kinds: frozenset[str]) -> None:
    """Which lists the run had to compare with: a list that is missing is no proof of anything."""
    for kind in COMPARED_KINDS:
        checks.add(kind, True if kind in kinds else None, "ada" if kind in kinds else "daftarnya tidak ada bulan ini")


def check_written_total(checks: Checks, written: tuple[int, ...], counted: int) -> None:
    """The list's own total rows: one of them, or all of them together, must be what was counted."""
    if not written:
        checks.add("written_total", None, "daftar tidak memuat baris total")
        return
    fits = counted in written or sum(written) == counted
    checks.add(
        "written_total", fits, f"total pada daftar {', '.join(map(number, written[-3:]))}, dihitung {number(counted)}"
    )


def number(value: int) -> str:
    """A whole number as Indonesians write it: ``1.250.000``."""
    return f"{value:,}".replace(",", ".")
