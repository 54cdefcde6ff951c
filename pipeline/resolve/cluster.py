"""From scored pairs to persons.

Belongs here: joining rows into persons on summed evidence. Not here: scores (:mod:`.model`).

Connected components join strangers through one doubtful pair. Here every pair inside a component is compared, also
those that no blocking pass has found; a component in which all pairs agree is one person; in the others the two
groups that belong together most are joined first, step by step, as long as the evidence of all their pairs together
is above the cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.resolve.compare import COLUMNS, Compared, Floats
from pipeline.resolve.cut import Joins
from pipeline.resolve.digits import Rows
from pipeline.resolve.judgements import Judged
from pipeline.resolve.model import Scores

Labels = npt.NDArray[np.int64]
"""For each row the smallest row of its group."""

STEADY: Final = ("name", "number", "birth_date", "sex", "birth_place")
"""Columns that stay as they are through life: all pairs of two groups count, the mean is taken."""
CHANGING: Final = ("account", "member_number", "phone")
"""Columns of which a person has several: the best agreement counts, diluted by the number of pairs."""
CONTEXT: Final = ("family_number", "place", "prior")
"""Counted as one, because family number and place depend on each other; diluted as above."""
LISTS: Final = "source"
"""Two rows of one list in a group are two rows of one list, whatever other pairs say: the least weight counts."""

_COMPLETE_ROWS: Final = 60
_SAMPLE_ROWS: Final = 8
_PATIENCE: Final = 40
_ALL: Final = (*COLUMNS, "prior")
ALWAYS: Final = 1000.0
NEVER: Final = -1000.0
_SCALE: Final = 1024
_SHIFT: Final = 16


@dataclass(frozen=True)
class Evidence:
    """Pairs with their weights, ready for clustering.

    Attributes:
        a, b: rows.
        total: log2 odds of the pair by itself.
        parts: shape (pairs, columns of clustering); weights in bits.
        known: whether the column says something.
        steady: how many of the columns, the first ones, are averaged; the last is the least of all (see LISTS).
    """

    a: Rows
    b: Rows
    total: Floats
    parts: Floats
    known: npt.NDArray[np.bool_]
    steady: int = len(STEADY)

    def take(self, at: npt.NDArray[np.generic]) -> Evidence:
        """Some of the pairs."""
        return replace(
            self, a=self.a[at], b=self.b[at], total=self.total[at], parts=self.parts[at], known=self.known[at]
        )

    def distinct(self) -> Evidence:
        """Each pair once, the later evidence counting; in order of rows."""
        key = self.a.astype(np.uint64) << np.uint64(32) | self.b.astype(np.uint64)
        order = np.argsort(key, kind="stable")
        last = np.append(key[order][1:] != key[order][:-1], True) if len(key) else np.zeros(0, np.bool_)
        return self.take(order[last])

    @staticmethod
    def concat(pieces: list[Evidence]) -> Evidence:
        """Pieces one after the other (at least one)."""
        a, b, total, parts, known = (
            np.concatenate([getattr(p, n) for p in pieces]) for n in ("a", "b", "total", "parts", "known")
        )
        return Evidence(a, b, total, parts, known, pieces[0].steady)


Compare = Callable[[Rows, Rows], Evidence]


def evidence(compared: Compared, scores: Scores) -> Evidence:
    """Weights grouped as clustering sums them up."""
    at = {c: k for k, c in enumerate(_ALL)}
    single = [*STEADY, *CHANGING]
    context = scores.weights[:, [at[c] for c in CONTEXT]].sum(axis=1)
    parts = np.column_stack([scores.weights[:, [at[c] for c in single]], context, scores.weights[:, at[LISTS]]]).astype(
        np.float32
    )
    known = np.column_stack([*(compared.levels[c] > 0 for c in single), *np.ones((2, len(compared)), dtype=np.bool_)])
    return Evidence(compared.a, compared.b, scores.total, parts, known)


def obey(pairs: Evidence, judged: Judged) -> Evidence:
    """Evidence in which what people have decided outweighs everything else."""
    key = pairs.a.astype(np.uint64) << np.uint64(32) | pairs.b.astype(np.uint64)
    total, parts, known = pairs.total.copy(), pairs.parts.copy(), pairs.known.copy()
    for a, b, bits in ((judged.same_a, judged.same_b, ALWAYS), (judged.different_a, judged.different_b, NEVER)):
        hit = np.isin(key, a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64))
        total[hit] = bits
        parts[hit] = bits / parts.shape[1]
        known[hit] = True
    return replace(pairs, total=total, parts=parts, known=known)


def components(a: Rows, b: Rows, rows: int) -> Labels:
    """Smallest row of the connected component of each row."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(rows, rows))
    _, label = connected_components(graph, directed=False)
    first = np.full(int(label.max(initial=-1)) + 1, rows, dtype=np.int64)
    np.minimum.at(first, label, np.arange(rows))
    got: Labels = first[label]
    return got


