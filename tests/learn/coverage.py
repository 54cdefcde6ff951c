"""Verification simulated: how often the intervals of the estimate hold the truth.

A list is made once, with errors of which most are flagged and few are not; then samples are drawn from it, some
households are not met, and the estimate is made of the rest. Run as a program it prints the table of all settings, of
several lists each: one list alone would tell how its own numbers fall::

    python -m tests.learn.coverage --draws 2000 --lists 8
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from pipeline.learn.allocation import Stratum, allocate
from pipeline.learn.estimate import ERRORS, MEASURES, Counts, estimate

FLAGGED = ("exclusion", "inclusion", "both", "other")
# band: share of the list, share with an exclusion and an inclusion error, expected share, share that is met
BANDS = {
    "exclusion": (0.19, 0.75, 0.02, 0.6, 0.80),
    "inclusion": (0.08, 0.02, 0.80, 0.7, 0.85),
    "both": (0.007, 0.45, 0.45, 0.7, 0.85),
    "other": (0.12, 0.06, 0.08, 0.2, 0.75),
    "unflagged_served": (0.26, 0.02, 0.04, 0.1, 0.90),
    "unflagged_poor": (0.003, 0.10, 0.0, 0.1, 0.85),
    "unflagged_better_off": (0.32, 0.01, 0.0, 0.03, 0.85),
    "unflagged_unranked": (0.02, 0.12, 0.0, 0.1, 0.70),
}
CHUNK = 100
"""Draws at a time: what fits the cache of a processor is several times faster."""
KABUPATEN = (0.32, 0.2, 0.15, 0.13, 0.11, 0.09)


@dataclass(frozen=True)
class Setting:
    """A list and a sample of it; ``rare`` multiplies the errors among the unflagged, ``silent`` who is not met."""

    name: str
    households: int
    visits: int
    kabupaten: int = 6
    rare: float = 1.0
    silent: float = 1.0
    wrong_are_silent: float = 1.0
    """How many times more often than others a household with an error is not met."""


SETTINGS = (
    Setting("kecamatan, 120 visits", 1_200, 120, kabupaten=1),
    Setting("kabupaten, 200 visits", 10_000, 200, kabupaten=1),
    Setting("kabupaten, 400 visits", 10_000, 400, kabupaten=1),
    Setting("province, 200 visits", 60_000, 200),
    Setting("province, 400 visits", 60_000, 400),
    Setting("province, 1,000 visits", 60_000, 1_000),
    Setting("province, 2,300 visits (a month of all TKSK)", 60_000, 2_300),
    Setting("province, 4,000 visits", 60_000, 4_000),
    Setting("province, 1,000, rarer errors among the unflagged (x 0.4)", 60_000, 1_000, rare=0.4),
    Setting("province, 1,000, everybody met", 60_000, 1_000, silent=0.0),
    Setting("province, 1,000, twice as many not met", 60_000, 1_000, silent=2.0),
    Setting("province, 1,000, wrong ones twice as often not met", 60_000, 1_000, wrong_are_silent=2.0),
)


@dataclass(frozen=True)
class Listed:
    """A list: strata with their households and errors."""

    size: np.ndarray
    band: np.ndarray
    errors: dict[str, np.ndarray]
    expected: np.ndarray
    met: np.ndarray

    @property
    def flagged(self) -> np.ndarray:
        return np.isin(self.band, FLAGGED)

    def truth(self, error: str) -> dict[str, float]:
        """The measures of the whole list."""
        bands = {"exclusion": ("exclusion", "both"), "inclusion": ("inclusion", "both")}[error]
        flagged = np.isin(self.band, bands)
        hit, missed = self.errors[error][flagged].sum(), self.errors[error][~flagged].sum()
        return {
            "error_rate": (hit + missed) / self.size.sum(),
            "precision": hit / self.size[flagged].sum(),
            "sensitivity": hit / (hit + missed),
            "missed_rate": missed / self.size[~flagged].sum(),
        }


def make_list(setting: Setting, seed: int) -> Listed:
    """A list of a setting; kabupaten differ by some in how often flags are right."""
    dice = np.random.default_rng(seed)
    parts = np.array(KABUPATEN[: setting.kabupaten]) / sum(KABUPATEN[: setting.kabupaten])
    rows = []
    for band, (share, lacks, leaks, expected, met) in BANDS.items():
        rare = 1.0 if band in FLAGGED else setting.rare
        for part in parts:
            size = max(3, round(setting.households * share * part))
            swing = dice.uniform(0.8, 1.2)
            wrong = [min(round(size * p * rare * swing), size // 2 if p < 0.5 else size) for p in (lacks, leaks)]
            rows.append((size, band, *wrong, expected, 1 - (1 - met) * setting.silent))
    size, names, lacks_, leaks_, expected_, met_ = (np.array(c) for c in zip(*rows, strict=True))
    return Listed(size, names, {"exclusion": lacks_, "inclusion": leaks_}, expected_, met_)


def visits_of(made: Listed, n: int) -> np.ndarray:
    """Visits of each stratum, as `tepat sample` allocates them."""
    strata = [
        Stratum(f"{i:03d}", int(s), float(e), bool(f))
        for i, (s, e, f) in enumerate(zip(made.size, made.expected, made.flagged, strict=True))
    ]
    return np.array(list(dict(sorted(allocate(strata, n, 0.5).items())).values()))


def draw(made: Listed, setting: Setting, draws: int, dice: np.random.Generator) -> Counts:
    """Samples drawn and visited: who has which error among the drawn, and who of them is met."""
    drawn = visits_of(made, setting.visits)
    shape = (draws, len(drawn))
    lacks = dice.hypergeometric(made.errors["exclusion"], made.size - made.errors["exclusion"], drawn, shape)
    other = made.size - made.errors["exclusion"]
    leaks = dice.hypergeometric(made.errors["inclusion"], other - made.errors["inclusion"], drawn - lacks)
    met_wrong = 1 - np.minimum((1 - made.met) * setting.wrong_are_silent, 1.0)
    heard = {"exclusion": dice.binomial(lacks, met_wrong), "inclusion": dice.binomial(leaks, met_wrong)}
    right = dice.binomial(drawn - lacks - leaks, made.met)
    answered = (right + heard["exclusion"] + heard["inclusion"]).astype(float)
    return Counts(
        made.size.astype(float), drawn.astype(float), made.band, made.flagged, answered,
        {e: heard[e].astype(float) for e in ERRORS},
    )  # fmt: skip


def coverage(setting: Setting, draws: int, seed: int = 20261) -> dict[tuple[str, str], float]:
    """(error, measure) → share of draws from one list whose interval holds the truth; no interval holds none."""
    made = make_list(setting, seed)
    dice = np.random.default_rng(seed)
    held: dict[tuple[str, str], float] = dict.fromkeys(((e, m) for e in ERRORS for m in MEASURES), 0.0)
    for start in range(0, draws, CHUNK):
        counts = draw(made, setting, min(CHUNK, draws - start), dice)
        for error in ERRORS:
            truth = made.truth(error)
            for measure, interval in estimate(counts, error).items():
                true = truth[measure]
                inside = (interval.low - 1e-6 <= true) & (true <= interval.high + 1e-6)
                held[error, measure] += float(inside.sum()) / draws
    return held


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--lists", type=int, default=1)
    asked = parser.parse_args()
    print(f"| setting | {' | '.join(f'{e[:4]}. {m}' for e in ERRORS for m in MEASURES)} |")
    print("|---|" + "---|" * (len(ERRORS) * len(MEASURES)))
    for setting in SETTINGS:
        found = [coverage(setting, asked.draws, 20261 + i) for i in range(asked.lists)]
        cells = [f"{100 * np.mean([f[e, m] for f in found]):.1f}" for e in ERRORS for m in MEASURES]
        print(f"| {setting.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
