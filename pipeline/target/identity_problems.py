"""Recipients whose number or name on the list is not theirs.

Belongs here: finding them line by line, given who each line is about. Not here: deciding who a line is about
(:mod:`pipeline.resolve`).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from pipeline.target.findings import found

_JOINED_LETTERS: Final = 5
"""Letters without blanks that must begin alike,"""
_JOINED_LIKENESS: Final = 90.0
"""and how much alike: anything less may be chance."""
_SLIP_LETTERS: Final = 3
"""Letters of a word from which on one slip leaves it the same word: STI is SRI."""
_CHILD_OF: Final = re.compile(r"\s(BIN|BINTI|BTE|BT|BTI)\s.*")


def identity_problems(
    rows: pl.LazyFrame, persons: pl.DataFrame, lines: pl.DataFrame, *, mismatch_below: float
) -> pl.DataFrame:
    """All problems of identity on the benefit lines: ``reason``, ``mention_id`` with what the line says, ``because``
    (the mention of the number's owner, or of the person's name, if any).

    Args:
        rows: mentions with ``person_id``.
        persons: the golden records.
        lines: benefit lines, see :func:`pipeline.target.benefits.benefit_lines`.
        mismatch_below: similarity (0-100) below which two names are wholly different.
    """
    problems = [
        invalid_numbers(lines),
        shared_numbers(rows, persons, lines),
        shared_heads(rows, persons, lines),
        strange_names(rows, lines, mismatch_below),
    ]
    return pl.concat(problems).join(lines, on="mention_id").sort("reason", "mention_id")


def identity_findings(problems: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """One finding a program, person and reason.

    Args:
        problems: see :func:`identity_problems`.
        places: ``program``, ``subject_id``, ``kecamatan_code``, ``desa_code`` of the units.
    """
    per_person = (
        problems.join(places, on=["program", "subject_id"], how="left")
        .group_by("reason", "program", "person_id", maintain_order=True)
        .agg(pl.col("amount").sum(), pl.col("identity").min(), pl.col("kecamatan_code", "desa_code").first())
    )
    return found(
        per_person, "identity_problem", pl.col("reason"), subject_kind="person", subject_id=pl.col("person_id")
    )


def invalid_numbers(lines: pl.DataFrame) -> pl.DataFrame:
    """Numbers that no NIK can be. Lossy and masked numbers are readable in part and not reported."""
    invalid = lines.filter(pl.col("nik_status") == "invalid")
    return invalid.select(
        pl.lit("invalid_nik").alias("reason"),
        "mention_id",
        pl.lit(None, invalid.schema["mention_id"]).alias("because"),
    )


def shared_numbers(rows: pl.LazyFrame, persons: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines that carry a number which somebody else is seen with, by at least as good a claim.

    The claim of a person to a number: the date in the number is the person's own date of birth; then rows in the
    registry; then rows of any list.
    """
    seen = rows.filter(pl.col("nik").is_not_null())
    first, last = pl.col("person_id").min(), pl.col("person_id").max()
    several = seen.group_by("nik").agg(first=first, last=last).filter(pl.col("first") != pl.col("last"))
    written = persons.lazy().filter(pl.col("birth_date_from") == "written")
    claims = (
        seen.join(several, on="nik", how="semi")
        .group_by("nik", "person_id")
        .agg(
            (pl.col("kind") == "registry").sum().alias("n_registry"),
            pl.len().alias("n"),
            pl.col("mention_id").sort_by(pl.col("kind") != "registry", "mention_id").first(),
        )
        .join(written.select("person_id", "birth_date", "sex"), on="person_id", how="left")
        .with_columns(claim=pl.struct(_date_fits(), pl.col("n_registry"), pl.col("n")).rank("dense").over("nik"))
        .collect()
    )
    best = claims.filter(pl.col("claim") == pl.col("claim").max().over("nik"))
    owners = best.select("nik", owner="person_id", because="mention_id", n_best=pl.len().over("nik"))
    return (
        lines.select("mention_id", "nik", "person_id")
        .join(owners, on="nik")
        .filter(pl.col("owner") != pl.col("person_id"))
        .sort("mention_id", "owner")
        .unique("mention_id", keep="first", maintain_order=True)
        .select(pl.lit("nik_shared").alias("reason"), "mention_id", "because")
    )


