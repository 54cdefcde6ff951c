"""What is known of pairs of rows: judgements in the database, a file of judged pairs, or labels of who is who.

Belongs here: reading them. Not here: what follows from them (:mod:`.estimates`, :mod:`.train`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.errors import InputError, Problem
from pipeline.history import judgements
from pipeline.identity.population import Population
from pipeline.resolve.digits import Rows
from pipeline.resolve.judgements import read_judgements

Flags = npt.NDArray[np.bool_]

PAIR_COLUMNS: Final = ("mention_id_a", "mention_id_b", "judgement")
PLACE: Final = ("source_file", "sheet", "row_number")
WORDS: Final = ("same", "different", "unsure")


@dataclass(frozen=True)
class Judgements:
    """Pairs that people have judged.

    Attributes:
        pairs: positions ``a`` < ``b`` of the rows, ``same``, and the ``stratum`` they are in (-1: in none).
        unsure: pairs about which they could not say.
        unknown: pairs with a row that the month does not have.
    """

    pairs: pl.DataFrame
    unsure: int
    unknown: int


def judged_in_database(population: Population) -> Judgements:
    """Judgements in force in the month of the run, by fingerprint.

    What was judged before the run has been obeyed by it, and would look right for that reason alone: such a pair counts
    where its own probability would have put it.
    """
    run = population.run
    words = judgements(run.database.parent, run.period).filter(pl.col("level").fill_null("person") == "person")
    started = run.table("runs", ["started_at"])["started_at"][0]
    parts = []
    for obeyed, said in ((True, words.filter(pl.col("at") < started)), (False, words.filter(pl.col("at") >= started))):
        found = read_judgements(said, population.rows["fingerprint"], run.period)
        a = np.concatenate([found.same_a, found.different_a])
        b = np.concatenate([found.same_b, found.different_b])
        same = np.repeat([True, False], [len(found.same_a), len(found.different_a)])
        parts.append(_placed(population, a, b, same, by_score=obeyed))
    pairs = pl.concat(parts).unique(["a", "b"], keep="last", maintain_order=True).sort("a", "b")
    return Judgements(pairs, int((words["judgement"] == "unsure").sum()), 0)


def judged_in_file(population: Population, path: Path) -> Judgements:
    """Judged pairs from a CSV with ``mention_id_a``, ``mention_id_b`` and ``judgement``.

    Raises:
        InputError: the file, its columns or a word in it cannot be used, or none of its rows is of this month.
    """
    frame = _csv(path, PAIR_COLUMNS).select(PAIR_COLUMNS).with_columns(pl.col("judgement").str.to_lowercase())
    odd = frame.with_row_index("line", 2).filter(~pl.col("judgement").is_in(WORDS))
    if odd.height:
        line, word = odd.row(0)[0], odd.row(0)[3]
        raise InputError(Problem(f"{path}:{line}", f"a judgement {word!r}", ", ".join(WORDS)))
    at = population.rows.select("mention_id", pl.int_range(pl.len()).cast(pl.Int64).alias("at"))
    for side in ("a", "b"):
        frame = frame.join(
            at.rename({"mention_id": f"mention_id_{side}", "at": side}), on=f"mention_id_{side}", how="left"
        )
    known = frame.filter(pl.col("a").is_not_null() & pl.col("b").is_not_null() & (pl.col("a") != pl.col("b")))
    if not known.height and frame.height:
        raise InputError(
            Problem(str(path), "none of its mention ids is a row of this month",
                    f"ids of {population.run.period}", "`tepat identity evaluate --next 50` names some to judge")
        )  # fmt: skip
    said = known.filter(pl.col("judgement") != "unsure")
    a, b = said["a"].to_numpy(), said["b"].to_numpy()
    same = (said["judgement"] == "same").to_numpy()
    return Judgements(_placed(population, a, b, same), known.height - said.height, frame.height - known.height)


def labels_in_file(population: Population, path: Path, column: str) -> pl.Series:
    """Who each row is, from a CSV of rows (``mention_id``, or ``source_file``, ``sheet``, ``row_number``) with a column
    of labels; null where the file does not say.

    Raises:
        InputError: the file or its columns cannot be used, or none of its rows is of this month.
    """
    frame = _csv(path, (column,))
    if "mention_id" in frame.columns:
        key, rows = ["mention_id"], population.rows.select("mention_id")
    else:
        frame = _csv(path, (column, "source_file", "row_number"))
        key = list(PLACE)
        rows = population.run.table("mentions", ["mention_id", *PLACE]).sort("mention_id")
        rows = rows.with_columns(pl.col("sheet").fill_null(""), pl.col("row_number").cast(pl.String))
        sheet = pl.col("sheet") if "sheet" in frame.columns else pl.lit("")
        frame = frame.with_columns(sheet.fill_null("").alias("sheet"))
    labels = frame.select(*key, pl.col(column).replace("", None).alias("label")).unique(key, keep="first")
    found = rows.join(labels, on=key, how="left", maintain_order="left")["label"]
    if found.null_count() == len(found):
        raise InputError(
            Problem(str(path), "says nothing of any row of this month",
                    f"rows of {population.run.period}, by {' + '.join(key)}")
        )  # fmt: skip
    return found


def _csv(path: Path, wanted: tuple[str, ...]) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema_length=0, encoding="utf8")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(
            Problem(str(path), f"cannot be read: {type(error).__name__}", "a CSV file in UTF-8")
        ) from error
    missing = [c for c in wanted if c not in frame.columns]
    if missing:
        raise InputError(
            Problem(str(path), f"there is no column {', '.join(missing)}; it has {', '.join(frame.columns)}",
                    f"a CSV with the columns {', '.join(wanted)}")
        )  # fmt: skip
    return frame


def _placed(population: Population, a: Rows, b: Rows, same: Flags, *, by_score: bool = False) -> pl.DataFrame:
    low, high = np.minimum(a, b), np.maximum(a, b)
    frame = pl.DataFrame({"a": low, "b": high, "same": same}, schema={"a": pl.Int64, "b": pl.Int64, "same": pl.Boolean})
    frame = frame.unique(["a", "b"], keep="first", maintain_order=True).sort("a", "b")
    stratum = population.stratum_of(frame["a"].to_numpy(), frame["b"].to_numpy(), by_score=by_score)
    return frame.with_columns(pl.Series("stratum", stratum, dtype=pl.Int64))
