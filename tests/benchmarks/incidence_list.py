"""Ten million households measured from a CSV: ``python -m tests.benchmarks.incidence_list [FOLDER] [MILLIONS]``.

The list is a sample with 40 strata of 250 PSUs, weights and sizes of households; every PSU has a level of welfare of
its own. Run once to make it, again to measure: seconds, seconds of processors, memory.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from pipeline.incidence import Request, incidence

STRATA, PSUS, AT_ONCE = 40, 10_000, 1_000_000
REQUEST = Request("welfare", "benefit", weight="weight", line="900000", psu="psu", strata="stratum", size="persons")


def make(path: Path, millions: int) -> None:
    """The list, piece by piece."""
    rng = np.random.default_rng(1)
    level = rng.normal(0, 0.3, PSUS)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for part in range(millions):
            psu = (np.arange(AT_ONCE) + part * AT_ONCE) * PSUS // (millions * AT_ONCE)
            welfare = np.exp(13.8 + level[psu] + rng.normal(0, 0.5, AT_ONCE)).round(2)
            served = rng.random(AT_ONCE) < np.where(welfare < 900_000, 0.6, 0.15)
            pl.DataFrame(
                {
                    "name": pl.int_range(part * AT_ONCE, (part + 1) * AT_ONCE, eager=True).cast(pl.String),
                    "stratum": psu * STRATA // PSUS, "psu": psu, "weight": rng.uniform(0.5, 3, AT_ONCE).round(4),
                    "persons": rng.integers(1, 9, AT_ONCE), "welfare": welfare,
                    "benefit": np.where(served, 200_000.0, 0.0),
                }
            ).write_csv(file, include_header=part == 0)  # fmt: skip


def main() -> None:
    """Make the list where it is missing, else measure it and print what that took."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/tepat-benchmarks/incidence")  # noqa: S108
    millions = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    path = folder / f"households_{millions}_million.csv"
    if not path.exists():
        make(path, millions)
        print("made; run again to measure")
        return
    wall, busy = time.perf_counter(), time.process_time()
    result = incidence(path, REQUEST)
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print({measure: result.value(measure) for measure in ("coverage", "concentration_index")})
    print(f"{wall:.1f} s, {busy:.1f} s of processors, {peak:,.0f} MB at most")


if __name__ == "__main__":
    main()
