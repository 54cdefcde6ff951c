"""Rows of a further list, such as a pay list, found among the persons of a published run.

Belongs here: choosing the published rows that could be the same persons, and assigning each new row to one published
person or to none. Not here: how rows are compared and weighed (the engine's own modules): persons stay as published,
nothing is merged or split.

Three steps, so that a list of a province takes seconds: a row whose whole number and name are those of exactly one
person needs no weighing; for the others the published rows that share a number, name or date are fetched and
compared; for those still without a person, also rows of their desa whose name begins or ends alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.database import opened
from pipeline.history import PublishedRun, frame_of
from pipeline.resolve.blocking import distinct, pairs_of, passes, splitters_of, unpack
from pipeline.resolve.cluster import Evidence, Labels, cluster, evidence, obey, summed
from pipeline.resolve.compare import Comparer, Floats, best_date
from pipeline.resolve.digits import Rows
from pipeline.resolve.engine import odds
from pipeline.resolve.features import IDENTITY_COLUMNS, Features, build_features
from pipeline.resolve.judgements import read_judgements
from pipeline.resolve.model import Model
from pipeline.resolve.names import Names, Spelling, read_spelling
from pipeline.resolve.settings import IdentitySettings, read_settings
from pipeline.tables import MENTIONS

ATTACHED: Final = pl.Schema({"mention_id": pl.String(), "person_id": pl.String(), "fellow": pl.String()})
"""A new row, its published person (null: none), and for rows without one the first new row that is the same person."""

_COLUMNS: Final = (*IDENTITY_COLUMNS, "fingerprint")
_ALWAYS: Final = frozenset(
    {
        "mention_id", "source_file", "nik_digits", "nik_status", "no_kk_digits", "name", "birth_date",
        "birth_date_note", "sex", "desa_code", "kecamatan_code", "fingerprint",
    }
)  # fmt: skip
"""Columns of published rows that say something of a new row even where it has not the column itself."""
_BACKGROUND: Final = 40_000
_AT_ONCE: Final = 25_000
"""New rows weighed at once."""
_WHOLE: Final = "regexp_full_match({c}, '[0-9]{{16}}')"

_KEYS: Final = (
    ("nik_digits", "nik_digits"),
    ("nik_digits", "substr(nik_digits, 1, 12)"),
    ("nik_digits", "substr(nik_digits, 5)"),
    ("nik_digits", "hash(substr(nik_digits, 1, 4), substr(nik_digits, 9))"),
    ("nik_digits", "hash(substr(nik_digits, 1, 8), substr(nik_digits, 13))"),
    ("no_kk_digits", "no_kk_digits"),
    ("card_number", "card_number"),
    ("account_number", "account_number"),
    ("phone", "phone"),
    ("bpjs_number", "bpjs_number"),
    ("kecamatan_code", "hash(name, kecamatan_code)"),
    ("birth_date", "hash(name, birth_date)"),
)
"""What two rows of one person are likely to share, as SQL over either side, and the column it needs; lost digits share
nothing."""

_BEGINS: Final = ("substr(name, 1, 2)", "substr(string_split(name, ' ')[-1], 1, 2)")
"""How the first and the last part of a name begin: for rows whose numbers say nothing, within one desa."""


@dataclass(frozen=True)
class Pool:
    """Published rows to compare with, and what they stand for.

    ``rows`` has the identity columns, ``person_id`` (null for new rows) and ``weight``: how many rows of the run a row
    stands for. All rows that share something with a new row are there once; of the others a fixed sample, so that
    "how rare is this name" is answered for the run and not for the pool.
    """

    rows: pl.DataFrame
    total: int


def attach(run: PublishedRun, lines: pl.DataFrame, rules: Path, judgements: pl.DataFrame | None = None) -> pl.DataFrame:
    """Find each row of a list among the persons of a run.

    Args:
        run: the published run.
        lines: mentions (IDENTITY_COLUMNS and ``fingerprint``), each with a ``mention_id`` of its own.
        rules: folder with ``identity.yaml`` and ``reference/spelling.yaml``.
        judgements: columns of ``match_judgements`` that are in force.

    Returns:
        ``ATTACHED``, one row a line, sorted by ``mention_id``.
    """
    settings, spelling = read_settings(rules, run.period.last_day), read_spelling(rules)
    lines = lines.select(_COLUMNS).sort("mention_id")
    with opened(run.database, read_only=True) as connection:
        published = _Published(connection, run)
        published.leave_out(lines)
        sure = published.sure(lines)

        def assigned(rows: pl.DataFrame, candidates: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
            parts = [pl.DataFrame(schema=ATTACHED)]
            for some in _batches(rows):
                pool = published.pool(some, candidates(some))
                parts.append(_assigned(pool, settings, spelling, judgements, run))
            return pl.concat(parts)

        open_ = lines.join(sure, on="mention_id", how="anti")
        found = assigned(open_, published.by_keys)
        left = open_.join(found.filter(pl.col("person_id").is_not_null()), on="mention_id", how="anti")
        again = assigned(left, published.by_name)
    found = pl.concat([found.join(again, on="mention_id", how="anti"), again])
    sure = sure.with_columns(fellow=pl.lit(None, pl.String))
    return pl.concat([sure, found.select(sure.columns)]).sort("mention_id")


def _batches(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """New rows some at a time, so that a list without readable numbers needs no more memory than a good one.

    In the order of names: rows of one person whom the run does not know come together.
    """
    ordered = rows.sort("name", "mention_id")
    for first in range(0, ordered.height, _AT_ONCE):
        yield ordered.slice(first, _AT_ONCE).sort("mention_id")


# ------------------------------------------------------------------ candidates


class _Published:
    """The rows of a run, asked for those that could be new rows'; never those of the new rows' own list."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, run: PublishedRun) -> None:
        self._connection = connection
        self._run = run
        self.total = int(self._ask("select count(*) as n from audit.mentions where run_id = $run")["n"][0])
        self._others = "run_id = $run and person_id is not null"

    def _ask(self, query: str) -> pl.DataFrame:
        return frame_of(self._connection, query, {"run": self._run.run_id})

    def leave_out(self, lines: pl.DataFrame) -> None:
        """The rows of the run that are new rows themselves (it read this very list) say nothing of them."""
        self._with(lines.select("mention_id"))
        own = self._ask(
            "select mention_id from audit.mentions"
            " where run_id = $run and mention_id in (select mention_id from new_rows)"
        )
        if own.height:
            self._connection.register("own_rows", own.to_arrow())
            self._others += " and mention_id not in (select mention_id from own_rows)"

    def _with(self, lines: pl.DataFrame) -> None:
        """Make new rows known to the database."""
        self._connection.register("new_rows", lines.to_arrow())

    def sure(self, lines: pl.DataFrame) -> pl.DataFrame:
        """New rows whose whole number is exactly one person's, seen with the very name."""
        self._with(lines.select("mention_id", "nik_digits", "nik_status", "name"))
        found = self._ask(f"""
            select l.mention_id, any_value(m.person_id) as person_id
            from new_rows l join
                (select nik_digits, name, kind, person_id from audit.mentions where {self._others}) m
                on m.nik_digits = l.nik_digits
            where l.nik_status = 'valid' and {_WHOLE.format(c="l.nik_digits")}
            group by l.mention_id
            having count(distinct m.person_id) = 1 and bool_or(m.name = l.name and m.kind <> 'payments')""")
        return found.cast({"mention_id": pl.String, "person_id": pl.String})

    def by_keys(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Persons that share a key with a new row."""
        if lines.is_empty():
            return pl.DataFrame(schema={"person_id": pl.String})
        self._with(lines)
        said = {column for column, _ in _KEYS if lines[column].null_count() < lines.height}
        keys = [(f"({key})", f"select {key} from new_rows where {c} is not null") for c, key in _KEYS if c in said]
        if "nik_digits" in said:
            keys.append(("no_kk_digits", "select nik_digits from new_rows where nik_digits is not null"))
        if "no_kk_digits" in said:
            keys.append(("nik_digits", "select no_kk_digits from new_rows where no_kk_digits is not null"))
        hits = " or ".join(f"{key} in ({values})" for key, values in keys)
        return self._ask(f"select distinct person_id from audit.mentions where {self._others} and ({hits})")

    def by_name(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Persons of the desa (or, where none is known, kecamatan) of a new row whose name begins or ends alike."""
        if lines.is_empty():
            return pl.DataFrame(schema={"person_id": pl.String})
        self._with(lines.filter(pl.col("name").is_not_null()))
        parts = []
        for place, lacking in (("desa_code", "true"), ("kecamatan_code", "desa_code is null")):
            wanted = " union ".join(
                f"select hash({place}, {begin}) from new_rows where {place} is not null and {lacking}"
                for begin in _BEGINS
            )
            hits = " or ".join(f"hash({place}, {begin}) in ({wanted})" for begin in _BEGINS)
            parts.append(
                f"select distinct person_id from audit.mentions where {self._others} and name is not null and ({hits})"
            )
        return self._ask(" union ".join(parts))

    def pool(self, lines: pl.DataFrame, persons: pl.DataFrame) -> Pool:
        """All rows of the persons, the new rows, and a sample of the rest.

        Only columns that can say something about the new rows are read.
        """
        self._with(lines)
        self._connection.register("chosen", persons.to_arrow())
        said = [c for c in _COLUMNS if c in _ALWAYS or lines[c].null_count() < lines.height]
        among = "person_id in (select person_id from chosen)"
        # ids are hashes: those that begin low are a fair sample, and the same one each time
        low = f"{int(min(1.0, _BACKGROUND / max(self.total, 1)) * 0xFFFFFF):06x}"
        found = self._ask(f"""
            select {", ".join(said)}, person_id, {among} as near from audit.mentions
            where {self._others} and ({among} or mention_id <= '{low}')""")
        near = int(found["near"].sum())
        far = max((self.total - near) / max(found.height - near, 1), 1.0)
        silent = [pl.lit(None, MENTIONS.schema[c]).alias(c) for c in _COLUMNS if c not in said]
        published = found.with_columns(
            *silent,
            person_id=pl.when("near").then("person_id"),
            weight=pl.when("near").then(1.0).otherwise(far),
            new=pl.lit(False),
        )
        own = lines.with_columns(person_id=pl.lit(None, pl.String), weight=pl.lit(1.0), new=pl.lit(True))
        columns = [*_COLUMNS, "person_id", "weight", "new"]
        rows = pl.concat([published.select(columns), own.select(columns)], how="vertical_relaxed")
        return Pool(rows.sort("mention_id"), self.total)


# ------------------------------------------------------------------ assignment


def _assigned(
    pool: Pool, settings: IdentitySettings, spelling: Spelling, judgements: pl.DataFrame | None, run: PublishedRun
) -> pl.DataFrame:
    """New rows of a pool and their persons."""
    new = pool.rows["new"].to_numpy()
    if not new.any():
        return pl.DataFrame(schema=ATTACHED)
    features = build_features(pool.rows.select(IDENTITY_COLUMNS), spelling)
    weight = pool.rows["weight"].to_numpy()
    features.names = _for_the_run(features, weight)
    comparer = Comparer(features, settings.name)
    comparer.shares |= _shares_in_run(comparer, weight)
    model = Model.start(settings, max(pool.total, len(features)))
    # relatives who are on a list are candidates themselves: a row that is a known person's relative is one who is not
    beside_persons = replace(model, relatives=settings.cut.unlisted * model.relatives)
    judged = read_judgements(judgements, pool.rows["fingerprint"], run.period)

    def weigh(a: Rows, b: Rows, by: Model = model) -> Evidence:
        compared = comparer.compare(a, b)
        return obey(evidence(compared, by.score(compared)), judged)

    def weigh_beside_persons(a: Rows, b: Rows) -> Evidence:
        return weigh(a, b, beside_persons)

    pairs = weigh(*_pairs_of_new(features, new, settings))
    persons, person_id = _labels(pool.rows)
    link, cut = odds(settings.cut.possible), odds(settings.cut.match)
    to_person = _with_all_rows(
        pairs.take(persons[pairs.a] != persons[pairs.b]), new, persons, link, weigh_beside_persons
    )
    best = _best_person(to_person, persons, new, cut)
    labels = np.flatnonzero(new)
    chosen = best.get_column("person").gather(labels)
    found = pl.DataFrame(
        {
            "mention_id": pool.rows["mention_id"].gather(labels),
            "person_id": person_id.gather(pl.select(pl.when(chosen >= 0).then(chosen)).to_series()),
        }
    )
    lonely = new & (best["person"].to_numpy() < 0)
    among = pairs.take(lonely[pairs.a] & lonely[pairs.b] & (pairs.total > link))
    groups = np.arange(len(features))
    if len(among.a):
        groups, _ = cluster(among, len(features), link=link, cut=cut, compare=weigh)
    fellow = pool.rows["mention_id"].gather(groups[labels])
    alone = pl.Series(lonely[labels])
    return found.with_columns(fellow=pl.select(pl.when(alone).then(fellow)).to_series())


def _pairs_of_new(features: Features, new: npt.NDArray[np.bool_], settings: IdentitySettings) -> tuple[Rows, Rows]:
    """Candidate pairs that have a new row in them; keys that no new row has are left out before pairs are made."""
    splitters = splitters_of(features)
    found = [np.zeros(0, dtype=np.uint64)]
    for one in passes(features):
        keys, rows = one.make()
        shared = pl.Series(keys).is_in(pl.Series(keys[new[rows]]).unique().implode()).to_numpy()
        pairs = pairs_of(keys[shared], rows[shared], splitters, settings.blocking)
        a, b = unpack(pairs)
        found.append(pairs[new[a] | new[b]])
    return unpack(distinct(np.concatenate(found)))


def _labels(rows: pl.DataFrame) -> tuple[Labels, pl.Series]:
    """First row of each row's person (a row without person stands for itself), and the person of each row."""
    numbered = rows.select("person_id").with_row_index("at")
    own = pl.col("person_id").is_null()
    first = numbered.select(pl.when(own).then("at").otherwise(pl.col("at").min().over("person_id")))
    return first.to_series().to_numpy().astype(np.int64), rows["person_id"]


def _with_all_rows(
    pairs: Evidence, new: npt.NDArray[np.bool_], persons: Labels, link: float, weigh: Callable[[Rows, Rows], Evidence]
) -> Evidence:
    """The pairs of a new row and a person, where one pair of theirs is likely, with all rows of the person."""
    line = np.where(new[pairs.a], pairs.a, pairs.b)
    other = np.where(new[pairs.a], pairs.b, pairs.a)
    published = ~new[other]
    likely = published & (pairs.total > link)
    wanted = pl.DataFrame({"line": line[likely], "person": persons[other[likely]]}).unique()
    rows = pl.DataFrame({"row": np.flatnonzero(~new), "person": persons[~new]})
    whole = wanted.join(rows, on="person").select("line", "row").sort("line", "row")
    a, b = (whole.select(f("line", "row")).to_series().to_numpy() for f in (pl.min_horizontal, pl.max_horizontal))
    return weigh(a, b)


def _best_person(pairs: Evidence, persons: Labels, new: npt.NDArray[np.bool_], cut: float) -> pl.DataFrame:
    """For each row (by position) the label of the person that it belongs to most, -1 where none is above the cut."""
    sums = summed(pairs, persons)
    is_new = pl.Series(new)
    line = pl.when(is_new.gather(sums["a"])).then("a").otherwise("b")
    sums = sums.with_columns(line=line).with_columns(
        person=pl.when(pl.col("line") == pl.col("a")).then("b").otherwise("a")
    )
    good = sums.filter((pl.col("value") > cut) & (pl.col("never") == 0))
    best = good.sort("line", "value", "person", descending=[False, True, False]).unique("line", keep="first")
    all_rows = pl.DataFrame({"line": np.arange(len(persons), dtype=np.int64)})
    return all_rows.join(best.select("line", "person"), on="line", how="left", maintain_order="left").with_columns(
        pl.col("person").fill_null(-1)
    )


# ------------------------------------------------------------------ how rare a value is in the run


def _weighted_share(codes: npt.NDArray[np.generic], weight: npt.NDArray[np.float64]) -> Floats:
    """Share of the run's rows that have the same code; 0 where the code is 0."""
    _, back = np.unique(codes, return_inverse=True)
    share = np.bincount(back, weights=weight) / weight.sum()
    got: Floats = np.where(codes == 0, 0.0, share[back]).astype(np.float32)
    return got


def _shares_in_run(comparer: Comparer, weight: npt.NDArray[np.float64]) -> dict[str, Floats]:
    columns = {"lane": comparer.lane, "house": comparer.house, "date": best_date(comparer.f)}
    columns |= {c: comparer.f.codes[c] for c in ("desa", "kecamatan", "card", "account", "member", "phone")}
    columns["birth_place"] = comparer.f.codes["birth_place"]
    return {name: _weighted_share(codes, weight) for name, codes in columns.items()}


def _for_the_run(features: Features, weight: npt.NDArray[np.float64]) -> Names:
    """The table of names, with shares among the rows of the run."""
    names, named = features.names, features.name >= 0
    if not len(names.text):
        return names
    rows = np.bincount(features.name[named], weights=weight[named], minlength=len(names.text))
    share = rows / rows.sum()
    parts = np.zeros(len(names.vocabulary))
    ordered = np.sort(names.parts, axis=1)
    for k in range(ordered.shape[1]):
        fresh = ordered[:, k] >= 0
        if k:
            fresh &= ordered[:, k] != ordered[:, k - 1]
        np.add.at(parts, ordered[fresh, k], share[fresh])
    bags = np.bincount(names.bag, weights=share)
    return replace(names, part_share=parts.astype(np.float32), name_share=bags[names.bag].astype(np.float32))
