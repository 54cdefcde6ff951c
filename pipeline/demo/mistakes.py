"""The ways in which a number, a name or a date is miswritten: one small operator each.

Belongs here: operators that need the row itself only. How often each befalls a list, and errors that need other
rows, are elsewhere (:mod:`pipeline.demo.noise`, :mod:`pipeline.demo.dirty`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from pipeline.demo import names
from pipeline.demo.dice import Dice, Ints, Keys


@dataclass(frozen=True)
class Victims:
    """Rows that an error befalls: the column to miswrite, a key a row, and chance."""

    rows: pl.DataFrame
    column: str
    key: Keys
    dice: Dice

    @property
    def written(self) -> pl.Series:
        """The column as it stands."""
        return self.rows[self.column]


Operator: TypeAlias = Callable[[Victims], pl.Series]
"""Rows concerned → their column as written."""


# ----------------------------------------------------------------------- operators on numbers


def _cut(v: Victims, at: Ints) -> pl.DataFrame:
    """Text split around position ``at``: left, mark, right."""
    text = pl.col("text")
    return pl.DataFrame({"text": v.written, "at": at}).with_columns(
        left=text.str.slice(0, pl.col("at")), mark=text.str.slice("at", 1), right=text.str.slice(pl.col("at") + 1)
    )


def _joined(parts: pl.DataFrame, *columns: str | pl.Expr) -> pl.Series:
    return parts.select(pl.concat_str(*columns, separator="").alias("out")).to_series()


def _wrong_digit(v: Victims) -> pl.Series:
    parts = _cut(v, v.dice.below(v.key, "digit", 16))
    step = pl.Series(v.dice.between(v.key, "wrong by", 1, 9))
    return _joined(parts, "left", ((pl.col("mark").cast(pl.Int64) + step) % 10).cast(pl.String), "right")


def _swapped_digits(v: Victims) -> pl.Series:
    parts = _cut(v, v.dice.below(v.key, "digit", 15))
    return _joined(parts, "left", pl.col("right").str.slice(0, 1), "mark", pl.col("right").str.slice(1))


def _missing_digit(v: Victims) -> pl.Series:
    return _joined(_cut(v, v.dice.below(v.key, "digit", 16)), "left", "right")


def _extra_digit(v: Victims) -> pl.Series:
    return _joined(_cut(v, v.dice.below(v.key, "digit", 16)), "left", "mark", "mark", "right")


def _number_cell(v: Victims) -> pl.Series:
    """A spreadsheet keeps fifteen digits of a number; how that looks in the file is the layout's affair."""
    return v.written.str.slice(0, 15) + "0"


def _apostrophe(v: Victims) -> pl.Series:
    return "'" + v.written


def _spaces(v: Victims) -> pl.Series:
    text = pl.col(v.column)
    parts = [text.str.slice(0, 6), pl.lit(" "), text.str.slice(6, 6), pl.lit(" "), text.str.slice(12)]
    return v.rows.select(pl.concat_str(parts).alias("out")).to_series()


def _dots(v: Victims) -> pl.Series:
    text = pl.col(v.column)
    parts = [text.str.slice(0, 6), pl.lit("."), text.str.slice(6, 6), pl.lit("."), text.str.slice(12)]
    return v.rows.select(pl.concat_str(parts).alias("out")).to_series()


def _decimal(v: Victims) -> pl.Series:
    return v.written + ".0"


def _letter(v: Victims) -> pl.Series:
    """O for 0: the first nought of the number."""
    return v.written.str.replace("0", "O", literal=True)


def _masked(v: Victims) -> pl.Series:
    return v.written.str.slice(0, 6) + "******" + v.written.str.slice(12)


def _filler(v: Victims) -> pl.Series:
    fillers = np.asarray(["0000000000000000", "9999999999999999", "7500000000000000"], dtype=object)
    return pl.Series(fillers[v.dice.below(v.key, "filler", len(fillers))].tolist(), dtype=pl.String)


def _missing(v: Victims) -> pl.Series:
    return pl.Series([None] * v.rows.height, dtype=v.written.dtype)


# ------------------------------------------------------------------------- operators on names

_NEIGHBOUR: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxsrdfgujklnmpoqtdyiwezux", strict=True))
"""The key beside it on a keyboard, more or less."""


