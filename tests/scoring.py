"""How right a published run is, against a truth folder of :func:`pipeline.demo.make_district`.

As a program: ``python -m tests.scoring OUT TRUTH [--examples N]``, where TRUTH is ``…/truth/<period>``. As a function:
:func:`score`. Truth and run are compared by rows (file, sheet, row number) and, for persons, households and findings,
by translating the run's ids into the truth's: an id stands for the person that most of its rows are about.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

ROW = ["source_file", "sheet", "row_number"]
_ONE_FOR_ALL = ("card_misuse", "service_gap", "program_overlap")
"""Finding types that are not told apart by program."""


@dataclass(frozen=True)
class Rates:
    """Hits, false alarms and misses."""

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of what was said that is right; 1 where nothing was said."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else 1.0

    @property
    def recall(self) -> float:
        """Share of what is so that was said; 1 where nothing is so."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return (
            2 * self.hits / (2 * self.hits + self.false + self.missed) if self.hits + self.false + self.missed else 1.0
        )

    def __str__(self) -> str:
        return (
            f"P {self.precision:.4f}  R {self.recall:.4f}  F1 {self.f1:.4f}"
            f"   {self.hits} hits, {self.false} false, {self.missed} missed"
        )


@dataclass(frozen=True)
class Score:
    """How right one month is."""

    rows_conserved: float
    """Share of the sheets whose rows, as the run counts them, are as many as there are."""
    mentions: Rates
    quarantine: Rates
    persons: Rates
    """Pairs of rows about one person."""
    households: Rates
    findings: Rates
    by_type: dict[str, Rates]
    measures_error: float
    """Mean absolute error of the measures that the truth has, 1 for one that is absent."""
    gate: float | None
    """Share of pay lines decided as the truth accepts; None where no list was gated."""
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{'rows conserved':28s} {self.rows_conserved:.4f}"]
        named = {"mentions": self.mentions, "quarantine": self.quarantine, "person pairs": self.persons,
                 "household pairs": self.households, "findings": self.findings}  # fmt: skip
        lines += [f"{name:28s} {rates}" for name, rates in named.items()]
        lines += [f"  {name:26s} {rates}" for name, rates in sorted(self.by_type.items())]
        lines.append(f"{'measures, mean abs. error':28s} {self.measures_error:.4f}")
        if self.gate is not None:
            lines.append(f"{'gate decisions right':28s} {self.gate:.4f}")
        return "\n".join([*lines, *self.examples])


class _Run:
    """Tables of the newest published run of a period."""

    def __init__(self, out: Path, period: str) -> None:
        self._connection = duckdb.connect()
        path = str(out / "tepat.duckdb" if out.is_dir() else out).replace("'", "''")
        self._connection.execute(f"attach '{path}' as scored (read_only)")
        found = self._connection.execute(
            "select run_id from scored.audit.runs where period = ? and status = 'published' order by finished_at desc",
            [period],
        ).fetchone()
        if found is None:
            raise LookupError(f"no published run of {period}")
        self._run = str(found[0])

    def table(self, name: str, columns: str) -> pl.DataFrame:
        """Columns of a table of the run; without rows where there is no such table."""
        names = [c.strip() for c in columns.split(",")]
        present = self._connection.execute(
            "select 1 from information_schema.tables where table_catalog = 'scored' and table_schema = 'audit'"
            " and table_name = ?", [name],
        ).fetchone()  # fmt: skip
        if present is None:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        keyed = name != "gate_results"
        where = "where run_id = ?" if keyed else ""
        query = f"select {columns} from scored.audit.{name} {where}"
        return self._connection.execute(query, [self._run] if keyed else []).pl()


class _Truth:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def table(self, name: str) -> pl.DataFrame:
        """A table of the truth, empty cells as empty text."""
        frame = pl.read_csv(self._folder / f"{name}.csv", infer_schema_length=0).fill_null("")
        numbers = [c for c in ("row_number", "layout_rows", "rows_nonempty", "optional") if c in frame.columns]
        return frame.with_columns(pl.col(numbers).cast(pl.Int64))


