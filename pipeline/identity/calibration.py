"""Do probabilities mean what they say: predicted against judged, as a table and as a picture.

Belongs here: bands of probability with what was judged in them, and the reliability diagram. Not here: what follows
for the month (:mod:`.estimates`).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.identity.estimates import Shares
from pipeline.identity.population import BEYOND, Population
from pipeline.intervals import effective, share_interval
from pipeline.look.drawing import Dot, Drawing, Label, Shape, Stroke
from pipeline.look.numbers import Language, Numbers

_TEXTS: Final = {
    "en": {
        "title": "How often are pairs one person, of which the model says so?",
        "across": "probability by the model",
        "up": "share of judged pairs that are one person",
        "exact": "as predicted",
        "nothing": "no pair has been judged yet",
        "band": "{band}: predicted {expected}, judged {share} ({judged} pairs)",
    },
    "id": {
        "title": "Seberapa sering pasangan memang satu orang, bila model mengatakan begitu?",
        "across": "peluang menurut model",
        "up": "bagian pasangan yang dinilai satu orang",
        "exact": "sesuai perkiraan",
        "nothing": "belum ada pasangan yang dinilai",
        "band": "{band}: perkiraan {expected}, dinilai {share} ({judged} pasangan)",
    },
}
_TICKS: Final = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
_EDGE: Final = 0.0005


def bands(population: Population, shares: Shares) -> pl.DataFrame:
    """A row for each band of probability, least sure first.

    Columns: band, pairs, joined (of the pairs), expected (mean probability), judged, same, share (of all pairs of the
    band, joined and not by their numbers; null where nothing is judged), low, high (95 % score interval).
    """
    rows = []
    for band in population.strata["band"].unique(maintain_order=True):
        at = (population.strata["band"] == band).to_numpy()
        pairs = population.strata["pairs"].to_numpy()[at].astype(np.float64)
        judged, same = shares.judged[at], shares.same[at]
        known = (judged > 0) & (pairs > 0)
        share = low = high = None
        if known.any():
            n = np.where(known, effective(judged.astype(np.float64), np.maximum(pairs, judged)), 0.0)
            weight = np.where(known, pairs, 0.0)
            got = share_interval(weight[None], shares.share[at][None], n[None], np.zeros(len(n), np.int64))
            share, low, high = (float(v[0]) for v in got)
        total = pairs.sum()
        expected = float((population.expected[at] * pairs).sum() / total) if total else None
        rows.append(
            {
                "band": band, "pairs": int(total), "joined": int(pairs[population.joined[at]].sum()),
                "expected": expected, "judged": int(judged.sum()), "same": int(same.sum()),
                "share": share, "low": low, "high": high,
            }
        )  # fmt: skip
    schema = {"share": pl.Float64, "low": pl.Float64, "high": pl.Float64, "expected": pl.Float64}
    return pl.DataFrame(rows, schema_overrides=schema)


def calibration_error(frame: pl.DataFrame) -> float | None:
    """Mean distance of judged and predicted share, over the doubtful pairs of the bands judged (expected calibration
    error, Naeini and others 2015); null where nothing is judged."""
    judged = frame.filter(pl.col("share").is_not_null() & (pl.col("band") != BEYOND) & (pl.col("pairs") > 0))
    if not judged.height:
        return None
    weight = judged["pairs"] / judged["pairs"].sum()
    return round(float((weight * (judged["share"] - judged["expected"]).abs()).sum()), 6)


def diagram(frame: pl.DataFrame, lang: Language) -> Drawing:
    """The reliability diagram: a dot with its interval for each band judged, on a scale of odds in both directions."""
    words, numbers = _TEXTS[lang], Numbers(lang)
    top, bottom, left, right = 40.0, 360.0, 0.13, 0.97

    def place(share: float) -> float:
        kept = min(max(share, _EDGE), 1 - _EDGE)
        reach = float(np.log(_EDGE / (1 - _EDGE)))
        return 0.5 - float(np.log(kept / (1 - kept))) / reach / 2

    def x(share: float) -> float:
        return left + (right - left) * place(share)

    def y(share: float) -> float:
        return bottom - (bottom - top) * place(share)

    shapes: list[Shape] = [Label(0, 18, words["up"], colour="soft")]
    for tick in _TICKS:
        shapes.append(Stroke(((left, y(tick)), (right, y(tick))), "line"))
        shapes.append(Label(left, y(tick) + 4, numbers.percent(tick), "end", "soft", dx=-6))
        shapes.append(Label(x(tick), bottom + 18, numbers.percent(tick), "middle", "soft"))
    shapes.append(Stroke(((left, bottom), (right, top)), "soft", 1, dashed=True))
    shapes.append(Label(x(0.002), y(0.002) + 16, words["exact"], "start", "soft"))
    shapes.append(Label(right, bottom + 38, words["across"], "end", "soft"))
    said = []
    for row in frame.filter(pl.col("share").is_not_null() & (pl.col("pairs") > 0)).to_dicts():
        tip = words["band"].format(
            band=row["band"], expected=numbers.percent(row["expected"]), share=numbers.percent(row["share"]),
            judged=numbers.count(row["judged"]),
        )  # fmt: skip
        said.append(tip)
        shapes.append(Stroke(((x(row["expected"]), y(row["low"])), (x(row["expected"]), y(row["high"]))), "b", 2))
        shapes.append(Dot(x(row["expected"]), y(row["share"]), "b", 4.5, tip=tip))
    if not said:
        shapes.append(Label((left + right) / 2, (top + bottom) / 2, words["nothing"], "middle", bold=True))
    return Drawing(bottom + 48, words["title"], "; ".join(said) or words["nothing"], shapes)