def _typo(v: Victims) -> pl.Series:
    """A letter left out, doubled, exchanged with the next, or the key beside it; never the first letter."""
    length = v.written.str.len_chars().fill_null(0).to_numpy()
    parts = _cut(v, 1 + v.dice.below(v.key, "letter", np.maximum(length - 2, 1)))
    kind = pl.Series(v.dice.pick(v.key, "kind of typo", (0.3, 0.2, 0.2, 0.3)))
    beside = pl.col("mark").str.to_lowercase().replace(_NEIGHBOUR)
    wrong = (
        pl.when(kind == 0).then(pl.col("right"))
        .when(kind == 1).then(pl.concat_str("mark", "mark", "right"))
        .when(kind == 2).then(pl.concat_str(pl.col("right").str.slice(0, 1), "mark", pl.col("right").str.slice(1)))
        .otherwise(pl.concat_str(beside, "right"))
    )  # fmt: skip
    return _joined(parts, "left", wrong)


def _abbreviation(v: Victims) -> pl.Series:
    """Muhammad → Muh., Abdul → Abd. …; other names get their second part as an initial."""
    text = pl.col(v.column)
    luck = pl.Series(v.dice.uniform(v.key, "which abbreviation"))
    out = text
    for full, short in reversed(names.material()["abbreviations"]):
        pool = pl.Series(short, dtype=pl.String)
        chosen = pool.gather((luck * len(short)).cast(pl.Int64).to_list())
        has = text.str.contains(rf"^{full}\b")
        out = pl.when(has).then(pl.concat_str(chosen, text.str.replace(rf"^{full}\b", ""))).otherwise(out)
    changed = v.rows.select(out.alias("out")).to_series()
    same = changed == v.written
    return pl.select(pl.when(same).then(_initial(v)).otherwise(changed)).to_series()


def _title(v: Victims) -> pl.Series:
    """A title before or after the name."""
    titles = names.material()["titles"]
    woman = (v.rows["sex"] == "P").to_numpy()
    behind = v.dice.happens(v.key, "title behind", 0.25)
    pick = {
        place: np.asarray(titles[place], dtype=object)[v.dice.below(v.key, "title", len(titles[place]))]
        for place in ("men_before", "women_before", "after")
    }
    before = np.where(
        behind, "", np.where(woman, pick["women_before"], pick["men_before"]) + np.asarray(" ", dtype=object)
    )
    after = np.where(behind, pick["after"], "")
    return pl.Series(before.tolist(), dtype=pl.String) + v.written + pl.Series(after.tolist(), dtype=pl.String)


def _old_spelling(v: Victims) -> pl.Series:
    """One other spelling that fits the name (Yusuf → Jusuf, u → oe …), chosen by chance among those that do."""
    options = [
        pl.when(pl.col(v.column).str.contains(new, literal=True)).then(
            pl.col(v.column).str.replace(new, old, literal=True)
        )
        for new, old in names.material()["spellings"]
    ]
    fitting = v.rows.select(pl.concat_list(options).list.drop_nulls().alias("options")).to_series()
    luck = v.dice.uniform(v.key, "which spelling")
    at = (pl.Series(luck) * fitting.list.len()).cast(pl.Int64)
    frame = pl.DataFrame({"options": fitting, "at": at, "name": v.written})
    return frame.select(pl.coalesce(pl.col("options").list.get(pl.col("at"), null_on_oob=True), "name")).to_series()


def _swapped_parts(v: Victims) -> pl.Series:
    """Family name first."""
    parts = pl.col(v.column).str.split(" ")
    last = parts.list.last()
    rest = parts.list.slice(0, parts.list.len() - 1).list.join(" ")
    return v.rows.select(pl.concat_str(last, pl.lit(" "), rest).str.strip_chars().alias("out")).to_series()


def _missing_part(v: Victims) -> pl.Series:
    """The family name left out, or the part in the middle of three."""
    parts = pl.col(v.column).str.split(" ")
    front = parts.list.slice(0, pl.max_horizontal(parts.list.len().cast(pl.Int64) - 1, pl.lit(1))).list.join(" ")
    ends = pl.concat_str(parts.list.first(), pl.lit(" "), parts.list.last())
    middle = pl.Series(v.dice.happens(v.key, "middle left out", 0.6)) & (parts.list.len() > 2)
    return v.rows.select(pl.when(middle).then(ends).otherwise(front).alias("out")).to_series()


def _initial(v: Victims) -> pl.Series:
    """The last part as an initial; the middle one of three."""
    parts = pl.col(v.column).str.split(" ")
    first, last = parts.list.first(), parts.list.last()
    short = pl.concat_str(first, pl.lit(" "), parts.list.get(1, null_on_oob=True).str.slice(0, 1), pl.lit(". "), last)
    tail = pl.concat_str(first, pl.lit(" "), last.str.slice(0, 1), pl.lit("."))
    n = parts.list.len()
    return v.rows.select(
        pl.when(n > 2).then(short).when(n == 2).then(tail).otherwise(pl.col(v.column)).alias("out")
    ).to_series()


