"""Many cards at one agent's terminal within minutes.

Belongs here: counting the cards of every window of every terminal at once, and how unusual the fullest is. Not here:
what else is to be said of an agent (:mod:`.agents`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.misuse.base_rate import rank_tail, scan_tail
from pipeline.misuse.thresholds import Thresholds
from pipeline.misuse.uses import MAX_EVIDENCE, codes

Numbers = npt.NDArray[np.int64]
_DAY: Final = 86_400_000
_SHORTEST_DAY: Final = 4 * 3_600_000
"""Milliseconds of a day at least, where the month has too few uses to tell when agents are open."""
_ENOUGH_PEERS: Final = 20


def bulk_withdrawals(drawn: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """So many different cards at one agent's terminal within minutes; one signal an agent, of its fullest window.

    How unusual: by :func:`~pipeline.misuse.base_rate.scan_tail` for a terminal with as many uses on that day, all
    days of all terminals compared; and by the share of days at least as busy that have a window as full.
    """
    here = drawn.filter("at_agent", pl.col("place").is_not_null())
    windows = windows_of(here, thresholds)
    inside = here[windows.inside(thresholds.bulk_min_cards)]
    whose = (  # a terminal is that of the agent who has most of the uses in question
        inside.group_by("place", "agent")
        .agg(n=pl.len())
        .sort("n", pl.col("agent").cast(pl.String), descending=[True, False])
        .unique("place", keep="first", maintain_order=True)
        .select("place", subject_id=pl.col("agent").cast(pl.String))
    )
    behind = (
        inside.join(whose, on="place")
        .group_by("subject_id")
        .agg(
            kecamatan_code=pl.col("home").cast(pl.String).drop_nulls().mode().min(),
            amount=pl.col("amount").sum(),
            started_at=pl.col("transacted_at").min(),
            ended_at=pl.col("transacted_at").max(),
            rows=pl.col("at").sort_by("transacted_at", "at").head(MAX_EVIDENCE),
        )
    )
    judged = (
        _judged(windows, here, thresholds)
        .join(whose, on="place")
        .sort("n_cards", "chance", "day", descending=[True, False, False])
        .unique("subject_id", keep="first", maintain_order=True)
    )
    minutes = thresholds.bulk_window.total_seconds() / 60
    return behind.join(judged, on="subject_id").with_columns(
        reason=pl.lit("bulk_withdrawal"),
        subject_kind=pl.lit("agent"),
        fact=pl.struct(
            day=pl.from_epoch("day", "d").cast(pl.String),
            cards_in_window="n_cards",
            window_minutes=pl.lit(minutes),
            cards_that_day="n_of",
            days_as_busy="peers",
            share_as_full=pl.col("share").round(4),
        ).struct.json_encode(),
    ).drop("place", "day", "peers")  # fmt: skip


@dataclass(frozen=True)
class Windows:
    """The window that begins with each use, in the order of place and time.

    Attributes:
        order: positions of the uses.
        n: how many different cards the window has; at terminals that never have enough uses for a sign, how many uses.
        last: the last use inside.
        place, time: code of the terminal, and milliseconds.
    """

    order: Numbers
    n: Numbers
    last: Numbers
    place: Numbers
    time: Numbers

    def inside(self, least: int) -> Numbers:
        """Positions of all uses in windows of so many cards."""
        starts = np.flatnonzero(self.n >= least)
        bounds = np.zeros(len(self.n) + 1, dtype=np.int64)
        np.add.at(bounds, starts, 1)
        np.add.at(bounds, self.last[starts] + 1, -1)
        got: Numbers = self.order[np.cumsum(bounds[:-1]) > 0]
        return got


def windows_of(here: pl.DataFrame, thresholds: Thresholds) -> Windows:
    """Count the cards of all windows; two sorts, whatever the crowd.

    Args:
        here: uses with ``place``, ``transacted_at``, ``card``.
        thresholds: length of the window, and how many cards make a sign.
    """
    if here.is_empty():
        none = np.zeros(0, dtype=np.int64)
        return Windows(none, none, none, none, none)
    place, time = codes(here["place"]), here["transacted_at"].dt.timestamp("ms").to_numpy()
    width = int(thresholds.bulk_window.total_seconds() * 1000)
    order, last = reach(place, time, width)
    place, time = place[order], time[order]
    n = last - np.arange(len(last)) + 1
    # a card used again within the window counts once: each pair of its uses takes one off the windows that hold both
    crowded = np.zeros(int(place[-1]) + 1, dtype=np.bool_)
    crowded[place[n >= thresholds.bulk_min_cards]] = True
    rows = np.flatnonzero(crowded[place])
    used = (place[rows] << np.int64(32)) | codes(here["card"][order[rows]])
    by_card = np.argsort(used, kind="stable")
    same = used[by_card[1:]] == used[by_card[:-1]]
    first, again = rows[by_card[:-1][same]], rows[by_card[1:][same]]
    near = again <= last[first]
    first, again = first[near], again[near]
    less = np.zeros(len(n) + 1, dtype=np.int64)
    np.add.at(less, np.searchsorted(last, again), -1)
    np.add.at(less, first + 1, 1)
    return Windows(order, n + np.cumsum(less[:-1]), last, place, time)


def reach(place: Numbers, time: Numbers, width: int) -> tuple[Numbers, Numbers]:
    """The order of place and time, and in that order the last use within ``width`` of each at its place."""
    along = place * (int(time.max() - time.min()) + width + 1) + (time - time.min())  # places too far apart to meet
    order = np.argsort(along, kind="stable")
    along = along[order]
    return order, np.searchsorted(along, along + width, side="right") - 1


def _judged(windows: Windows, here: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Days of terminals with a sign: ``place``, ``day``, ``n_cards``, ``n_of`` (uses that day), how unusual it is."""
    told = pl.DataFrame({"place": windows.place, "day": windows.time // _DAY, "n": windows.n})
    days = told.group_by("place", "day").agg(n_of=pl.len().cast(pl.Int64), n_cards=pl.col("n").max())
    per_day = _opening(windows.time) / (thresholds.bulk_window.total_seconds() * 1000)
    fullest, uses = days["n_cards"].to_numpy(), days["n_of"].to_numpy()
    peers, share = rank_tail(fullest, uses)
    found = fullest >= thresholds.bulk_min_cards
    expected = uses[found] / per_day
    chance = scan_tail(fullest[found], expected, np.full(int(found.sum()), per_day))
    judged = days.filter(pl.Series(found, dtype=pl.Boolean)).with_columns(
        peers=pl.Series(peers[found]),
        share=pl.when(pl.Series(peers[found]) >= _ENOUGH_PEERS).then(pl.Series(share[found])),
        expected=pl.Series(expected),
        chance=pl.Series(chance),
        compared=pl.lit(days.height, pl.Int64),
    )
    name = here.select("place").unique().with_columns(code=pl.col("place").to_physical().cast(pl.Int64))
    return judged.rename({"place": "code"}).join(name, on="code").drop("code")


def _opening(time: Numbers) -> float:
    """How long agents are open, in milliseconds: between the times of day that 2.5 % of uses lie before and after."""
    if not len(time):
        return float(_SHORTEST_DAY)
    low, high = np.quantile(time % _DAY, (0.025, 0.975))
    return max(float(high - low), float(_SHORTEST_DAY))
