"""The stage: from ``mentions`` to ids, persons, households, pairs and events.

Belongs here: reading and writing of stage files, and the order of steps. Not here: how anything is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.history import PublishedRun
from pipeline.memory import give_back
from pipeline.period import Period
from pipeline.resolve import golden, record, stable
from pipeline.resolve.ancestry import Ancestry
from pipeline.resolve.cluster import confidence
from pipeline.resolve.columns import Earlier, Mentions
from pipeline.resolve.digits import DIGITS, digit
from pipeline.resolve.engine import Resolved, odds, resolve_rows
from pipeline.resolve.features import Features, Numbers, build_features
from pipeline.resolve.inheritance import inherit
from pipeline.resolve.judgements import Judged, read_judgements
from pipeline.resolve.names import read_spelling
from pipeline.resolve.settings import IdentitySettings, read_settings
from pipeline.store import Store
from pipeline.tables import HOUSEHOLDS, IDENTITY_EVENTS, MATCH_PAIRS, MENTION_IDS, PERSONS

Say = Callable[[str], None]


def resolve(
    store: Store,
    period: Period,
    rules: Path,
    *,
    previous: PublishedRun | None,
    judgements: pl.DataFrame | None,
    say: Say,
) -> None:
    """Find persons and households in the mentions of a period.

    Reads ``mentions``; writes ``mention_ids``, ``persons``, ``households``, ``match_pairs``, ``identity_events``.

    Args:
        store: stage files.
        period: month; ids are inherited from the run before it.
        rules: folder with ``identity.yaml`` and ``reference/spelling.yaml``.
        previous: run whose ids are inherited.
        judgements: columns fingerprint_a, fingerprint_b, level, judgement (same, different, unsure), valid_until.
        say: progress, for standard error.

    Raises:
        RulesError: a mistake in the rules.
    """
    settings, spelling = read_settings(rules, period.last_day), read_spelling(rules)
    mentions = Mentions(store)
    features = build_features(mentions, spelling)
    marks = mentions.select("fingerprint").to_series()
    judged, families = (read_judgements(judgements, marks, period, of) for of in ("person", "household"))
    del marks
    where = mentions.select("source_file", "sheet", "row_number").with_columns(
        pl.col("source_file", "sheet").rank("dense")
    )
    give_back()
    resolved = resolve_rows(features, where, settings, judged, families)
    say(f"{len(features)} rows, {len(np.unique(resolved.persons))} persons")
    wrong, links = resolved.false_links
    share = 1 / (1 + 2**-resolved.cut)
    say(f"joined from a probability of {share:.2f}; of {links:,.0f} links {wrong:,.1f} are expected to be false")
    ids, events = _ids(mentions, resolved, previous)
    store.write(MENTION_IDS, ids)
    store.write(IDENTITY_EVENTS, events)
    store.write(MATCH_PAIRS, _pairs(features, resolved, judged, settings))
    sure = confidence(resolved.persons, resolved.pairs)
    certainty = pl.DataFrame({"person_id": ids["person_id"], "confidence": sure[resolved.persons]}).unique("person_id")
    mentions["own_nik"] = _text(features.nik, features.nik_valid)
    mentions["own_kk"] = _text(features.kk, features.kk.full())
    del features, resolved, ids, where  # the records need room of their own
    give_back()
    _write_records(store, mentions, certainty, period)


def _text(numbers: Numbers, known: npt.NDArray[np.bool_]) -> pl.Series:
    """Numbers as text, null where they are not known."""
    digits = np.empty((len(known), DIGITS), dtype=np.uint8)
    for k in range(DIGITS):
        digits[:, k] = digit(numbers.packed, k) + ord("0")
    ends = np.arange(0, digits.size + 1, DIGITS, dtype=np.int64)
    text = pa.LargeStringArray.from_buffers(len(known), pa.py_buffer(ends), pa.py_buffer(digits))
    return pl.select(pl.when(pl.Series(known)).then(pl.Series(text))).to_series()


def _ids(rows: Mentions, resolved: Resolved, previous: PublishedRun | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ids of each mention's person and household; they are added to ``rows`` too. And the events."""
    needed = [c for c in stable.PREVIOUS_COLUMNS if c not in ("person_id", "household_id")]
    before = None if previous is None else Earlier(previous)
    past = Ancestry(previous)

    def of_groups(level: str, groups: pl.Series, earlier: pl.DataFrame) -> pl.DataFrame:
        wanted = [*needed, "group"] if level == "person" else [*needed, "group", "person_id"]
        some = rows.select(*wanted).filter(pl.col("group").is_in(groups.implode()))
        return (stable.person_votes if level == "person" else stable.household_votes)(some, earlier)

    rows["group"] = pl.Series(resolved.persons)
    fresh = _minted(rows, "P")
    votes = None if before is None else stable.person_votes(rows, before)
    ids, events = inherit(fresh, votes, "person", past, partial(of_groups, "person"))
    del fresh, votes
    rows["person_id"] = _of_rows(rows, ids)
    home = pl.Series(resolved.households)
    rows["group"] = pl.select(pl.when(home >= 0).then(home)).to_series()
    fresh = _minted(rows, "H")
    votes = None if before is None else stable.household_votes(rows, before)
    homes, more = inherit(fresh, votes, "household", past, partial(of_groups, "household"))
    rows["household_id"] = _of_rows(rows, homes)
    return rows.select("mention_id", "person_id", "household_id"), pl.concat([events, more])


def _minted(rows: Mentions, prefix: str) -> pl.DataFrame:
    settled = rows.select("group", "mention_id").drop_nulls("group")
    return stable.minted(settled["group"], settled["mention_id"], prefix)


def _of_rows(rows: Mentions, ids: pl.DataFrame) -> pl.Series:
    """The id of each row's group."""
    return rows.select("group").join(ids, on="group", how="left", maintain_order="left")["id"]


def _write_records(store: Store, rows: Mentions, certainty: pl.DataFrame, period: Period) -> None:
    people = golden.persons(rows, certainty, period.last_day)
    store.write(PERSONS, people)
    people = people.drop("origin", "name")
    give_back()
    store.write(HOUSEHOLDS, golden.households(rows, people))


def _pairs(features: Features, resolved: Resolved, judged: Judged, settings: IdentitySettings) -> pl.DataFrame:
    cut = settings.cut
    written = record.decided(resolved.pairs, resolved.persons, judged, possible=odds(cut.possible), match=resolved.cut)
    persons = record.pair_rows(written, features.mention_id, resolved.comparer, resolved.model)
    ties = resolved.ties
    families = ties.select(
        pl.Series("mention_id_a", features.mention_id.gather(ties["a"])),
        pl.Series("mention_id_b", features.mention_id.gather(ties["b"])),
        pl.lit("household").alias("level"), "probability", "decision", "comparison",
    )  # fmt: skip
    return pl.concat([persons, families])