def _alias(v: Victims) -> pl.Series:
    pool = names.material()["nicknames"]
    woman = (v.rows["sex"] == "P").to_numpy()
    called = np.where(
        woman,
        np.asarray(pool["women"], dtype=object)[v.dice.below(v.key, "nickname", len(pool["women"]))],
        np.asarray(pool["men"], dtype=object)[v.dice.below(v.key, "nickname", len(pool["men"]))],
    )
    mark = np.where(v.dice.happens(v.key, "slash", 0.5), " / ", " alias ")
    return v.written + pl.Series(mark.tolist(), dtype=pl.String) + pl.Series(called.tolist(), dtype=pl.String)


def _run_together(v: Victims) -> pl.Series:
    return v.written.str.replace(" ", "", literal=True)


def _untidy(v: Victims) -> pl.Series:
    """Two spaces, a full stop or a comma at the end."""
    kind = pl.Series(v.dice.below(v.key, "untidy", 3))
    text = pl.col(v.column)
    return v.rows.select(
        pl.when(kind == 0).then(text.str.replace(" ", "  ", literal=True))
        .when(kind == 1).then(pl.concat_str(text, pl.lit(".")))
        .otherwise(pl.concat_str(pl.lit(" "), text, pl.lit(" ,"))).alias("out")
    ).to_series()  # fmt: skip


# ------------------------------------------------------------------------- operators on dates


def _date(v: Victims, year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Series:
    return v.rows.select(pl.date(year, month, day).alias("out")).to_series()


def _day_month(v: Victims) -> pl.Series:
    """Day and month exchanged by a spreadsheet, where the day can be a month; else the day is one off."""
    d = pl.col(v.column).dt
    can = d.day() <= 12
    swapped = _date(v, d.year(), pl.when(can).then(d.day()).otherwise(1), pl.when(can).then(d.month()).otherwise(1))
    possible = v.rows.select(can.alias("can")).to_series()
    return pl.select(pl.when(possible).then(swapped).otherwise(_day_off(v))).to_series()


def _year_off(v: Victims) -> pl.Series:
    d = pl.col(v.column).dt
    step = pl.Series(np.asarray([-2, -1, -1, 1, 1, 2])[v.dice.below(v.key, "years off", 6)])
    year = pl.min_horizontal(d.year() + step, d.year().clip(2024, None))
    return _date(v, year, d.month(), d.day().clip(1, 28))


def _heaped(v: Victims) -> pl.Series:
    month = pl.Series(np.asarray([1, 7])[v.dice.below(v.key, "heap", 2)])
    frame = pl.DataFrame({"born": v.written, "month": month})
    return frame.select(pl.date(pl.col("born").dt.year(), pl.col("month"), 1)).to_series()


def _day_off(v: Victims) -> pl.Series:
    d = pl.col(v.column).dt
    return _date(v, d.year(), d.month(), pl.when(d.day() > 14).then(d.day() - 1).otherwise(d.day() + 1))


def _flipped(v: Victims) -> pl.Series:
    return v.written.replace({"L": "P", "P": "L"})


OPERATORS: Final[dict[str, dict[str, Operator]]] = {
    "nik": {
        "wrong_digit": _wrong_digit, "swapped_digits": _swapped_digits, "missing_digit": _missing_digit,
        "extra_digit": _extra_digit, "number_cell": _number_cell, "apostrophe": _apostrophe, "spaces": _spaces,
        "dots": _dots, "decimal": _decimal, "letter": _letter, "masked": _masked, "filler": _filler,
        "missing": _missing,
    },
    "no_kk": {
        "wrong_digit": _wrong_digit, "swapped_digits": _swapped_digits, "missing_digit": _missing_digit,
        "number_cell": _number_cell, "apostrophe": _apostrophe, "spaces": _spaces, "decimal": _decimal,
        "missing": _missing,
    },
    "name": {
        "typo": _typo, "abbreviation": _abbreviation, "title": _title, "old_spelling": _old_spelling,
        "swapped_parts": _swapped_parts, "missing_part": _missing_part, "initial": _initial, "alias": _alias,
        "joined": _run_together, "untidy": _untidy,
    },
    "birth_date": {
        "day_month": _day_month, "year_off": _year_off, "heaped": _heaped, "day_off": _day_off,
        "missing": _missing,
    },
    "sex": {"flipped": _flipped},
    "desa": {"typo": _typo},
}  # fmt: skip
"""Operators that need the column only. ``family_number``, ``borrowed`` and ``other_person`` need other rows."""
