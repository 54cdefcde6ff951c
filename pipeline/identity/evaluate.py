"""``tepat identity evaluate``: how right the links of a month are.

Belongs here: the order of steps, what is said of the result, its files. Not here: how anything is estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import published_run
from pipeline.identity import calibration
from pipeline.identity.estimates import Shares, counted, estimate, shares_of
from pipeline.identity.further import next_pairs
from pipeline.identity.known import Judgements, judged_in_database, judged_in_file, labels_in_file
from pipeline.identity.population import Population, population
from pipeline.look.numbers import Language
from pipeline.period import Period
from pipeline.whole import write_whole

FOLDER: Final = "identity"
Basis = Literal["judged", "truth", "model"]


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        judged: a file of judged pairs; the judgements in the database where it is None.
        truth: a file of rows, and the column that says who each is.
        by: band or kecamatan.
        further: so many pairs to judge next.
        seed: of everything that is drawn.
    """

    judged: Path | None = None
    truth: tuple[Path, str] | None = None
    by: str = "band"
    further: int = 50
    seed: int = 1

    def __post_init__(self) -> None:
        if self.by not in ("band", "kecamatan"):
            raise InputError(Problem("--by", f"there is no breakdown {self.by!r}", "band or kecamatan"))
        if self.judged is not None and self.truth is not None:
            raise InputError(Problem("--truth", "given together with --judged", "one of the two"))
        if self.further < 0:
            raise InputError(Problem("--next", f"{self.further} pairs", "0 or more"))


@dataclass(frozen=True)
class Evaluation:
    """What came of it; ``basis`` is model where nothing has been judged."""

    run_id: str
    period: str
    basis: Basis
    overall: dict[str, Any]
    bands: pl.DataFrame
    kecamatan: list[dict[str, Any]]
    error: float | None
    counts: dict[str, int]
    further: pl.DataFrame
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "run_id": self.run_id, "period": self.period, "basis": self.basis, "overall": self.overall,
            "bands": self.bands.to_dicts(), "kecamatan": self.kecamatan, "calibration_error": self.error,
            **self.counts, "next": self.further.to_dicts(), "notes": self.notes,
        }  # fmt: skip

    def write(self, out: Path, lang: Language) -> list[Path]:
        """``calibration.svg``, ``calibration.csv`` and ``judge_next.csv`` in ``<out>/<period>/identity``.

        They hold counts and ids of rows, nothing that says who anybody is.
        """
        folder = out / self.period / FOLDER
        written = [
            write_whole(folder / "calibration.svg", calibration.diagram(self.bands, lang).paper()),
            write_whole(folder / "calibration.csv", self.bands.with_columns(pl.col(pl.Float64).round(6)).write_csv()),
        ]
        if self.further.height:
            written.append(write_whole(folder / "judge_next.csv", self.further.write_csv()))
        return written


def evaluate(out: Path, period: Period, question: Question) -> Evaluation:
    """Estimate how right the newest published run of a period is.

    Args:
        out: folder with the database.
        period: the month.
        question: by what, and how shown.

    Raises:
        InputError: the month is not published, or a file cannot be used.
    """
    people = population(published_run(out, period))
    if question.truth is not None:
        return _by_labels(people, question, labels_in_file(people, *question.truth))
    known = judged_in_database(people) if question.judged is None else judged_in_file(people, question.judged)
    shares = shares_of(people, known.pairs)
    frame = calibration.bands(people, shares)
    return Evaluation(
        people.run.run_id,
        str(period),
        "judged" if shares.seen.any() else "model",
        estimate(people, shares),
        frame,
        _by_kecamatan(people, question, lambda code: estimate(people, shares, code), known.pairs),
        calibration.calibration_error(frame),
        {"judged": known.pairs.height, "unsure": known.unsure, "unknown_rows": known.unknown},
        next_pairs(people, shares, known.pairs, question.further, question.seed),
        _notes(people, shares, known),
    )


def _by_labels(people: Population, question: Question, labels: pl.Series) -> Evaluation:
    code = labels.rank("dense").fill_null(0).cast(pl.Int64)
    pairs = people.pairs.with_columns(
        code.gather(people.pairs["a"]).alias("x"), code.gather(people.pairs["b"]).alias("y")
    )
    pairs = pairs.filter((pl.col("x") > 0) & (pl.col("y") > 0)).with_columns(same=pl.col("x") == pl.col("y"))
    overall = counted(people, labels)
    shares = shares_of(people, pairs)
    frame = calibration.bands(people, shares)
    found = float(pairs.filter("same", ~pl.col("joined")).height)
    joined_right = overall["precision"] * overall["pairs_joined"]
    unseen = round(overall["pairs_true"] - joined_right - found)
    notes = [
        f"{unseen:,} pairs of one person were neither joined nor written down: no pass found them, or the model put"
        " them below the threshold for possible pairs",
    ]
    return Evaluation(
        people.run.run_id,
        str(people.run.period),
        "truth",
        overall | {"pairs_unseen": unseen},
        frame,
        _by_kecamatan(people, question, lambda code: counted(people, labels, code), pairs),
        calibration.calibration_error(frame),
        {"judged": pairs.height, "unsure": 0, "unknown_rows": labels.null_count()},
        pl.DataFrame(),
        notes,
    )


def _by_kecamatan(
    people: Population, question: Question, measure: Callable[[str], dict[str, Any]], pairs: pl.DataFrame
) -> list[dict[str, Any]]:
    if question.by != "kecamatan":
        return []
    lies = people.rows["kecamatan_code"]
    judged = dict(pairs.select(lies.gather(pairs["a"]).alias("code")).group_by("code").len().iter_rows())
    return [
        {"kecamatan_code": code, "judged": judged.get(code, 0), **measure(code)}
        for code in lies.drop_nulls().unique().sort()
    ]


def _notes(people: Population, shares: Shares, known: Judgements) -> list[str]:
    """What the numbers do not cover."""
    unseen = known.pairs.filter(pl.col("stratum") < 0)
    notes = [
        "recall is among pairs that the run compared and wrote down: true pairs that no pass found, or that the model"
        " put below the threshold for possible pairs, are not in it, so that it is an upper bound",
    ]
    if unseen.height:
        same = int(unseen["same"].sum())
        notes.append(
            f"{unseen.height:,} judged pairs are among those not written down; {same:,} of them are one person"
        )
    empty = people.strata.filter((pl.col("pairs") > 0) & ~pl.Series(shares.seen))
    if empty.height and shares.seen.any():
        names = ", ".join(
            f"{b} {'joined' if j else 'apart'} ({n:,} pairs)"
            for b, j, n in empty.select("band", "joined", "pairs").iter_rows()
        )
        notes.append(f"nothing judged yet, so that what the model expects counts as one judged pair: {names}")
    if known.unknown:
        notes.append(f"{known.unknown:,} pairs of the file have a row that this month does not have")
    if not shares.seen.any():
        notes.insert(
            0,
            "no pair of this month has been judged: the figures are what the model expects of itself, and prove"
            " nothing. Judge the pairs of judge_next.csv (`tepat review --pairs FILE`), or give a file with the columns"
            " mention_id_a, mention_id_b, judgement (same, different, unsure) by --judged",
        )
    return notes
