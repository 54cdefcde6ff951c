"""Names of persons: titles and marks off, punctuation folded, further names in the cell kept apart.

Belongs here: what is no part of a name. The spelling stays as written (``DJAFAR`` is not made ``JAFAR``): comparing
spellings is the work of :mod:`pipeline.resolve`. ``bin`` and ``binti`` stay, they are part of a name.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from pipeline.ingest.clean.cells import RawRows, Recipe, fold_expr, nulls, per_value
from pipeline.ingest.clean.reference import Titles

_JOIN = " / "
_PLAIN = r"^[A-Z]{2,}(?: [A-Z]+)*$"
"""Most names: nothing to take off, unless one of the words is a title."""

_BETWEEN = "\u241f"
"""Stands between two names of one cell while they are taken apart."""


def person_name(rows: RawRows, name: str, titles: Titles) -> pl.DataFrame:
    """Clean the names of a column.

    Returns:
        ``name`` (null where there is none), ``other_names``, ``placeholder`` (something is written that is no name),
        ``died`` (a mark in the cell says so).
    """
    if not rows.says(name):
        texts = [nulls(n, pl.String(), rows.height) for n in ("name", "other_names")]
        no = pl.Series([False]).new_from_index(0, rows.height)
        return pl.DataFrame([*texts, no.alias("placeholder"), no.alias("died")])
    cells = pl.DataFrame({"text": rows.text(name)}).with_columns(pl.col("text").str.to_uppercase().alias("upper"))
    plain = pl.col("upper").str.contains(_PLAIN) & ~pl.col("upper").str.contains(_special_words(titles))
    known = cells.with_columns(plain.fill_null(False).alias("plain"))
    odd = per_value(known.select("text"), name_recipe(titles), where=~known["plain"] & known["text"].is_not_null())
    return pl.concat([known, odd], how="horizontal").select(
        pl.when("plain").then("upper").otherwise("name").alias("name"),
        "other_names",
        pl.col("placeholder").fill_null(False),
        pl.col("died").fill_null(False),
    )


@cache
def _special_words(titles: Titles) -> str:
    """Regex of a name in which any word of the title file stands."""
    words = {w for group in titles.model_dump().values() for w in group}
    return rf"\b(?:{'|'.join(sorted(words))})\b"


@cache
def name_recipe(titles: Titles) -> Recipe:
    """The columns of :func:`person_name` from the column ``text``."""
    unaccented = pl.col("text").str.to_uppercase().str.normalize("NFKD").str.replace_all(r"[\u0300-\u036f]", "")
    letters = unaccented.str.normalize("NFC")
    spoken = pl.col("letters").str.replace_all(r"['`´‘’ʼ\"]", "").str.replace_all(r"\bA/N\b|[;@&+|]", _BETWEEN)
    spoken = spoken.str.replace_all(rf"[^\p{{L}}\p{{M}}\p{{N}}.,/(){_BETWEEN}]+", " ")
    marks = "|".join(titles.death_marks)
    mark = rf"\(\s*(?:{marks})\.?\s*\)|(?:[\s,]+(?:{marks})\.?)+$|^(?:ALMARHUMAH|ALMARHUM|ALMH|ALM)[.\s]+"
    parts = (
        pl.col("spoken")
        .str.replace_all(mark, " ")
        .str.replace_all(r"[/()]", _BETWEEN)
        .str.replace_all(rf"\s(?:{'|'.join(titles.alias_words)})[.\s]+", _BETWEEN)
        .str.split(_BETWEEN)
        .list.eval(_one_name(titles))
    )
    nothing = fold_expr(pl.col("letters")).str.contains(titles.placeholder_pattern)
    died = pl.col("spoken").str.contains(mark).fill_null(False)
    steps = (
        (letters.alias("letters"),),
        (spoken.alias("spoken"), nothing.fill_null(False).alias("nothing")),
        (parts.list.drop_nulls().alias("parts"), died.alias("died")),
    )
    name = pl.when(~pl.col("nothing")).then(pl.col("parts").list.first())
    others = pl.col("parts").list.slice(1).list.unique(maintain_order=True).list.join(_JOIN)
    out = (
        name.alias("name"),
        pl.when(name.is_not_null() & (others != "")).then(others).alias("other_names"),
        (pl.col("text").is_not_null() & name.is_null()).alias("placeholder"),
        pl.col("died"),
    )
    return Recipe(steps, out)


def _one_name(titles: Titles) -> pl.Expr:
    """One name of a cell, or null: titles, look-alike digits and punctuation off."""
    element = pl.element().str.strip_chars(" .,-")
    bare = element.str.replace(_prefix(titles), "$name").str.replace(_suffix(titles), "")
    mended = bare
    for digit, letter in (("0", "O"), ("1", "I")) * 2:  # twice, as matches in a row overlap
        mended = mended.str.replace_all(rf"([\p{{L}}]){digit}([\p{{L}}])", f"${{1}}{letter}${{2}}")
    folded = fold_expr(mended)
    empty = folded.str.contains(titles.placeholder_pattern)
    return pl.when(~empty).then(folded)


def _prefix(titles: Titles) -> str:
    """Titles before the name, each ended by dots or blanks, with at least a letter after them."""
    longest_first = sorted(titles.prefixes, key=lambda t: (-len(t), t))
    return rf"^(?:(?:{'|'.join(longest_first)})[.\s]+)+(?P<name>\p{{L}}.*)$"


def _suffix(titles: Titles) -> str:
    """Degrees after the name; what could be a name or initials counts only after a comma or with dots."""
    titled = sorted(titles.suffixes, key=lambda t: (-len(t), t))
    loose = r"\.?\s?"
    after_comma = "|".join(loose.join(t) for t in titled)
    dotted = "|".join(t[0] + r"\.\s?" + loose.join(t[1:]) if len(t) > 2 else r"\.".join(t) for t in titled)
    ended = "|".join(t + r"\." for t in titled if len(t) > 2)
    alone = "|".join(t for t in titled if len(t) > 3 or (len(t) == 3 and not set(t) & set("AEIOU")))
    return rf"(?:\s*,\s*(?:{after_comma})\.?|\s+(?:{dotted}|{ended}|{alone})\.?)+[\s.,]*$"
