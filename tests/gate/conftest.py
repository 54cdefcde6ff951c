"""One published month of the village, made once; each test gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipeline.gate import Screened, screen
from pipeline.gate.totals import Declared
from tests.gate.village import FAMILIES, NOW, OCTOBER, Line, Village, pay_list, publish_month
from tests.scenarios import MadeOnce


@pytest.fixture(scope="session")
def one_month(made_once: MadeOnce, rules: Path) -> Path:
    """A folder with the published month; not to be changed."""

    def make(folder: Path) -> None:
        Village(folder / "raw").write()
        publish_month(folder / "raw", folder / "out", rules)

    return made_once("village", make) / "out"


@pytest.fixture
def out(one_month: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed at will."""
    copy = tmp_path / "out"
    shutil.copytree(one_month, copy)
    return copy


CASES: dict[str, tuple[Line, str, str]] = {
    "eligible": (Line("eligible"), "pay", ""),
    "recipient dead": (Line("dead"), "reject", "deceased"),
    "recipient moved": (Line("moved"), "reject", "moved_out"),
    "a member is a civil servant": (Line("civil_servant"), "reject", "ineligible"),
    "a member is a companion": (Line("companion"), "reject", "ineligible"),
    "desil unknown": (Line("unknown"), "hold", "unknown_eligibility"),
    "in no registry": (Line("stranger"), "hold", "not_in_registry"),
    "account of somebody else": (Line("spare0", account=FAMILIES["other"].account), "hold", "account_of_other"),
    "impossible number": (Line("spare2", nik="7501199903750001"), "hold", "invalid_nik"),
    "masked number": (Line("spare3", nik="750119******0023"), "pay", "masked_nik"),
    "number as Excel shows it": (Line("spare4", nik="7,50119E+15"), "pay", "lossy_nik"),
    "no number": (Line("spare5", nik=""), "pay", "missing_nik"),
    "account as Excel shows it": (Line("spare6", account="3,34015E+15"), "pay", "account_lost"),
    "widow, not on the recipients list": (Line("widow", member=1), "pay", "not_on_recipients_list"),
    "amount with Rp": (Line("spare7", amount="Rp 600.000,00"), "pay", ""),
    "amount in English": (Line("spare8", amount="600,000"), "pay", ""),
    "negative amount": (Line("spare9", amount="-600000"), "hold", "unusable_line"),
    "amount zero": (Line("spare10", amount="0"), "hold", "unusable_line"),
    "no amount": (Line("spare11", amount=""), "hold", "unusable_line"),
}
"""A line, its decision, and its reasons."""

_UNKNOWN = {"name": "LAUWO PIPII", "nik": "7371011203800009"}
GROUPS: dict[str, list[Line]] = {
    "one person three times": [Line("twice", nik="7501199918820010"), Line("twice", amount="500000"), Line("twice")],
    "husband and wife": [Line("second", member=1), Line("second")],
    "nobody knows him, twice": [Line("stranger", **_UNKNOWN), Line("stranger", **_UNKNOWN)],
    "misspelt": [Line("misspelt", name="MUH RIFAY PAKAYA", nik=FAMILIES["misspelt"].recipient.nik[:15] + "3")],
    "number under another name": [Line("spare12", name="ZAINUDDIN KOBIS")],
}
"""Lines that say something only together, or need more than one reason; in the list behind ``CASES``."""


@dataclass(frozen=True)
class Seen:
    """A screening and what the database holds of it."""

    out: Path
    screened: Screened
    rows: pl.DataFrame

    def case(self, name: str) -> dict[str, Any]:
        """The row of one of ``CASES``."""
        return self.rows.row(list(CASES).index(name), named=True)

    def group(self, name: str) -> pl.DataFrame:
        """The rows of one of ``GROUPS``."""
        names = list(GROUPS)
        start = len(CASES) + sum(len(GROUPS[n]) for n in names[: names.index(name)])
        return self.rows.slice(start, len(GROUPS[name]))


@pytest.fixture(scope="session")
def seen(one_month: Path, rules: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The lines of all ``CASES`` and ``GROUPS`` screened once, in one list."""
    folder = tmp_path_factory.mktemp("cases")
    shutil.copytree(one_month, folder / "out")
    lines = [line for line, _, _ in CASES.values()] + [line for group in GROUPS.values() for line in group]
    path = pay_list(folder / "Daftar_Bayar_PKH_Oktober_2026.csv", lines)
    screened = screen(path, OCTOBER, folder / "out", rules, person="Operator", now=NOW, say=lambda _: None)
    return Seen(folder / "out", screened, results(folder / "out", screened.gate_id))


Gate = Callable[..., Screened]


@pytest.fixture
def gate(out: Path, rules: Path, tmp_path: Path) -> Gate:
    """Screens lines, or a file, for October 2026."""

    def run(
        lines: Iterable[Line] | Path, *, name: str = "Daftar_Bayar_PKH_Oktober_2026.csv", rows: int | None = None,
        amount: int | None = None, person: str = "Operator", now: datetime = NOW, **options: Any,
    ) -> Screened:  # fmt: skip
        path = lines if isinstance(lines, Path) else pay_list(tmp_path / name, lines)
        period = options.pop("period", OCTOBER)
        return screen(
            path,
            period,
            out,
            rules,
            declared=Declared(rows, amount),
            person=person,
            now=now,
            say=lambda _: None,
            **options,
        )

    return run


def results(out: Path, gate_id: str) -> pl.DataFrame:
    """What the database holds of a screening, by row."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{out / 'tepat.duckdb'}' as tepat (read_only)")
        return connection.execute(
            "select * from tepat.audit.gate_results where gate_id = ? order by sheet, row_number", [gate_id]
        ).pl()


def table(out: Path, name: str) -> pl.DataFrame:
    """A table of the database."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{out / 'tepat.duckdb'}' as tepat (read_only)")
        return connection.execute(f"select * from tepat.audit.{name}").pl()


def decisions(out: Path, screened: Screened) -> list[tuple[str, str]]:
    """Decision and reasons of each line, in order."""
    return results(out, screened.gate_id).select("decision", "reasons").rows()
