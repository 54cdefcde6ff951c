"""How identity gets lost on the way into a list.

Belongs here: one small operator a kind of error, and the rates at which they befall a list. Operators take a column
of the rows concerned and give the same rows miswritten; they know nothing of files. Errors are drawn by person and
list, so the same line stays wrong from month to month until somebody puts it right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from pipeline.demo import names
from pipeline.demo.dice import Dice, Flags, Keys, keys, mix

Operator: TypeAlias = Callable[[pl.DataFrame, str, Keys, Dice], pl.Series]
"""Rows concerned, column to miswrite, a key a row, chance → the column as written."""


def _rates(**shares: float) -> Mapping[str, float]:
    return shares


@dataclass(frozen=True)
class Profile:
    """How dirty a district's lists are: share of rows befallen by each kind of error, in a list of usual quality.

    ``lists`` says how much better (< 1) or worse (> 1) a kind of list is; ``put_right`` is the share of errors that
    are mended in a month; ``junk`` the share of rows that nobody can use.
    """

    nik: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            wrong_digit=0.012, swapped_digits=0.005, missing_digit=0.004, extra_digit=0.001, number_cell=0.009,
            apostrophe=0.01, spaces=0.006, dots=0.003, decimal=0.004, letter=0.002, masked=0.004,
            family_number=0.004, missing=0.014, filler=0.002, borrowed=0.004,
        )
    )  # fmt: skip
    no_kk: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            wrong_digit=0.008, swapped_digits=0.003, missing_digit=0.003, number_cell=0.006, apostrophe=0.006,
            spaces=0.003, decimal=0.002, missing=0.012,
        )
    )  # fmt: skip
    name: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            typo=0.022, abbreviation=0.025, title=0.012, old_spelling=0.022, swapped_parts=0.005, missing_part=0.01,
            initial=0.007, alias=0.003, joined=0.004, untidy=0.008, other_person=0.002,
        )
    )  # fmt: skip
    birth_date: Mapping[str, float] = field(
        default_factory=lambda: _rates(
            day_month=0.012, year_off=0.006, heaped=0.006, day_off=0.004, missing=0.012
        )
    )  # fmt: skip
    sex: Mapping[str, float] = field(default_factory=lambda: _rates(flipped=0.004))
    desa: Mapping[str, float] = field(default_factory=lambda: _rates(typo=0.004))
    lists: Mapping[str, float] = field(
        default_factory=lambda: _rates(registry=0.6, payments=1.0, deaths=1.2, ppks=1.8, proposals=1.3, tksk=0.3,
                                       companions=0.5, blt_dd=1.8)
    )  # fmt: skip
    put_right: float = 0.1
    junk: float = 0.002

    def scaled(self, factor: float) -> Profile:
        """The same kinds of errors, ``factor`` times as often."""
        columns = ("nik", "no_kk", "name", "birth_date", "sex", "desa")
        scaled = {c: {k: v * factor for k, v in getattr(self, c).items()} for c in columns}
        return replace(self, **scaled, junk=self.junk * factor)  # type: ignore[arg-type]


FIELD: Final = Profile()
"""As lists come from the field: about one row in seven has something wrong with who it says."""
CLEAN: Final = FIELD.scaled(0.0)
"""Nothing wrong with who anybody is."""
BAD: Final = FIELD.scaled(2.5)
"""A district where every clerk types."""

NO_NIK_ON_PPKS: Final = 0.45
"""Share of PPKS rows without NIK: most people with a mental disorder in the street have none."""


# ----------------------------------------------------------------------- operators on numbers


def _cut(rows: pl.DataFrame, column: str, at: np.ndarray) -> pl.DataFrame:
    """Text split around position ``at``: left, mark, right."""
    text = pl.col("text")
    return pl.DataFrame({"text": rows[column], "at": at}).with_columns(
        left=text.str.slice(0, pl.col("at")), mark=text.str.slice("at", 1), right=text.str.slice(pl.col("at") + 1)
    )


def _joined(parts: pl.DataFrame, *columns: str | pl.Expr) -> pl.Series:
    return parts.select(pl.concat_str(*columns, separator="").alias("out")).to_series()


def _wrong_digit(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    parts = _cut(rows, column, dice.below(key, "digit", 16))
    step = pl.Series(dice.between(key, "wrong by", 1, 9))
    return _joined(parts, "left", ((pl.col("mark").cast(pl.Int64) + step) % 10).cast(pl.String), "right")


def _swapped_digits(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    parts = _cut(rows, column, dice.below(key, "digit", 15))
    return _joined(parts, "left", pl.col("right").str.slice(0, 1), "mark", pl.col("right").str.slice(1))


def _missing_digit(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return _joined(_cut(rows, column, dice.below(key, "digit", 16)), "left", "right")


def _extra_digit(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return _joined(_cut(rows, column, dice.below(key, "digit", 16)), "left", "mark", "mark", "right")


def _number_cell(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """A spreadsheet keeps fifteen digits of a number; how that looks in the file is the layout's affair."""
    return rows[column].str.slice(0, 15) + "0"


