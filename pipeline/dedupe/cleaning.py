"""Texts without what does not matter.

Belongs here: case, accents, signs, blanks, words for nothing. Not here: what a column means (:mod:`.columns`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

_NOT_PLAIN: Final = r"[^A-Z0-9 ]|^ | $|  "
_MARKS: Final = r"[\u{300}-\u{36F}\u{64B}-\u{65F}\u{670}\u{591}-\u{5C7}]"


def cleaned(texts: pl.Series, missing: Sequence[str]) -> pl.Series:
    """Texts without what does not matter: case, accents, signs, blanks; null where they say that nothing is known."""
    if texts.dtype == pl.Categorical:
        return by_value(texts, lambda known: cleaned(known, missing).cast(pl.Categorical))
    other = texts.str.contains(_NOT_PLAIN).fill_null(False)
    if other.any():
        texts = texts.set(other, None).zip_with(~other, by_value(texts.set(~other, None), plain_text))
    return texts.set(texts.is_in([m.upper() for m in missing]).fill_null(False) | (texts == "").fill_null(False), None)


def by_value(series: pl.Series, work: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What becomes of each value, worked out once for each of those there are."""
    known = series.drop_nulls().unique(maintain_order=True)
    made = pl.DataFrame({"v": known, "made": work(known.cast(pl.String))})
    return pl.DataFrame({"v": series}).join(made, on="v", how="left", maintain_order="left")["made"].alias(series.name)


def plain_text(texts: pl.Series) -> pl.Series:
    """Texts in capitals, without accents and signs."""
    text = texts.str.normalize("NFKD").str.replace_all(_MARKS, "").str.to_uppercase()
    for letter, plain_letter in (("Ø", "O"), ("Ł", "L"), ("Đ", "D"), ("Æ", "AE"), ("Œ", "OE"), ("Þ", "TH"), ("ı", "I")):
        text = text.str.replace_all(letter, plain_letter, literal=True)
    return text.str.replace_all(r"['’`ʼ]", "").str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ").str.strip_chars()
