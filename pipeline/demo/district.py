"""A district from nothing: raw files of some months, and the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from pipeline.demo import answers, card_use, dirty, files, lists, scene, truth
from pipeline.demo.noise import FIELD, Profile
from pipeline.demo.scene import Scene
from pipeline.period import Period


def make_district(
    folder: Path, *, families: int, seed: int, periods: Sequence[Period], profile: Profile = FIELD
) -> None:
    """Make a synthetic district: ``<folder>/raw/<period>/*`` and ``<folder>/truth/<period>/*.csv``.

    Nobody in it exists. The same arguments give the same files, byte for byte. Truth: mentions, expected_quarantine,
    layout_rows, rows, findings, measures, gate.

    Args:
        folder: made if it does not exist; files of the same name are written over.
        families: households in the first month; some three persons each. 200 make three kecamatan, 400,000 a
            province.
        seed: another seed, another district.
        periods: consecutive months, in order.
        profile: how dirty the lists are.
    """
    idle: list[pl.DataFrame] = []
    for month in scene.months(families, seed, list(periods)):
        raw = folder / "raw" / str(month.period)
        raw.mkdir(parents=True, exist_ok=True)
        written = _write_month(month, raw, profile)
        truth.write(month, written, idle, folder / "truth" / str(month.period))
        idle.append(answers.unclaimed(month, written.use))


def _write_month(month: Scene, raw: Path, profile: Profile) -> truth.Month:
    made = []
    for sheet in lists.build(month):
        dirtied = dirty.write_badly(sheet, month, profile)
        made.append((dirtied, files.write_list(dirtied, raw, month.period, month.dice)))
    use = card_use.use_cards(month)
    return truth.Month(made, use, files.write_transactions(use, raw, month.period, month.dice))