def _apostrophe(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return "'" + rows[column]


def _spaces(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    text = pl.col(column)
    parts = [text.str.slice(0, 6), pl.lit(" "), text.str.slice(6, 6), pl.lit(" "), text.str.slice(12)]
    return rows.select(pl.concat_str(parts).alias("out")).to_series()


def _dots(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    text = pl.col(column)
    parts = [text.str.slice(0, 6), pl.lit("."), text.str.slice(6, 6), pl.lit("."), text.str.slice(12)]
    return rows.select(pl.concat_str(parts).alias("out")).to_series()


def _decimal(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return rows[column] + ".0"


def _letter(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """O for 0: the first nought of the number."""
    return rows[column].str.replace("0", "O", literal=True)


def _masked(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return rows[column].str.slice(0, 6) + "******" + rows[column].str.slice(12)


def _filler(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    fillers = np.asarray(["0000000000000000", "9999999999999999", "7500000000000000"], dtype=object)
    return pl.Series(fillers[dice.below(key, "filler", len(fillers))].tolist(), dtype=pl.String)


def _missing(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return pl.Series([None] * rows.height, dtype=rows.schema[column])


# ------------------------------------------------------------------------- operators on names

_NEIGHBOUR: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", "svxsrdfgujklnmpoqtdyiwezux", strict=True))
"""The key beside it on a keyboard, more or less."""


def _typo(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """A letter left out, doubled, exchanged with the next, or the key beside it; never the first letter."""
    length = rows[column].str.len_chars().fill_null(0).to_numpy()
    parts = _cut(rows, column, 1 + dice.below(key, "letter", np.maximum(length - 2, 1)))
    kind = pl.Series(dice.pick(key, "kind of typo", (0.3, 0.2, 0.2, 0.3)))
    beside = pl.col("mark").str.to_lowercase().replace(_NEIGHBOUR)
    wrong = (
        pl.when(kind == 0).then(pl.col("right"))
        .when(kind == 1).then(pl.concat_str("mark", "mark", "right"))
        .when(kind == 2).then(pl.concat_str(pl.col("right").str.slice(0, 1), "mark", pl.col("right").str.slice(1)))
        .otherwise(pl.concat_str(beside, "right"))
    )  # fmt: skip
    return _joined(parts, "left", wrong)


def _abbreviation(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """Muhammad → Muh., Abdul → Abd. …; other names get their second part as an initial."""
    text = pl.col(column)
    luck = pl.Series(dice.uniform(key, "which abbreviation"))
    out = text
    for full, short in reversed(names.material()["abbreviations"]):
        pool = pl.Series(short, dtype=pl.String)
        chosen = pool.gather((luck * len(short)).cast(pl.Int64).to_list())
        has = text.str.contains(rf"^{full}\b")
        out = pl.when(has).then(pl.concat_str(chosen, text.str.replace(rf"^{full}\b", ""))).otherwise(out)
    changed = rows.select(out.alias("out")).to_series()
    same = changed == rows[column]
    return pl.select(pl.when(same).then(_initial(rows, column, key, dice)).otherwise(changed)).to_series()


def _title(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """A title before or after the name."""
    titles = names.material()["titles"]
    woman = (rows["sex"] == "P").to_numpy()
    behind = dice.happens(key, "title behind", 0.25)
    pick = {
        place: np.asarray(titles[place], dtype=object)[dice.below(key, "title", len(titles[place]))]
        for place in ("men_before", "women_before", "after")
    }
    before = np.where(behind, "", np.where(woman, pick["women_before"], pick["men_before"]) + np.asarray(" ", dtype=object))
    after = np.where(behind, pick["after"], "")
    return pl.Series(before.tolist(), dtype=pl.String) + rows[column] + pl.Series(after.tolist(), dtype=pl.String)


def _old_spelling(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """One other spelling that fits the name (Yusuf → Jusuf, u → oe …), chosen by chance among those that do."""
    options = [
        pl.when(pl.col(column).str.contains(new, literal=True)).then(
            pl.col(column).str.replace(new, old, literal=True)
        )
        for new, old in names.material()["spellings"]
    ]
    fitting = rows.select(pl.concat_list(options).list.drop_nulls().alias("options")).to_series()
    luck = dice.uniform(key, "which spelling")
    at = (pl.Series(luck) * fitting.list.len()).cast(pl.Int64)
    frame = pl.DataFrame({"options": fitting, "at": at, "name": rows[column]})
    return frame.select(pl.coalesce(pl.col("options").list.get(pl.col("at"), null_on_oob=True), "name")).to_series()


def _swapped_parts(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """Family name first."""
    parts = pl.col(column).str.split(" ")
    last = parts.list.last()
    rest = parts.list.slice(0, parts.list.len() - 1).list.join(" ")
    return rows.select(pl.concat_str(last, pl.lit(" "), rest).str.strip_chars().alias("out")).to_series()


def _missing_part(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """The family name left out, or the part in the middle of three."""
    parts = pl.col(column).str.split(" ")
    front = parts.list.slice(0, pl.max_horizontal(parts.list.len().cast(pl.Int64) - 1, pl.lit(1))).list.join(" ")
    ends = pl.concat_str(parts.list.first(), pl.lit(" "), parts.list.last())
    middle = pl.Series(dice.happens(key, "middle left out", 0.6)) & (parts.list.len() > 2)
    return rows.select(pl.when(middle).then(ends).otherwise(front).alias("out")).to_series()


def _initial(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """The last part as an initial; the middle one of three."""
    parts = pl.col(column).str.split(" ")
    first, last = parts.list.first(), parts.list.last()
    short = pl.concat_str(first, pl.lit(" "), parts.list.get(1, null_on_oob=True).str.slice(0, 1), pl.lit(". "), last)
    tail = pl.concat_str(first, pl.lit(" "), last.str.slice(0, 1), pl.lit("."))
    n = parts.list.len()
    return rows.select(
        pl.when(n > 2).then(short).when(n == 2).then(tail).otherwise(pl.col(column)).alias("out")
    ).to_series()


def _alias(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    pool = names.material()["nicknames"]
    woman = (rows["sex"] == "P").to_numpy()
    called = np.where(
        woman,
        np.asarray(pool["women"], dtype=object)[dice.below(key, "nickname", len(pool["women"]))],
        np.asarray(pool["men"], dtype=object)[dice.below(key, "nickname", len(pool["men"]))],
    )
    mark = np.where(dice.happens(key, "slash", 0.5), " / ", " alias ")
    return rows[column] + pl.Series(mark.tolist(), dtype=pl.String) + pl.Series(called.tolist(), dtype=pl.String)


def _run_together(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return rows[column].str.replace(" ", "", literal=True)


def _untidy(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """Two spaces, a full stop or a comma at the end."""
    kind = pl.Series(dice.below(key, "untidy", 3))
    text = pl.col(column)
    return rows.select(
        pl.when(kind == 0).then(text.str.replace(" ", "  ", literal=True))
        .when(kind == 1).then(pl.concat_str(text, pl.lit(".")))
        .otherwise(pl.concat_str(pl.lit(" "), text, pl.lit(" ,"))).alias("out")
    ).to_series()  # fmt: skip


# ------------------------------------------------------------------------- operators on dates


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr, rows: pl.DataFrame) -> pl.Series:
    return rows.select(pl.date(year, month, day).alias("out")).to_series()


def _day_month(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    """Day and month exchanged by a spreadsheet, where the day can be a month; else the day is one off."""
    d = pl.col(column).dt
    can = d.day() <= 12
    swapped = _date(d.year(), pl.when(can).then(d.day()).otherwise(1), pl.when(can).then(d.month()).otherwise(1), rows)
    possible = rows.select(can.alias("can")).to_series()
    return pl.select(pl.when(possible).then(swapped).otherwise(_day_off(rows, column, key, dice))).to_series()


def _year_off(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    d = pl.col(column).dt
    step = pl.Series(np.asarray([-2, -1, -1, 1, 1, 2])[dice.below(key, "years off", 6)])
    year = pl.min_horizontal(d.year() + step, d.year().clip(2024, None))
    return _date(year, d.month(), d.day().clip(1, 28), rows)


def _heaped(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    month = pl.Series(np.asarray([1, 7])[dice.below(key, "heap", 2)])
    frame = pl.DataFrame({"born": rows[column], "month": month})
    return frame.select(pl.date(pl.col("born").dt.year(), pl.col("month"), 1)).to_series()


def _day_off(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    d = pl.col(column).dt
    return _date(d.year(), d.month(), pl.when(d.day() > 14).then(d.day() - 1).otherwise(d.day() + 1), rows)


def _flipped(rows: pl.DataFrame, column: str, key: Keys, dice: Dice) -> pl.Series:
    return rows[column].replace({"L": "P", "P": "L"})


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


# ---------------------------------------------------------------------------------- a list


def befall(
    rows: pl.DataFrame, code: str, profile: Profile, *, quality: float, month: int, dice: Dice
) -> pl.DataFrame:
    """Miswrite the identity columns of a list. Adds ``<column>_damage``: name of the error, null where right.

    Args:
        rows: with ``pid``, ``line`` and identity columns, all right.
        code: name of the list; another list has other errors.
        quality: factor on all rates.
        month: errors drawn in month 0 are mended little by little.
    """
    key = mix(keys(rows["pid"].to_numpy()), keys(rows["line"].to_numpy()))
    for column in ("nik", "no_kk", "name", "birth_date", "sex", "desa"):
        shares = getattr(profile, column)
        kinds = list(shares)
        befallen = min(0.95, sum(shares.values()) * quality)
        bad = dice.happens(key, f"{column} is wrong on {code}", befallen)
        mended = dice.uniform(key, f"{column} is mended on {code}") < 1 - (1 - profile.put_right) ** month
        bad &= ~mended & rows[column].is_not_null().to_numpy()
        which = dice.pick(key, f"what is wrong with {column} on {code}", [max(shares[k], 1e-12) for k in kinds])
        rows = _damage(rows, column, kinds, np.where(bad, which, -1), key, dice)
    return rows


def _damage(
    rows: pl.DataFrame, column: str, kinds: list[str], which: np.ndarray, key: Keys, dice: Dice
) -> pl.DataFrame:
    written = rows[column]
    for number, kind in enumerate(kinds):
        at = np.flatnonzero(which == number)
        operator = OPERATORS[column].get(kind)
        if len(at) == 0 or operator is None:
            continue
        wrong = operator(rows[at], column, key[at], dice).cast(written.dtype)
        written = written.scatter(at, wrong)
    label = pl.Series(which).replace_strict(dict(enumerate(kinds)), default=None, return_dtype=pl.String)
    return rows.with_columns(written.alias(column), label.alias(f"{column}_damage"))


def exchange_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Finish ``family_number``: NIK and family number stand in each other's column."""
    swap = (pl.col("nik_damage") == "family_number").fill_null(False) & pl.col("no_kk").is_not_null()
    return rows.with_columns(
        nik=pl.when(swap).then("no_kk").otherwise("nik"),
        no_kk=pl.when(swap).then("nik").otherwise("no_kk"),
        nik_damage=pl.when((pl.col("nik_damage") == "family_number") & ~swap).then(None).otherwise("nik_damage"),
    )


def take(rows: pl.DataFrame, damage: str, wanted: str) -> Flags:
    """Rows with that damage."""
    out: Flags = (rows[damage] == wanted).fill_null(False).to_numpy()
    return out
