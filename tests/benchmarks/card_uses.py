"""Ten million uses of 1.2 million cards screened: seconds and memory.

``python -m tests.benchmarks.card_uses [FOLDER] [MILLIONS]``: the month is made in FOLDER if it is not there. Agents
serve a queue, two minutes and ten seconds a card; two uses in three are on the day of distribution of the desa.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from pipeline import misuse, tables
from pipeline.period import Period
from pipeline.regions import Gazetteer, PlaceRules
from pipeline.rulebook import default_rules
from pipeline.store import Store

PERIOD = Period(2026, 10)
CARDS, AGENTS = 1_200_000, 24_000
GAP, A_DAY = 130, 300


def make(store: Store, millions: int) -> None:
    """Recipients lists, a roster and transactions."""
    rng = np.random.default_rng(1)
    gazetteer = Gazetteer(PlaceRules())
    desa = [
        d.code for k in gazetteer.children("75") for c in gazetteer.children(k.code) for d in gazetteer.children(c.code)
    ]
    home = rng.integers(0, len(desa), CARDS)
    card = pl.Series([f"603298{i:010d}" for i in range(CARDS)])
    names = [_name(i) for i in range(2 * len(desa))]
    _write_lists(store, home, desa, card, names)
    n = millions * 1_000_000
    owner = rng.integers(0, CARDS, n)
    near = home[owner] + len(desa) * rng.integers(0, AGENTS // len(desa), n)
    agent = np.where(rng.random(n) < 0.1, rng.integers(0, AGENTS, n), near) % AGENTS
    day = np.where(rng.random(n) < 0.6, 4 + home[owner] % 10, rng.integers(0, 28, n))
    uses = pl.DataFrame({"card": owner, "agent": agent, "day": day})
    turn = pl.int_range(pl.len()).over("agent", "day")
    uses = uses.with_columns(second=(pl.col("day") + turn // A_DAY) * 86_400 + 8 * 3600 + turn % A_DAY * GAP).sort(
        "second"
    )
    start = pl.lit(datetime(2026, 10, 1))
    with store.writer(tables.TRANSACTIONS) as writer:
        for first in range(0, n, 1_000_000):
            part = uses.slice(first, 1_000_000)
            kind = rng.choice(["withdrawal", "balance_inquiry", "credit"], part.height, p=[0.7, 0.2, 0.1])
            amount = np.where(kind == "balance_inquiry", 0, rng.choice([200_000, 400_000, 600_000], part.height))
            number = pl.col("agent").cast(pl.String).str.zfill(7)
            writer.append(
                part.select(
                    source_file=pl.lit(f"Transaksi_{first}.csv"), sheet=pl.lit(""),
                    row_number=pl.int_range(2, part.height + 2), card_number=card.gather(part["card"]),
                    transacted_at=start + pl.duration(seconds="second"), amount=pl.Series(amount),
                    agent_id=pl.lit("AG") + number, terminal_id=pl.lit("T") + number,
                    channel=pl.Series(rng.choice(["agent", "teller", "atm"], part.height, p=[0.85, 0.05, 0.1])),
                    transaction_type=pl.Series(kind),
                )
            )  # fmt: skip


def _write_lists(store: Store, home: np.ndarray, desa: list[str], card: pl.Series, names: list[str]) -> None:
    numbers = np.arange(CARDS)
    place = pl.Series(desa).gather(home)
    mentions = pl.DataFrame(
        {
            "mention_id": [f"m{i:015d}" for i in numbers], "source_file": "PKH.csv", "sheet": "",
            "row_number": numbers + 2, "kind": "recipients", "program": "pkh", "desa_code": place,
            "kecamatan_code": place.str.slice(0, 6), "kecamatan": place.str.slice(0, 6), "card_number": card,
            "account_number": [f"03{i:013d}" for i in numbers], "phone": [f"0812{i:08d}" for i in numbers],
            "amount": 600_000, "active": True, "companion": pl.Series(names).gather(home * 2 + numbers % 2),
            "fingerprint": "f",
        }
    )  # fmt: skip
    ids = mentions.select(
        "mention_id", person_id=pl.lit("P") + pl.col("mention_id"), household_id=pl.lit("H") + pl.col("mention_id")
    )
    roster = pl.DataFrame({"mention_id": [f"c{i:015d}" for i in range(len(names))], "source_file": "Pendamping.csv",
                           "sheet": "", "row_number": np.arange(len(names)) + 2, "kind": "companions", "name": names,
                           "fingerprint": "f"})  # fmt: skip
    own = roster.select(
        "mention_id", person_id=pl.lit("P") + pl.col("mention_id"), household_id=pl.lit("H") + pl.col("mention_id")
    )
    store.write(tables.MENTIONS, tables.MENTIONS.conform(pl.concat([roster, mentions], how="diagonal")))
    store.write(tables.MENTION_IDS, pl.concat([own, ids]))


def _name(number: int) -> str:
    letters = "".join(chr(65 + b % 26) for b in hashlib.sha256(str(number).encode()).digest()[:14])
    return f"{letters[:6]} {letters[6:]}"


def main() -> None:
    """Make the month where it is missing, screen it, print what it took."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/tepat-benchmarks/card-uses")  # noqa: S108
    store = Store(folder / str(PERIOD))
    if not store.has(tables.TRANSACTIONS):
        store.final.mkdir(parents=True, exist_ok=True)
        make(store, int(sys.argv[2]) if len(sys.argv) > 2 else 10)
        print("made; run again to measure")  # making it took memory that would be counted
        return
    wall, busy = time.perf_counter(), time.process_time()
    misuse.screen(store, PERIOD, default_rules(), say=print)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{wall:.1f} s, {busy:.1f} s of processors, {peak:,.0f} MB at most")


if __name__ == "__main__":
    main()
