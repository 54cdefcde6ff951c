"""Splink on a list of :mod:`tests.benchmarks.crowd`, in its own environment: ``python splink_peer.py FILE.parquet``.

As a careful user sets it up for such a list: Levenshtein for the numbers, term frequencies for names and villages, u
from a million random pairs, m by expectation maximisation over three blockings. It gets the same columns, already
clean. Prints one JSON document: seconds, memory, F1 at its default cut, and at the best cut, picked with the truth.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time

import duckdb
import numpy as np
import splink.comparison_library as cl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

DEFAULT_CUT = 0.95
CUTS = np.arange(-2, 31)


def linked(path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scored pairs, and clusters at the default cut."""
    connection = duckdb.connect()
    connection.execute(
        "create table list as select row_number() over () - 1 as unique_id, * exclude (who), "
        f"substr(nik, 7) as nik_last, substr(nik, 1, 8) as nik_first from '{path}'"
    )
    api = DuckDBAPI(connection)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.LevenshteinAtThresholds("nik", [1, 2]),
            cl.LevenshteinAtThresholds("no_kk", [1]),
            cl.JaroWinklerAtThresholds("nama", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("tgl_lahir", [1, 2]),
            cl.ExactMatch("jk"),
            cl.ExactMatch("desa").configure(term_frequency_adjustments=True),
            cl.ExactMatch("rt"),
            cl.ExactMatch("rw"),
            cl.ExactMatch("dusun"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("nik"),
            block_on("nama", "tgl_lahir"),
            block_on("nama", "desa"),
            block_on("tgl_lahir", "desa"),
            block_on("no_kk", "nama"),
            block_on("no_kk", "tgl_lahir"),
            block_on("nik_last", "jk"),
            block_on("nik_first", "tgl_lahir"),
            block_on("nama", "substr(tgl_lahir, 1, 4)"),
        ],
    )
    linker = Linker(api.register("list"), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("nik"), block_on("nama", "tgl_lahir", "desa")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (block_on("nik"), block_on("nama", "tgl_lahir"), block_on("no_kk", "tgl_lahir")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_weight=-4)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=DEFAULT_CUT
    )
    edges = connection.execute(f"select unique_id_l, unique_id_r, match_weight from {pairs.physical_name}").fetchnumpy()
    labels = connection.execute(
        f"select unique_id, cluster_id from {clusters.physical_name} order by unique_id"
    ).fetchnumpy()
    return edges["unique_id_l"], edges["unique_id_r"], edges["match_weight"], labels["cluster_id"]


def pairs_in(group: np.ndarray) -> int:
    """Pairs of rows that are alike in this."""
    size = np.unique(group.astype(np.int64), return_counts=True)[1]
    return int((size * (size - 1) // 2).sum())


def f1(found: np.ndarray, who: np.ndarray) -> float:
    """F1 over pairs of rows of one cluster."""
    both = pairs_in(found.astype(np.int64) * (int(who.max()) + 1) + who)
    return 2 * both / max(pairs_in(found) + pairs_in(who), 1)


def main(path: str) -> None:
    """Link, then score."""
    began = time.perf_counter()
    a, b, weight, found = linked(path)
    wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    who = duckdb.sql(f"select who from '{path}'").fetchnumpy()["who"]
    labels = np.unique(found, return_inverse=True)[1]
    true = pairs_in(who)
    clusters, edges = {}, {}
    for cut in CUTS:
        good = weight > cut
        graph = coo_array((np.ones(int(good.sum()), np.int8), (a[good], b[good])), shape=(len(who), len(who)))
        clusters[int(cut)] = f1(connected_components(graph, directed=False)[1], who)
        edges[int(cut)] = 2 * int((who[a[good]] == who[b[good]]).sum()) / (int(good.sum()) + true)
    print(
        json.dumps(
            {
                "wall": round(wall, 1),
                "cpu": round(used.ru_utime + used.ru_stime, 1),
                "rss_mb": used.ru_maxrss // 1024,
                "f1_default": round(f1(labels, who), 4),
                "f1_best_cluster": round(max(clusters.values()), 4),
                "f1_best_edge": round(max(edges.values()), 4),
                "best_cut_bits": max(clusters, key=clusters.__getitem__),
                "pairs": len(a),
            }
        )
    )


if __name__ == "__main__":
    logging.getLogger("splink").setLevel(logging.WARNING)
    main(sys.argv[1])
