"""From lessons to weights: the shares of ``rules/identity.yaml`` and the bits of names, counted again.

Belongs here: the formulas. Not here: which pairs are counted (:mod:`.lessons`), whether the result is good
(:mod:`.holding_out`).

Every share blends what was seen with what is written in the rules, which counts as ``learning.prior_pairs`` pairs.
A share among strangers of a level that hardly ever comes up by chance cannot be counted in a sample: it stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pipeline.identity.lessons import Lessons, Sample
from pipeline.resolve.compare import COLUMNS
from pipeline.resolve.model import ONE_NAME, SAME_DAY, Model
from pipeline.resolve.names import NameLevel, Names, compare_names, part_events
from pipeline.resolve.settings import IdentitySettings, NameWeights

Ints = npt.NDArray[np.int32]

_LEAST: Final = 10
"""Pairs of strangers that must have shown a level before its share is counted."""
_HEARD: Final = 20_000
"""Pairs of a class on which weights of names are tried."""
CLASSES: Final = ("m", "relative", "stranger", "relative_same_day", "stranger_same_day")


def learn(lessons: Lessons, settings: IdentitySettings, half: int | None = None) -> IdentitySettings:
    """The same model with weights as the lessons have them; ``half`` of the pairs, or all."""
    model = Model.start(settings, lessons.model.rows)
    prior = settings.learning.prior_pairs
    same, kin, strangers, one_day = (
        sample.part(half) for sample in (lessons.same, lessons.kin, lessons.strangers, lessons.one_day)
    )
    seen = {"m": same.count(model), "relative": kin.count(model), "stranger": strangers.count(model)}
    seen["m"]["number"] += seen["m"][SAME_DAY]
    together = one_day.count(model)
    document = settings.model_dump()
    for column in COLUMNS[1:]:
        card = document[column]
        levels = [n for n in card if n != "note"]
        free = [i for i in range(1, len(levels) + 1) if i in model.learnable(column)]
        for of in ("m", "relative"):
            if of == "m" or column != "family_number":
                _blend(card, levels, free, of, seen[of][column], prior)
        _count(card, levels, free, "stranger", seen["stranger"][column], prior)
        if column == "number":
            _blend(card, levels, free, "relative_same_day", seen["relative"][SAME_DAY], prior)
            _count(card, levels, free, "stranger_same_day", together[SAME_DAY], prior)
    heard = replace(lessons, same=same, kin=kin, strangers=strangers, one_day=one_day)
    document["name"] |= _better(heard, settings.name, _names(heard, settings.name, prior))
    return IdentitySettings.model_validate(document)


def _blend(card: dict[str, Any], levels: list[str], free: list[int], of: str, seen: Any, prior: float) -> None:
    """Shares of the levels: what was seen, and what is written as ``prior`` pairs."""
    chosen = [i for i in free if isinstance(card[levels[i - 1]][of], float)]
    before = np.array([card[levels[i - 1]][of] for i in chosen])
    after = (seen[chosen] + prior * before / before.sum()) / (seen[chosen].sum() + prior)
    for i, share in zip(chosen, np.clip(after, 1e-4, 0.9999), strict=True):
        card[levels[i - 1]][of] = _short(share)


def _count(card: dict[str, Any], levels: list[str], free: list[int], of: str, seen: Any, prior: float) -> None:
    """Shares among strangers, of the levels that were seen often enough; those counted by frequency stay."""
    total = float(seen[1:].sum())
    for i in free:
        before = card[levels[i - 1]][of]
        if isinstance(before, float) and before < 1 and seen[i] >= _LEAST:
            card[levels[i - 1]][of] = _short(min((float(seen[i]) + prior * before) / (total + prior), 0.9999))


def _short(value: float) -> float:
    """Six figures: what a share is known to, and can be read."""
    return float(f"{float(value):.6g}")


def _better(lessons: Lessons, weights: NameWeights, found: dict[str, float]) -> dict[str, float]:
    """Those of the weights found that tell people apart better, tried one after the other.

    What becomes of one part is not independent of the others, so that what is counted is only a proposal.
    """
    taken: dict[str, float] = {}
    least = name_loss(lessons, weights)
    for name, value in found.items():
        loss = name_loss(lessons, weights.model_copy(update=taken | {name: value}))
        if loss < least:
            taken[name], least = value, loss
    return taken


def name_loss(lessons: Lessons, weights: NameWeights) -> float:
    """Bits that names alone lack to telling one person from relatives and from strangers; all classes weigh alike."""
    f, losses = lessons.comparer.f, []
    for sample, against, sign in (
        (lessons.same, "relative", -1), (lessons.same, "stranger", -1),
        (lessons.kin, "relative", 1), (lessons.strangers, "stranger", 1),
    ):  # fmt: skip
        weight = sample.weight[:, 0]
        chosen = np.flatnonzero(weight > 0)
        chosen = chosen[:: max(1, -(-len(chosen) // _HEARD))]
        if len(chosen):
            names = compare_names(f.names, f.name[sample.pairs.a[chosen]], f.name[sample.pairs.b[chosen]], weights)
            bits = getattr(names, against).astype(np.float64)
            losses.append(float((np.logaddexp2(0, sign * bits) * weight[chosen]).sum() / weight[chosen].sum()))
    return round(float(np.mean(losses)), 6) if losses else 0.0


def _names(lessons: Lessons, weights: NameWeights, prior: float) -> dict[str, float]:
    """Bits of names from what became of their parts, see :class:`pipeline.resolve.settings.NameWeights`."""
    same, kin, strangers = lessons.same, lessons.kin, lessons.strangers
    names, of_row = lessons.comparer.f.names, lessons.comparer.f.name
    one, two = (_events(names, of_row, sample, weights) for sample in (same, strangers))
    if not one["pairs"] or not two["pairs"]:
        return {}
    found: dict[str, float] = {}
    for weight, event in (("initial", "short"), ("part_differs", "clash"), ("part_missing", "lost")):
        among, apart = (e["pairs" if event == "lost" else "places"] for e in (one, two))
        chance = (two[event] + 1) / (apart + 2)
        expected = min(2.0 ** getattr(weights, weight) * chance, 0.5)
        found[weight] = np.log2((one[event] + prior * expected) / (among + prior) / chance)
    found["typo_m"] = (one["slips"] + prior * weights.typo_m) / (one["places"] + prior)
    found["typo_u"] = (two["slips"] + prior * weights.typo_u) / (two["places"] + prior)
    alike = np.array([same.of_level(level) for level in ONE_NAME])
    total = same.of_level(*(level for level in NameLevel if level))
    for weight, share, seen in zip(("exact", "spelling", "reordered"), _spellings(names, of_row), alike, strict=True):
        expected = min(2.0 ** getattr(weights, weight) * share, 1.0)
        found[weight] = np.log2((seen + prior * expected) / (total + prior) / share)
    among = kin.of_level(*(level for level in NameLevel if level))
    chance = (kin.of_level(*ONE_NAME) + prior * 2.0**-weights.relative_exact) / (among + prior)
    found["relative_exact"] = np.log2((alike.sum() + prior) / (total + prior) / chance)
    return {k: round(float(v), 4) for k, v in found.items()}


def _events(names: Names, of_row: Ints, sample: Sample, weights: NameWeights) -> dict[str, float]:
    """What became of the parts of names, summed over the pairs of a sample."""
    a, b, weight = of_row[sample.pairs.a], of_row[sample.pairs.b], sample.weight[:, 0]
    known = (a >= 0) & (b >= 0) & (weight > 0)
    w, events = weight[known], part_events(names, a[known], b[known], weights)
    sums = {name: float(getattr(events, name) @ w) for name in ("places", "short", "slips", "clash")}
    return sums | {"lost": float((events.lost > 0) @ w), "pairs": float(w.sum())}


def _spellings(names: Names, of_row: Ints) -> tuple[float, float, float]:
    """Of two rows whose names are one but for spelling and order: how often they are written alike, are spelt
    otherwise, stand in another order."""
    rows = np.bincount(of_row[of_row >= 0], minlength=len(names.text)).astype(np.float64)
    written, spelt, all_ = (
        float((np.bincount(code, weights=rows) ** 2).sum()) for code in (np.arange(len(rows)), names.joined, names.bag)
    )
    least = 1e-3 * all_
    parts = [max(x, least) for x in (written, spelt - written, all_ - spelt)]
    return parts[0] / sum(parts), parts[1] / sum(parts), parts[2] / sum(parts)
