"""Signals in words: what was seen, how unusual it is, what else may explain it.

Belongs here: filling in the sentences of ``rules/misuse.yaml``, in either language. Neutral, and no number of a person,
account or card: what identifies stands in the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from pipeline.misuse.thresholds import FINDINGS, Thresholds

_LEAST: Final = 0.001
"""Of what is expected by chance; below it nobody needs to know how much."""


def told(signal: Mapping[str, Any], thresholds: Thresholds, language: str = "id") -> tuple[str, str]:
    """The sentences of a row of ``misuse_signals``: what was seen and how unusual it is, and what else may explain it.

    Args:
        signal: a row with ``reason``, ``n_cards``, ``n_of``, ``expected``, ``chance``, ``compared``, ``strength``,
            ``fact``.
        thresholds: with the words.
        language: id or en.
    """
    card = thresholds.cards[signal["reason"]]
    figures = {name: _written(value, language) for name, value in json.loads(signal["fact"] or "{}").items()}
    figures |= {
        "n": _written(signal["n_cards"], language),
        "of": _written(signal["n_of"], language),
        "expected": _written(signal["expected"], language),
        "minutes": figures.get("window_minutes", figures.get("minutes", "")),
        "role": (figures.get("role") or "petugas").lower(),
        "compared": _written(signal["compared"], language),
    }
    sentences = [str(getattr(card.text, language)).format_map(_Blank(figures))]
    if signal["strength"] is not None:
        expected = (signal["chance"] or 0.0) * (signal["compared"] or 0)
        figures["by_chance"] = _written(expected, language) if expected >= _LEAST else _under(language)
        words = thresholds.strength_text.of(signal["strength"])
        sentences.append(str(getattr(words, language)).format_map(_Blank(figures)))
    return " ".join(sentences), str(getattr(card.innocent, language))


class _Blank(dict[str, str]):
    """A figure that a sentence asks for and nobody has is left blank."""

    def __missing__(self, key: str) -> str:
        return "…"


def _under(language: str) -> str:
    return f"kurang dari {_written(_LEAST, language)}" if language == "id" else f"less than {_LEAST}"


def _written(value: object, language: str) -> str:
    """A number as a reader writes it: few digits, and a decimal comma in Indonesian."""
    if value is None or isinstance(value, str):
        return value or ""
    if not isinstance(value, int | float):
        return str(value)
    text = f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "id" else text


def with_words(signals: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Signals with ``finding``, ``queue``, ``strength``, ``summary`` and ``innocent``."""
    by_chance = pl.col("chance") * pl.col("compared")
    common = (pl.col("share") > thresholds.common).fill_null(False)
    strength = (
        pl.when(pl.col("chance").is_null())
        .then(None)
        .when(common)
        .then(pl.lit("weak"))
        .when(by_chance < thresholds.strong)
        .then(pl.lit("strong"))
        .when(by_chance < thresholds.clear)
        .then(pl.lit("clear"))
        .otherwise(pl.lit("weak"))
    )
    queues = {name: card.queue for name, card in thresholds.cards.items()}
    signals = signals.with_columns(
        finding=pl.col("reason").is_in(FINDINGS),
        queue=pl.col("reason").replace_strict(queues, return_dtype=pl.String),
        strength=strength,
        expected=pl.col("expected").round_sig_figs(4),
        chance=pl.col("chance").round_sig_figs(4),
    )
    said = [told(row, thresholds) for row in signals.iter_rows(named=True)]
    return signals.with_columns(
        summary=pl.Series([s for s, _ in said], dtype=pl.String),
        innocent=pl.Series([i for _, i in said], dtype=pl.String),
    )