def shared_heads(rows: pl.LazyFrame, persons: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Lines whose number has lost its last digit, and whose other digits are somebody else's and not the person's.

    Born on the day in the number is somebody who is seen with it, and the line's person on another.
    """
    born = persons.lazy().filter(pl.col("birth_date_from") == "written").select("person_id", "birth_date", "sex")
    lossy = lines.lazy().filter(pl.col("nik").is_null(), pl.col("nik_head").is_not_null())
    lossy = lossy.select("mention_id", "person_id", "nik_head")
    others = lossy.join(born, on="person_id").filter(~_date_fits("nik_head"))
    owners = (
        rows.filter(pl.col("nik_head").is_not_null())
        .select("person_id", "nik_head", because="mention_id")
        .join(others, on="nik_head", how="semi")
        .join(born, on="person_id")
        .filter(_date_fits("nik_head"))
        .select("nik_head", "because")
    )
    return (
        others.join(owners, on="nik_head")
        .sort("mention_id", "because")
        .unique("mention_id", keep="first", maintain_order=True)
        .select(pl.lit("nik_shared").alias("reason"), "mention_id", "because")
        .collect()
    )


def _date_fits(number: str = "nik") -> pl.Expr:
    """Whether digits 7-12 of the number are the date of birth (day + 40 for women)."""
    day = pl.col("birth_date").dt.day() + pl.when(pl.col("sex") == "P").then(40).otherwise(0)
    two = [e.cast(pl.String).str.zfill(2) for e in (day, pl.col("birth_date").dt.month())]
    year = pl.col("birth_date").dt.strftime("%y")
    return (
        (pl.col(number).cast(pl.String).str.slice(6, 6) == pl.concat_str(*two, year))
        .fill_null(False)
        .alias("date_fits")
    )


def strange_names(rows: pl.LazyFrame, lines: pl.DataFrame, mismatch_below: float) -> pl.DataFrame:
    """Lines with the person's own number, be it all digits but the last, and a name wholly unlike the person's name.

    The person's name is that in the registry, or where it is in none, any on other lists; pay lists are copied from
    recipients lists and prove nothing. Only lines that share no whole word with it are compared letter by letter,
    each pair of names once.
    """
    numbered = lines.lazy().filter(pl.col("nik_head").is_not_null(), pl.col("name").is_not_null())
    numbered = numbered.select("person_id", "mention_id", "name", "nik", "nik_head")
    named = rows.filter(pl.col("name").is_not_null(), pl.col("kind") != "payments").select(
        "person_id",
        other_id="mention_id",
        other="name",
        other_nik="nik",
        other_head="nik_head",
        registered=pl.col("kind") == "registry",
    )
    registered = named.filter("registered")
    known = pl.concat([registered, named.join(registered, on="person_id", how="anti")])
    pairs_of_lines = numbered.join(known, on="person_id").filter(pl.col("other_id") != pl.col("mention_id"))
    fits = pairs_of_lines.filter(pl.col("name") == pl.col("other")).select("mention_id")
    lost = pl.col("nik").is_null() | pl.col("other_nik").is_null()
    same = (pl.col("nik_head") == pl.col("other_head")) & (lost | (pl.col("nik") == pl.col("other_nik")))
    common = pl.col("name").str.split(" ").list.set_intersection(pl.col("other").str.split(" "))
    others = (
        pairs_of_lines.join(fits, on="mention_id", how="anti")
        .with_columns(common=common.list.len() > 0, same_number=same)
        .filter(
            ~pl.col("common").any().over("mention_id"),
            pl.col("same_number").fill_null(False).any().over("mention_id"),
        )
        .select("mention_id", "name", "other", "other_id")
        .collect()
    )
    pairs = others.select("name", "other").unique(maintain_order=True)
    scored = pairs.with_columns(likeness=pl.Series(_likeness(pairs), dtype=pl.Float64))
    unlike = others.join(scored, on=["name", "other"]).filter(
        pl.col("likeness").max().over("mention_id") < mismatch_below
    )
    return (
        unlike.sort("mention_id", "other_id")
        .unique("mention_id", keep="first", maintain_order=True)
        .select(pl.lit("name_mismatch").alias("reason"), "mention_id", pl.col("other_id").alias("because"))
    )


def _likeness(pairs: pl.DataFrame) -> np.ndarray:
    """Likeness of two names, 0-100: of the whole, of sorted words, or of the words of the shorter name, the highest."""
    names, others = pairs["name"].to_list(), pairs["other"].to_list()
    scores = [process.cpdist(names, others, scorer=s) for s in (fuzz.ratio, fuzz.token_sort_ratio)]
    scores.append(np.array([_contained(a, b) for a, b in zip(names, others, strict=True)]))
    return np.maximum.reduce(scores) if names else np.zeros(0)


def _contained(name: str, other: str) -> float:
    """How well the worst word of the shorter name is found in the longer one: YOESUF in YUSUP HIPI, A in ABDUL.

    Blanks may have been lost: SULASTRID is the beginning of SULASTRI DUKALANG.
    Whose child somebody is says nothing of the name: what stands after BIN or BINTI is left out.
    """
    first, second = (_CHILD_OF.sub("", text).split() for text in (name, other))
    few, many = sorted((first, second), key=len)
    if not few:
        return 0.0
    apart = min(max(_word(a, b) for b in many) for a in few)
    short, long = sorted(("".join(first), "".join(second)), key=len)
    joined = fuzz.ratio(short, long[: len(short)], score_cutoff=_JOINED_LIKENESS)
    return max(apart, joined if len(short) >= _JOINED_LETTERS else 0.0)


def _word(a: str, b: str) -> float:
    """Likeness of two words; an initial is any word that begins with it, a word but for one slip is that word."""
    short, long = sorted((a, b), key=len)
    same = long.startswith(short) if len(short) == 1 else len(short) >= _SLIP_LETTERS and OSA.distance(a, b) <= 1
    return 100.0 if same else fuzz.ratio(a, b)