def score(out: Path, truth_folder: Path, *, examples: int = 0) -> Score:
    """Compare the newest published run of a period with its truth.

    Args:
        out: folder with ``tepat.duckdb``, or the database itself.
        truth_folder: named as the period.
        examples: so many missed and false findings of each type are listed.
    """
    run, truth = _Run(out, truth_folder.name), _Truth(truth_folder)
    mentions = run.table("mentions", "source_file, sheet, row_number, person_id, household_id")
    quarantine = run.table("quarantine", "source_file, sheet, row_number")
    told = truth.table("mentions")
    both = told.join(mentions, on=ROW, how="inner")
    persons = _translate(both, "person_id", "true_person_id")
    households = _translate(both.filter(pl.col("true_household_id") != ""), "household_id", "true_household_id")
    found, by_type, listed = _findings(run, truth.table("findings"), persons, households, told, examples)
    with_household = told.join(mentions, on=ROW, how="left").filter(pl.col("true_household_id") != "")
    return Score(
        rows_conserved=_conserved(run, truth),
        mentions=_same_rows(told, mentions),
        quarantine=_same_rows(truth.table("expected_quarantine"), quarantine),
        persons=_pairs(told.join(mentions, on=ROW, how="left"), "true_person_id", "person_id"),
        households=_pairs(with_household, "true_household_id", "household_id"),
        findings=found,
        by_type=by_type,
        measures_error=_measures(run, truth.table("measures")),
        gate=_gate(run, truth.table("gate")),
        examples=listed,
    )


def _same_rows(told: pl.DataFrame, got: pl.DataFrame) -> Rates:
    hits = told.join(got, on=ROW, how="semi").height
    return Rates(hits, got.height - hits, told.height - hits)


def _conserved(run: _Run, truth: _Truth) -> float:
    sheets = run.table("source_files", "source_file, sheet, rows_total, rows_accepted, rows_quarantined, rows_layout")
    parts = pl.sum_horizontal("rows_accepted", "rows_quarantined", "rows_layout")
    counted = truth.table("rows").join(sheets, on=["source_file", "sheet"], how="left")
    right = (pl.col("rows_total") == pl.col("rows_nonempty")) & (parts == pl.col("rows_nonempty"))
    return float(counted.select(right.fill_null(False).mean()).item() or 0.0)