def missing_pairs(labels: Labels, a: Rows, b: Rows) -> tuple[Rows, Rows]:
    """Pairs inside one component that are not among the given ones; components too large are left as they are."""
    size = np.bincount(labels, minlength=len(labels))[labels]
    rows = np.flatnonzero((size > 2) & (size <= _COMPLETE_ROWS))
    order = rows[np.lexsort((rows, labels[rows]))]
    key = labels[order]
    made = []
    at = np.arange(len(order))
    for distance in range(1, _COMPLETE_ROWS):
        at = at[at + distance < len(order)]
        at = at[key[at] == key[at + distance]]
        if not len(at):
            break
        made.append(order[at].astype(np.uint64) << np.uint64(32) | order[at + distance].astype(np.uint64))
    if not made:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    have = a.astype(np.uint64) << np.uint64(32) | b.astype(np.uint64)
    new = np.setdiff1d(np.concatenate(made), have, assume_unique=True)
    return (new >> np.uint64(32)).astype(np.int64), (new & np.uint64(0xFFFFFFFF)).astype(np.int64)


def cluster(
    pairs: Evidence,
    rows: int,
    *,
    link: float,
    cut: float,
    compare: Compare,
    joins: list[Joins] | None = None,
) -> tuple[Labels, Evidence]:
    """Join rows into persons.

    Args:
        pairs: candidate pairs, a < b.
        rows: number of rows.
        link: log2 odds from which a pair ties two rows into one component.
        cut: log2 odds of the summed evidence from which two groups are joined.
        compare: compares further pairs of rows.
        joins: what was joined, and how surely, is added here.

    Returns:
        Labels, and all evidence inside components (the given pairs above ``link`` or inside, and those added).
    """
    tied = pairs.total > link
    a, b = pairs.a[tied], pairs.b[tied]
    whole = components(a, b, rows)
    inside = pairs.take(whole[pairs.a] == whole[pairs.b])
    new = missing_pairs(whole, inside.a, inside.b)
    if len(new[0]):
        inside = Evidence.concat([inside, compare(*new)])
    labels = np.arange(rows)
    size = np.bincount(whole, minlength=rows)
    agreed = np.bincount(whole[inside.a][inside.total > cut], minlength=rows)
    clean = (size > 1) & (agreed == size * (size - 1) // 2)
    labels = np.where(clean[whole], whole, labels)
    if joins is not None:
        joins.append(_agreed(inside.take(clean[whole[inside.a]]), size[whole]))
    open_ = inside.take(~clean[whole[inside.a]])
    return _agglomerate(open_, labels, cut, compare, joins), inside


def _agreed(pairs: Evidence, size: npt.NDArray[np.intp]) -> Joins:
    """Joins of components in which all pairs agree: each row by its best link, every link counted once."""
    best = np.full(len(size), -np.inf)
    for rows in (pairs.a, pairs.b):
        np.maximum.at(best, rows, pairs.total)
    rows = np.flatnonzero(np.isfinite(best))
    return Joins(best[rows], (size[rows] - 1) / 2)


def regroup(pairs: Evidence, labels: Labels, cut: float) -> Labels:
    """Join groups further on other evidence: all pairs given count, groups are kept."""
    apart = labels[pairs.a] != labels[pairs.b]
    return _agglomerate(pairs.take(apart), labels, cut)


def _agglomerate(
    pairs: Evidence, labels: Labels, cut: float, compare: Compare | None = None, joins: list[Joins] | None = None
) -> Labels:
    """Join the two groups that are each other's best, round by round, until none is above the cut.

    With ``compare``, two groups are joined only after their rows have been compared across, a sample of large ones:
    blocking finds the pairs that are alike, and groups must not be judged by those alone.
    """
    edges, value = edges_between(pairs, labels)
    parent = labels.copy()
    rounds = 0
    while edges.height:
        edges = (
            edges.filter(pl.col("a") != pl.col("b"))
            .select(
                pl.min_horizontal("a", "b").alias("a"),
                pl.max_horizontal("a", "b").alias("b"),
                pl.exclude("a", "b"),
            )
            .group_by("a", "b")
            .agg(pl.exclude("least").sum(), pl.col("least").min())
            .sort("a", "b")
            .with_columns(value.round(6).alias("value"))
        )
        joined = _mutual_best(edges, cut, followers=rounds >= _PATIENCE)
        if not joined.height:
            break
        if compare is not None and (unseen := _unseen(edges, joined, parent)).height:
            seen, _ = edges_between(compare(*_across(unseen, parent)), parent)
            size = np.bincount(parent, minlength=len(parent))
            product = size[seen["a"].to_numpy()] * size[seen["b"].to_numpy()]
            share = pl.DataFrame({"a": seen["a"], "b": seen["b"], "seen": product}).with_columns(
                pl.col("seen") / pl.len().over(pl.min_horizontal("a", "b"), pl.max_horizontal("a", "b"))
            )
            seen = seen.with_columns(share["seen"].ceil().cast(pl.Int64))
            # a sample may miss the very pair that people have judged
            told = edges.join(unseen, on=["a", "b"], how="semi").filter(pl.col("never") > 0)
            known = edges.drop("value").join(unseen, on=["a", "b"], how="anti")
            edges = pl.concat([known, seen.select(known.columns), _only_said(told).select(known.columns)])
            continue
        if joins is not None:
            size = np.bincount(parent, minlength=len(parent))
            made = size[joined["a"].to_numpy()] * size[joined["b"].to_numpy()]
            joins.append(Joins(joined["value"].to_numpy(), made.astype(np.float64)))
        step = np.arange(len(parent))
        if rounds >= _PATIENCE:
            step = components(joined["a"].to_numpy(), joined["b"].to_numpy(), len(parent))
        else:
            step[joined["b"].to_numpy()] = joined["a"].to_numpy()
        rounds += 1
        parent = step[parent]
        edges = edges.drop("value").with_columns(
            pl.Series(step[edges["a"].to_numpy()]).alias("a"), pl.Series(step[edges["b"].to_numpy()]).alias("b")
        )
    return parent


def edges_between(pairs: Evidence, labels: Labels) -> tuple[pl.DataFrame, pl.Expr]:
    """Evidence in the form in which it is summed over pairs, and the log2 odds that follow from the sums.

    Whole numbers throughout, so that sums do not depend on their order (and so not on the number of threads).
    """
    n_steady, last = pairs.steady, pairs.parts.shape[1] - 1
    columns: dict[str, npt.NDArray[np.generic]] = {"a": labels[pairs.a], "b": labels[pairs.b]}
    terms = []
    for k in range(last):
        known, part = pairs.known[:, k], pairs.parts[:, k].astype(np.float64)
        columns[f"n{k}"] = known.astype(np.int64)
        total, count = pl.col(f"s{k}"), pl.col(f"n{k}")
        if k < n_steady:
            columns[f"s{k}"] = np.where(known, np.round(part * _SCALE), 0).astype(np.int64)
            term = total / count / _SCALE
        else:
            columns[f"s{k}"] = np.where(known, np.exp2(np.clip(part, -_SHIFT, 30) + _SHIFT), 0).astype(np.int64)
            term = (total / count).log(2.0) - _SHIFT
        terms.append(pl.when(count > 0).then(term).otherwise(0.0))
    columns["least"] = np.round(pairs.parts[:, last].astype(np.float64) * _SCALE).astype(np.int64)
    columns["never"] = (pairs.total <= NEVER / 2).astype(np.int64)
    columns["seen"] = np.ones(len(pairs.a), dtype=np.int64)
    return pl.DataFrame(columns), pl.sum_horizontal(*terms, pl.col("least") / _SCALE)


def summed(pairs: Evidence, labels: Labels) -> pl.DataFrame:
    """Evidence between groups, summed as clustering does: a < b, ``value`` (log2 odds), ``never``."""
    edges, value = edges_between(pairs, labels)
    return (
        edges.select(
            pl.min_horizontal("a", "b").alias("a"), pl.max_horizontal("a", "b").alias("b"), pl.exclude("a", "b")
        )
        .group_by("a", "b")
        .agg(pl.exclude("least").sum(), pl.col("least").min())
        .with_columns(value.round(6).alias("value"))
        .sort("a", "b")
    )


def _only_said(edges: pl.DataFrame) -> pl.DataFrame:
    """Edges that hold nothing but what people have said of a pair, to be summed with what is found otherwise."""
    nothing = pl.all().exclude("a", "b", "never", "least") * 0
    return edges.drop("value").with_columns(nothing, least=pl.lit(2**40, pl.Int64))


def _unseen(edges: pl.DataFrame, joined: pl.DataFrame, parent: Labels) -> pl.DataFrame:
    """Those of the groups to be joined whose rows have not all been compared."""
    size = np.bincount(parent, minlength=len(parent))
    both = joined.select("a", "b").join(
        edges.select("a", "b", "seen"), on=["a", "b"], how="left", maintain_order="left"
    )
    whole = size[both["a"].to_numpy()] * size[both["b"].to_numpy()]
    return both.filter(pl.col("seen") < pl.Series(whole)).select("a", "b")


def _across(groups: pl.DataFrame, parent: Labels) -> tuple[Rows, Rows]:
    """Pairs of rows across two groups; of a large group some rows, spread evenly."""
    members = (
        pl.DataFrame({"group": parent, "row": np.arange(len(parent))})
        .filter(pl.col("group").is_in(pl.concat([groups["a"], groups["b"]]).implode()))
        .with_columns(pl.int_range(pl.len()).over("group").alias("at"), pl.len().over("group").alias("size"))
        .filter(
            (pl.col("at") * _SAMPLE_ROWS // pl.col("size")) != ((pl.col("at") - 1) * _SAMPLE_ROWS // pl.col("size"))
        )
        .select("group", "row")
    )
    pairs = groups.join(members.rename({"group": "a", "row": "x"}), on="a", maintain_order="left_right").join(
        members.rename({"group": "b", "row": "y"}), on="b", maintain_order="left_right"
    )
    x, y = pairs["x"].to_numpy(), pairs["y"].to_numpy()
    return np.minimum(x, y), np.maximum(x, y)


def _mutual_best(edges: pl.DataFrame, cut: float, *, followers: bool) -> pl.DataFrame:
    """Pairs of groups that are each other's best partner above the cut; ``followers``: and groups whose best partner
    is in such a pair, without which a person of hundreds of rows would take hundreds of rounds."""
    good = edges.filter((pl.col("value") > cut) & (pl.col("never") == 0)).select("a", "b", "value")
    both = pl.concat([good, good.select(pl.col("b").alias("a"), pl.col("a").alias("b"), "value")])
    best = both.sort("a", "value", "b", descending=[False, True, False]).unique("a", keep="first", maintain_order=True)
    mutual = best.join(best.select(pl.col("a").alias("b"), pl.col("b").alias("a")), on=["a", "b"], how="semi")
    pairs = mutual.filter(pl.col("a") < pl.col("b"))
    if followers:
        late = best.join(mutual.select("a"), on="a", how="anti").join(
            mutual.select(pl.col("a").alias("b"), pl.min_horizontal("a", "b").alias("team")), on="b"
        )
        late = late.join(_opposed(edges, cut, late, mutual), on="a", how="anti").select(mutual.columns)
        turned = late.with_columns(pl.min_horizontal("a", "b").alias("a"), pl.max_horizontal("a", "b").alias("b"))
        pairs = pl.concat([pairs, turned]).unique(["a", "b"], maintain_order=True)
    return pairs.sort("a", "b")


def _opposed(edges: pl.DataFrame, cut: float, late: pl.DataFrame, mutual: pl.DataFrame) -> pl.DataFrame:
    """Followers (``a``) that something keeps from one of those with whom they would be joined at once; they wait."""
    first = mutual.select("a", pl.min_horizontal("a", "b").alias("team"))
    team = pl.concat([first, late.select("a", "team")])
    return (
        edges.filter((pl.col("value") <= cut) | (pl.col("never") > 0))
        .select("a", "b")
        .join(team, on="a")
        .join(team.rename({"a": "b"}), on=["b", "team"])
        .select(pl.concat_list("a", "b").alias("a"))
        .explode("a", empty_as_null=True)
    )


def confidence(labels: Labels, pairs: Evidence) -> Floats:
    """For each group (at its label) the probability of its weakest row's best link; 1 for single rows."""
    same = labels[pairs.a] == labels[pairs.b]
    best = np.full(len(labels), -60.0, dtype=np.float32)
    np.maximum.at(best, pairs.a[same], pairs.total[same])
    np.maximum.at(best, pairs.b[same], pairs.total[same])
    weakest = np.full(len(labels), 60.0, dtype=np.float32)
    size = np.bincount(labels, minlength=len(labels))[labels]
    several = np.flatnonzero(size > 1)
    np.minimum.at(weakest, labels[several], best[several])
    got: Floats = (1 / (1 + np.exp2(-weakest))).astype(np.float32)
    return got