def _pairs(rows: pl.DataFrame, true: str, found: str) -> Rates:
    """Pairs of rows that belong together, and pairs that the run puts together."""

    def count(by: list[str]) -> int:
        n = rows.filter(pl.all_horizontal(pl.col(by).is_not_null())).group_by(by).len()["len"].cast(pl.Int64)
        return int((n * (n - 1) // 2).sum())

    hits = count([true, found])
    return Rates(hits, count([found]) - hits, count([true]) - hits)


def _translate(rows: pl.DataFrame, found: str, true: str) -> dict[str, str]:
    """Id of the run → id of the truth that most of its rows have."""
    votes = rows.filter(pl.col(found).is_not_null()).group_by(found, true).len()
    best = votes.sort(found, "len", true, descending=[False, True, False]).unique(found, keep="first")
    return dict(best.select(found, true).iter_rows())


Key = tuple[str, str, str, str]


def _findings(
    run: _Run, told: pl.DataFrame, persons: dict[str, str], households: dict[str, str], mentions: pl.DataFrame,
    examples: int,
) -> tuple[Rates, dict[str, Rates], list[str]]:  # fmt: skip
    """Findings by type, reason, program and subject; optional ones count neither way."""
    wanted: set[Key] = set()
    optional: set[Key] = set()
    names: dict[tuple[str, str], str] = {}
    columns = ["finding_type", "reason", "program", "true_subject_id", "optional", "aliases"]
    for kind, reason, program, subject, free, aliases in told.select(columns).iter_rows():
        (optional if free else wanted).add(_key(kind, reason, program, subject))
        names.update({(reason, _plain(name)): subject for name in [subject, *aliases.split("|")] if name})
    family = dict(mentions.select("true_person_id", "true_household_id").iter_rows())
    got = set()
    for kind, reasons, program, level, subject in run.table(
        "findings", "finding_type, reason, program, subject_kind, subject_id"
    ).iter_rows():
        for reason in str(reasons).split(","):
            true = _subject(kind, reason, level, subject, persons, households, names)
            key = _key(kind, reason, program or "", true)
            by_household = _key(kind, reason, program or "", family.get(true, ""))
            got.add(by_household if key not in wanted and by_household in wanted else key)
    got -= optional - wanted
    kinds = sorted({key[0] for key in got | wanted})
    by_type = {kind: _rates({k for k in got if k[0] == kind}, {k for k in wanted if k[0] == kind}) for kind in kinds}
    listed = [
        f"{word} {kind}: {'/'.join(key[1:])}"
        for kind in kinds
        for word, keys in (("missed", wanted - got), ("false", got - wanted))
        for key in sorted(k for k in keys if k[0] == kind)[:examples]
    ]
    return _rates(got, wanted), by_type, listed


def _key(kind: str, reason: str, program: str, subject: str) -> Key:
    return kind, reason, "" if kind in _ONE_FOR_ALL else program, subject


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def _subject(
    kind: str, reason: str, level: str, subject: str, persons: dict[str, str], households: dict[str, str],
    names: dict[tuple[str, str], str],
) -> str:  # fmt: skip
    """The truth's id of a subject; ``?`` and the run's id where it stands for nobody."""
    if level == "household":
        return households.get(subject, f"?{subject}")
    if kind == "card_misuse" and level != "companion":
        return names.get((reason, _plain(subject)), f"?{subject}")
    return persons.get(subject) or names.get((reason, _plain(subject)), f"?{subject}")


def _rates(got: set[Key], wanted: set[Key]) -> Rates:
    return Rates(len(got & wanted), len(got - wanted), len(wanted - got))


def _measures(run: _Run, told: pl.DataFrame) -> float:
    """Areas with fewer than twenty units say little and are left out."""
    key = ["measure", "program", "area_level", "area_code"]
    got = run.table("measures", "measure, program, area_level, area_code, breakdown, value").filter(
        pl.col("breakdown") == "all"
    )
    told = told.filter(pl.col("denominator").cast(pl.Float64) >= 20).with_columns(pl.col("value").cast(pl.Float64))
    both = told.join(got, on=key, how="left", suffix="_got")
    error = (pl.col("value") - pl.col("value_got").cast(pl.Float64)).abs().fill_null(1.0)
    return float(both.select(error.mean()).item() or 0.0)


def _gate(run: _Run, told: pl.DataFrame) -> float | None:
    """Lines of one person are decided together: which of them is paid does not matter."""
    got = run.table("gate_results", "source_file, sheet, row_number, decision, decided_at")
    if got.is_empty():
        return None
    newest = got.sort("decided_at", descending=True).unique(ROW, keep="first", maintain_order=True)
    both = told.join(newest.rename({"decision": "got"}), on=ROW, how="left").with_columns(pl.col("got").fill_null(""))
    alone = both.filter(pl.col("dup_group") == "").select(
        pl.col("accept").str.split("|").list.contains(pl.col("got")).alias("right")
    )
    together = (
        both.filter(pl.col("dup_group") != "")
        .group_by("source_file", "dup_group")
        .agg(pl.col("decision").sort(), pl.col("got").sort())
        .select((pl.col("decision") == pl.col("got")).alias("right"))
    )
    return float(pl.concat([alone, together])["right"].mean() or 0.0)  # type: ignore[arg-type]


def main() -> None:
    """Print the score of a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--examples", type=int, default=0)
    given = parser.parse_args()
    sys.stdout.write(f"{score(given.out, given.truth, examples=given.examples)}\n")


if __name__ == "__main__":
    main()
